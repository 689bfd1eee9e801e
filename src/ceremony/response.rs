//! Accepting a response: in the room before witnesses sign it, on the bastion before anything is uploaded, at the auditor's.

use crate::links::{Countersigned, refers, same, same_environment, with_hsm};
use crate::{Refusal, proof, wrapping};
use keyferry_bundle::kinds::{Made, Operation, RequestTarget, ResponseTarget, Target};
use keyferry_bundle::{
    Backup, Device, Digest, Kind, Plan, Policy, Request, Response, Unverified, Verified,
};

const KIND: Kind = Kind::Response;

/// Accepts a response: signed by the HSM and, if `countersigned` says so, by the witness quorum; for this request, plan and
/// device, with one entry for each target that repeats what was planned and requested.
///
/// # Errors
/// The first rule it breaks.
pub fn accept(
    policy: &Verified<Policy>,
    device: &Verified<Device>,
    plan: &Verified<Plan>,
    request: &Verified<Request>,
    bytes: &[u8],
    countersigned: Countersigned,
) -> Result<Verified<Response>, Refusal> {
    let required = with_hsm(KIND, policy, device, countersigned.roles())?;
    let response = Unverified::<Response>::from_slice(bytes)
        .and_then(|response| response.verify(&required))
        .map_err(Refusal::bundle(KIND))?;
    same_environment(policy, &response)?;
    let body = response.body();
    refers(KIND, "request", body.request, request.digest())?;
    refers(KIND, "plan", body.plan, plan.digest())?;
    refers(KIND, "device", body.device, device.digest())?;
    same(KIND, "serial", &body.serial, &device.body().serial, "the device bundle")?;
    for (index, entry) in body.targets.iter().enumerate() {
        let field = format!("targets[{index}]");
        let (Some(planned), Some(asked)) =
            (plan.body().target(&entry.name), request.body().target(&entry.name))
        else {
            let problem = format!("{} is not a target of plan and request", entry.name);
            return Err(Refusal::link(KIND, &format!("{field}.name"), problem));
        };
        check_target(&field, planned, asked, entry)?;
        check_material(&field, plan.body(), planned, body, entry)?;
        proof::check_material(policy.body(), device.body(), planned, entry).map_err(
            |(member, problem)| Refusal::link(KIND, &format!("{field}.{member}"), problem),
        )?;
    }
    if let Some(missing) = plan.body().targets.iter().find(|t| body.target(&t.name).is_none()) {
        let problem = format!("has no entry for the plan's target {}", missing.name);
        return Err(Refusal::link(KIND, "targets", problem));
    }
    Ok(response)
}

/// The rules between a response's entry and its backup: the very bundle that it names, of the same plan, HSM, target and object, and
/// of the same key material by its check value.
///
/// # Errors
/// The first rule it breaks, as a refusal of the backup.
pub fn check_backup(
    plan: &Verified<Plan>,
    device: &Verified<Device>,
    entry: &ResponseTarget,
    backup: &Verified<Backup>,
) -> Result<(), Refusal> {
    const KIND: Kind = Kind::Backup;
    let body = backup.body();
    refers(KIND, "plan", body.plan, plan.digest())?;
    refers(KIND, "device", body.device, device.digest())?;
    let leader = plan.body().target(&entry.name).and_then(|target| plan.body().leader(target));
    let name = leader.map_or(&entry.name, |leader| &leader.name);
    same(KIND, "target", &body.target, name, "the response")?;
    if backup.digest() != entry.backup {
        return Err(Refusal::link(KIND, "digest", "is not the backup that the response names"));
    }
    same(KIND, "object_id", &body.object_id, &entry.object_id, "the response")?;
    same(KIND, "check_value", &body.check_value, &entry.check_value, "the response")
}

/// Where the key material came from, held against what the plan asks for; targets of one key material say the same of it.
fn check_material(
    field: &str,
    plan: &Plan,
    planned: &Target,
    body: &Response,
    entry: &ResponseTarget,
) -> Result<(), Refusal> {
    let at = |name: &str| format!("{field}.{name}");
    let known = matches!(entry.made, Made::Kept | Made::Restored);
    if known != (plan.operation == Operation::Reimport) {
        let problem = format!("is {}, but the plan is to {}", entry.made, plan.operation);
        return Err(Refusal::link(KIND, &at("made"), problem));
    }
    if let Some(pin) = &planned.material {
        same(KIND, &at("check_value"), &entry.check_value, &pin.check_value, "the plan")?;
    }
    let Some(first) = plan.leader(planned).and_then(|leader| body.target(&leader.name)) else {
        return Ok(());
    };
    let whose = format!("{}, which gets the same key material,", first.name);
    same(KIND, &at("made"), &entry.made, &first.made, &whose)?;
    same(KIND, &at("check_value"), &entry.check_value, &first.check_value, &whose)?;
    same(KIND, &at("backup"), &entry.backup, &first.backup, &whose)
}

fn check_target(
    field: &str,
    planned: &Target,
    asked: &RequestTarget,
    entry: &ResponseTarget,
) -> Result<(), Refusal> {
    let at = |name: &str| format!("{field}.{name}");
    same(KIND, &at("key"), &entry.key, &planned.key, "the plan")?;
    same(KIND, &at("key_spec"), &entry.key_spec, &planned.key_spec, "the plan")?;
    same(KIND, &at("object_id"), &entry.object_id, &planned.object_id, "the plan")?;
    let algorithm = &planned.wrapping_algorithm;
    same(KIND, &at("wrapping_algorithm"), &entry.wrapping_algorithm, algorithm, "the plan")?;
    let key = Digest::of(asked.wrapping_public_key.as_bytes());
    let field = at("wrapping_public_key_sha256");
    same(KIND, &field, &entry.wrapping_public_key_sha256, &key, "the request's key")?;
    let token = &asked.import_token_sha256;
    same(KIND, &at("import_token_sha256"), &entry.import_token_sha256, token, "the request")?;
    let length = entry.encrypted_key_material.as_bytes().len();
    if !wrapping::may_be_so_long(*algorithm, asked.wrapping_key_spec, length) {
        let problem = format!(
            "has {length} bytes, which {algorithm} under {} does not make",
            asked.wrapping_key_spec
        );
        return Err(Refusal::link(KIND, &at("encrypted_key_material"), problem));
    }
    Ok(())
}
