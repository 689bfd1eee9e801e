//! Decryption and key agreement with asymmetric keys.

use super::sign::modulus;
use super::{Answer, Context};
use crate::keys::{Curve, Hash, rsa};
use crate::store::{Algorithm, Capabilities, Kind};
use crate::wire::{DeviceError, Fields};

/// DECRYPT PKCS1: one block.
pub(super) fn pkcs1(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let id = context.target(&mut fields)?;
    let key = context.key(Kind::AsymmetricKey, id, Capabilities::DECRYPT_PKCS)?;
    let size = modulus(key)?;
    context.state.options.require(Algorithm::RsaPkcs1Decrypt)?;
    rsa::decrypt_pkcs1(size, key.body.expose(), fields.rest()).map(|bytes| bytes.to_vec())
}

/// DECRYPT OAEP: the hash of the mask, one block, the digest of the label, whose length names the other hash.
pub(super) fn oaep(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let id = context.target(&mut fields)?;
    let key = context.key(Kind::AsymmetricKey, id, Capabilities::DECRYPT_OAEP)?;
    let mask = Hash::of_mgf1(fields.u8()?.try_into()?)?;
    let size = modulus(key)?;
    let sealed = fields.slice(size)?;
    let label = fields.rest();
    let options = &context.state.options;
    options.require(Hash::of_length(label.len())?.oaep())?;
    options.require(mask.mgf1())?;
    rsa::decrypt_oaep(size, key.body.expose(), mask, label, sealed).map(|bytes| bytes.to_vec())
}

/// DERIVE ECDH: an uncompressed point on the key's curve; the answer is the first coordinate of the product.
pub(super) fn ecdh(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let id = context.target(&mut fields)?;
    let key = context.key(Kind::AsymmetricKey, id, Capabilities::DERIVE_ECDH)?;
    let curve = Curve::of(key.algorithm).ok_or(DeviceError::InvalidData)?;
    context.state.options.require(Algorithm::EcEcdh)?;
    curve.agree(key.body.expose(), fields.rest()).map(|bytes| bytes.to_vec())
}
