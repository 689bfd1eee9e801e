//! Ed25519 keys (RFC 8032).
//!
//! A body is the secret scalar (big-endian), the second half of the seed's hash, the public key, and then the seed, which a key
//! that came in under a wrap key may lack.

use super::Body;
use crate::wire::{DeviceError, Fields};
use ed25519_dalek::VerifyingKey;
use ed25519_dalek::hazmat::{ExpandedSecretKey, raw_sign};
use sha2::{Digest as _, Sha512};
use zeroize::Zeroizing;

/// Bytes of a body without the seed.
pub(crate) const EXPANDED: usize = 96;
/// Bytes of a seed, of a scalar and of a public key.
const SIZE: usize = 32;

/// The body of the key behind a seed.
pub(super) fn body(seed: &[u8]) -> Result<Body, DeviceError> {
    let seed = Zeroizing::new(<[u8; SIZE]>::try_from(seed).map_err(|_| DeviceError::WrongLength)?);
    let hash = Zeroizing::new(<[u8; 64]>::from(Sha512::digest(*seed)));
    let (scalar, prefix) = hash.split_at(SIZE);
    let mut scalar = Zeroizing::new(scalar.to_vec());
    // RFC 8032, 5.1.5.
    if let [first, .., last] = scalar.as_mut_slice() {
        *first &= 0xf8;
        *last = *last & 0x7f | 0x40;
    }
    scalar.reverse();
    let public = VerifyingKey::from(&ExpandedSecretKey::from_bytes(&hash)).to_bytes();
    Ok(Zeroizing::new([&scalar[..], prefix, &public, &*seed].concat()))
}

/// The public key in a body.
pub(super) fn public(body: &[u8]) -> Result<&[u8], DeviceError> {
    let mut fields = Fields::new(body);
    fields.slice(2 * SIZE)?;
    fields.slice(SIZE)
}

/// The seed in a body, if it is there.
pub(super) fn seed(body: &[u8]) -> Option<&[u8]> {
    let seed = body.get(EXPANDED..)?;
    (seed.len() == SIZE).then_some(seed)
}

/// Signs a whole message.
pub(crate) fn sign(body: &[u8], message: &[u8]) -> Result<Vec<u8>, DeviceError> {
    let key = expanded(body)?;
    Ok(raw_sign::<Sha512>(&key, message, &VerifyingKey::from(&key)).to_bytes().to_vec())
}

/// Whether a body that came in is whole and its parts belong together.
pub(super) fn is_sound(bytes: &[u8]) -> bool {
    if bytes.len() == EXPANDED {
        let public = expanded(bytes).map(|key| VerifyingKey::from(&key).to_bytes());
        return public.is_ok_and(|public| bytes.ends_with(&public));
    }
    seed(bytes).is_some_and(|seed| body(seed).is_ok_and(|body| *body == bytes))
}

/// The two secret halves of a body, back in the order of RFC 8032.
fn expanded(body: &[u8]) -> Result<ExpandedSecretKey, DeviceError> {
    let mut hash = Zeroizing::new(Fields::new(body).array::<64>()?);
    if let Some(scalar) = hash.first_chunk_mut::<SIZE>() {
        scalar.reverse();
    }
    Ok(ExpandedSecretKey::from_bytes(&hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, section 7.1, test 1.
    #[test]
    fn an_expanded_key_signs_like_its_seed() {
        let seed = b"\x9d\x61\xb1\x9d\xef\xfd\x5a\x60\xba\x84\x4a\xf4\x92\xec\x2c\xc4\x44\x49\xc5\x69\x7b\x32\x69\x19\x70\x3b\xac\x03\x1c\xae\x7f\x60";
        let body = body(seed).unwrap();
        assert_eq!(public(&body).unwrap()[..4], [0xd7, 0x5a, 0x98, 0x01]);
        let signature = sign(&body[..EXPANDED], b"").unwrap();
        assert_eq!(signature[..4], [0xe5, 0x56, 0x43, 0x00]);
        assert_eq!(signature[60..], [0x8e, 0x7a, 0x10, 0x0b]);
    }
}
