//! Accepting KMS's answers.

use crate::links::{refers, same, same_environment};
use crate::proof as proofs;
use crate::{Refusal, endpoint};
use keyferry_bundle::kinds::{ReceiptTarget, Target};
use keyferry_bundle::{
    KeyMaterialId, KeySpec, Kind, Plan, Policy, Receipt, Response, Role, TargetName, Unverified,
    Verified,
};

const KIND: Kind = Kind::Receipt;

/// Accepts a receipt: signed by the online-operator quorum, for this response, one entry for each of its targets, with the
/// planned expiration.
///
/// # Errors
/// The first rule it breaks.
pub fn accept(
    policy: &Verified<Policy>,
    plan: &Verified<Plan>,
    response: &Verified<Response>,
    bytes: &[u8],
) -> Result<Verified<Receipt>, Refusal> {
    let required = policy.requirements(&[Role::OnlineOperator]).map_err(Refusal::field(KIND))?;
    let receipt = Unverified::<Receipt>::from_slice(bytes)
        .and_then(|receipt| receipt.verify(&required))
        .map_err(Refusal::bundle(KIND))?;
    same_environment(policy, &receipt)?;
    check(policy, plan, response, receipt.body())?;
    Ok(receipt)
}

/// The rules a receipt keeps, signed or not.
///
/// # Errors
/// The first rule it breaks.
pub fn check(
    policy: &Verified<Policy>,
    plan: &Verified<Plan>,
    response: &Verified<Response>,
    body: &Receipt,
) -> Result<(), Refusal> {
    refers(KIND, "response", body.response, response.digest())?;
    let bound = proofs::Bound::to(response);
    let keys = plan.body().targets.iter().map(|target| &target.key);
    endpoint::check(KIND, policy.body(), &body.account, &body.endpoint, keys)?;
    for (index, entry) in body.targets.iter().enumerate() {
        let at = |name: &str| format!("targets[{index}].{name}");
        let Some(planned) = plan.body().target(&entry.name) else {
            let problem = format!("{} is not a target of the plan", entry.name);
            return Err(Refusal::link(KIND, &at("name"), problem));
        };
        same(KIND, &at("key"), &entry.key, &planned.key, "the plan")?;
        if entry.expiration != planned.expiration {
            return Err(Refusal::link(KIND, &at("expiration"), "is not the planned one"));
        }
        if entry.key_material_id.is_some() && planned.key_spec != KeySpec::SymmetricDefault {
            let problem = format!("is there, but a {} key has none", planned.key_spec);
            return Err(Refusal::link(KIND, &at("key_material_id"), problem));
        }
        generations(planned, entry)
            .map_err(|(member, problem)| Refusal::link(KIND, &at(member), problem))?;
        if let (Some(proof), Some(answered)) = (&entry.proof, response.body().target(&entry.name)) {
            proofs::check_answer(bound, planned, answered, proof).map_err(
                |(member, problem)| Refusal::link(KIND, &at(&format!("proof.{member}")), problem),
            )?;
        }
    }
    let entries = &body.targets;
    let missing = |name: &TargetName| !entries.iter().any(|entry| entry.name == *name);
    if let Some(target) = response.body().targets.iter().find(|t| missing(&t.name)) {
        let problem = format!("has no entry for the response's target {}", target.name);
        return Err(Refusal::link(KIND, "targets", problem));
    }
    Ok(())
}

/// Which key material KMS says it is, held against what the plan knows: the member at fault, and the problem.
fn generations(planned: &Target, entry: &ReceiptTarget) -> Result<(), (&'static str, String)> {
    let pinned = planned.material.as_ref().and_then(|pin| pin.key_material_id.as_ref());
    if let (Some(expected), Some(found)) = (pinned, &entry.key_material_id)
        && expected != found
    {
        return Err(("key_material_id", format!("is {found}, but the plan has {expected}")));
    }
    if planned.earlier.is_empty() {
        return Ok(());
    }
    // Rotated: the new key material is the last of them, and those before are the plan's.
    let Some((last, before)) = entry.generations.split_last() else {
        return Err(("generations", "is missing: the key was rotated".to_owned()));
    };
    if Some(last) != entry.key_material_id.as_ref() {
        return Err(("generations", "do not end with key_material_id".to_owned()));
    }
    let earlier: Vec<Option<&KeyMaterialId>> =
        planned.earlier.iter().map(|pin| pin.key_material_id.as_ref()).collect();
    let fits = before.len() == earlier.len()
        && before.iter().zip(earlier).all(|(found, known)| known.is_none_or(|id| id == found));
    if fits { Ok(()) } else { Err(("generations", "are not the plan's earlier ones".to_owned())) }
}
