//! What kind of key a key spec is (AWS KMS developer guide, "Key spec reference").

use super::{KeySpec, WrappingKeySpec};

/// The kind of a key, with what distinguishes its specs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFamily {
    /// AES-256.
    Symmetric,
    /// HMAC (FIPS 198-1) with this hash; the key is as long as the hash.
    Hmac(HmacHash),
    /// RSA with a modulus as long as that of this kind of wrapping key.
    Rsa(WrappingKeySpec),
    /// A Weierstrass curve.
    Ecc(Curve),
    /// Ed25519 (RFC 8032).
    Ed25519,
}

/// The hash of an HMAC key (FIPS 180-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HmacHash {
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// A Weierstrass curve (SP 800-186; SEC 2 section 2.4.1 for secp256k1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// NIST P-256, secp256r1.
    P256,
    /// NIST P-384, secp384r1.
    P384,
    /// NIST P-521, secp521r1.
    P521,
    /// secp256k1.
    P256k1,
}

impl KeySpec {
    /// What kind of key it is.
    #[must_use]
    pub const fn family(self) -> KeyFamily {
        match self {
            Self::SymmetricDefault => KeyFamily::Symmetric,
            Self::Hmac224 => KeyFamily::Hmac(HmacHash::Sha224),
            Self::Hmac256 => KeyFamily::Hmac(HmacHash::Sha256),
            Self::Hmac384 => KeyFamily::Hmac(HmacHash::Sha384),
            Self::Hmac512 => KeyFamily::Hmac(HmacHash::Sha512),
            Self::Rsa2048 => KeyFamily::Rsa(WrappingKeySpec::Rsa2048),
            Self::Rsa3072 => KeyFamily::Rsa(WrappingKeySpec::Rsa3072),
            Self::Rsa4096 => KeyFamily::Rsa(WrappingKeySpec::Rsa4096),
            Self::EccNistP256 => KeyFamily::Ecc(Curve::P256),
            Self::EccNistP384 => KeyFamily::Ecc(Curve::P384),
            Self::EccNistP521 => KeyFamily::Ecc(Curve::P521),
            Self::EccSecgP256k1 => KeyFamily::Ecc(Curve::P256k1),
            Self::EccNistEdwards25519 => KeyFamily::Ed25519,
        }
    }

    /// How many bytes its key material has where that is raw bytes; none for private keys.
    #[must_use]
    pub const fn raw_length(self) -> Option<usize> {
        match self.family() {
            KeyFamily::Symmetric | KeyFamily::Hmac(HmacHash::Sha256) => Some(32),
            KeyFamily::Hmac(HmacHash::Sha224) => Some(28),
            KeyFamily::Hmac(HmacHash::Sha384) => Some(48),
            KeyFamily::Hmac(HmacHash::Sha512) => Some(64),
            KeyFamily::Rsa(_) | KeyFamily::Ecc(_) | KeyFamily::Ed25519 => None,
        }
    }
}
