//! What the device holds: lists, descriptions, storage, deletion.

use super::YubiHsm2;
use super::fields::Fields;
use super::operations::senseless;
use super::refusal::NOT_FOUND;
use super::request::Request;
use crate::{
    Action, Algorithm, Capabilities, CommandCode, Error, Object, ObjectKind, Origin, Storage,
};
use keyferry_bundle::{Domains, ObjectId};

/// Bytes of an entry of LIST OBJECTS: id, type, sequence.
const LISTED: usize = 4;
/// Bytes of a label, padded with zeros.
const LABEL: usize = 40;

impl YubiHsm2 {
    pub(super) fn read_storage(&self) -> Result<Storage, Error> {
        let action = Action::Read("tell its free storage");
        let answer = self.session.call(action, Request::new(CommandCode::GET_STORAGE_INFO))?;
        storage(answer.fields()).ok_or_else(|| senseless(action, "it is no storage information"))
    }

    pub(super) fn list_objects(&self) -> Result<Vec<(ObjectKind, ObjectId)>, Error> {
        let action = Action::Read("list its objects");
        let answer = self.session.call(action, Request::new(CommandCode::LIST_OBJECTS))?;
        listed(answer.data()).ok_or_else(|| senseless(action, "it is no list of objects"))
    }

    pub(super) fn describe(&self, kind: ObjectKind, id: ObjectId) -> Result<Option<Object>, Error> {
        let action = Action::Read("describe an object");
        let request = Request::new(CommandCode::GET_OBJECT_INFO).id(id).u8(kind.byte());
        match self.session.call(action, request) {
            Ok(answer) => described(answer.fields())
                .filter(|object| (object.kind, object.id) == (kind, id))
                .map(Some)
                .ok_or_else(|| senseless(action, "it does not describe that object")),
            Err(Error::Refused { code: NOT_FOUND, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn delete(
        &self,
        action: Action,
        kind: ObjectKind,
        id: ObjectId,
    ) -> Result<(), Error> {
        let request = Request::new(CommandCode::DELETE_OBJECT).id(id).u8(kind.byte());
        self.done(action, request)
    }
}

/// Objects in all and free, pages in all and free, bytes of a page.
fn storage(mut fields: Fields<'_>) -> Option<Storage> {
    let (total_objects, free_objects) = (fields.u16()?, fields.u16()?);
    let (_pages, free_pages, page) = (fields.u16()?, fields.u16()?, fields.u16()?);
    let free_bytes = u32::from(free_pages) * u32::from(page);
    fields.end(Storage { total_objects, free_objects, free_bytes })
}

/// Entries with a reserved id, such as the factory's attestation key 0x0000, are nobody's business here.
fn listed(data: &[u8]) -> Option<Vec<(ObjectKind, ObjectId)>> {
    let (entries, rest) = data.as_chunks::<LISTED>();
    let objects = entries.iter().filter_map(|[high, low, kind, _sequence]| {
        let id = ObjectId::new(u16::from_be_bytes([*high, *low])).ok()?;
        Some((ObjectKind::from_byte(*kind), id))
    });
    rest.is_empty().then(|| objects.collect())
}

/// Capabilities, id, length, domains, type, algorithm, sequence, origin, label, delegated capabilities.
fn described(mut fields: Fields<'_>) -> Option<Object> {
    let capabilities = Capabilities(fields.u64()?);
    let id = ObjectId::new(fields.u16()?).ok()?;
    let length = fields.u16()?;
    let domains = Domains::try_from(fields.u16()?).ok()?;
    let kind = ObjectKind::from_byte(fields.u8()?);
    let algorithm = Algorithm(fields.u8()?);
    let _sequence = fields.u8()?;
    let origin = Origin::from_byte(fields.u8()?);
    let label: [u8; LABEL] = fields.array()?;
    let delegated = Capabilities(fields.u64()?);
    let text = label.split(|byte| *byte == 0).next().unwrap_or_default();
    let label = String::from_utf8_lossy(text).into_owned();
    let object =
        Object { kind, id, algorithm, label, domains, capabilities, delegated, origin, length };
    fields.end(object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A public wrap key with bits and numbers of every age.
    fn info() -> Vec<u8> {
        let mut bytes =
            vec![0x80, 0, 0, 0, 0, 0, 0x10, 0, 0x0a, 0x01, 0x02, 0x00, 0, 1, 9, 11, 3, 2];
        let mut label = [0; LABEL];
        label[..3].copy_from_slice(b"aws");
        bytes.extend_from_slice(&label);
        bytes.extend_from_slice(&[0, 0, 0, 0, 0, 1, 0, 0]);
        bytes
    }

    #[test]
    fn an_object_with_capabilities_of_tomorrow_is_read() {
        let object = described(Fields::new(&info())).unwrap();
        assert_eq!(object.capabilities.0, 1 << 63 | 1 << 12);
        assert_eq!(
            (object.kind, object.algorithm),
            (ObjectKind::PublicWrapKey, Algorithm::RSA_4096)
        );
        assert_eq!((object.label.as_str(), object.length), ("aws", 512));
        assert_eq!(object.delegated, Capabilities::EXPORTABLE_UNDER_WRAP);
        assert_eq!(object.origin, Origin::Imported);
    }

    #[test]
    fn a_list_with_types_of_tomorrow_and_reserved_ids_is_read() {
        let list = listed(&[0, 0, 1, 0, 0x0a, 1, 0x42, 7]).unwrap();
        assert_eq!(list, [(ObjectKind::Other(0x42), ObjectId::new(0x0a01).unwrap())]);
        assert_eq!(listed(&[0, 1, 1]), None);
    }

    #[test]
    fn storage_is_counted_in_bytes() {
        let found = storage(Fields::new(&[1, 0, 0, 255, 4, 0, 3, 0, 0, 126])).unwrap();
        assert_eq!((found.total_objects, found.free_objects), (256, 255));
        assert_eq!(found.free_bytes, 768 * 126);
    }

    proptest! {
        #[test]
        fn only_whole_answers_are_taken(data in prop::collection::vec(any::<u8>(), 0..80)) {
            if described(Fields::new(&data)).is_some() {
                prop_assert_eq!(data.len(), info().len());
            }
            prop_assert_eq!(storage(Fields::new(&data)).is_some(), data.len() == 10);
            prop_assert_eq!(listed(&data).is_some(), data.len() % LISTED == 0);
        }
    }
}
