//! Authentication keys: the two AES-128 keys a session begins with.

use super::{Answer, Context};
use crate::store::{Algorithm, Capabilities, Kind, Object, Origin, Secret, Wish};
use crate::wire::{DeviceError, Fields};

/// PUT AUTHENTICATION KEY: the wish, delegated capabilities, encryption key, MAC key.
pub(super) fn put(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let wish = Wish::read(&mut fields)?;
    let delegated = Capabilities(fields.u64()?);
    let keys = checked(wish.algorithm, fields.rest())?;
    context.put(Object::new(Kind::AuthenticationKey, &wish, delegated, Origin::IMPORTED, keys))
}

/// CHANGE AUTHENTICATION KEY: only the key of the session itself.
pub(super) fn change(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let id = fields.u16()?;
    let algorithm = fields.u8()?.try_into()?;
    let keys = checked(algorithm, fields.rest())?;
    context.touched.target = id;
    if id != context.authority.key {
        return Err(DeviceError::InvalidId);
    }
    let key = context.state.store.get_mut(Kind::AuthenticationKey, id);
    let key = key.ok_or(DeviceError::ObjectNotFound)?;
    key.algorithm = algorithm;
    key.body = Secret::new(keys);
    context.state.touch();
    Ok(id.to_be_bytes().to_vec())
}

fn checked(algorithm: Algorithm, keys: &[u8]) -> Result<&[u8], DeviceError> {
    if algorithm.kind() != Some(Kind::AuthenticationKey) {
        Err(DeviceError::InvalidData)
    } else if algorithm.key_bytes() != Some(keys.len()) {
        Err(DeviceError::WrongLength)
    } else {
        Ok(keys)
    }
}
