//! Accepting a request: the same check on the bastion before travel and in the room.

use crate::links::{refers, same, same_environment};
use crate::wrapping_key::WrappingPublicKey;
use crate::{Refusal, plan as plans};
use keyferry_bundle::kinds::{RequestTarget, Target};
use keyferry_bundle::{Device, Kind, Plan, Policy, Request, Role, Unverified, Verified};

const KIND: Kind = Kind::Request;

/// Accepts a request: signed by the online-operator quorum, for this plan, one entry for each of its targets, every wrapping
/// public key sound and of the planned kind.
///
/// # Errors
/// The first rule it breaks.
pub fn accept(
    policy: &Verified<Policy>,
    device: &Verified<Device>,
    plan: &Verified<Plan>,
    bytes: &[u8],
) -> Result<Verified<Request>, Refusal> {
    let required =
        policy.body().requirements(&[Role::OnlineOperator]).map_err(Refusal::field(KIND))?;
    let request = Unverified::<Request>::from_slice(bytes)
        .and_then(|request| request.verify(&required))
        .map_err(Refusal::bundle(KIND))?;
    same_environment(policy, &request)?;
    plans::check(policy, device, plan.body())?;
    check(policy, plan, request.body())?;
    Ok(request)
}

/// The rules a request keeps, signed or not: what `keyferry-online fetch` asks before it writes one.
///
/// # Errors
/// The first rule it breaks.
pub fn check(
    policy: &Verified<Policy>,
    plan: &Verified<Plan>,
    request: &Request,
) -> Result<(), Refusal> {
    refers(KIND, "plan", request.plan, plan.digest())?;
    if !policy.body().allowed.accounts.contains(&request.account) {
        let problem = format!("{} is not an account of the policy", request.account);
        return Err(Refusal::not_allowed(KIND, "account", problem));
    }
    for target in &plan.body().targets {
        let Some(index) = request.targets.iter().position(|entry| entry.name == target.name) else {
            let problem = format!("has no entry for the plan's target {}", target.name);
            return Err(Refusal::link(KIND, "targets", problem));
        };
        if let Some(entry) = request.targets.get(index) {
            check_target(&format!("targets[{index}]"), target, entry)?;
        }
    }
    if let Some(extra) = request.targets.iter().find(|t| plan.body().target(&t.name).is_none()) {
        let problem = format!("{} is not a target of the plan", extra.name);
        return Err(Refusal::link(KIND, "targets", problem));
    }
    Ok(())
}

fn check_target(field: &str, planned: &Target, entry: &RequestTarget) -> Result<(), Refusal> {
    let (key, plan_key) = (&entry.key, &planned.key);
    let part = |name: &str| format!("{field}.key {name}");
    same(KIND, &part("partition"), &key.partition, &plan_key.partition, "the plan")?;
    same(KIND, &part("region"), &key.region, &plan_key.region, "the plan")?;
    same(KIND, &part("account"), &key.account, &plan_key.account, "the plan")?;
    same(KIND, &part("id"), &key.key_id, &plan_key.key_id, "the plan")?;
    let algorithm = (&entry.wrapping_algorithm, &planned.wrapping_algorithm);
    same(KIND, &format!("{field}.wrapping_algorithm"), algorithm.0, algorithm.1, "the plan")?;
    let spec = (&entry.wrapping_key_spec, &planned.wrapping_key_spec);
    same(KIND, &format!("{field}.wrapping_key_spec"), spec.0, spec.1, "the plan")?;
    WrappingPublicKey::from_der(entry.wrapping_public_key.as_bytes(), entry.wrapping_key_spec)
        .map_err(|fault| {
            Refusal::link(KIND, &format!("{field}.wrapping_public_key"), fault.to_string())
        })?;
    Ok(())
}
