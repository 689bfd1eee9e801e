//! Key specs and usages (AWS KMS API reference, `CreateKey`; developer guide, "Key spec reference").

use keyferry_bundle::{Curve, HmacHash, KeyFamily, KeySpec, KeyUsage};

/// Specs that AWS's `CreateKey` knows and this service does not: nothing can be imported into them, or only in China.
pub(crate) const NOT_HERE: &[&str] =
    &["SM2", "ML_DSA_44", "ML_DSA_65", "ML_DSA_87", "ML_KEM_512", "ML_KEM_768", "ML_KEM_1024"];

/// Whether the key encrypts and decrypts with one secret: the kind whose key material has ids and can be rotated.
pub(crate) fn is_symmetric(spec: KeySpec) -> bool {
    spec == KeySpec::SymmetricDefault
}

/// The algorithms of a key, as key metadata lists them, or nothing where the usage is none of the spec's.
pub(crate) const fn algorithms(spec: KeySpec, usage: KeyUsage) -> Option<&'static [&'static str]> {
    use KeyFamily as F;
    use KeyUsage as U;
    Some(match (usage, spec.family()) {
        (U::EncryptDecrypt, F::Symmetric) => &["SYMMETRIC_DEFAULT"],
        (U::EncryptDecrypt, F::Rsa(_)) => &["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"],
        (U::SignVerify, F::Rsa(_)) => &[
            "RSASSA_PKCS1_V1_5_SHA_256",
            "RSASSA_PKCS1_V1_5_SHA_384",
            "RSASSA_PKCS1_V1_5_SHA_512",
            "RSASSA_PSS_SHA_256",
            "RSASSA_PSS_SHA_384",
            "RSASSA_PSS_SHA_512",
        ],
        (U::SignVerify, F::Ecc(Curve::P256 | Curve::P256k1)) => &["ECDSA_SHA_256"],
        (U::SignVerify, F::Ecc(Curve::P384)) => &["ECDSA_SHA_384"],
        (U::SignVerify, F::Ecc(Curve::P521)) => &["ECDSA_SHA_512"],
        (U::SignVerify, F::Ed25519) => &["ED25519_SHA_512", "ED25519_PH_SHA_512"],
        (U::KeyAgreement, F::Ecc(Curve::P256 | Curve::P384 | Curve::P521)) => &["ECDH"],
        (U::GenerateVerifyMac, F::Hmac(HmacHash::Sha224)) => &["HMAC_SHA_224"],
        (U::GenerateVerifyMac, F::Hmac(HmacHash::Sha256)) => &["HMAC_SHA_256"],
        (U::GenerateVerifyMac, F::Hmac(HmacHash::Sha384)) => &["HMAC_SHA_384"],
        (U::GenerateVerifyMac, F::Hmac(HmacHash::Sha512)) => &["HMAC_SHA_512"],
        (U::EncryptDecrypt | U::SignVerify | U::GenerateVerifyMac | U::KeyAgreement, _) => {
            return None;
        }
    })
}
