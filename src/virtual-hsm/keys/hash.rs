//! The four hashes of the device, chosen when a command comes.

use crate::store::Algorithm;
use crate::wire::DeviceError;
use sha1::Sha1;
use sha2::digest::DynDigest;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// A hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// The hash whose digests have this many bytes: how most commands name theirs.
    pub(crate) const fn of_length(bytes: usize) -> Result<Self, DeviceError> {
        match bytes {
            20 => Ok(Self::Sha1),
            32 => Ok(Self::Sha256),
            48 => Ok(Self::Sha384),
            64 => Ok(Self::Sha512),
            _ => Err(DeviceError::WrongLength),
        }
    }

    /// The hash of an MGF1 algorithm.
    pub(crate) fn of_mgf1(algorithm: Algorithm) -> Result<Self, DeviceError> {
        let all = [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];
        let found = all.into_iter().find(|hash| hash.mgf1() == algorithm);
        found.ok_or(DeviceError::InvalidData)
    }

    /// The hash of an OAEP algorithm.
    pub(crate) fn of_oaep(algorithm: Algorithm) -> Result<Self, DeviceError> {
        let all = [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];
        let found = all.into_iter().find(|hash| hash.oaep() == algorithm);
        found.ok_or(DeviceError::InvalidData)
    }

    /// Bytes of a digest.
    pub(crate) const fn size(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    pub(crate) const fn ecdsa(self) -> Algorithm {
        match self {
            Self::Sha1 => Algorithm::EcdsaSha1,
            Self::Sha256 => Algorithm::EcdsaSha256,
            Self::Sha384 => Algorithm::EcdsaSha384,
            Self::Sha512 => Algorithm::EcdsaSha512,
        }
    }

    pub(crate) const fn pkcs1(self) -> Algorithm {
        match self {
            Self::Sha1 => Algorithm::RsaPkcs1Sha1,
            Self::Sha256 => Algorithm::RsaPkcs1Sha256,
            Self::Sha384 => Algorithm::RsaPkcs1Sha384,
            Self::Sha512 => Algorithm::RsaPkcs1Sha512,
        }
    }

    pub(crate) const fn pss(self) -> Algorithm {
        match self {
            Self::Sha1 => Algorithm::RsaPssSha1,
            Self::Sha256 => Algorithm::RsaPssSha256,
            Self::Sha384 => Algorithm::RsaPssSha384,
            Self::Sha512 => Algorithm::RsaPssSha512,
        }
    }

    pub(crate) const fn oaep(self) -> Algorithm {
        match self {
            Self::Sha1 => Algorithm::RsaOaepSha1,
            Self::Sha256 => Algorithm::RsaOaepSha256,
            Self::Sha384 => Algorithm::RsaOaepSha384,
            Self::Sha512 => Algorithm::RsaOaepSha512,
        }
    }

    pub(crate) const fn mgf1(self) -> Algorithm {
        match self {
            Self::Sha1 => Algorithm::Mgf1Sha1,
            Self::Sha256 => Algorithm::Mgf1Sha256,
            Self::Sha384 => Algorithm::Mgf1Sha384,
            Self::Sha512 => Algorithm::Mgf1Sha512,
        }
    }

    /// The digest of some parts, one after the other.
    pub(crate) fn digest(self, parts: &[&[u8]]) -> Vec<u8> {
        let mut hash: Box<dyn DynDigest> = match self {
            Self::Sha1 => Box::new(Sha1::new()),
            Self::Sha256 => Box::new(Sha256::new()),
            Self::Sha384 => Box::new(Sha384::new()),
            Self::Sha512 => Box::new(Sha512::new()),
        };
        for part in parts {
            hash.update(part);
        }
        hash.finalize().into_vec()
    }

    /// Adds the mask of a seed to `data` (MGF1, RFC 8017, B.2.1).
    pub(crate) fn mask(self, seed: &[u8], data: &mut [u8]) {
        for (counter, chunk) in (0_u32..).zip(data.chunks_mut(self.size())) {
            let mask = self.digest(&[seed, &counter.to_be_bytes()]);
            for (to, from) in chunk.iter_mut().zip(mask) {
                *to ^= from;
            }
        }
    }
}
