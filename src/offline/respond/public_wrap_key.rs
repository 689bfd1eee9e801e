//! AWS's wrapping public key in the HSM, for the moment of one export.

use crate::hsm_access::hsm_failed;
use keyferry_bundle::kinds::Target;
use keyferry_bundle::{Domains, ObjectId};
use keyferry_console::{Exit, Failure};
use keyferry_hsm::{Hsm, Object, ObjectKind, Place, Purpose};

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
    with_public_wrap_key_at(hsm, (planned.object_id, planned.domains), spki, export)
}

/// As [`with_public_wrap_key`], for the object of that id in those domains.
pub(super) fn with_public_wrap_key_at<T>(
    hsm: &dyn Hsm,
    (id, domains): (ObjectId, Domains),
    spki: &[u8],
    export: impl FnOnce(ObjectId) -> Result<T, Failure>,
) -> Result<T, Failure> {
    // Ids are unique for each type of object: the object's own is free for this one, or what a run that was cut off left.
    let place = Place { id, label: LABEL.parse().map_err(Failure::bug)?, domains };
    sweep(hsm, id)?;
    if let Err(error) = hsm.put_public_wrap_key(&place, spki) {
        // It may be there all the same; nothing may stay that key material could leave under.
        if error.leaves_state_unknown() {
            let _ = hsm.delete_public_wrap_key(id);
        }
        return Err(hsm_failed(&error));
    }
    let exported = compare(hsm, id, spki).and_then(|()| export(id));
    match hsm.delete_public_wrap_key(id) {
        Ok(()) => exported,
        Err(error) => {
            let left = format!("public wrap key {id} may still be in the HSM");
            Err(match exported {
                // What went wrong first says what to do; it may say to stop.
                Err(failure) => failure.because(left).because(error),
                Ok(_) => Failure::new(Exit::Unknown, "public-wrap-key-left", left)
                    .because(error)
                    .hint("run the same command again: it is removed before anything else is done"),
            })
        }
    }
}

/// Refuses a stranger's public wrap key under this id; before the person is asked.
pub(crate) fn check_free(hsm: &dyn Hsm, id: ObjectId) -> Result<(), Failure> {
    match left(hsm, id)? {
        Some(object) if !ours(&object) => Err(taken(id, &object)),
        Some(_) | None => Ok(()),
    }
}

fn left(hsm: &dyn Hsm, id: ObjectId) -> Result<Option<Object>, Failure> {
    hsm.object(ObjectKind::PublicWrapKey, id).map_err(|error| hsm_failed(&error))
}

/// Whether a run that was cut off left it.
fn ours(object: &Object) -> bool {
    object.label == LABEL && object.serves(Purpose::PublicWrapKey).is_ok()
}

fn taken(id: ObjectId, object: &Object) -> Failure {
    Failure::new(Exit::Unchanged, "object-id-taken", format!("object id {id} is taken"))
        .because(format!("a public wrap key {:?} is there", object.label))
        .hint("find out whose it is: whatever it wraps, its owner can read")
}

fn sweep(hsm: &dyn Hsm, id: ObjectId) -> Result<(), Failure> {
    match left(hsm, id)? {
        None => Ok(()),
        Some(object) if ours(&object) => {
            hsm.delete_public_wrap_key(id).map_err(|error| hsm_failed(&error))
        }
        Some(object) => Err(taken(id, &object)),
    }
}

/// Only what the HSM really answered can be another key; no answer is no answer.
fn compare(hsm: &dyn Hsm, id: ObjectId, spki: &[u8]) -> Result<(), Failure> {
    let held = hsm.public_wrap_key_der(id).map_err(|error| hsm_failed(&error))?;
    if held == spki {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Refused,
        "other-wrapping-key",
        "the HSM holds another wrapping public key than it was given",
    )
    .because("it was read back and compared, and nothing was exported under it")
    .hint("stop: do not use this HSM or this host"))
}
