//! With which algorithm KMS is asked, for every key spec (AWS KMS developer guide, "Key spec reference"). What RSA keys encrypt is under
//! `RSAES_OAEP_SHA_256`, what curves agree on is `ECDH`: there is nothing to choose.

use keyferry_bundle::{Curve, HmacHash, KeyFamily, KeySpec};

/// How a message is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 8.2).
    RsassaPkcs1V15Sha256,
    /// ECDSA with SHA-256 (FIPS 186-5), on secp256k1 too.
    EcdsaSha256,
    /// ECDSA with SHA-384.
    EcdsaSha384,
    /// ECDSA with SHA-512.
    EcdsaSha512,
}

impl SigningAlgorithm {
    /// What proofs take for a spec; none for keys that do not sign.
    #[must_use]
    pub const fn of(spec: KeySpec) -> Option<Self> {
        match spec.family() {
            KeyFamily::Rsa(_) => Some(Self::RsassaPkcs1V15Sha256),
            KeyFamily::Ecc(Curve::P256 | Curve::P256k1) => Some(Self::EcdsaSha256),
            KeyFamily::Ecc(Curve::P384) => Some(Self::EcdsaSha384),
            KeyFamily::Ecc(Curve::P521) => Some(Self::EcdsaSha512),
            KeyFamily::Symmetric | KeyFamily::Hmac(_) | KeyFamily::Ed25519 => None,
        }
    }

    /// AWS's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RsassaPkcs1V15Sha256 => "RSASSA_PKCS1_V1_5_SHA_256",
            Self::EcdsaSha256 => "ECDSA_SHA_256",
            Self::EcdsaSha384 => "ECDSA_SHA_384",
            Self::EcdsaSha512 => "ECDSA_SHA_512",
        }
    }
}

/// How a MAC is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MacAlgorithm {
    /// HMAC with SHA-224 (FIPS 198-1).
    HmacSha224,
    /// HMAC with SHA-256.
    HmacSha256,
    /// HMAC with SHA-384.
    HmacSha384,
    /// HMAC with SHA-512.
    HmacSha512,
}

impl MacAlgorithm {
    /// The only one of a spec; none for keys that make no MACs.
    #[must_use]
    pub const fn of(spec: KeySpec) -> Option<Self> {
        match spec.family() {
            KeyFamily::Hmac(HmacHash::Sha224) => Some(Self::HmacSha224),
            KeyFamily::Hmac(HmacHash::Sha256) => Some(Self::HmacSha256),
            KeyFamily::Hmac(HmacHash::Sha384) => Some(Self::HmacSha384),
            KeyFamily::Hmac(HmacHash::Sha512) => Some(Self::HmacSha512),
            KeyFamily::Symmetric | KeyFamily::Rsa(_) | KeyFamily::Ecc(_) | KeyFamily::Ed25519 => {
                None
            }
        }
    }

    /// AWS's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HmacSha224 => "HMAC_SHA_224",
            Self::HmacSha256 => "HMAC_SHA_256",
            Self::HmacSha384 => "HMAC_SHA_384",
            Self::HmacSha512 => "HMAC_SHA_512",
        }
    }
}
