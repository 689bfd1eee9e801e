//! HMAC keys (FIPS 198-1).
//!
//! A body is what Yubico's `yubihsm-wrap` puts under a wrap key: the key, filled up with zeros to the block of its hash, once with
//! 0x36 and once with 0x5c added to every byte.

use super::{Answer, Context};
use crate::store::{Algorithm, Capabilities, Kind, Object, Origin, Wish};
use crate::wire::{DeviceError, Fields};
use hmac::{EagerHash, Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

const INNER: u8 = 0x36;
const OUTER: u8 = 0x5c;

/// PUT HMAC KEY: the wish, then the key, which is no longer than a block of its hash. (A longer one is hashed by the client.)
pub(super) fn put(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let wish = Wish::read(&mut fields, Kind::HmacKey)?;
    let key = fields.rest();
    if key.is_empty() || key.len() > block(wish.algorithm)? {
        return Err(DeviceError::WrongLength);
    }
    let body = body(wish.algorithm, key)?;
    context.put(Object::new(Kind::HmacKey, &wish, Origin::IMPORTED, &body))
}

/// GENERATE HMAC KEY: the wish alone. The key is as long as a block of its hash.
pub(super) fn generate(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let wish = Wish::read(&mut fields, Kind::HmacKey)?;
    fields.end()?;
    let mut key = Zeroizing::new(vec![0; block(wish.algorithm)?]);
    getrandom::fill(&mut key).map_err(|_| DeviceError::StorageFailed)?;
    let body = body(wish.algorithm, &key)?;
    context.put(Object::new(Kind::HmacKey, &wish, Origin::GENERATED, &body))
}

/// SIGN HMAC: any bytes.
pub(super) fn sign(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let id = context.target(&mut fields)?;
    let key = context.key(Kind::HmacKey, id, Capabilities::SIGN_HMAC)?;
    tag(key, fields.rest())
}

/// VERIFY HMAC: a tag, then any bytes. The answer is 1 or 0.
pub(super) fn verify(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let id = context.target(&mut fields)?;
    let key = context.key(Kind::HmacKey, id, Capabilities::VERIFY_HMAC)?;
    let shown = fields.slice(tag(key, &[])?.len())?;
    let expected = tag(key, fields.rest())?;
    Ok(vec![shown.ct_eq(&expected).unwrap_u8()])
}

/// Whether a body that came in is one key twice.
pub(super) fn is_sound(algorithm: Algorithm, bytes: &[u8]) -> bool {
    let Ok(size) = block(algorithm) else { return false };
    let Some((inner, outer)) = bytes.split_at_checked(size) else { return false };
    outer.len() == size && inner.iter().zip(outer).all(|(i, o)| i ^ INNER == o ^ OUTER)
}

/// Bytes of a block of the hash.
fn block(algorithm: Algorithm) -> Result<usize, DeviceError> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "an algorithm is HMAC or it is not")]
    match algorithm {
        Algorithm::HmacSha1 | Algorithm::HmacSha256 => Ok(64),
        Algorithm::HmacSha384 | Algorithm::HmacSha512 => Ok(128),
        _ => Err(DeviceError::InvalidData),
    }
}

fn body(algorithm: Algorithm, key: &[u8]) -> Result<Zeroizing<Vec<u8>>, DeviceError> {
    let mut whole = Zeroizing::new(key.to_vec());
    whole.resize(block(algorithm)?, 0);
    let bytes = whole.iter().map(|b| b ^ INNER).chain(whole.iter().map(|b| b ^ OUTER));
    Ok(Zeroizing::new(bytes.collect()))
}

fn tag(key: &Object, message: &[u8]) -> Answer {
    let size = block(key.algorithm)?;
    let bytes = key.body.expose().iter().take(size).map(|byte| byte ^ INNER);
    let bytes = Zeroizing::new(bytes.collect::<Vec<u8>>());
    #[expect(clippy::wildcard_enum_match_arm, reason = "`block` has refused the others")]
    match key.algorithm {
        Algorithm::HmacSha1 => compute::<Sha1>(&bytes, message),
        Algorithm::HmacSha256 => compute::<Sha256>(&bytes, message),
        Algorithm::HmacSha384 => compute::<Sha384>(&bytes, message),
        _ => compute::<Sha512>(&bytes, message),
    }
}

fn compute<H: EagerHash>(key: &[u8], message: &[u8]) -> Answer {
    let mac = Hmac::<H>::new_from_slice(key).map_err(|_| DeviceError::InvalidData)?;
    Ok(mac.chain_update(message).finalize().into_bytes().to_vec())
}
