//! What no rule of a plan says and is refused all the same: by the room, by the bastion, or by everybody for want of a quorum.

use super::{Code, Finding, Standing};
use crate::draft::Progress;
use keyferry_bundle::kinds::{KeptAs, Target};
use keyferry_bundle::{Device, Plan, Timestamp};
use std::collections::BTreeSet;
use std::fmt::Display;

/// Public wrap keys came with this firmware; without them no key leaves the HSM under AWS's wrapping public key.
const RSA_WRAP: (u16, u16) = (2, 4);

pub(super) fn of(
    device: &Device,
    plan: &Plan,
    progress: Option<&Progress>,
    now: Timestamp,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(progress.filter(|progress| !progress.can_be_met()).map(|progress| {
        let sentence = format!(
            "{} more must sign as {}, but only {} are left whose signature would count",
            progress.missing(),
            progress.role,
            progress.free.len()
        );
        Finding::new(Code::QuorumOutOfReach, Standing::NotAllowed, sentence)
    }));
    let keys = || plan.targets.iter().map(|target| &target.key);
    findings.extend(
        several("accounts", keys().map(|key| &key.account))
            .map(|sentence| Finding::new(Code::SeveralAccounts, Standing::Refused, sentence)),
    );
    findings.extend(replicas(plan));
    for (index, target) in plan.targets.iter().enumerate() {
        let field = |member: &str| format!("targets[{index}].{member}");
        let needs = match target.kept_as {
            KeptAs::Opaque => None,
            KeptAs::SymmetricKey | KeptAs::AsymmetricKey => Some(RSA_WRAP),
        };
        if let Some((major, minor)) =
            needs.filter(|(major, minor)| !device.firmware.is_at_least(*major, *minor))
        {
            let sentence = format!(
                "target {} is kept as {}, which takes firmware {major}.{minor}; the HSM has {}",
                target.name, target.kept_as, device.firmware
            );
            let finding = Finding::new(Code::Firmware, Standing::Refused, sentence);
            findings.push(finding.at(field("kept_as")));
        }
        if let Err(error) = target.expiration.check(&field("expiration"), now) {
            let sentence = format!("by this machine's clock, {}", error.problem);
            let finding = Finding::new(Code::Expiration, Standing::Refused, sentence);
            findings.push(finding.at(error.field));
        }
    }
    findings
}

/// KMS refuses a replica whose key material is not the primary's.
fn replicas(plan: &Plan) -> Vec<Finding> {
    let mut found = Vec::new();
    for (index, target) in plan.targets.iter().enumerate().filter(|(_, t)| t.multi_region) {
        let (key, generation) = (&target.key, target.generation);
        let differs = |other: &&Target| {
            (&other.key.account, &other.key.key_id) == (&key.account, &key.key_id)
                && other.generation == generation
                && other.object_id != target.object_id
        };
        if let Some(other) = plan.targets.iter().take(index).find(differs) {
            let sentence = format!(
                "target {} is the multi-Region key of target {} in another Region, which has object id {}: KMS takes the same key material only",
                target.name, other.name, other.object_id
            );
            let finding = Finding::new(Code::ReplicaMaterial, Standing::Refused, sentence);
            found.push(finding.at(format!("targets[{index}].object_id")));
        }
    }
    found
}

/// Whoever fetches and imports has the credentials of one account.
fn several<T: Display>(what: &str, values: impl Iterator<Item = T>) -> Option<String> {
    let distinct: BTreeSet<String> = values.map(|value| value.to_string()).collect();
    (distinct.len() > 1).then(|| {
        let names: Vec<String> = distinct.into_iter().collect();
        format!(
            "its keys are in {} {what}, {}: a request is for one; plan a ceremony for each",
            names.len(),
            names.join(", ")
        )
    })
}
