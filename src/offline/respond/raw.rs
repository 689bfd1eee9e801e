//! Raw bytes: symmetric and HMAC keys. The HSM draws them, this host wraps them, the HSM keeps them.

use super::held::Held;
use super::keeping::length;
use super::material::{Material, Work};
use super::take_out;
use crate::check_value::check_value;
use crate::hsm_access::hsm_failed;
use keyferry_bundle::Digest;
use keyferry_bundle::kinds::{KeptAs, Made, Target};
use keyferry_console::{Exit, Failure};
use keyferry_hsm::{Hsm, KeyMaterial, Place, Purpose};

/// Makes the material, or reads back what an earlier run made.
pub(super) fn make(work: &mut Work<'_>, planned: &Target) -> Result<Material, Failure> {
    let (bytes, check_value, made) = match work.stored.get(&planned.name) {
        Some(held) => confirm(work.hsm, planned, held)?,
        None => generate(work, planned)?,
    };
    Ok(Material { made, check_value, public_key: None, attestation: None, bytes: Some(bytes) })
}

/// Reads back what is there, and holds it against what the room remembers or the plan names: an object that somebody else put there is
/// never wrapped.
fn confirm(
    hsm: &dyn Hsm,
    planned: &Target,
    held: &Held,
) -> Result<(KeyMaterial, Digest, Made), Failure> {
    let material = read_back(hsm, planned)?;
    let check = check_value(&material).map_err(Failure::bug)?;
    let made = held.confirm(check)?;
    Ok((material, check, made))
}

/// Draws the material and stores it; the room's memory says so, with its check value, before the HSM does.
fn generate(work: &mut Work<'_>, planned: &Target) -> Result<(KeyMaterial, Digest, Made), Failure> {
    work.may_generate()?;
    let (hsm, plan) = (work.hsm, &work.accepted.plan);
    let material = hsm.random(length(planned)?).map_err(|error| hsm_failed(&error))?;
    let check = check_value(&material).map_err(Failure::bug)?;
    work.room.remember(|ledger| ledger.storing(plan, &planned.name, check))?;
    let place =
        Place { id: planned.object_id, label: planned.label.clone(), domains: planned.domains };
    match planned.kept_as {
        KeptAs::SymmetricKey => hsm.put_symmetric_key(&place, &material),
        KeptAs::Opaque | KeptAs::AsymmetricKey => hsm.put_opaque(&place, &material),
    }
    .map_err(|error| hsm_failed(&error))?;
    work.changed = true;
    if !read_back(hsm, planned)?.same_as(&material) {
        return Err(Failure::new(
            Exit::Unknown,
            "read-back",
            "the HSM gives back other bytes than it was given",
        )
        .because(format!("object {}", planned.object_id))
        .hint("stop: do not use this HSM"));
    }
    Ok((material, check, Made::Generated))
}

fn read_back(hsm: &dyn Hsm, planned: &Target) -> Result<KeyMaterial, Failure> {
    let material = match planned.kept_as {
        KeptAs::SymmetricKey => take_out::take_out(hsm, planned)?,
        KeptAs::Opaque | KeptAs::AsymmetricKey => {
            hsm.opaque(planned.object_id).map_err(|error| hsm_failed(&error))?
        }
    };
    if material.expose().len() == length(planned)? {
        return Ok(material);
    }
    Err(Failure::new(
        Exit::Unchanged,
        "object-length",
        "the stored key material has another length",
    )
    .because(format!("{} {}", Purpose::KeyMaterial.kind(), planned.object_id))
    .hint("find out whose object it is, and plan another object id"))
}
