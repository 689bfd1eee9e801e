//! Asymmetric keys: P-256 and Ed25519.
//!
//! A key's body is what Yubico's `yubihsm-wrap` puts under a wrap key: for P-256 the secret scalar and the two coordinates of the
//! point; for Ed25519 the secret scalar (big-endian), the second half of the seed's hash, the public key, and here, after them, the
//! seed, which a key that came in without it does not have.

use super::{Answer, Context};
use crate::store::{Algorithm, Capabilities, Kind, Object, Origin, Wish, random};
use crate::wire::{DeviceError, Fields};
use ed25519_dalek::VerifyingKey;
use ed25519_dalek::hazmat::{ExpandedSecretKey, raw_sign};
use getrandom::SysRng;
use p256::ecdsa::signature::hazmat::RandomizedPrehashSigner as _;
use p256::ecdsa::{DerSignature, SigningKey};
use sha2::{Digest as _, Sha512};
use zeroize::Zeroizing;

/// Bytes of an Ed25519 body without the seed.
pub(super) const ED25519_EXPANDED: usize = 96;

/// PUT ASYMMETRIC KEY: the wish, then the scalar or the seed.
pub(super) fn put(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let wish = wished(&mut fields)?;
    let secret = Zeroizing::new(fields.array::<32>()?);
    fields.end()?;
    let body = body(wish.algorithm, &secret)?;
    context.put(Object::new(
        Kind::AsymmetricKey,
        &wish,
        Capabilities::NONE,
        Origin::IMPORTED,
        &body,
    ))
}

/// GENERATE ASYMMETRIC KEY: the wish alone.
pub(super) fn generate(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let wish = wished(&mut fields)?;
    fields.end()?;
    let body = loop {
        // One in 2^32 candidates is no P-256 scalar.
        if let Ok(body) = body(wish.algorithm, &Zeroizing::new(random()?)) {
            break body;
        }
    };
    context.put(Object::new(
        Kind::AsymmetricKey,
        &wish,
        Capabilities::NONE,
        Origin::GENERATED,
        &body,
    ))
}

fn wished(fields: &mut Fields<'_>) -> Result<Wish, DeviceError> {
    let wish = Wish::read(fields)?;
    if wish.algorithm.kind() == Some(Kind::AsymmetricKey) {
        Ok(wish)
    } else {
        Err(DeviceError::InvalidData)
    }
}

/// GET PUBLIC KEY: the algorithm, then both coordinates or the compressed point.
pub(super) fn public_key(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let id = fields.u16()?;
    let kind = if fields.is_empty() { Kind::AsymmetricKey } else { fields.u8()?.try_into()? };
    fields.end()?;
    context.touched.target = id;
    let key = context.object(kind, id)?;
    if kind != Kind::AsymmetricKey {
        return Err(DeviceError::InvalidData);
    }
    let mut body = Fields::new(key.body.expose());
    let public = if key.algorithm == Algorithm::Ed25519 {
        body.slice(64)?;
        body.slice(32)?
    } else {
        body.slice(32)?;
        body.slice(64)?
    };
    Ok([&[key.algorithm.into()], public].concat())
}

/// SIGN ECDSA: a digest of 20, 32, 48 or 64 bytes, of which the leftmost 32 count. The signature is DER; its nonce is random.
pub(super) fn sign_ecdsa(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let id = fields.u16()?;
    let digest = fields.rest();
    context.touched.target = id;
    let key = context.key(Kind::AsymmetricKey, id, Capabilities::SIGN_ECDSA)?;
    if key.algorithm != Algorithm::EcP256 {
        return Err(DeviceError::InvalidData);
    }
    context.state.options.require(match digest.len() {
        20 => Algorithm::EcdsaSha1,
        32 => Algorithm::EcdsaSha256,
        48 => Algorithm::EcdsaSha384,
        64 => Algorithm::EcdsaSha512,
        _ => return Err(DeviceError::WrongLength),
    })?;
    let scalar = Zeroizing::new(Fields::new(key.body.expose()).array::<32>()?);
    let signer = SigningKey::from_slice(&*scalar).map_err(|_| DeviceError::InvalidData)?;
    let signature: DerSignature =
        signer.sign_prehash_with_rng(&mut SysRng, digest).map_err(|_| DeviceError::InvalidData)?;
    Ok(signature.as_bytes().to_vec())
}

/// SIGN EDDSA: the whole message; the signature is 64 bytes.
pub(super) fn sign_eddsa(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let id = fields.u16()?;
    let message = fields.rest();
    context.touched.target = id;
    let key = context.key(Kind::AsymmetricKey, id, Capabilities::SIGN_EDDSA)?;
    if key.algorithm != Algorithm::Ed25519 {
        return Err(DeviceError::InvalidData);
    }
    let expanded = expanded(key.body.expose())?;
    let signature = raw_sign::<Sha512>(&expanded, message, &VerifyingKey::from(&expanded));
    Ok(signature.to_bytes().to_vec())
}

/// The body of the key behind a scalar or a seed.
fn body(algorithm: Algorithm, secret: &[u8; 32]) -> Result<Zeroizing<Vec<u8>>, DeviceError> {
    if algorithm == Algorithm::Ed25519 {
        let hash = Zeroizing::new(<[u8; 64]>::from(Sha512::digest(secret)));
        let (scalar, prefix) = hash.split_at(32);
        let mut scalar = Zeroizing::new(scalar.to_vec());
        // RFC 8032, 5.1.5.
        if let [first, .., last] = scalar.as_mut_slice() {
            *first &= 0xf8;
            *last = *last & 0x7f | 0x40;
        }
        scalar.reverse();
        let public = VerifyingKey::from(&ExpandedSecretKey::from_bytes(&hash)).to_bytes();
        return Ok(Zeroizing::new([&scalar[..], prefix, &public, secret].concat()));
    }
    let key = SigningKey::from_slice(secret).map_err(|_| DeviceError::InvalidData)?;
    let point = key.verifying_key().to_sec1_point(false);
    let coordinates = point.as_bytes().get(1..).unwrap_or_default();
    Ok(Zeroizing::new([&secret[..], coordinates].concat()))
}

/// The two secret halves of an Ed25519 body, back in the order of RFC 8032.
fn expanded(body: &[u8]) -> Result<ExpandedSecretKey, DeviceError> {
    let mut hash = Zeroizing::new(Fields::new(body).array::<64>()?);
    if let Some(scalar) = hash.first_chunk_mut::<32>() {
        scalar.reverse();
    }
    Ok(ExpandedSecretKey::from_bytes(&hash))
}

/// Whether a body that came in is a key of this algorithm whose parts belong together.
pub(super) fn is_sound(algorithm: Algorithm, bytes: &[u8]) -> bool {
    if algorithm == Algorithm::Ed25519 && bytes.len() == ED25519_EXPANDED {
        let public = expanded(bytes).map(|key| VerifyingKey::from(&key).to_bytes());
        return public.is_ok_and(|public| bytes.ends_with(&public));
    }
    let seed_last = algorithm == Algorithm::Ed25519;
    let secret = if seed_last { bytes.last_chunk::<32>() } else { bytes.first_chunk::<32>() };
    let derived = secret.map(|secret| body(algorithm, secret));
    derived.is_some_and(|derived| derived.is_ok_and(|derived| *derived == bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, section 7.1, test 1.
    #[test]
    fn an_expanded_key_signs_like_its_seed() {
        let seed = *b"\x9d\x61\xb1\x9d\xef\xfd\x5a\x60\xba\x84\x4a\xf4\x92\xec\x2c\xc4\x44\x49\xc5\x69\x7b\x32\x69\x19\x70\x3b\xac\x03\x1c\xae\x7f\x60";
        let body = body(Algorithm::Ed25519, &seed).unwrap();
        assert_eq!(body[64..68], [0xd7, 0x5a, 0x98, 0x01]);
        let key = expanded(&body).unwrap();
        let signature = raw_sign::<Sha512>(&key, b"", &VerifyingKey::from(&key)).to_bytes();
        assert_eq!(signature[..4], [0xe5, 0x56, 0x43, 0x00]);
        assert_eq!(signature[60..], [0x8e, 0x7a, 0x10, 0x0b]);
    }

    #[test]
    fn bodies_are_whole_or_refused() {
        for algorithm in [Algorithm::EcP256, Algorithm::Ed25519] {
            let body = body(algorithm, &[5; 32]).unwrap();
            assert!(is_sound(algorithm, &body));
            for at in 0..body.len() {
                let mut spoiled = body.to_vec();
                spoiled[at] ^= 2;
                assert!(!is_sound(algorithm, &spoiled), "{algorithm:?} {at}");
            }
            assert!(!is_sound(algorithm, &body[..body.len() - 1]));
            assert!(!is_sound(algorithm, &[]));
        }
        let body = body(Algorithm::Ed25519, &[5; 32]).unwrap();
        assert!(is_sound(Algorithm::Ed25519, &body[..ED25519_EXPANDED]));
        assert!(!is_sound(Algorithm::EcP256, &[0; 96]));
    }
}
