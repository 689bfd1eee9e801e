//! One target: its key material, its encrypted key material, its copies.

use super::preflight::{Stored, length};
use super::{Accepted, NewFile};
use crate::check_value::check_value;
use crate::hsm_access::{hsm_failed, sign, unmakeable};
use crate::room::Room;
use crate::{copies, wrap};
use keyferry_bundle::kinds::{AgeCopy, Bundle as _, Made, ResponseTarget, Target, WrappedCopy};
use keyferry_bundle::{Backup, Digest};
use keyferry_ceremony::backup::{self, recipients};
use keyferry_ceremony::ledger::Remembered;
use keyferry_ceremony::wrapping_key::WrappingPublicKey;
use keyferry_console::ceremony::refused;
use keyferry_console::files::Mode;
use keyferry_console::{Exit, Failure, Name, clock};
use keyferry_hsm::{Hsm, KeyMaterial, ObjectKind, Place};

/// A target's part of the response, and the files that go with it.
pub(super) struct Part {
    pub(super) entry: ResponseTarget,
    pub(super) files: Vec<NewFile>,
}

pub(super) fn make(
    hsm: &dyn Hsm,
    accepted: &Accepted,
    planned: &Target,
    stored: &Stored,
    room: &mut Room,
    changed: &mut bool,
) -> Result<Part, Failure> {
    let asked = accepted
        .request
        .body()
        .target(&planned.name)
        .ok_or_else(|| Failure::bug("an accepted request lacks a planned target"))?;
    let wrapping_public_key =
        WrappingPublicKey::from_der(asked.wrapping_public_key.as_bytes(), asked.wrapping_key_spec)
            .map_err(Failure::bug)?;
    let (material, check, made) = match stored.get(&planned.name) {
        Some(remembered) => confirm(hsm, planned, remembered)?,
        None => generate(hsm, accepted, planned, room, changed)?,
    };
    let mut files = Vec::new();
    let backup = copy(hsm, accepted, planned, &material, check, made, &mut files)?;
    let entry = ResponseTarget {
        name: planned.name.clone(),
        key: planned.key.clone(),
        key_spec: planned.key_spec,
        wrapping_algorithm: planned.wrapping_algorithm,
        wrapping_public_key_sha256: Digest::of(asked.wrapping_public_key.as_bytes()),
        import_token_sha256: asked.import_token_sha256,
        encrypted_key_material: wrap::wrap(
            &material,
            &wrapping_public_key,
            planned.wrapping_algorithm,
        )?,
        object_id: planned.object_id,
        made,
        check_value: check,
        public_key: None,
        attestation: None,
        known_answer: None,
        backup,
    };
    Ok(Part { entry, files })
}

/// Reads back what an earlier run stored, and holds it against what the room remembers: an object that somebody else put there is
/// never wrapped.
fn confirm(
    hsm: &dyn Hsm,
    planned: &Target,
    remembered: &Remembered,
) -> Result<(KeyMaterial, Digest, Made), Failure> {
    let material = read_back(hsm, planned)?;
    let check = check_value(&material).map_err(Failure::bug)?;
    let made = remembered.confirm(check).map_err(|other| {
        Failure::new(Exit::Refused, "other-material", "the HSM holds other key material")
            .because(other)
            .hint("stop: somebody put it there; plan another object id")
    })?;
    Ok((material, check, made))
}

/// Draws the material and stores it; the room's memory says so, with its check value, before the HSM does.
fn generate(
    hsm: &dyn Hsm,
    accepted: &Accepted,
    planned: &Target,
    room: &mut Room,
    changed: &mut bool,
) -> Result<(KeyMaterial, Digest, Made), Failure> {
    let material = hsm.random(length(planned)?).map_err(|error| hsm_failed(&error))?;
    let check = check_value(&material).map_err(Failure::bug)?;
    room.remember(|ledger| ledger.storing(&accepted.plan, &planned.name, check))?;
    let place =
        Place { id: planned.object_id, label: planned.label.clone(), domains: planned.domains };
    hsm.put_opaque(&place, &material).map_err(|error| hsm_failed(&error))?;
    *changed = true;
    if read_back(hsm, planned)?.same_as(&material) {
        return Ok((material, check, Made::Generated));
    }
    Err(Failure::new(
        Exit::Unknown,
        "read-back",
        "the HSM gives back other bytes than it was given",
    )
    .because(format!("opaque object {}", planned.object_id))
    .hint("stop: do not use this HSM"))
}

fn read_back(hsm: &dyn Hsm, planned: &Target) -> Result<KeyMaterial, Failure> {
    let material = hsm.opaque(planned.object_id).map_err(|error| hsm_failed(&error))?;
    if material.expose().len() == length(planned)? {
        return Ok(material);
    }
    Err(Failure::new(
        Exit::Unchanged,
        "object-length",
        "the stored key material has another length",
    )
    .because(format!("opaque object {}", planned.object_id))
    .hint("find out whose object it is, and plan another object id"))
}

/// The copies and the signed statement of them; where an earlier response to the same plan has them, those.
fn copy(
    hsm: &dyn Hsm,
    accepted: &Accepted,
    planned: &Target,
    material: &KeyMaterial,
    check: Digest,
    made: Made,
    files: &mut Vec<NewFile>,
) -> Result<Digest, Failure> {
    let Accepted { ceremony, device, plan, .. } = accepted;
    let name = Name::Backup(planned.name.clone());
    if made == Made::Stored && ceremony.has(&name) {
        let known = ceremony.backup(device, plan, &planned.name)?;
        if known.body().check_value == check {
            return Ok(known.digest());
        }
        return Err(Failure::new(
            Exit::Refused,
            "other-material",
            format!("{name} is of other key material"),
        )
        .because("its check value is not the one of the object in the HSM"));
    }
    let export = hsm
        .export_wrapped(device.body().backup_key, ObjectKind::Opaque, planned.object_id)
        .map_err(|error| hsm_failed(&error))?;
    let wrapped = copies::under_wrap(&export);
    let custodians = recipients(ceremony.policy().body(), plan.body());
    let age = if custodians.is_empty() {
        None
    } else {
        Some(copies::for_custodians(material, &accepted.recipients)?)
    };
    let body = Backup {
        environment: ceremony.policy().body().environment,
        plan: plan.digest(),
        device: device.digest(),
        created: clock::now()?,
        serial: device.body().serial,
        target: planned.name.clone(),
        key: planned.key.clone(),
        generation: 1,
        object_id: planned.object_id,
        check_value: check,
        wrapped: WrappedCopy { wrap_key: device.body().backup_key, sha256: Digest::of(&wrapped) },
        age: age.as_ref().map(|file| AgeCopy { recipients: custodians, sha256: Digest::of(file) }),
    };
    let mut envelope = body.to_envelope().map_err(|error| unmakeable(&error))?;
    sign(hsm, device.body().signing_key.object_id, &accepted.public, &mut envelope)?;
    let bytes = envelope.encode();
    let backup = backup::accept(ceremony.policy(), device, plan, &bytes)
        .map_err(|refusal| refused("the new backup bundle", &refusal))?;
    let path = |name: &Name| ceremony.path(name);
    files.push((path(&Name::WrappedCopy(planned.name.clone())), wrapped, Mode::Private));
    if let Some(file) = age {
        files.push((path(&Name::AgeCopy(planned.name.clone())), file, Mode::Private));
    }
    files.push((path(&name), bytes, Mode::Public));
    Ok(backup.digest())
}
