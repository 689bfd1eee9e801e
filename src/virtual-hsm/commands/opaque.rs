//! Opaque objects: bytes that the device stores and does not look into.

use super::{Answer, Context, attestation};
use crate::store::{Kind, Object, Origin, Wish};
use crate::wire::{DeviceError, Fields};

/// PUT OPAQUE. Bytes that are there are never replaced.
pub(super) fn put(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let wish = Wish::read(&mut fields, Kind::Opaque)?;
    let bytes = fields.rest();
    if bytes.is_empty() {
        return Err(DeviceError::WrongLength);
    }
    context.put(Object::new(Kind::Opaque, &wish, Origin::IMPORTED, bytes))
}

/// GET OPAQUE. The object needs no capability for it. Id 0 is the certificate of the device's own attestation key.
pub(super) fn get(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let id = fields.u16()?;
    fields.end()?;
    context.touched.target = id;
    if id == 0 {
        return attestation::device_certificate(context.state);
    }
    Ok(context.object(Kind::Opaque, id)?.body.expose().to_vec())
}
