//! Accepting the statement of what copies exist.

use crate::Refusal;
use crate::links::{refers, same, same_environment, with_hsm};
use crate::wrapping::{Plaintext, plaintext};
use keyferry_bundle::kinds::Target;
use keyferry_bundle::{Backup, Custodian, Device, Kind, Plan, Policy, Unverified, Verified};

const KIND: Kind = Kind::Backup;

/// Accepts a backup bundle: signed by the HSM, for a target of this plan, under the device's backup key, and readable by exactly
/// the custodians the plan names.
///
/// # Errors
/// The first rule it breaks.
pub fn accept(
    policy: &Verified<Policy>,
    device: &Verified<Device>,
    plan: &Verified<Plan>,
    bytes: &[u8],
) -> Result<Verified<Backup>, Refusal> {
    let required = with_hsm(KIND, policy, device, &[])?;
    let backup = Unverified::<Backup>::from_slice(bytes)
        .and_then(|backup| backup.verify(&required))
        .map_err(Refusal::bundle(KIND))?;
    same_environment(policy, &backup)?;
    let body = backup.body();
    refers(KIND, "plan", body.plan, plan.digest())?;
    refers(KIND, "device", body.device, device.digest())?;
    same(KIND, "serial", &body.serial, &device.body().serial, "the device bundle")?;
    let target = plan.body().target(&body.target).ok_or_else(|| {
        Refusal::link(KIND, "target", format!("{} is not a target of the plan", body.target))
    })?;
    if let Some(leader) = plan.body().leader(target)
        && leader.name != target.name
    {
        let problem =
            format!("gets the key material of {}, whose name the backup has", leader.name);
        return Err(Refusal::link(KIND, "target", problem));
    }
    same(KIND, "key", &body.key, &target.key, "the plan")?;
    same(KIND, "generation", &body.generation, &target.generation, "the plan")?;
    same(KIND, "object_id", &body.object_id, &target.object_id, "the plan")?;
    let wrap_key = (&body.wrapped.wrap_key, &device.body().wrap_key);
    same(KIND, "wrapped.wrap_key", wrap_key.0, wrap_key.1, "the device bundle")?;
    let expected = recipients(policy.body(), plan.body(), target);
    let found: Vec<Custodian> =
        body.age.as_ref().map(|age| age.recipients.clone()).unwrap_or_default();
    if found != expected {
        return Err(Refusal::link(KIND, "age.recipients", "are not the plan's custodians"));
    }
    Ok(backup)
}

/// The custodians who get an age copy of a target: those a plan names, as the policy enrols them, in the plan's order. Of a private key
/// there is none: it never leaves the HSM in any form that could be copied.
#[must_use]
pub fn recipients(policy: &Policy, plan: &Plan, target: &Target) -> Vec<Custodian> {
    if plaintext(target.key_spec) == Plaintext::Pkcs8 {
        return Vec::new();
    }
    plan.custodians
        .iter()
        .filter_map(|holder| policy.custodians.iter().find(|c| c.holder == *holder))
        .cloned()
        .collect()
}
