//! Opaque objects: bytes that the device stores and does not look into.

use super::{Answer, Context};
use crate::store::{Capabilities, Kind, Object, Origin, Wish};
use crate::wire::{DeviceError, Fields};

/// PUT OPAQUE. Bytes that are there are never replaced.
pub(super) fn put(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let wish = Wish::read(&mut fields)?;
    let bytes = fields.rest();
    if wish.algorithm.kind() != Some(Kind::Opaque) {
        return Err(DeviceError::InvalidData);
    }
    if bytes.is_empty() {
        return Err(DeviceError::WrongLength);
    }
    context.put(Object::new(Kind::Opaque, &wish, Capabilities::NONE, Origin::IMPORTED, bytes))
}

/// GET OPAQUE. The object needs no capability for it.
pub(super) fn get(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let id = fields.u16()?;
    fields.end()?;
    context.touched.target = id;
    Ok(context.object(Kind::Opaque, id)?.body.expose().to_vec())
}
