//! AWS's wrapping public key in the HSM, for the moment of one export.

use crate::hsm_access::hsm_failed;
use keyferry_bundle::ObjectId;
use keyferry_bundle::kinds::Target;
use keyferry_console::{Exit, Failure};
use keyferry_hsm::{Error, Hsm, ObjectKind, Place, Purpose};

/// Its label while it is there.
const LABEL: &str = "keyferry wrapping public key";

/// Puts a public key into the HSM to export one key under it, reads it back, compares, exports, and takes it out again: there is no other
/// moment at which anything can be exported under it.
pub(super) fn with_public_wrap_key<T>(
    hsm: &dyn Hsm,
    planned: &Target,
    spki: &[u8],
    export: impl FnOnce(ObjectId) -> Result<T, Failure>,
) -> Result<T, Failure> {
    // Ids are unique for each type of object: the target's own is free for this one, or what a run that was cut off left.
    let id = planned.object_id;
    let place = Place { id, label: LABEL.parse().map_err(Failure::bug)?, domains: planned.domains };
    sweep(hsm, id)?;
    hsm.put_public_wrap_key(&place, spki).map_err(|error| hsm_failed(&error))?;
    let exported = compare(hsm, id, spki).and_then(|()| export(id));
    let deleted = hsm.delete_public_wrap_key(id).map_err(|error| hsm_failed(&error));
    let exported = exported?;
    deleted?;
    Ok(exported)
}

fn sweep(hsm: &dyn Hsm, id: ObjectId) -> Result<(), Failure> {
    let left = hsm.object(ObjectKind::PublicWrapKey, id).map_err(|error| hsm_failed(&error))?;
    match left {
        None => Ok(()),
        Some(object) if object.label == LABEL && object.serves(Purpose::PublicWrapKey).is_ok() => {
            hsm.delete_public_wrap_key(id).map_err(|error| hsm_failed(&error))
        }
        Some(object) => Err(Failure::new(
            Exit::Unchanged,
            "object-id-taken",
            format!("object id {id} is taken"),
        )
        .because(format!("a public wrap key {:?} is there", object.label))
        .hint("find out whose it is: whatever it wraps, its owner can read")),
    }
}

fn compare(hsm: &dyn Hsm, id: ObjectId, spki: &[u8]) -> Result<(), Failure> {
    let held = match hsm.public_wrap_key_der(id) {
        Ok(held) => held,
        Err(error @ Error::NoAnswer { .. }) => {
            return Err(other_wrapping_key().because(error));
        }
        Err(error) => return Err(hsm_failed(&error)),
    };
    if held == spki { Ok(()) } else { Err(other_wrapping_key()) }
}

fn other_wrapping_key() -> Failure {
    Failure::new(
        Exit::Refused,
        "other-wrapping-key",
        "the HSM holds another wrapping public key than it was given",
    )
    .because("it was read back and compared, and nothing was exported under it")
    .hint("stop: do not use this HSM or this host")
}
