//! Ciphertexts of symmetric keys: a layout of our own, openable by anybody who has the key material.
//!
//! | bytes | what |
//! |---|---|
//! | 4 | `KVC1` |
//! | 1, then so many | length of the key id, and the key id |
//! | 32 | key material id |
//! | 12 | nonce |
//! | the rest but 16, then 16 | AES-256-GCM (SP 800-38D) ciphertext and tag, under the key material itself |
//!
//! Associated data: everything before the nonce, then each pair of the encryption context, sorted by the bytes of its key, as the key's
//! length (4 bytes, big endian), the key, the value's length and the value.

use crate::random;
use crate::refusal::{Kind, Refusal};
use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use keyferry_bundle::{KeyMaterialId, KmsKeyId};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

const MAGIC: &[u8; 4] = b"KVC1";

/// An encryption context.
pub(crate) type Context = BTreeMap<String, String>;

/// A ciphertext in parts.
pub(crate) struct Ciphertext<'a> {
    /// The key it names.
    pub(crate) key: KmsKeyId,
    /// The key material it names.
    pub(crate) material: KeyMaterialId,
    header: &'a [u8],
    nonce: [u8; 12],
    sealed: &'a [u8],
}

/// Encrypts under key material of 32 bytes.
pub(crate) fn seal(
    (key, material, bytes): (&KmsKeyId, &KeyMaterialId, &[u8]),
    plaintext: &[u8],
    context: &Context,
) -> Result<Vec<u8>, Refusal> {
    let broken = || Kind::Internal.with("a ciphertext could not be made");
    let id = key.as_str().as_bytes();
    let mut ciphertext = MAGIC.to_vec();
    ciphertext.push(u8::try_from(id.len()).map_err(|_| broken())?);
    ciphertext.extend_from_slice(id);
    ciphertext.extend(base16ct::lower::decode_vec(material.as_str()).map_err(|_| broken())?);
    let aad = associated(&ciphertext, context);
    let nonce: [u8; 12] = random::bytes()?;
    let sealed = Aes256Gcm::new_from_slice(bytes)
        .map_err(|_| broken())?
        .encrypt(&Nonce::from(nonce), Payload { msg: plaintext, aad: &aad })
        .map_err(|_| broken())?;
    ciphertext.extend_from_slice(&nonce);
    ciphertext.extend(sealed);
    Ok(ciphertext)
}

impl<'a> Ciphertext<'a> {
    /// Reads the parts; nothing, if it is no ciphertext of this service.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (length, rest) = bytes.strip_prefix(MAGIC)?.split_first()?;
        let (id, rest) = rest.split_at_checked(usize::from(*length))?;
        let (material, rest) = rest.split_first_chunk::<32>()?;
        let (nonce, sealed) = rest.split_first_chunk::<12>()?;
        Some(Self {
            key: std::str::from_utf8(id).ok()?.parse().ok()?,
            material: base16ct::lower::encode_string(material).parse().ok()?,
            header: bytes.get(..bytes.len() - rest.len())?,
            nonce: *nonce,
            sealed,
        })
    }

    /// Decrypts; nothing, if bytes, context or ciphertext are not those of the encryption.
    pub(crate) fn open(&self, bytes: &[u8], context: &Context) -> Option<Zeroizing<Vec<u8>>> {
        let aad = associated(self.header, context);
        let payload = Payload { msg: self.sealed, aad: &aad };
        let cipher = Aes256Gcm::new_from_slice(bytes).ok()?;
        cipher.decrypt(&Nonce::from(self.nonce), payload).ok().map(Zeroizing::new)
    }
}

fn associated(header: &[u8], context: &Context) -> Vec<u8> {
    let mut aad = header.to_vec();
    for text in context.iter().flat_map(|(key, value)| [key, value]) {
        // A request is far smaller than 4 GiB.
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        aad.extend_from_slice(&length.to_be_bytes());
        aad.extend_from_slice(text.as_bytes());
    }
    aad
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn context(pairs: &[(&str, &str)]) -> Context {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    fn sealed(with: &Context) -> Vec<u8> {
        let key = "1234abcd-12ab-34cd-56ef-1234567890ab".parse().unwrap();
        let material = "ab".repeat(32).parse().unwrap();
        seal((&key, &material, &[5; 32]), b"text", with).unwrap()
    }

    #[test]
    fn only_the_same_bytes_and_context_open_it() {
        let with = context(&[("a", "b"), ("c", "d")]);
        let bytes = sealed(&with);
        let parsed = Ciphertext::parse(&bytes).unwrap();
        assert_eq!(parsed.key.as_str(), "1234abcd-12ab-34cd-56ef-1234567890ab");
        assert_eq!(parsed.material.as_str(), "ab".repeat(32));
        assert_eq!(parsed.open(&[5; 32], &with).unwrap().as_slice(), b"text");
        assert!(parsed.open(&[6; 32], &with).is_none());
        for other in [&[][..], &[("a", "b")], &[("a", "d"), ("c", "b")], &[("ab", ""), ("c", "d")]]
        {
            assert!(parsed.open(&[5; 32], &context(other)).is_none(), "{other:?}");
        }
    }

    #[test]
    fn the_associated_data_is_as_documented() {
        let aad = associated(b"head", &context(&[("b", ""), ("aa", "c")]));
        assert_eq!(aad, b"head\0\0\0\x02aa\0\0\0\x01c\0\0\0\x01b\0\0\0\0");
    }

    #[test]
    fn no_byte_can_be_changed() {
        let bytes = sealed(&Context::new());
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            let opened =
                Ciphertext::parse(&changed).and_then(|c| c.open(&[5; 32], &Context::new()));
            assert!(opened.is_none(), "{place}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_out_of_hand(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for bytes in [bytes.clone(), [MAGIC.as_slice(), &[2], &bytes].concat()] {
                if let Some(parsed) = Ciphertext::parse(&bytes) {
                    prop_assert!(parsed.open(&[5; 32], &Context::new()).is_none());
                }
            }
        }
    }
}
