//! Authentication keys: the two AES-128 keys, or the public P-256 key, with which a session begins.

use super::{Answer, Context};
use crate::keys::Curve;
use crate::store::{Algorithm, Capabilities, Kind, Object, Origin, Secret, Wish};
use crate::wire::{DeviceError, Fields};

/// PUT AUTHENTICATION KEY: the wish, delegated capabilities, then encryption key and MAC key, or both coordinates.
pub(super) fn put(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let wish = Wish::read(&mut fields, Kind::AuthenticationKey)?;
    let delegated = Capabilities(fields.u64()?);
    let keys = checked(wish.algorithm, fields.rest())?;
    let object = Object::new(Kind::AuthenticationKey, &wish, Origin::IMPORTED, keys);
    context.put(object.delegating(delegated))
}

/// CHANGE AUTHENTICATION KEY: only the key of the session itself. Two AES keys may become a point and the other way round, as the
/// algorithm in the command says. (Chosen here: whether a device allows that is published nowhere.)
pub(super) fn change(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let id = fields.u16()?;
    let algorithm = fields.u8()?.try_into()?;
    let keys = checked(algorithm, fields.rest())?;
    context.touched.target = id;
    if id != context.authority.key {
        return Err(DeviceError::InvalidId);
    }
    context.state.options.require(algorithm)?;
    let key = context.state.store.get_mut(Kind::AuthenticationKey, id);
    let key = key.ok_or(DeviceError::ObjectNotFound)?;
    key.algorithm = algorithm;
    key.body = Secret::new(keys);
    context.state.touch();
    Ok(id.to_be_bytes().to_vec())
}

fn checked(algorithm: Algorithm, keys: &[u8]) -> Result<&[u8], DeviceError> {
    let size = algorithm.authentication_bytes().ok_or(DeviceError::InvalidData)?;
    if size != keys.len() {
        return Err(DeviceError::WrongLength);
    }
    if algorithm == Algorithm::EcP256Authentication && !Curve::P256.is_point(keys) {
        return Err(DeviceError::InvalidData);
    }
    Ok(keys)
}
