//! Algorithms, as the device numbers them.

use std::fmt;

/// An algorithm (YubiHSM 2 user guide, "Algorithms"; numbers as in python-yubihsm `defs.py`). Any number is kept, named or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Algorithm(pub u8);

impl Algorithm {
    /// RSA with a modulus of 2048 bits.
    pub const RSA_2048: Self = Self(9);
    /// RSA with a modulus of 3072 bits.
    pub const RSA_3072: Self = Self(10);
    /// RSA with a modulus of 4096 bits.
    pub const RSA_4096: Self = Self(11);
    /// NIST P-256.
    pub const EC_P256: Self = Self(12);
    /// NIST P-384.
    pub const EC_P384: Self = Self(13);
    /// NIST P-521.
    pub const EC_P521: Self = Self(14);
    /// secp256k1.
    pub const EC_K256: Self = Self(15);
    /// RSAES-OAEP with SHA-256.
    pub const RSA_OAEP_SHA256: Self = Self(26);
    /// Opaque bytes.
    pub const OPAQUE_DATA: Self = Self(30);
    /// MGF1 with SHA-256.
    pub const RSA_MGF1_SHA256: Self = Self(33);
    /// Authentication keys: two AES-128 keys.
    pub const AES128_AUTHENTICATION: Self = Self(38);
    /// AES-256-CCM wrap keys.
    pub const AES256_CCM_WRAP: Self = Self(42);
    /// Ed25519.
    pub const ED25519: Self = Self(46);
    /// AES-256 keys.
    pub const AES256: Self = Self(52);

    const NAMES: &[(Self, &str)] = &[
        (Self::RSA_2048, "RSA-2048"),
        (Self::RSA_3072, "RSA-3072"),
        (Self::RSA_4096, "RSA-4096"),
        (Self::EC_P256, "P-256"),
        (Self::EC_P384, "P-384"),
        (Self::EC_P521, "P-521"),
        (Self::EC_K256, "secp256k1"),
        (Self::RSA_OAEP_SHA256, "RSAES-OAEP-SHA-256"),
        (Self::OPAQUE_DATA, "opaque data"),
        (Self::RSA_MGF1_SHA256, "MGF1-SHA-256"),
        (Self::AES128_AUTHENTICATION, "AES-128 authentication"),
        (Self::AES256_CCM_WRAP, "AES-256-CCM wrap"),
        (Self::ED25519, "Ed25519"),
        (Self::AES256, "AES-256"),
    ];
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Self::NAMES.iter().find(|(known, _)| known == self) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "algorithm {}", self.0),
        }
    }
}

/// Kinds of key that the device generates as key material.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// RSA, 2048 bits, public exponent 65537.
    Rsa2048,
    /// RSA, 3072 bits, public exponent 65537.
    Rsa3072,
    /// RSA, 4096 bits, public exponent 65537.
    Rsa4096,
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
    /// secp256k1.
    Secp256k1,
    /// Ed25519.
    Ed25519,
}

impl KeyAlgorithm {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::P256,
        Self::P384,
        Self::P521,
        Self::Secp256k1,
        Self::Ed25519,
    ];

    /// As the device numbers it.
    #[must_use]
    pub const fn algorithm(self) -> Algorithm {
        match self {
            Self::Rsa2048 => Algorithm::RSA_2048,
            Self::Rsa3072 => Algorithm::RSA_3072,
            Self::Rsa4096 => Algorithm::RSA_4096,
            Self::P256 => Algorithm::EC_P256,
            Self::P384 => Algorithm::EC_P384,
            Self::P521 => Algorithm::EC_P521,
            Self::Secp256k1 => Algorithm::EC_K256,
            Self::Ed25519 => Algorithm::ED25519,
        }
    }

    /// The kind of key behind a number.
    #[must_use]
    pub fn of(algorithm: Algorithm) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.algorithm() == algorithm)
    }

    /// Bytes of the modulus, for RSA.
    #[must_use]
    pub const fn modulus_bytes(self) -> Option<usize> {
        match self {
            Self::Rsa2048 => Some(256),
            Self::Rsa3072 => Some(384),
            Self::Rsa4096 => Some(512),
            Self::P256 | Self::P384 | Self::P521 | Self::Secp256k1 | Self::Ed25519 => None,
        }
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.algorithm().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_algorithm_keeps_its_number() {
        assert_eq!(Algorithm(200).to_string(), "algorithm 200");
        assert_eq!(KeyAlgorithm::of(Algorithm(200)), None);
        for key in KeyAlgorithm::ALL {
            assert_eq!(KeyAlgorithm::of(key.algorithm()), Some(key));
            assert!(!key.to_string().starts_with("algorithm"), "{key}");
        }
    }
}
