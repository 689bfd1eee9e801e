//! RSA keys with the exponent 65537.
//!
//! A body is p, q, d mod (p-1), d mod (q-1), 1/q mod p, each half as long as the modulus, and then the modulus. The body of a public
//! wrap key is the modulus alone.

use super::{Body, Hash, padding};
use crate::store::Algorithm;
use crate::wire::{DeviceError, Fields};
use getrandom::SysRng;
use rsa::hazmat::{rsa_decrypt_and_check, rsa_encrypt};
use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::traits::{PrivateKeyParts as _, PublicKeyParts as _};
use rsa::{BoxedUint, PrivateKey, PublicKey};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

/// The only public exponent the device knows.
const EXPONENT: u64 = 65537;

/// Bytes of a modulus.
pub(crate) const fn size(algorithm: Algorithm) -> Option<usize> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "an algorithm is RSA or it is not")]
    match algorithm {
        Algorithm::Rsa2048 => Some(256),
        Algorithm::Rsa3072 => Some(384),
        Algorithm::Rsa4096 => Some(512),
        _ => None,
    }
}

/// The body of a new key.
pub(super) fn generate(size: usize) -> Result<Body, DeviceError> {
    let key = PrivateKey::new(&mut SysRng, 8 * size).map_err(|_| DeviceError::StorageFailed)?;
    body_of(&key, size)
}

/// The body of the key behind its two primes, one after the other.
pub(super) fn body(size: usize, primes: &[u8]) -> Result<Body, DeviceError> {
    if primes.len() != size {
        return Err(DeviceError::WrongLength);
    }
    body_of(&private(size, primes)?, size)
}

/// The body of a key in PKCS #8.
pub(super) fn body_of(key: &PrivateKey, size: usize) -> Result<Body, DeviceError> {
    let missing = DeviceError::InvalidData;
    let half = size / 2;
    if *key.e() != BoxedUint::from(EXPONENT) || key.size() != size {
        return Err(DeviceError::InvalidData);
    }
    let [p, q] = key.primes() else { return Err(missing) };
    let inverse = key.crt_coefficient().ok_or(missing)?;
    let numbers = [
        (p.as_ref(), half),
        (q.as_ref(), half),
        (key.dp().ok_or(missing)?, half),
        (key.dq().ok_or(missing)?, half),
        (&inverse, half),
        (key.n().as_ref(), size),
    ];
    let mut body = Zeroizing::new(Vec::with_capacity(half * 7));
    for (number, size) in numbers {
        body.extend_from_slice(&fixed(number, size)?);
    }
    Ok(body)
}

/// The modulus in a body.
pub(super) fn public(size: usize, body: &[u8]) -> Result<&[u8], DeviceError> {
    body.get(body.len().saturating_sub(size)..).ok_or(DeviceError::InvalidData)
}

/// Whether a body that came in is whole and its parts belong together.
pub(super) fn is_sound(size: usize, bytes: &[u8]) -> bool {
    let primes = bytes.get(..size);
    primes.is_some_and(|primes| body(size, primes).is_ok_and(|body| *body == bytes))
}

/// Whether a modulus is one a public wrap key may have: odd, and as long as its algorithm says.
pub(crate) fn is_modulus(size: usize, bytes: &[u8]) -> bool {
    bytes.len() == size
        && bytes.first().is_some_and(|first| *first >= 0x80)
        && public_key(bytes).is_ok()
}

/// The key in a body, for its arithmetic.
pub(super) fn private(size: usize, body: &[u8]) -> Result<PrivateKey, DeviceError> {
    let mut fields = Fields::new(body);
    let p = number(fields.slice(size / 2)?)?;
    let q = number(fields.slice(size / 2)?)?;
    let key = PrivateKey::from_p_q(p, q, EXPONENT.into()).map_err(|_| DeviceError::InvalidData)?;
    if key.size() == size { Ok(key) } else { Err(DeviceError::InvalidData) }
}

fn public_key(modulus: &[u8]) -> Result<PublicKey, DeviceError> {
    PublicKey::new(number(modulus)?, EXPONENT.into()).map_err(|_| DeviceError::InvalidData)
}

/// RSASSA-PKCS1-v1_5 over a digest, or over what the client prepared itself when it has the length of no digest.
pub(crate) fn sign_pkcs1(
    size: usize,
    body: &[u8],
    data: &[u8],
    hash: Option<Hash>,
) -> Result<Vec<u8>, DeviceError> {
    let scheme = match hash {
        Some(Hash::Sha1) => Pkcs1v15Sign::new::<Sha1>(),
        Some(Hash::Sha256) => Pkcs1v15Sign::new::<Sha256>(),
        Some(Hash::Sha384) => Pkcs1v15Sign::new::<Sha384>(),
        Some(Hash::Sha512) => Pkcs1v15Sign::new::<Sha512>(),
        None => Pkcs1v15Sign::new_unprefixed(),
    };
    let key = private(size, body)?;
    key.sign_with_rng(&mut SysRng, scheme, data).map_err(|_| DeviceError::InvalidData)
}

/// Checks an RSASSA-PKCS1-v1_5 signature over a SHA-256 digest.
pub(crate) fn verify_pkcs1_sha256(modulus: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    let scheme = Pkcs1v15Sign::new::<Sha256>();
    public_key(modulus).is_ok_and(|key| key.verify(scheme, digest, signature).is_ok())
}

/// RSASSA-PSS over a digest.
pub(crate) fn sign_pss(
    size: usize,
    body: &[u8],
    (hash, mask): (Hash, Hash),
    digest: &[u8],
    salt: usize,
) -> Result<Vec<u8>, DeviceError> {
    let mut random = vec![0; salt];
    getrandom::fill(&mut random).map_err(|_| DeviceError::StorageFailed)?;
    let block = padding::pss(hash, mask, digest, &random, size)?;
    raw(size, body, &block).map(|bytes| bytes.to_vec())
}

/// RSAES-PKCS1-v1_5.
pub(crate) fn decrypt_pkcs1(
    size: usize,
    body: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, DeviceError> {
    padding::unpad_pkcs1(&raw(size, body, sealed)?)
}

/// RSAES-OAEP, with the digest of the label.
pub(crate) fn decrypt_oaep(
    size: usize,
    body: &[u8],
    mask: Hash,
    label: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, DeviceError> {
    padding::unpad_oaep(mask, label, &raw(size, body, sealed)?)
}

/// RSAES-OAEP under a modulus, with the digest of the label.
pub(crate) fn encrypt_oaep(
    modulus: &[u8],
    mask: Hash,
    label: &[u8],
    message: &[u8],
) -> Result<Vec<u8>, DeviceError> {
    let mut seed = vec![0; label.len()];
    getrandom::fill(&mut seed).map_err(|_| DeviceError::StorageFailed)?;
    let block = padding::oaep(mask, label, &seed, message, modulus.len())?;
    let sealed = rsa_encrypt(&public_key(modulus)?, &number(&block)?);
    let sealed = sealed.map_err(|_| DeviceError::InvalidData)?;
    fixed(&sealed, modulus.len()).map(|bytes| bytes.to_vec())
}

/// The private operation on a whole block.
fn raw(size: usize, body: &[u8], block: &[u8]) -> Result<Zeroizing<Vec<u8>>, DeviceError> {
    if block.len() != size {
        return Err(DeviceError::WrongLength);
    }
    let key = private(size, body)?;
    let block = number(block)?;
    if block >= *key.n().as_ref() {
        return Err(DeviceError::InvalidData);
    }
    let outcome = rsa_decrypt_and_check(&key, Some(&mut SysRng), &block);
    fixed(&outcome.map_err(|_| DeviceError::InvalidData)?, size)
}

fn number(bytes: &[u8]) -> Result<BoxedUint, DeviceError> {
    let bits = u32::try_from(8 * bytes.len()).map_err(|_| DeviceError::WrongLength)?;
    BoxedUint::from_be_slice(bytes, bits).map_err(|_| DeviceError::WrongLength)
}

/// A number in `size` bytes.
fn fixed(number: &BoxedUint, size: usize) -> Result<Zeroizing<Vec<u8>>, DeviceError> {
    let bytes = Zeroizing::new(number.to_be_bytes().into_vec());
    let (over, kept) = match bytes.len().checked_sub(size) {
        Some(over) => bytes.split_at_checked(over).ok_or(DeviceError::InvalidData)?,
        None => (&[][..], &bytes[..]),
    };
    if over.iter().any(|byte| *byte != 0) {
        return Err(DeviceError::InvalidData);
    }
    let mut fixed = Zeroizing::new(vec![0; size - kept.len()]);
    fixed.extend_from_slice(kept);
    Ok(fixed)
}
