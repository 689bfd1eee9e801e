//! Objects of any type: list, describe, delete.

use super::{Answer, Context};
use crate::store::{Capabilities, Kind, Object};
use crate::wire::{DeviceError, Fields};

/// One condition of LIST OBJECTS.
#[derive(Debug, Clone, Copy)]
enum Filter {
    Id(u16),
    Kind(u8),
    /// Any of these domains.
    Domains(u16),
    /// Any of these capabilities.
    Capabilities(Capabilities),
    Algorithm(u8),
    Label([u8; 40]),
}

impl Filter {
    fn read(fields: &mut Fields<'_>) -> Result<Self, DeviceError> {
        match fields.u8()? {
            1 => fields.u16().map(Self::Id),
            2 => fields.u8().map(Self::Kind),
            3 => fields.u16().map(Self::Domains),
            4 => fields.u64().map(|bits| Self::Capabilities(Capabilities(bits))),
            5 => fields.u8().map(Self::Algorithm),
            6 => fields.array().map(Self::Label),
            _ => Err(DeviceError::InvalidData),
        }
    }

    fn matches(self, object: &Object) -> bool {
        match self {
            Self::Id(id) => object.id == id,
            Self::Kind(kind) => u8::from(object.kind) == kind,
            Self::Domains(domains) => object.domains & domains != 0,
            Self::Capabilities(any) => object.capabilities.meet(any),
            Self::Algorithm(algorithm) => u8::from(object.algorithm) == algorithm,
            Self::Label(label) => object.label.0 == label,
        }
    }
}

/// LIST OBJECTS: id, type and sequence of every object the session sees and every filter matches.
pub(super) fn list(context: &Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let mut filters = Vec::new();
    while !fields.is_empty() {
        filters.push(Filter::read(&mut fields)?);
    }
    let mut listed = Vec::new();
    for object in context.state.store.iter() {
        if context.sees(object) && filters.iter().all(|filter| filter.matches(object)) {
            listed.extend_from_slice(&object.id.to_be_bytes());
            listed.extend_from_slice(&[object.kind.into(), object.sequence]);
        }
    }
    Ok(listed)
}

/// GET OBJECT INFO.
pub(super) fn info(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let (kind, id) = handle(context, data)?;
    Ok(context.object(kind, id)?.info())
}

/// DELETE OBJECT. A session whose authentication key goes stays open.
pub(super) fn delete(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let (kind, id) = handle(context, data)?;
    context.object(kind, id)?;
    context.require(kind.deletion())?;
    context.state.store.remove(kind, id);
    context.state.touch();
    Ok(Vec::new())
}

fn handle(context: &mut Context<'_>, data: &[u8]) -> Result<(Kind, u16), DeviceError> {
    let mut fields = Fields::new(data);
    let id = fields.u16()?;
    let kind = fields.u8()?;
    fields.end()?;
    context.touched.target = id;
    Ok((kind.try_into()?, id))
}
