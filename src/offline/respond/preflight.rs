//! What must hold in the HSM before the person is asked.

use super::accepted::Accepted;
use super::held::Held;
use super::keeping::{PAGE, algorithm, pages_for, purpose};
use super::{public_wrap_key, reimport};
use crate::audit;
use crate::hsm_access::hsm_failed;
use crate::room::Room;
use keyferry_bundle::kinds::{Credentials, KeptAs, Operation, Target};
use keyferry_bundle::{Device, ObjectId, PublicKey, TargetName};
use keyferry_ceremony::ledger::Remembered;
use keyferry_console::{Exit, Failure, Name, files};
use keyferry_hsm::{DEFAULT_AUTHENTICATION_KEY, Duty, Feature, Hsm, ObjectKind, Origin, Purpose};

/// The key materials that the HSM has already: an earlier, interrupted run of the same plan has stored them, or an earlier request's, or
/// an earlier plan's.
#[derive(Debug, Default)]
pub(super) struct Stored(Vec<Held>);

impl Stored {
    /// Whether the HSM has the key material of that name.
    pub(super) fn has(&self, target: &TargetName) -> bool {
        self.get(target).is_some()
    }

    /// What a key material that the HSM has must be held against.
    pub(super) fn get(&self, name: &TargetName) -> Option<&Held> {
        self.0.iter().find(|held| held.name() == name)
    }
}

/// Looks at everything the work depends on, and changes nothing.
pub(super) fn look(hsm: &dyn Hsm, accepted: &Accepted, room: &Room) -> Result<Stored, Failure> {
    let targets: Vec<ObjectId> =
        accepted.plan.body().targets.iter().map(|target| target.object_id).collect();
    check_identity(hsm, accepted.device.body(), &accepted.public, &targets)?;
    check_firmware(hsm, accepted)?;
    // One command for all of them; only what is there is looked at.
    let there = hsm.objects().map_err(|error| hsm_failed(&error))?;
    let mut stored = Stored::default();
    for material in accepted.plan.body().materials() {
        let target = material.leader;
        stored.0.extend(match accepted.plan.body().operation {
            Operation::Reimport => {
                if !room.ledger().has_begun(&accepted.plan) {
                    check_files(accepted, target)?;
                }
                Some(Held::Known(reimport::look(hsm, accepted, target)?))
            }
            Operation::Import | Operation::Rotate => {
                let place = (purpose(target).kind(), target.object_id);
                if there.contains(&place) {
                    Some(Held::Stored(check_place(hsm, accepted, target, room)?))
                } else {
                    check_files(accepted, target)?;
                    None
                }
            }
        });
        check_answered(accepted, target, &stored, room)?;
        if there.contains(&(ObjectKind::PublicWrapKey, target.object_id)) {
            public_wrap_key::check_free(hsm, target.object_id)?;
        }
    }
    check_storage(hsm, accepted, &stored)?;
    Ok(stored)
}

/// The HSM is the one of the device bundle, and its keys are what `init` made. `visiting` are ids under which a run that was cut off may
/// have left a public wrap key.
pub(crate) fn check_identity(
    hsm: &dyn Hsm,
    device: &Device,
    public: &PublicKey,
    visiting: &[ObjectId],
) -> Result<(), Failure> {
    let unfit = |because: String| {
        Failure::new(Exit::Unchanged, "hsm-key", "the HSM is not as its device bundle says")
            .because(because)
            .hint("stop: find out who used this HSM; set it up anew with `keyferry-offline init`")
    };
    let objects = hsm.objects().map_err(|error| hsm_failed(&error))?;
    let factory = ObjectId::new(DEFAULT_AUTHENTICATION_KEY).map_err(Failure::bug)?;
    if objects.contains(&(ObjectKind::AuthenticationKey, factory)) {
        return Err(unfit("the factory's authentication key is there".to_owned()));
    }
    let credentials = &device.credentials;
    let wrap = if device.shares.is_some() { Purpose::SplitWrapKey } else { Purpose::WrapKey };
    for (purpose, id) in [
        (Purpose::SigningKey, device.signing_key.object_id),
        (wrap, device.wrap_key),
        (Purpose::Credential(Duty::Ceremony), credentials.ceremony),
        (Purpose::Credential(Duty::Backup), credentials.backup),
        (Purpose::Credential(Duty::Audit), credentials.audit),
        (Purpose::Credential(Duty::Administration), credentials.administration),
    ] {
        let object = hsm
            .object(purpose.kind(), id)
            .map_err(|error| hsm_failed(&error))?
            .ok_or_else(|| unfit(format!("there is no {} {id}", purpose.kind())))?;
        object
            .serves(purpose)
            .map_err(|problem| unfit(format!("{} {id}: {problem}", purpose.kind())))?;
    }
    check_strangers(device, visiting, &objects).map_err(unfit)?;
    if audit::options(hsm)? != device.audit {
        return Err(unfit("what it logs is not what the device bundle says".to_owned()));
    }
    let signing = device.signing_key.object_id;
    let found = hsm.public_key(signing).map_err(|error| hsm_failed(&error))?;
    if found != *public {
        return Err(unfit(format!("asymmetric key {signing} is another key")));
    }
    Ok(())
}

/// Nothing is there that key material could leave under, or that somebody else could come in with.
fn check_strangers(
    device: &Device,
    visiting: &[ObjectId],
    objects: &[(ObjectKind, ObjectId)],
) -> Result<(), String> {
    let ours = |kind: ObjectKind, id: ObjectId| match kind {
        ObjectKind::WrapKey => id == device.wrap_key,
        ObjectKind::AuthenticationKey => {
            let Credentials { ceremony, backup, audit, administration } = device.credentials;
            [ceremony, backup, audit, administration].contains(&id)
        }
        // What a run that was cut off left: it is looked at, and removed, before the next export.
        ObjectKind::PublicWrapKey => visiting.contains(&id),
        ObjectKind::Opaque
        | ObjectKind::AsymmetricKey
        | ObjectKind::HmacKey
        | ObjectKind::SymmetricKey
        | ObjectKind::Other(_) => true,
    };
    match objects.iter().find(|(kind, id)| !ours(*kind, *id)) {
        None => Ok(()),
        Some((kind, id)) => Err(format!("{kind} {id} is there, which `init` did not make")),
    }
}

/// Once a request of the plan was answered, its key material and the statement of its copies must be there: nothing is made a second
/// time for one plan.
fn check_answered(
    accepted: &Accepted,
    target: &Target,
    stored: &Stored,
    room: &Room,
) -> Result<(), Failure> {
    if !room.ledger().has_answered(&accepted.plan) {
        return Ok(());
    }
    let backup = Name::Backup(target.name.clone());
    if !stored.has(&target.name) {
        return Err(Failure::new(
            Exit::Unchanged,
            "material-gone",
            format!("the key material of target {} is gone from the HSM", target.name),
        )
        .because("a request of this plan was answered with it")
        .hint("restore its copy, keyferry-offline restore, and plan to import it again: keyferry plan new --operation reimport"));
    }
    if !accepted.ceremony.has(&backup) {
        return Err(Failure::new(Exit::File, "backup-missing", format!("{backup} is not here"))
            .because("the first response to this plan names it")
            .hint("bring it back into the ceremony's folder"));
    }
    Ok(())
}

/// What is remembered of the target's material, which is there already. A stranger's object under its id refuses.
fn check_place(
    hsm: &dyn Hsm,
    accepted: &Accepted,
    target: &Target,
    room: &Room,
) -> Result<Remembered, Failure> {
    let taken = |because: String| {
        Failure::new(
            Exit::Unchanged,
            "object-id-taken",
            format!("object id {} is taken", target.object_id),
        )
        .because(because)
        .hint("find out whose object it is: if an earlier ceremony with this HSM made it, bring that room's memory back (--room); else plan another object id")
    };
    let found =
        hsm.object(purpose(target).kind(), target.object_id).map_err(|error| hsm_failed(&error))?;
    let object = found.ok_or_else(|| Failure::bug("an object that is listed is not there"))?;
    let Some(remembered) = room.ledger().may_have_stored(&accepted.plan, &target.name) else {
        return Err(taken(format!("{} {:?} is there", object.kind, object.label)));
    };
    // A restored key never passes for one that was generated here, whatever it holds.
    if object.origin == Origin::ImportedWrapped {
        return Err(taken("the object there came in under wrap: it was restored".to_owned())
            .hint("a restored key is imported by a plan of its own: keyferry plan new --operation reimport"));
    }
    object.serves(purpose(target)).map_err(taken)?;
    if algorithm(target.key_spec).is_some_and(|known| known.algorithm() != object.algorithm) {
        return Err(taken(format!("the key there is {}", object.algorithm)));
    }
    if object.label != target.label.as_str() || object.domains != target.domains {
        return Err(taken(format!("the object there is labelled {:?}", object.label)));
    }
    Ok(remembered)
}

/// Nothing lies where the copies of a key material will be written.
fn check_files(accepted: &Accepted, target: &Target) -> Result<(), Failure> {
    for name in [
        Name::Backup(target.name.clone()),
        Name::WrappedCopy(target.name.clone()),
        Name::AgeCopy(target.name.clone()),
    ] {
        files::must_be_free(&accepted.ceremony.path(&name))?;
    }
    Ok(())
}

/// The store takes every object that is still to be made, and for private keys AWS's wrapping public key for a moment.
fn check_storage(hsm: &dyn Hsm, accepted: &Accepted, stored: &Stored) -> Result<(), Failure> {
    let plan = accepted.plan.body();
    let leaders = plan.materials().into_iter().map(|material| material.leader);
    let missing: Vec<usize> =
        leaders.filter(|leader| !stored.has(&leader.name)).map(pages_for).collect();
    let visiting = plan
        .targets
        .iter()
        .filter(|target| target.kept_as != KeptAs::Opaque)
        .map(|target| (target.wrapping_key_spec.modulus_bits() / 8).div_ceil(PAGE));
    let visiting = visiting.max();
    let storage = hsm.storage().map_err(|error| hsm_failed(&error))?;
    let free = (usize::from(storage.free_objects), storage.free_bytes as usize);
    let fit = how_many_fit(&missing, visiting, free);
    if fit == Some(missing.len()) {
        return Ok(());
    }
    let pages: Vec<usize> = missing.iter().copied().chain(visiting).collect();
    let bytes = pages.iter().sum::<usize>() * PAGE;
    Err(Failure::new(Exit::Unchanged, "hsm-store-full", "the HSM's object store has no room")
        .because(format!(
            "{} object(s) of {bytes} bytes are needed, {} object(s) and {} bytes are free",
            pages.len(),
            storage.free_objects,
            storage.free_bytes
        ))
        .because(format!(
            "{} of the {} key materials that are still to be made fit",
            fit.unwrap_or(0),
            missing.len()
        ))
        .hint("delete what is not needed, plan fewer key materials, or plan another HSM"))
}

/// How many of the objects to be made fit, in their order, into so many free objects and bytes; none where not even the wrapping public
/// key that visits does.
fn how_many_fit(missing: &[usize], visiting: Option<usize>, free: (usize, usize)) -> Option<usize> {
    let objects = free.0.checked_sub(usize::from(visiting.is_some()))?;
    let mut bytes = free.1.checked_sub(visiting.unwrap_or(0) * PAGE)?;
    let mut fit = 0;
    for pages in missing.iter().take(objects) {
        let Some(left) = bytes.checked_sub(pages * PAGE) else { break };
        (bytes, fit) = (left, fit + 1);
    }
    Some(fit)
}

/// Whether the firmware does what the plan asks for.
fn check_firmware(hsm: &dyn Hsm, accepted: &Accepted) -> Result<(), Failure> {
    let device = hsm.device().map_err(|error| hsm_failed(&error))?;
    for target in &accepted.plan.body().targets {
        let feature = match target.kept_as {
            KeptAs::Opaque => continue,
            // Firmware 2.3 has such keys, but none could be wrapped a second time there, not even after a power cut.
            KeptAs::SymmetricKey | KeptAs::AsymmetricKey => Feature::RsaWrap,
        };
        if !device.has(feature) {
            let (major, minor) = feature.since();
            return Err(Failure::new(
                Exit::Unchanged,
                "hsm-firmware",
                "this HSM's firmware is too old for the plan",
            )
            .because(format!(
                "target {} is kept as {}, which takes firmware {major}.{minor}; this is {}",
                target.name, target.kept_as, device.firmware
            ))
            .hint("plan an HSM with newer firmware: a device's firmware cannot be changed"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_counted_before_anything_is_made() {
        let page = PAGE;
        assert_eq!(how_many_fit(&[1, 1, 1], None, (3, 3 * page)), Some(3));
        assert_eq!(how_many_fit(&[1, 1, 1], None, (2, 3 * page)), Some(2));
        assert_eq!(how_many_fit(&[1, 1, 1], None, (3, 3 * page - 1)), Some(2));
        assert_eq!(how_many_fit(&[1, 2, 1], None, (3, 2 * page)), Some(1));
        // The wrapping public key takes its place besides.
        assert_eq!(how_many_fit(&[1, 1], Some(3), (2, 100 * page)), Some(1));
        assert_eq!(how_many_fit(&[1, 1], Some(3), (3, 4 * page)), Some(1));
        assert_eq!(how_many_fit(&[], Some(3), (1, 2 * page)), None);
        assert_eq!(how_many_fit(&[], None, (0, 0)), Some(0));
    }
}
