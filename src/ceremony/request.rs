//! Accepting a request: the same check on the bastion before travel and in the room.

use crate::links::{refers, same, same_environment};
use crate::wrapping_key::WrappingPublicKey;
use crate::{Refusal, endpoint, plan as plans};
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
    let required = policy.requirements(&[Role::OnlineOperator]).map_err(Refusal::field(KIND))?;
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
    let keys = plan.body().targets.iter().map(|target| &target.key);
    endpoint::check(KIND, policy.body(), &request.account, &request.endpoint, keys)?;
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

/// The rules between a request and those of its plan from before it, as far as they are at hand: `earlier` is in order and without
/// a gap, `next` continues it, and every import token is new: the token of another download belongs to another wrapping public key.
///
/// # Errors
/// The first rule it breaks.
pub fn check_chain(earlier: &[Verified<Request>], next: &Request) -> Result<(), Refusal> {
    let bodies = earlier.iter().skip(1).map(Verified::body).chain([next]);
    for (before, body) in earlier.iter().zip(bodies) {
        let number = before.body().counter;
        if number.checked_add(1) != Some(body.counter) {
            let problem = format!("is {}, after request {number}", body.counter);
            return Err(Refusal::link(KIND, "counter", problem));
        }
        if body.previous != Some(before.digest()) {
            return Err(Refusal::link(KIND, "previous", format!("is not request {number}")));
        }
    }
    check_tokens(&earlier.iter().collect::<Vec<_>>(), next)
}

/// No import token of `next` is one of an earlier request.
pub(crate) fn check_tokens(earlier: &[&Verified<Request>], next: &Request) -> Result<(), Refusal> {
    for (index, entry) in next.targets.iter().enumerate() {
        let has = |request: &&&Verified<Request>| {
            let mut known = request.body().targets.iter();
            known.any(|known| known.import_token_sha256 == entry.import_token_sha256)
        };
        if let Some(known) = earlier.iter().find(has) {
            let problem = format!("is the token of request {}", known.body().counter);
            let field = format!("targets[{index}].import_token_sha256");
            return Err(Refusal::link(KIND, &field, problem));
        }
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
