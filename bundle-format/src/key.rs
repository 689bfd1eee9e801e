//! Public keys that sign bundles: Ed25519 for people, ECDSA P-256 for an HSM.

use crate::Digest;
use crate::identifiers::{string_type, word_type};
use ed25519_dalek::VerifyingKey as Ed25519Key;
use p256::ecdsa::{DerSignature, VerifyingKey as P256Key, signature::Verifier as _};
use spki::{DecodePublicKey as _, EncodePublicKey as _};

word_type!(
    /// How a key signs. The policy names it for every key, so that another algorithm can join without ambiguity.
    KeyAlgorithm {
        /// Ed25519 (RFC 8032), pure, over the PAE; 64-byte signatures, checked strictly.
        Ed25519 = "ed25519",
        /// ECDSA over P-256 with SHA-256 of the PAE (FIPS 186-5); DER signatures.
        EcdsaP256Sha256 = "ecdsa-p256-sha256",
    }
);

string_type!(
    /// A key id: the SHA-256 of the key's SubjectPublicKeyInfo DER. A hint for finding the key, never a reason to trust it.
    KeyId,
    "^[0-9a-f]{64}$",
    "64 lower-case hexadecimal digits",
    |text| text.len() == 64
        && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
);

/// A key that may sign bundles. An Ed25519 key can only be held after [`PublicKey::from_ed25519`] found it sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// A person's key.
    #[non_exhaustive]
    Ed25519(Ed25519Key),
    /// An HSM's key.
    P256(P256Key),
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo (RFC 5280 section 4.1), DER with nothing before or after it.
    ///
    /// # Errors
    /// When it is not DER, not one of the two algorithms, not a sound point, or not written as this crate writes it.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, String> {
        let info = spki::SubjectPublicKeyInfoRef::try_from(der)
            .map_err(|_| "expected the DER of one SubjectPublicKeyInfo".to_owned())?;
        let key =
            if info.algorithm.oid == ed25519_dalek::pkcs8::ALGORITHM_OID {
                let key = Ed25519Key::from_public_key_der(der)
                    .map_err(|_| "not a valid Ed25519 public key".to_owned())?;
                Self::from_ed25519(key)?
            } else {
                Self::P256(P256Key::from_public_key_der(der).map_err(|_| {
                    "expected an Ed25519 or a named-curve P-256 public key".to_owned()
                })?)
            };
        if key.to_spki_der()? == der {
            Ok(key)
        } else {
            Err("the SubjectPublicKeyInfo is not in its one DER form".to_owned())
        }
    }

    /// Wraps an Ed25519 key.
    ///
    /// # Errors
    /// When it is of small order: one fixed signature would fit any message. When it has a small-order part or is not in its
    /// one encoding: implementations disagree about such keys, and one secret would have several of them.
    pub fn from_ed25519(key: Ed25519Key) -> Result<Self, String> {
        if key.is_weak() {
            return Err("a small-order Ed25519 key: it would accept forged signatures".to_owned());
        }
        let point = key.to_edwards();
        if point.is_torsion_free() && point.compress().as_bytes() == key.as_bytes() {
            Ok(Self::Ed25519(key))
        } else {
            Err("an Ed25519 key that no key generation makes".to_owned())
        }
    }

    /// Reads an uncompressed P-256 point (SEC 1 section 2.3.3), with or without its leading 0x04.
    ///
    /// # Errors
    /// When it is compressed, or not a point of the curve.
    pub fn from_p256_point(point: &[u8]) -> Result<Self, String> {
        let coordinates = match point {
            [4, rest @ ..] if rest.len() == 64 => rest,
            rest => rest,
        };
        let mut sec1 = vec![4];
        sec1.extend_from_slice(coordinates);
        P256Key::from_sec1_bytes(&sec1)
            .map(Self::P256)
            .map_err(|_| "not an uncompressed P-256 point".to_owned())
    }

    /// The SubjectPublicKeyInfo in DER.
    ///
    /// # Errors
    /// None that a held key can cause; the encoder's signature asks for it.
    pub fn to_spki_der(&self) -> Result<Vec<u8>, String> {
        let document = match self {
            Self::Ed25519(key) => key.to_public_key_der(),
            Self::P256(key) => key.to_public_key_der(),
        };
        document.map(|der| der.as_bytes().to_vec()).map_err(|e| e.to_string())
    }

    /// The algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> KeyAlgorithm {
        match self {
            Self::Ed25519(_) => KeyAlgorithm::Ed25519,
            Self::P256(_) => KeyAlgorithm::EcdsaP256Sha256,
        }
    }

    /// The key id.
    ///
    /// # Errors
    /// As [`Self::to_spki_der`].
    pub fn id(&self) -> Result<KeyId, String> {
        Digest::of(&self.to_spki_der()?).to_string().parse()
    }

    /// Whether `signature` is this key's over `message`: Ed25519 strictly (no malleability, no small-order points), P-256
    /// over the SHA-256 of `message` with a DER signature.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            Self::P256(key) => DerSignature::from_bytes(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
        }
    }
}
