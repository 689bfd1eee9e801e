//! Unwrapping encrypted key material (AWS KMS developer guide, "Encrypt the key material").
//!
//! `RSAES_OAEP_*` is one RSA block around the key material. `RSA_AES_KEY_WRAP_*` is an RSA block around an AES-256 key, then the key
//! material wrapped under that with AES-KWP (RFC 5649): `CKM_RSA_AES_KEY_WRAP` of PKCS #11.

use super::algorithm::Oaep;
use super::rsa_key::RsaKey;
use crate::refusal::{Kind, Refusal};
use crate::wire::Blob;
use aes_kw::{KeyInit as _, KwpAes256};
use keyferry_bundle::WrappingAlgorithm;
use rsa::pkcs8::DecodePrivateKey as _;
use zeroize::Zeroizing;

/// AES-KWP puts a half block before at least one of key material.
const HALF_BLOCK: usize = 8;

/// Decrypts key material under the private key (PKCS#8) of a wrapping key pair.
pub(crate) fn unwrap(
    algorithm: WrappingAlgorithm,
    private_key: &[u8],
    encrypted: &[u8],
) -> Result<Blob, Refusal> {
    let private_key = rsa::PrivateKey::from_pkcs8_der(private_key)
        .map(RsaKey::from)
        .map_err(|_| Kind::Internal.with("a wrapping key pair does not read back"))?;
    let (oaep, key_wrap) = match algorithm {
        WrappingAlgorithm::RsaesOaepSha256 => (Oaep::Sha256, false),
        WrappingAlgorithm::RsaesOaepSha1 => (Oaep::Sha1, false),
        WrappingAlgorithm::RsaAesKeyWrapSha256 => (Oaep::Sha256, true),
        WrappingAlgorithm::RsaAesKeyWrapSha1 => (Oaep::Sha1, true),
    };
    let unwrapped = if key_wrap {
        rsa_aes(&private_key, oaep, encrypted)
    } else {
        private_key.decrypt(oaep, encrypted)
    };
    unwrapped.map(Blob::from).ok_or_else(|| {
        let message = "the encrypted key material does not decrypt under the token's wrapping key";
        Kind::InvalidCiphertext.with(message)
    })
}

fn rsa_aes(private_key: &RsaKey, oaep: Oaep, encrypted: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (block, wrapped) = encrypted.split_at_checked(private_key.size())?;
    let length = wrapped.len().checked_sub(HALF_BLOCK)?;
    (length >= HALF_BLOCK).then_some(())?;
    let aes = private_key.decrypt(oaep, block)?;
    let mut buffer = Zeroizing::new(vec![0; length]);
    let unwrapped = KwpAes256::new_from_slice(&aes).ok()?.unwrap_key(wrapped, &mut buffer).ok()?;
    Some(Zeroizing::new(unwrapped.to_vec()))
}
