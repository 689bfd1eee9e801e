//! Key material on its way in: checked against the key spec, or made for it.

use super::private_key::PrivateKey;
use crate::random;
use crate::refusal::{Kind, Refusal};
use crate::wire::Blob;
use keyferry_bundle::KeySpec;
use zeroize::Zeroizing;

/// Key material that fits a key spec.
pub(crate) struct Incoming {
    /// The bytes: raw, or PKCS#8 in the form this service writes.
    pub(crate) bytes: Blob,
    /// What tells it from other key material: the raw bytes, or a private key's `SubjectPublicKeyInfo`, because one private key has
    /// many encodings.
    pub(crate) known_by: Blob,
}

impl Incoming {
    /// Checks unwrapped bytes. The kinds of refusal are AWS's, which of the two it gives for what is not recorded.
    pub(crate) fn fitting(spec: KeySpec, bytes: Blob) -> Result<Self, Refusal> {
        let found = bytes.as_bytes().len();
        match spec.raw_length() {
            Some(length) if found == length => Ok(Self::raw(bytes)),
            Some(length) => {
                let message = format!("{spec} key material has {length} bytes, not {found}");
                Err(Kind::InvalidCiphertext.with(message))
            }
            None => {
                let key = PrivateKey::decode(spec, bytes.as_bytes()).ok_or_else(|| {
                    let message =
                        format!("the key material is no unencrypted PKCS#8 {spec} private key");
                    Kind::IncorrectKeyMaterial.with(message)
                })?;
                Self::private(&key)
            }
        }
    }

    /// Makes key material.
    pub(crate) fn generate(spec: KeySpec) -> Result<Self, Refusal> {
        if let Some(length) = spec.raw_length() {
            let mut bytes = Zeroizing::new(vec![0; length]);
            random::fill(&mut bytes)?;
            return Ok(Self::raw(bytes.into()));
        }
        Self::private(&PrivateKey::generate(spec).ok_or_else(broken)?)
    }

    fn raw(bytes: Blob) -> Self {
        Self { known_by: bytes.clone(), bytes }
    }

    fn private(key: &PrivateKey) -> Result<Self, Refusal> {
        let bytes = key.to_der().ok_or_else(broken)?.into();
        Ok(Self { bytes, known_by: key.public_key_der().ok_or_else(broken)?.into() })
    }
}

fn broken() -> Refusal {
    Kind::Internal.with("a private key could not be made or written")
}
