//! Private keys: RSA and ECC. The HSM generates them, attests them, and wraps them itself under AWS's wrapping public key; they are never
//! on this host.

use super::held::Held;
use super::keeping::algorithm;
use super::material::{Material, Work};
use super::public_wrap_key::with_public_wrap_key;
use crate::hsm_access::hsm_failed;
use keyferry_bundle::kinds::{AttestationChain, Made, RequestTarget, Target};
use keyferry_bundle::{Base64, Digest};
use keyferry_ceremony::proof;
use keyferry_console::{Exit, Failure};
use keyferry_hsm::{ObjectKind, Place};

/// Generates the key, or takes the one that is there, and attests it.
pub(super) fn make(work: &mut Work<'_>, planned: &Target) -> Result<Material, Failure> {
    let (public_key, check_value, made) = key(work, planned)?;
    // Of a restored key this HSM cannot say who generated it; the record of the restore has what the one that did says.
    let attestation = match work.stored.get(&planned.name) {
        Some(Held::Known(known)) if known.made == Made::Restored => known.attestation.clone(),
        Some(_) | None => Some(attest(work, planned, &public_key)?),
    };
    Ok(Material { made, check_value, public_key: Some(public_key), attestation, bytes: None })
}

/// Has the HSM wrap the key for one target, under that target's wrapping public key.
pub(super) fn wrap(
    work: &Work<'_>,
    planned: &Target,
    asked: &RequestTarget,
) -> Result<Base64, Failure> {
    let wrapping_public_key = asked.wrapping_public_key.as_bytes();
    let encrypted = with_public_wrap_key(work.hsm, planned, wrapping_public_key, |wrap_key| {
        work.hsm
            .export_key_material(wrap_key, ObjectKind::AsymmetricKey, planned.object_id)
            .map_err(|error| hsm_failed(&error))
    })?;
    Base64::new(encrypted).map_err(Failure::bug)
}

/// The room's memory says that a key is about to be generated before the HSM is asked, and which it is as soon as anybody knows.
fn key(work: &mut Work<'_>, planned: &Target) -> Result<(Base64, Digest, Made), Failure> {
    let (hsm, plan) = (work.hsm, &work.accepted.plan);
    let held = work.stored.get(&planned.name);
    if held.is_none() {
        work.may_generate()?;
        let algorithm = algorithm(planned.key_spec)
            .ok_or_else(|| Failure::bug("a spec of raw bytes is no private key"))?;
        work.room.remember(|ledger| ledger.generating(plan, &planned.name))?;
        let place =
            Place { id: planned.object_id, label: planned.label.clone(), domains: planned.domains };
        hsm.generate_key(&place, algorithm).map_err(|error| hsm_failed(&error))?;
        work.changed = true;
    }
    let public_key = hsm.public_key_der(planned.object_id).map_err(|error| hsm_failed(&error))?;
    let check_value = Digest::of(&public_key);
    let made = held.map_or(Ok(Made::Generated), |held| held.confirm(check_value))?;
    // What an earlier plan left is not this one's to remember: giving this one up would delete it.
    if !matches!(held, Some(Held::Known(_))) {
        work.room.remember(|ledger| ledger.storing(plan, &planned.name, check_value))?;
    }
    Ok((Base64::new(public_key).map_err(Failure::bug)?, check_value, made))
}

/// What the HSM says of the key, held against the policy's roots before anything is exported.
fn attest(
    work: &Work<'_>,
    planned: &Target,
    public_key: &Base64,
) -> Result<AttestationChain, Failure> {
    let hsm = work.hsm;
    let certificate = hsm.attest(planned.object_id).map_err(|error| hsm_failed(&error))?;
    let device = hsm.attestation_certificate().map_err(|error| hsm_failed(&error))?;
    let chain = AttestationChain {
        certificate: Base64::new(certificate).map_err(Failure::bug)?,
        issuers: vec![Base64::new(device).map_err(Failure::bug)?],
    };
    let policy = work.accepted.ceremony.policy().body();
    let device = work.accepted.device.body();
    proof::attested(policy, device, planned, public_key, &chain).map_err(|problem| {
        Failure::new(Exit::Policy, "attestation", "the HSM's attestation is not what it must be")
            .because(format!("object {}: the attestation {problem}", planned.object_id))
            .hint("check the attestation roots of the policy; otherwise stop: do not use this HSM")
    })?;
    Ok(chain)
}
