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

/// How many bytes the key material has, where it is raw bytes and not a private key.
pub(crate) const fn raw_length(spec: KeySpec) -> Option<usize> {
    match spec {
        KeySpec::SymmetricDefault | KeySpec::Hmac256 => Some(32),
        KeySpec::Hmac224 => Some(28),
        KeySpec::Hmac384 => Some(48),
        KeySpec::Hmac512 => Some(64),
        KeySpec::Rsa2048
        | KeySpec::Rsa3072
        | KeySpec::Rsa4096
        | KeySpec::EccNistP256
        | KeySpec::EccNistP384
        | KeySpec::EccNistP521
        | KeySpec::EccSecgP256k1
        | KeySpec::EccNistEdwards25519 => None,
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
