//! Algorithms: those of firmware 2.4, all of which work here.

use super::Kind;
use crate::wire::DeviceError;
use serde::{Deserialize, Serialize};

macro_rules! algorithms {
    ($($name:ident = $number:literal,)+) => {
        /// An algorithm, by its number in Yubico's libraries.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "u8", into = "u8")]
        #[repr(u8)]
        pub(crate) enum Algorithm {
            $($name = $number,)+
        }

        impl Algorithm {
            /// Every algorithm, in the order of its number.
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)+];
        }
    };
}

algorithms! {
    RsaPkcs1Sha1 = 1,
    RsaPkcs1Sha256 = 2,
    RsaPkcs1Sha384 = 3,
    RsaPkcs1Sha512 = 4,
    RsaPssSha1 = 5,
    RsaPssSha256 = 6,
    RsaPssSha384 = 7,
    RsaPssSha512 = 8,
    Rsa2048 = 9,
    Rsa3072 = 10,
    Rsa4096 = 11,
    EcP256 = 12,
    EcP384 = 13,
    EcP521 = 14,
    EcK256 = 15,
    EcBp256 = 16,
    EcBp384 = 17,
    EcBp512 = 18,
    HmacSha1 = 19,
    HmacSha256 = 20,
    HmacSha384 = 21,
    HmacSha512 = 22,
    EcdsaSha1 = 23,
    EcEcdh = 24,
    RsaOaepSha1 = 25,
    RsaOaepSha256 = 26,
    RsaOaepSha384 = 27,
    RsaOaepSha512 = 28,
    Aes128CcmWrap = 29,
    OpaqueData = 30,
    OpaqueX509 = 31,
    Mgf1Sha1 = 32,
    Mgf1Sha256 = 33,
    Mgf1Sha384 = 34,
    Mgf1Sha512 = 35,
    TemplateSsh = 36,
    Aes128Otp = 37,
    Aes128Authentication = 38,
    Aes192Otp = 39,
    Aes256Otp = 40,
    Aes192CcmWrap = 41,
    Aes256CcmWrap = 42,
    EcdsaSha256 = 43,
    EcdsaSha384 = 44,
    EcdsaSha512 = 45,
    Ed25519 = 46,
    EcP224 = 47,
    RsaPkcs1Decrypt = 48,
    EcP256Authentication = 49,
    Aes128 = 50,
    Aes192 = 51,
    Aes256 = 52,
    AesEcb = 53,
    AesCbc = 54,
    AesKwp = 55,
}

impl Algorithm {
    /// Whether objects of a type have this algorithm. RSA keys are of three types; the algorithms of an operation are of none.
    pub(crate) const fn fits(self, kind: Kind) -> bool {
        match self {
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => {
                matches!(kind, Kind::AsymmetricKey | Kind::WrapKey | Kind::PublicWrapKey)
            }
            Self::EcP224
            | Self::EcP256
            | Self::EcP384
            | Self::EcP521
            | Self::EcK256
            | Self::EcBp256
            | Self::EcBp384
            | Self::EcBp512
            | Self::Ed25519 => matches!(kind, Kind::AsymmetricKey),
            Self::Aes128CcmWrap | Self::Aes192CcmWrap | Self::Aes256CcmWrap => {
                matches!(kind, Kind::WrapKey)
            }
            Self::OpaqueData | Self::OpaqueX509 => matches!(kind, Kind::Opaque),
            Self::Aes128Authentication | Self::EcP256Authentication => {
                matches!(kind, Kind::AuthenticationKey)
            }
            Self::HmacSha1 | Self::HmacSha256 | Self::HmacSha384 | Self::HmacSha512 => {
                matches!(kind, Kind::HmacKey)
            }
            Self::TemplateSsh => matches!(kind, Kind::Template),
            Self::Aes128Otp | Self::Aes192Otp | Self::Aes256Otp => {
                matches!(kind, Kind::OtpAeadKey)
            }
            Self::Aes128 | Self::Aes192 | Self::Aes256 => matches!(kind, Kind::SymmetricKey),
            Self::RsaPkcs1Sha1
            | Self::RsaPkcs1Sha256
            | Self::RsaPkcs1Sha384
            | Self::RsaPkcs1Sha512
            | Self::RsaPssSha1
            | Self::RsaPssSha256
            | Self::RsaPssSha384
            | Self::RsaPssSha512
            | Self::EcdsaSha1
            | Self::EcEcdh
            | Self::RsaOaepSha1
            | Self::RsaOaepSha256
            | Self::RsaOaepSha384
            | Self::RsaOaepSha512
            | Self::Mgf1Sha1
            | Self::Mgf1Sha256
            | Self::Mgf1Sha384
            | Self::Mgf1Sha512
            | Self::EcdsaSha256
            | Self::EcdsaSha384
            | Self::EcdsaSha512
            | Self::RsaPkcs1Decrypt
            | Self::AesEcb
            | Self::AesCbc
            | Self::AesKwp => false,
        }
    }

    /// Bytes of an AES key, for the algorithms that are one.
    pub(crate) const fn aes_bytes(self) -> Option<usize> {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "an algorithm is an AES key or it is not"
        )]
        match self {
            Self::Aes128CcmWrap | Self::Aes128Otp | Self::Aes128 => Some(16),
            Self::Aes192CcmWrap | Self::Aes192Otp | Self::Aes192 => Some(24),
            Self::Aes256CcmWrap | Self::Aes256Otp | Self::Aes256 => Some(32),
            _ => None,
        }
    }

    /// Bytes of the keys that open a session: two AES-128 keys, or both coordinates of a point.
    pub(crate) const fn authentication_bytes(self) -> Option<usize> {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "an algorithm opens sessions or it does not"
        )]
        match self {
            Self::Aes128Authentication => Some(32),
            Self::EcP256Authentication => Some(64),
            _ => None,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_an_algorithm_for_every_number() {
        let numbers: Vec<u8> = Algorithm::ALL.iter().map(|algorithm| (*algorithm).into()).collect();
        assert_eq!(numbers, (1..=55).collect::<Vec<u8>>());
    }
}
