//! What must hold in the HSM before anything is put back.

use super::inventory;
use super::restore::Restore;
use super::sources::KeyCopy;
use crate::hsm_access::hsm_failed;
use crate::respond::keeping::{PAGE, purpose_of};
use crate::respond::{preflight, public_wrap_key};
use keyferry_bundle::ObjectId;
use keyferry_bundle::kinds::{InventoryEntry, KeptAs};
use keyferry_console::{Exit, Failure};
use keyferry_hsm::{Error, Feature, Object};

impl Restore<'_> {
    /// Looks at everything the work depends on, and changes nothing. Returns what is not there yet.
    pub(super) fn look(&self, before: &[InventoryEntry]) -> Result<Vec<ObjectId>, Failure> {
        let (hsm, device) = (self.hsm, self.accepted.device.body());
        let ids: Vec<ObjectId> = self.copies.iter().map(|copy| copy.object_id).collect();
        preflight::check_identity(hsm, device, &self.accepted.public, &ids)?;
        let info = hsm.device().map_err(|error| hsm_failed(&error))?;
        let mut missing = Vec::new();
        for copy in self.copies {
            if copy.kept_as == KeptAs::SymmetricKey {
                public_wrap_key::check_free(hsm, copy.object_id)?;
                if !info.has(Feature::RsaWrap) {
                    return Err(Failure::new(
                        Exit::Unchanged,
                        "hsm-firmware",
                        "this HSM's firmware is too old for the copies",
                    )
                    .because(format!(
                        "symmetric key {} cannot be proved on {}",
                        copy.object_id, info.firmware
                    ))
                    .hint("restore it into an HSM with newer firmware"));
                }
            }
            let kind = inventory::kind(copy.kept_as);
            let own = before.iter().find(|entry| {
                entry.object_id == copy.object_id && inventory::is_own(device, **entry)
            });
            if let Some(own) = own {
                return Err(taken(copy, format!("the HSM has its own {own}")));
            }
            match before
                .iter()
                .find(|entry| (entry.kind, entry.object_id) == (kind, copy.object_id))
            {
                None => missing.push(copy.object_id),
                Some(_)
                    if self.args.drill && !self.room.ledger().may_be_of_a_drill(copy.object_id) =>
                {
                    return Err(taken(
                        copy,
                        "it is in the HSM, and a drill deletes what it put back".to_owned(),
                    )
                    .hint("do the drill with an HSM that does not have these objects"));
                }
                Some(_) => {
                    let object = self.object(copy)?;
                    fits(copy, &object).map_err(|problem| taken(copy, problem))?;
                }
            }
        }
        self.check_storage(&missing)?;
        Ok(missing)
    }

    /// The object that a copy makes.
    pub(super) fn object(&self, copy: &KeyCopy) -> Result<Object, Failure> {
        let kind = purpose_of(copy.kept_as).kind();
        self.hsm
            .object(kind, copy.object_id)
            .map_err(|error| hsm_failed(&error))?
            .ok_or_else(|| other(copy, "it is not there"))
    }

    /// The store takes every object; a copy is a little longer than what it takes there.
    fn check_storage(&self, missing: &[ObjectId]) -> Result<(), Failure> {
        let needed = self.copies.iter().filter(|copy| missing.contains(&copy.object_id));
        // One more for the ephemeral public key under which a symmetric key is looked at.
        let pages: Vec<usize> =
            needed.map(|copy| copy.export.len().div_ceil(PAGE)).chain([3]).collect();
        let bytes = pages.iter().sum::<usize>() * PAGE;
        let storage = self.hsm.storage().map_err(|error| hsm_failed(&error))?;
        let fits = usize::from(storage.free_objects) >= pages.len()
            && storage.free_bytes as usize >= bytes;
        if fits || missing.is_empty() {
            return Ok(());
        }
        Err(Failure::new(Exit::Unchanged, "hsm-store-full", "the HSM's object store has no room")
            .because(format!(
                "{} object(s) of about {bytes} bytes are needed, {} object(s) and {} bytes are free",
                pages.len(),
                storage.free_objects,
                storage.free_bytes
            ))
            .hint("delete what is not needed, or restore into another HSM"))
    }
}

/// Whether an object of the HSM is what the copy makes, as far as can be told from outside.
pub(super) fn fits(copy: &KeyCopy, object: &Object) -> Result<(), String> {
    object.serves_as_copy(purpose_of(copy.kept_as))?;
    match &copy.place {
        Some((label, _)) if object.label != label.as_str() => {
            Err(format!("it is labelled {:?}, not {:?}", object.label, label.as_str()))
        }
        Some((_, domains)) if object.domains != *domains => {
            Err(format!("it is in domains {}, not {domains}", object.domains))
        }
        Some(_) | None => Ok(()),
    }
}

/// The copy's id is not free.
fn taken(copy: &KeyCopy, because: String) -> Failure {
    Failure::new(
        Exit::Unchanged,
        "object-id-taken",
        format!("object id {} is taken", copy.object_id),
    )
    .because(because)
    .hint("nothing was changed: find out whose object it is, or restore into another HSM")
}

/// What is in the HSM is not what the copy says.
pub(super) fn other(copy: &KeyCopy, problem: &str) -> Failure {
    Failure::new(
        Exit::Unknown,
        "other-material",
        format!("object {} is not what was copied", copy.object_id),
    )
    .because(problem)
    .because(copy.path.display())
    .hint("stop: the copy, or the bundle that names it, is not what it says; delete the object with the administration's credential")
}

/// The HSM opens the copy with its wrap key, or does not take it.
pub(super) fn not_taken(copy: &KeyCopy, error: &Error) -> Failure {
    Failure::new(
        Exit::Unchanged,
        "copy-refused",
        format!("the HSM does not take the copy of object {}", copy.object_id),
    )
    .because(copy.path.display())
    .because(error)
    .hint(
        "its wrap key is another than the one that the copy was made under, or the copy is damaged",
    )
}
