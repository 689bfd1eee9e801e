//! The copies of a key material, made once whatever the number of its targets, and the signed statement of them.

use super::NewFile;
use super::accepted::Accepted;
use super::keeping::purpose;
use super::material::{Material, Work};
use crate::copies;
use crate::hsm_access::{hsm_failed, sign, unmakeable};
use keyferry_bundle::kinds::{AgeCopy, Bundle as _, Made, Target, WrappedCopy};
use keyferry_bundle::{Backup, Digest};
use keyferry_ceremony::backup::{self, recipients};
use keyferry_console::ceremony::refused;
use keyferry_console::files::Mode;
use keyferry_console::{Exit, Failure, Name, clock};

/// Makes them; where an earlier response to the same plan has them, those.
pub(super) fn make(
    work: &Work<'_>,
    planned: &Target,
    material: &Material,
    files: &mut Vec<NewFile>,
) -> Result<Digest, Failure> {
    let Work { hsm, accepted, .. } = *work;
    let Accepted { ceremony, device, plan, .. } = accepted;
    let check = material.check_value;
    let name = Name::Backup(planned.name.clone());
    if material.made != Made::Generated && ceremony.has(&name) {
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
        .export_wrapped(device.body().wrap_key, purpose(planned).kind(), planned.object_id)
        .map_err(|error| hsm_failed(&error))?;
    let wrapped = copies::under_wrap(&export);
    let custodians = recipients(ceremony.policy().body(), plan.body(), planned);
    let age = match &material.bytes {
        Some(bytes) if !custodians.is_empty() => {
            Some(copies::for_custodians(bytes, &accepted.recipients)?)
        }
        Some(_) | None => None,
    };
    let body = Backup {
        environment: ceremony.policy().body().environment,
        plan: plan.digest(),
        device: device.digest(),
        created: clock::now()?,
        serial: device.body().serial,
        target: planned.name.clone(),
        key: planned.key.clone(),
        generation: planned.generation,
        object_id: planned.object_id,
        check_value: check,
        wrapped: WrappedCopy { wrap_key: device.body().wrap_key, sha256: Digest::of(&wrapped) },
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
