//! Accepting a plan.

use crate::links::{Countersigned, refers, same_environment};
use crate::wrapping::Plaintext;
use crate::{Refusal, device as devices, policy as policies, roots, wrapping};
use keyferry_bundle::kinds::Target;
use keyferry_bundle::{
    Device, Environment, KeySpec, Kind, Plan, Policy, Role, Unverified, Verified,
};
use std::fmt::Display;

const KIND: Kind = Kind::Plan;

/// Accepts a plan: signed by the ceremony-officer quorum, for this policy and device, and asking for nothing that the policy or
/// the wrapping matrix refuses.
///
/// # Errors
/// The first rule it breaks.
pub fn accept(
    policy: &Verified<Policy>,
    device: &Verified<Device>,
    bytes: &[u8],
) -> Result<Verified<Plan>, Refusal> {
    let required =
        policy.body().requirements(&[Role::CeremonyOfficer]).map_err(Refusal::field(KIND))?;
    let plan = Unverified::<Plan>::from_slice(bytes)
        .and_then(|plan| plan.verify(&required))
        .map_err(Refusal::bundle(KIND))?;
    same_environment(policy, &plan)?;
    check(policy, device, plan.body())?;
    Ok(plan)
}

/// Accepts a plan with its device bundle under whichever version of the policy the device bundle was made, `history` being all
/// versions, oldest first: a plan that others follow keeps its place when the policy goes on.
///
/// # Errors
/// The first rule it breaks; [`Refusal::Link`] when it was made after its version was replaced.
pub fn accept_under(
    history: &[Verified<Policy>],
    device: &[u8],
    plan: &[u8],
) -> Result<(Verified<Device>, Verified<Plan>), Refusal> {
    let mut refusal = Refusal::link(Kind::Policy, "version", "no version is there");
    for (index, policy) in history.iter().enumerate().rev() {
        let next = history.get(index + 1).map(|next| (next.body().version, next.body().created));
        match devices::accept(policy, device, Countersigned::Required) {
            Ok(device) => {
                let plan = accept(policy, &device, plan)?;
                policies::made_in_time(policy.body(), plan.body(), next)?;
                return Ok((device, plan));
            }
            // What the newest version says is reported.
            Err(first) if next.is_none() => refusal = first,
            Err(_) => {}
        }
    }
    Err(refusal)
}

/// The rules a plan keeps, signed or not: what `keyferry plan new` asks before it writes one.
///
/// # Errors
/// The first rule it breaks.
pub fn check(
    policy: &Verified<Policy>,
    device: &Verified<Device>,
    plan: &Plan,
) -> Result<(), Refusal> {
    refers(KIND, "policy", plan.policy, policy.digest())?;
    refers(KIND, "device", plan.device, device.digest())?;
    let reserved = device.body().own_ids();
    let domains = device.body().domains;
    for (index, target) in plan.targets.iter().enumerate() {
        let field = format!("targets[{index}]");
        // What nobody could allow comes before what this policy does not.
        wrapping::plannable(target.key_spec, target.wrapping_algorithm, target.wrapping_key_spec)
            .map_err(|rule| {
            Refusal::link(KIND, &format!("{field}.wrapping_algorithm"), rule.to_string())
        })?;
        check_allowed(policy.body(), &field, target)?;
        check_keeping(&field, target)?;
        if policy.body().environment == Environment::Production
            && roots::lack(policy.body(), target.key_spec)
        {
            let problem = format!(
                "is {}, but the policy lists no attestation root: in production the HSM attests that it generated a private key",
                target.key_spec
            );
            return Err(Refusal::not_allowed(KIND, &format!("{field}.key_spec"), problem));
        }
        if reserved.iter().any(|(_, id)| *id == target.object_id) {
            let problem = format!("{} is the id of one of the device's own keys", target.object_id);
            return Err(Refusal::link(KIND, &format!("{field}.object_id"), problem));
        }
        if !domains.contain(target.domains) {
            let problem = format!("are {}, but the device's keys are in {domains}", target.domains);
            return Err(Refusal::link(KIND, &format!("{field}.domains"), problem));
        }
    }
    let copied =
        |target: &Target| matches!(wrapping::plaintext(target.key_spec), Plaintext::Raw(_));
    if policy.body().environment == Environment::Production
        && plan.custodians.is_empty()
        && device.body().shares.is_none()
        && plan.targets.iter().any(copied)
    {
        let problem = "is empty, but the HSM's wrap key does not leave it and no shares of it exist: in production a custodian keeps an age copy, the only one that outlives the HSM";
        return Err(Refusal::not_allowed(KIND, "custodians", problem));
    }
    for (index, holder) in plan.custodians.iter().enumerate() {
        if !policy.body().custodians.iter().any(|custodian| custodian.holder == *holder) {
            let problem = format!("{holder} is not a custodian of the policy");
            return Err(Refusal::not_allowed(KIND, &format!("custodians[{index}]"), problem));
        }
    }
    Ok(())
}

/// The usage and the object that go with the key spec.
fn check_keeping(field: &str, target: &Target) -> Result<(), Refusal> {
    let spec = target.key_spec;
    fits(&format!("{field}.key_usage"), spec, &target.key_usage, wrapping::usages(spec))?;
    fits(&format!("{field}.kept_as"), spec, &target.kept_as, wrapping::kept(spec))
}

fn fits<V: PartialEq + Display>(
    field: &str,
    spec: KeySpec,
    value: &V,
    possible: &[V],
) -> Result<(), Refusal> {
    if possible.contains(value) {
        return Ok(());
    }
    let names: Vec<String> = possible.iter().map(ToString::to_string).collect();
    let problem = format!("is {value}, but a {spec} key takes {}", names.join(" or "));
    Err(Refusal::link(KIND, field, problem))
}

fn check_allowed(policy: &Policy, field: &str, target: &Target) -> Result<(), Refusal> {
    let allowed = &policy.allowed;
    let key = &target.key;
    one_of(
        &format!("{field}.key partition"),
        &key.partition,
        std::slice::from_ref(&allowed.partition),
    )?;
    one_of(&format!("{field}.key region"), &key.region, &allowed.regions)?;
    one_of(&format!("{field}.key account"), &key.account, &allowed.accounts)?;
    one_of(&format!("{field}.key_spec"), &target.key_spec, &allowed.key_specs)?;
    let algorithm = format!("{field}.wrapping_algorithm");
    one_of(&algorithm, &target.wrapping_algorithm, &allowed.wrapping_algorithms)?;
    let (asked, least) = (target.wrapping_key_spec, allowed.smallest_wrapping_key);
    if asked.modulus_bits() < least.modulus_bits() {
        let problem = format!("is {asked}, but the policy asks for {least} or larger");
        return Err(Refusal::not_allowed(KIND, &format!("{field}.wrapping_key_spec"), problem));
    }
    Ok(())
}

fn one_of<V: PartialEq + Display>(field: &str, value: &V, allowed: &[V]) -> Result<(), Refusal> {
    if allowed.contains(value) {
        return Ok(());
    }
    let names: Vec<String> = allowed.iter().map(ToString::to_string).collect();
    let problem = format!("is {value}, but the policy allows {}", names.join(", "));
    Err(Refusal::not_allowed(KIND, field, problem))
}
