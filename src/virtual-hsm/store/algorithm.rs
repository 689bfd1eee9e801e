//! Algorithms: those of firmware 2.4 that work here.

use super::Kind;
use crate::wire::DeviceError;
use serde::{Deserialize, Serialize};

/// An algorithm, by its number in Yubico's libraries. What does not work here is not in the list and not in the device information.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
#[repr(u8)]
pub(crate) enum Algorithm {
    /// NIST P-256 keys.
    EcP256 = 12,
    /// ECDSA over 20 bytes.
    EcdsaSha1 = 23,
    /// AES-128-CCM wrap keys.
    Aes128CcmWrap = 29,
    /// Opaque bytes.
    OpaqueData = 30,
    /// A certificate, which is not looked into.
    OpaqueX509 = 31,
    /// Authentication keys: two AES-128 keys.
    Aes128Authentication = 38,
    /// AES-192-CCM wrap keys.
    Aes192CcmWrap = 41,
    /// AES-256-CCM wrap keys.
    Aes256CcmWrap = 42,
    /// ECDSA over 32 bytes.
    EcdsaSha256 = 43,
    /// ECDSA over 48 bytes.
    EcdsaSha384 = 44,
    /// ECDSA over 64 bytes.
    EcdsaSha512 = 45,
    /// Ed25519 keys.
    Ed25519 = 46,
}

impl Algorithm {
    /// Every algorithm, in the order of its number.
    pub(crate) const ALL: &[Self] = &[
        Self::EcP256,
        Self::EcdsaSha1,
        Self::Aes128CcmWrap,
        Self::OpaqueData,
        Self::OpaqueX509,
        Self::Aes128Authentication,
        Self::Aes192CcmWrap,
        Self::Aes256CcmWrap,
        Self::EcdsaSha256,
        Self::EcdsaSha384,
        Self::EcdsaSha512,
        Self::Ed25519,
    ];

    /// The type of object that has this algorithm; none for the algorithms of an operation.
    pub(crate) const fn kind(self) -> Option<Kind> {
        match self {
            Self::EcP256 | Self::Ed25519 => Some(Kind::AsymmetricKey),
            Self::Aes128CcmWrap | Self::Aes192CcmWrap | Self::Aes256CcmWrap => Some(Kind::WrapKey),
            Self::OpaqueData | Self::OpaqueX509 => Some(Kind::Opaque),
            Self::Aes128Authentication => Some(Kind::AuthenticationKey),
            Self::EcdsaSha1 | Self::EcdsaSha256 | Self::EcdsaSha384 | Self::EcdsaSha512 => None,
        }
    }

    /// How many bytes a client sends for a key; none where any number will do.
    pub(crate) const fn key_bytes(self) -> Option<usize> {
        match self {
            Self::Aes128CcmWrap => Some(16),
            Self::Aes192CcmWrap => Some(24),
            Self::EcP256 | Self::Ed25519 | Self::Aes256CcmWrap | Self::Aes128Authentication => {
                Some(32)
            }
            Self::OpaqueData
            | Self::OpaqueX509
            | Self::EcdsaSha1
            | Self::EcdsaSha256
            | Self::EcdsaSha384
            | Self::EcdsaSha512 => None,
        }
    }
}

impl TryFrom<u8> for Algorithm {
    type Error = DeviceError;

    fn try_from(number: u8) -> Result<Self, DeviceError> {
        let found = Self::ALL.iter().copied().find(|algorithm| u8::from(*algorithm) == number);
        found.ok_or(DeviceError::InvalidData)
    }
}

impl From<Algorithm> for u8 {
    fn from(algorithm: Algorithm) -> Self {
        algorithm as Self
    }
}
