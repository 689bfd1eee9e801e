//! Templates: what an SSH certificate authority may sign.

use super::{Answer, Context};
use crate::store::{Kind, Object, Origin, Wish};
use crate::wire::{DeviceError, Fields};

/// PUT TEMPLATE: the wish, then the template, which is looked into when it is used.
pub(super) fn put(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let wish = Wish::read(&mut fields, Kind::Template)?;
    if fields.is_empty() {
        return Err(DeviceError::WrongLength);
    }
    context.put(Object::new(Kind::Template, &wish, Origin::IMPORTED, fields.rest()))
}

/// GET TEMPLATE.
pub(super) fn get(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let id = fields.u16()?;
    fields.end()?;
    context.touched.target = id;
    Ok(context.object(Kind::Template, id)?.body.expose().to_vec())
}
