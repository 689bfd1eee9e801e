//! Accepting a plan.

use crate::links::{Countersigned, refers, same_environment};
use crate::wrapping::Plaintext;
use crate::{Refusal, device as devices, policy as policies, roots, wrapping};
use keyferry_bundle::kinds::{Operation, Target};
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
    let required = policy.requirements(&[Role::CeremonyOfficer]).map_err(Refusal::field(KIND))?;
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
    violations(policy, device, plan).into_iter().next().map_or(Ok(()), Err)
}

/// Every rule of [`check`] that a plan breaks, in the order in which they are tried.
#[must_use]
pub fn violations(
    policy: &Verified<Policy>,
    device: &Verified<Device>,
    plan: &Plan,
) -> Vec<Refusal> {
    let mut broken = Vec::new();
    broken.extend(refers(KIND, "policy", plan.policy, policy.digest()).err());
    broken.extend(refers(KIND, "device", plan.device, device.digest()).err());
    broken.extend(policies::not_expired(policy.body(), plan).err());
    if plan.operation == Operation::Rotate {
        let fixed = plan.targets.iter().position(|t| t.key_spec != KeySpec::SymmetricDefault);
        broken.extend(fixed.map(|index| {
            let problem = "is of a key whose material never changes: create a new key, import into that, and move the alias";
            Refusal::link(KIND, &format!("targets[{index}].key_spec"), problem)
        }));
    }
    for (index, target) in plan.targets.iter().enumerate() {
        of_target(policy.body(), device.body(), &format!("targets[{index}]"), target, &mut broken);
    }
    broken.extend(of_custodians(policy.body(), device.body(), plan));
    broken
}

fn of_target(
    policy: &Policy,
    device: &Device,
    field: &str,
    target: &Target,
    broken: &mut Vec<Refusal>,
) {
    // What nobody could allow comes before what this policy does not.
    let plannable =
        wrapping::plannable(target.key_spec, target.wrapping_algorithm, target.wrapping_key_spec);
    broken.extend(
        plannable.err().map(|rule| {
            Refusal::link(KIND, &format!("{field}.wrapping_algorithm"), rule.to_string())
        }),
    );
    broken.extend(not_allowed(policy, field, target));
    broken.extend(unfit(field, target));
    if policy.environment == Environment::Production && roots::lack(policy, target.key_spec) {
        let problem = format!(
            "is {}, but the policy lists no attestation root: in production the HSM attests that it generated a private key",
            target.key_spec
        );
        broken.push(Refusal::not_allowed(KIND, &format!("{field}.key_spec"), problem));
    }
    if device.own_ids().iter().any(|(_, id)| *id == target.object_id) {
        let problem = format!("{} is the id of one of the device's own keys", target.object_id);
        broken.push(Refusal::link(KIND, &format!("{field}.object_id"), problem));
    }
    let domains = device.domains;
    if !domains.contain(target.domains) {
        let problem = format!("are {}, but the device's keys are in {domains}", target.domains);
        broken.push(Refusal::link(KIND, &format!("{field}.domains"), problem));
    }
}

fn of_custodians(policy: &Policy, device: &Device, plan: &Plan) -> Vec<Refusal> {
    let copied =
        |target: &Target| matches!(wrapping::plaintext(target.key_spec), Plaintext::Raw(_));
    let mut broken = Vec::new();
    if policy.environment == Environment::Production
        && plan.custodians.is_empty()
        && device.shares.is_none()
        && plan.targets.iter().any(copied)
    {
        let problem = "is empty, but the HSM's wrap key does not leave it and no shares of it exist: in production a custodian keeps an age copy, the only one that outlives the HSM";
        broken.push(Refusal::not_allowed(KIND, "custodians", problem));
    }
    for (index, holder) in plan.custodians.iter().enumerate() {
        if !policy.custodians.iter().any(|custodian| custodian.holder == *holder) {
            let problem = format!("{holder} is not a custodian of the policy");
            broken.push(Refusal::not_allowed(KIND, &format!("custodians[{index}]"), problem));
        }
    }
    broken
}

/// A usage or an object that does not go with the key spec.
fn unfit(field: &str, target: &Target) -> impl Iterator<Item = Refusal> {
    let spec = target.key_spec;
    let usage =
        fits(&format!("{field}.key_usage"), spec, &target.key_usage, wrapping::usages(spec));
    let kept = fits(&format!("{field}.kept_as"), spec, &target.kept_as, wrapping::kept(spec));
    [usage, kept].into_iter().filter_map(Result::err)
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

/// What of a target the policy does not allow.
fn not_allowed(policy: &Policy, field: &str, target: &Target) -> impl Iterator<Item = Refusal> {
    let allowed = &policy.allowed;
    let key = &target.key;
    let field = |member: &str| format!("{field}.{member}");
    let partition = std::slice::from_ref(&allowed.partition);
    let algorithm = (&target.wrapping_algorithm, &allowed.wrapping_algorithms);
    let (asked, least) = (target.wrapping_key_spec, allowed.smallest_wrapping_key);
    let size = if asked.modulus_bits() < least.modulus_bits() {
        let problem = format!("is {asked}, but the policy asks for {least} or larger");
        Err(Refusal::not_allowed(KIND, &field("wrapping_key_spec"), problem))
    } else {
        Ok(())
    };
    [
        one_of(&field("key partition"), &key.partition, partition),
        one_of(&field("key region"), &key.region, &allowed.regions),
        one_of(&field("key account"), &key.account, &allowed.accounts),
        one_of(&field("key_spec"), &target.key_spec, &allowed.key_specs),
        one_of(&field("wrapping_algorithm"), algorithm.0, algorithm.1),
        size,
    ]
    .into_iter()
    .filter_map(Result::err)
}

fn one_of<V: PartialEq + Display>(field: &str, value: &V, allowed: &[V]) -> Result<(), Refusal> {
    if allowed.contains(value) {
        return Ok(());
    }
    let names: Vec<String> = allowed.iter().map(ToString::to_string).collect();
    let problem = format!("is {value}, but the policy allows {}", names.join(", "));
    Err(Refusal::not_allowed(KIND, field, problem))
}
