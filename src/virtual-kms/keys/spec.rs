//! Key specs and usages (AWS KMS API reference, `CreateKey`; developer guide, "Key spec reference").

use keyferry_bundle::KeySpec;
use serde::{Deserialize, Serialize};

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum KeyUsage {
    /// Encryption and decryption.
    EncryptDecrypt,
    /// Signatures.
    SignVerify,
    /// HMACs.
    GenerateVerifyMac,
    /// Shared secrets.
    KeyAgreement,
}

impl KeyUsage {
    /// AWS's word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::EncryptDecrypt => "ENCRYPT_DECRYPT",
            Self::SignVerify => "SIGN_VERIFY",
            Self::GenerateVerifyMac => "GENERATE_VERIFY_MAC",
            Self::KeyAgreement => "KEY_AGREEMENT",
        }
    }
}

impl std::str::FromStr for KeyUsage {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::EncryptDecrypt, Self::SignVerify, Self::GenerateVerifyMac, Self::KeyAgreement]
            .into_iter()
            .find(|usage| usage.as_str() == text)
            .ok_or(())
    }
}

/// Specs that AWS's `CreateKey` knows and this service does not: nothing can be imported into them, or only in China.
pub(crate) const NOT_HERE: &[&str] =
    &["SM2", "ML_DSA_44", "ML_DSA_65", "ML_DSA_87", "ML_KEM_512", "ML_KEM_768", "ML_KEM_1024"];

/// Whether the key encrypts and decrypts with one secret: the kind whose key material has ids and can be rotated.
pub(crate) fn is_symmetric(spec: KeySpec) -> bool {
    spec == KeySpec::SymmetricDefault
}

/// What the key material of a key spec is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// So many bytes.
    Raw(usize),
    /// An RSA private key with a modulus of so many bits.
    Rsa(usize),
    /// A private key on a Weierstrass curve.
    Ecc(Curve),
    /// An Ed25519 private key.
    Ed25519,
}

/// A Weierstrass curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    /// secp256r1.
    P256,
    /// secp384r1.
    P384,
    /// secp521r1.
    P521,
    /// secp256k1.
    P256k1,
}

/// What the key material of a key spec is.
pub(crate) const fn form(spec: KeySpec) -> Form {
    match spec {
        KeySpec::SymmetricDefault | KeySpec::Hmac256 => Form::Raw(32),
        KeySpec::Hmac224 => Form::Raw(28),
        KeySpec::Hmac384 => Form::Raw(48),
        KeySpec::Hmac512 => Form::Raw(64),
        KeySpec::Rsa2048 => Form::Rsa(2048),
        KeySpec::Rsa3072 => Form::Rsa(3072),
        KeySpec::Rsa4096 => Form::Rsa(4096),
        KeySpec::EccNistP256 => Form::Ecc(Curve::P256),
        KeySpec::EccNistP384 => Form::Ecc(Curve::P384),
        KeySpec::EccNistP521 => Form::Ecc(Curve::P521),
        KeySpec::EccSecgP256k1 => Form::Ecc(Curve::P256k1),
        KeySpec::EccNistEdwards25519 => Form::Ed25519,
    }
}

/// The algorithms of a key, as key metadata lists them, or nothing where the usage is none of the spec's.
pub(crate) const fn algorithms(spec: KeySpec, usage: KeyUsage) -> Option<&'static [&'static str]> {
    use KeySpec as K;
    use KeyUsage as U;
    Some(match (usage, spec) {
        (U::EncryptDecrypt, K::SymmetricDefault) => &["SYMMETRIC_DEFAULT"],
        (U::EncryptDecrypt, K::Rsa2048 | K::Rsa3072 | K::Rsa4096) => {
            &["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]
        }
        (U::SignVerify, K::Rsa2048 | K::Rsa3072 | K::Rsa4096) => &[
            "RSASSA_PKCS1_V1_5_SHA_256",
            "RSASSA_PKCS1_V1_5_SHA_384",
            "RSASSA_PKCS1_V1_5_SHA_512",
            "RSASSA_PSS_SHA_256",
            "RSASSA_PSS_SHA_384",
            "RSASSA_PSS_SHA_512",
        ],
        (U::SignVerify, K::EccNistP256 | K::EccSecgP256k1) => &["ECDSA_SHA_256"],
        (U::SignVerify, K::EccNistP384) => &["ECDSA_SHA_384"],
        (U::SignVerify, K::EccNistP521) => &["ECDSA_SHA_512"],
        (U::SignVerify, K::EccNistEdwards25519) => &["ED25519_SHA_512", "ED25519_PH_SHA_512"],
        (U::KeyAgreement, K::EccNistP256 | K::EccNistP384 | K::EccNistP521) => &["ECDH"],
        (U::GenerateVerifyMac, K::Hmac224) => &["HMAC_SHA_224"],
        (U::GenerateVerifyMac, K::Hmac256) => &["HMAC_SHA_256"],
        (U::GenerateVerifyMac, K::Hmac384) => &["HMAC_SHA_384"],
        (U::GenerateVerifyMac, K::Hmac512) => &["HMAC_SHA_512"],
        (U::EncryptDecrypt | U::SignVerify | U::GenerateVerifyMac | U::KeyAgreement, _) => {
            return None;
        }
    })
}
