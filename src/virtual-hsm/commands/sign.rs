//! Signatures with asymmetric keys.

use super::{Answer, Context};
use crate::keys::{Curve, Hash, ed25519, rsa};
use crate::store::{Algorithm, Capabilities, Kind, Object};
use crate::wire::{DeviceError, Fields};

/// SIGN PKCS1: a digest, whose length names the hash; or, of any other length, what the client prepared itself.
pub(super) fn pkcs1(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let id = context.target(&mut fields)?;
    let key = context.key(Kind::AsymmetricKey, id, Capabilities::SIGN_PKCS)?;
    let size = modulus(key)?;
    let hash = Hash::of_length(fields.rest().len()).ok();
    if let Some(hash) = hash {
        context.state.options.require(hash.pkcs1())?;
    }
    rsa::sign_pkcs1(size, key.body.expose(), fields.rest(), hash)
}

/// SIGN PSS: the hash of the mask, the length of the salt, a digest.
pub(super) fn pss(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let id = context.target(&mut fields)?;
    let key = context.key(Kind::AsymmetricKey, id, Capabilities::SIGN_PSS)?;
    let mask = Algorithm::try_from(fields.u8()?)?;
    let salt = usize::from(fields.u16()?);
    let digest = fields.rest();
    let size = modulus(key)?;
    let (hash, mask) = (Hash::of_length(digest.len())?, Hash::of_mgf1(mask)?);
    let options = &context.state.options;
    options.require(hash.pss())?;
    options.require(mask.mgf1())?;
    if salt > size {
        return Err(DeviceError::InvalidData);
    }
    rsa::sign_pss(size, key.body.expose(), (hash, mask), digest, salt)
}

/// SIGN ECDSA: a digest of 20, 32, 48 or 64 bytes, of which the leftmost bits count. The signature is DER; its nonce is random.
pub(super) fn ecdsa(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let id = context.target(&mut fields)?;
    let key = context.key(Kind::AsymmetricKey, id, Capabilities::SIGN_ECDSA)?;
    let digest = fields.rest();
    let curve = Curve::of(key.algorithm).ok_or(DeviceError::InvalidData)?;
    context.state.options.require(Hash::of_length(digest.len())?.ecdsa())?;
    curve.sign(key.body.expose(), digest)
}

/// SIGN EDDSA: the whole message; the signature is 64 bytes.
pub(super) fn eddsa(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let id = context.target(&mut fields)?;
    let key = context.key(Kind::AsymmetricKey, id, Capabilities::SIGN_EDDSA)?;
    if key.algorithm != Algorithm::Ed25519 {
        return Err(DeviceError::InvalidData);
    }
    ed25519::sign(key.body.expose(), fields.rest())
}

/// Bytes of the modulus of an RSA key.
pub(super) fn modulus(key: &Object) -> Result<usize, DeviceError> {
    rsa::size(key.algorithm).ok_or(DeviceError::InvalidData)
}
