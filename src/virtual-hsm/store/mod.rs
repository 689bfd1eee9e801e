//! The device's memory: objects, options, the log, and the file that keeps them.

mod algorithm;
mod capabilities;
mod file;
mod log;
mod object;
mod options;
mod secret;
mod state;

pub(crate) use algorithm::Algorithm;
pub(crate) use capabilities::Capabilities;
pub use file::FileError;
pub(crate) use file::StateFile;
pub(crate) use keyferry_ceremony::hsm_log::{NO_KEY, Record};
pub(crate) use log::{CAPACITY as LOG_CAPACITY, Log};
pub(crate) use object::{Kind, Label, Object, Origin, Wish};
pub(crate) use options::Options;
pub(crate) use secret::Secret;
pub(crate) use state::State;
#[cfg(test)]
pub(crate) use state::password_keys;

use crate::wire::DeviceError;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How many objects the device holds.
pub(crate) const MAX_OBJECTS: usize = 256;
/// Pages of the store, 126 KB in all.
pub(crate) const PAGES: usize = 1024;
/// Bytes of a page.
pub(crate) const PAGE: usize = 126;
/// The highest object id.
const MAX_ID: u16 = 0xfffe;

/// How often an id has been used.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Generation {
    kind: Kind,
    id: u16,
    next: u8,
}

/// The objects.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Store {
    /// Shared with the state before a command until the command changes it.
    objects: Arc<Vec<Object>>,
    generations: Vec<Generation>,
    #[serde(skip, default = "max_objects")]
    limit: usize,
}

const fn max_objects() -> usize {
    MAX_OBJECTS
}

impl Store {
    pub(crate) fn new(limit: usize) -> Self {
        Self { objects: Arc::default(), generations: Vec::new(), limit }
    }

    /// Makes the store full at `limit` objects.
    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.limit = limit.min(MAX_OBJECTS);
    }

    pub(crate) const fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Object> {
        self.objects.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.objects.len()
    }

    /// Pages in use: each object takes whole ones.
    pub(crate) fn pages(&self) -> usize {
        self.iter().map(pages_of).sum()
    }

    pub(crate) fn get(&self, kind: Kind, id: u16) -> Option<&Object> {
        self.iter().find(|object| object.kind == kind && object.id == id)
    }

    pub(crate) fn get_mut(&mut self, kind: Kind, id: u16) -> Option<&mut Object> {
        Arc::make_mut(&mut self.objects)
            .iter_mut()
            .find(|object| object.kind == kind && object.id == id)
    }

    /// Adds an object; id 0 asks for one. Never replaces another.
    pub(crate) fn add(&mut self, mut object: Object) -> Result<u16, DeviceError> {
        object.id = match object.id {
            0 => self.free_id(object.kind)?,
            id @ 1..=MAX_ID => id,
            _ => return Err(DeviceError::InvalidId),
        };
        if self.get(object.kind, object.id).is_some() {
            return Err(DeviceError::ObjectExists);
        }
        if self.len() >= self.limit || self.pages() + pages_of(&object) > PAGES {
            return Err(DeviceError::StorageFailed);
        }
        let id = object.id;
        object.sequence = self.next_sequence(object.kind, id);
        let objects = Arc::make_mut(&mut self.objects);
        objects.push(object);
        objects.sort_by_key(|object| (object.id, object.kind));
        Ok(id)
    }

    /// Removes an object that is there.
    pub(crate) fn remove(&mut self, kind: Kind, id: u16) {
        Arc::make_mut(&mut self.objects).retain(|object| object.kind != kind || object.id != id);
    }

    fn next_sequence(&mut self, kind: Kind, id: u16) -> u8 {
        if let Some(used) = self.generations.iter_mut().find(|g| g.kind == kind && g.id == id) {
            let sequence = used.next;
            used.next = used.next.wrapping_add(1);
            return sequence;
        }
        self.generations.push(Generation { kind, id, next: 1 });
        0
    }

    fn free_id(&self, kind: Kind) -> Result<u16, DeviceError> {
        loop {
            let id = u16::from_be_bytes(random()?);
            if (1..=MAX_ID).contains(&id) && self.get(kind, id).is_none() {
                return Ok(id);
            }
        }
    }
}

fn pages_of(object: &Object) -> usize {
    usize::from(object.length()).div_ceil(PAGE).max(1)
}

/// Random bytes of the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], DeviceError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| DeviceError::StorageFailed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opaque(id: u16, size: usize) -> Object {
        let wish = Wish {
            id,
            label: Label::new("test"),
            domains: 1,
            capabilities: Capabilities::NONE,
            algorithm: Algorithm::OpaqueData,
        };
        Object::new(Kind::Opaque, &wish, Origin::IMPORTED, &vec![7; size])
    }

    #[test]
    fn an_id_counts_its_objects() {
        let mut store = Store::new(MAX_OBJECTS);
        for sequence in 0..3 {
            store.add(opaque(9, 1)).unwrap();
            assert_eq!(store.get(Kind::Opaque, 9).unwrap().sequence, sequence);
            assert_eq!(store.add(opaque(9, 1)), Err(DeviceError::ObjectExists));
            store.remove(Kind::Opaque, 9);
        }
    }

    #[test]
    fn ids_are_found_and_refused() {
        let mut store = Store::new(MAX_OBJECTS);
        let id = store.add(opaque(0, 1)).unwrap();
        assert!((1..=MAX_ID).contains(&id));
        assert_eq!(store.add(opaque(0xffff, 1)), Err(DeviceError::InvalidId));
    }

    #[test]
    fn the_store_fills_up_by_number_and_by_size() {
        let mut store = Store::new(MAX_OBJECTS);
        for id in 1..=256 {
            store.add(opaque(id, PAGE)).unwrap();
        }
        assert_eq!(store.add(opaque(300, 1)), Err(DeviceError::StorageFailed));
        assert_eq!(store.pages(), 256);

        let mut store = Store::new(MAX_OBJECTS);
        for id in 1..=64 {
            store.add(opaque(id, 16 * PAGE)).unwrap();
        }
        assert_eq!(store.pages(), PAGES);
        assert_eq!(store.add(opaque(300, 1)), Err(DeviceError::StorageFailed));

        let mut store = Store::new(1);
        store.add(opaque(1, 1)).unwrap();
        assert_eq!(store.add(opaque(2, 1)), Err(DeviceError::StorageFailed));
    }
}
