//! Signing and encryption algorithms (AWS KMS API reference, `Sign`, `Encrypt`; their names as the service model has them).

use crate::refusal::{Kind, Refusal};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use std::str::FromStr;

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// How a digest becomes a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// RSASSA-PSS (RFC 8017 section 8.1), the salt as long as the digest.
    Pss,
    /// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2).
    Pkcs1v15,
    /// ECDSA (FIPS 186-5), the signature in DER.
    Ecdsa,
    /// Ed25519 (RFC 8032 section 5.1), over the message itself.
    Ed25519,
    /// Ed25519ph (RFC 8032 section 5.1), without a context. AWS is given a digest and hashes it once more.
    Ed25519ph,
}

/// A signing algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SigningAlgorithm {
    /// AWS's name.
    pub(crate) name: &'static str,
    /// How it signs.
    pub(crate) scheme: Scheme,
    /// What it hashes with.
    pub(crate) hash: Hash,
}

/// What is signed, AWS's `MessageType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MessageType {
    /// The message.
    Raw,
    /// Its digest.
    Digest,
}

/// RSAES-OAEP (RFC 8017 section 7.1), MGF1 with the same hash and no label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Oaep {
    /// With SHA-1.
    Sha1,
    /// With SHA-256.
    Sha256,
}

impl Hash {
    /// A message's digest.
    pub(crate) fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }

    /// A digest's length, bytes.
    pub(crate) const fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

impl SigningAlgorithm {
    /// Those that the service carries out.
    pub(crate) const ALL: &'static [Self] = &[
        Self::new("RSASSA_PSS_SHA_256", Scheme::Pss, Hash::Sha256),
        Self::new("RSASSA_PSS_SHA_384", Scheme::Pss, Hash::Sha384),
        Self::new("RSASSA_PSS_SHA_512", Scheme::Pss, Hash::Sha512),
        Self::new("RSASSA_PKCS1_V1_5_SHA_256", Scheme::Pkcs1v15, Hash::Sha256),
        Self::new("RSASSA_PKCS1_V1_5_SHA_384", Scheme::Pkcs1v15, Hash::Sha384),
        Self::new("RSASSA_PKCS1_V1_5_SHA_512", Scheme::Pkcs1v15, Hash::Sha512),
        Self::new("ECDSA_SHA_256", Scheme::Ecdsa, Hash::Sha256),
        Self::new("ECDSA_SHA_384", Scheme::Ecdsa, Hash::Sha384),
        Self::new("ECDSA_SHA_512", Scheme::Ecdsa, Hash::Sha512),
        Self::new("ED25519_SHA_512", Scheme::Ed25519, Hash::Sha512),
        Self::new("ED25519_PH_SHA_512", Scheme::Ed25519ph, Hash::Sha512),
    ];

    const fn new(name: &'static str, scheme: Scheme, hash: Hash) -> Self {
        Self { name, scheme, hash }
    }

    /// The bytes the scheme works on: the message for Ed25519, else a digest of the hash's length.
    pub(crate) fn input(self, message: &[u8], given: MessageType) -> Result<Vec<u8>, Refusal> {
        let refuse = |because: String| Err(Kind::Validation.with(because));
        let asked = match self.scheme {
            Scheme::Ed25519 => Some((MessageType::Raw, "RAW")),
            Scheme::Ed25519ph => Some((MessageType::Digest, "DIGEST")),
            Scheme::Pss | Scheme::Pkcs1v15 | Scheme::Ecdsa => None,
        };
        if let Some((_, word)) = asked.filter(|(asked, _)| *asked != given) {
            return refuse(format!("{} requires MessageType {word}", self.name));
        }
        match given {
            MessageType::Raw if self.scheme == Scheme::Ed25519 => Ok(message.to_vec()),
            MessageType::Raw => Ok(self.hash.digest(message)),
            MessageType::Digest if message.len() == self.hash.length() => Ok(message.to_vec()),
            MessageType::Digest => {
                refuse(format!("Digest is invalid length for algorithm {}.", self.name))
            }
        }
    }
}

impl FromStr for SigningAlgorithm {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().find(|algorithm| algorithm.name == text).copied().ok_or(())
    }
}

impl FromStr for MessageType {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "RAW" => Ok(Self::Raw),
            "DIGEST" => Ok(Self::Digest),
            _ => Err(()),
        }
    }
}

impl Oaep {
    /// AWS's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "RSAES_OAEP_SHA_1",
            Self::Sha256 => "RSAES_OAEP_SHA_256",
        }
    }

    /// Most bytes under a modulus of so many bytes.
    pub(crate) const fn most(self, modulus: usize) -> usize {
        let hash = match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        };
        modulus.saturating_sub(2 * hash + 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::spec::algorithms;
    use keyferry_bundle::{KeySpec, KeyUsage};

    #[test]
    fn every_algorithm_of_a_signing_key_is_known() {
        let listed = KeySpec::ALL.iter().filter_map(|spec| algorithms(*spec, KeyUsage::SignVerify));
        let mut listed: Vec<&str> = listed.flatten().copied().collect();
        assert!(listed.iter().all(|name| name.parse::<SigningAlgorithm>().is_ok()));
        listed.sort_unstable();
        listed.dedup();
        assert_eq!(listed.len(), SigningAlgorithm::ALL.len());
    }

    #[test]
    fn oaep_takes_what_the_api_reference_says() {
        let most =
            [256, 384, 512].map(|modulus| [Oaep::Sha1.most(modulus), Oaep::Sha256.most(modulus)]);
        assert_eq!(most, [[214, 190], [342, 318], [470, 446]]);
    }
}
