//! What lies beside a plan: the plan before it, and the ceremonies whose key material it names.

use super::{Code, Finding, Standing};
use keyferry_bundle::kinds::Operation;
use keyferry_bundle::{Device, Digest, Plan, Serial};

/// What is known of other plans.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// The plan before, with its digest.
    pub previous: Option<(Digest, Plan)>,
    /// Responses that are at hand, each with the HSM that made it.
    pub responses: Vec<(Digest, Serial)>,
}

impl Beside {
    /// That it is not the next plan.
    pub(super) fn refusals(&self, plan: &Plan) -> Option<Finding> {
        let (digest, before) = self.previous.as_ref()?;
        let refuse = |field: &str, sentence: String| {
            Some(Finding::new(Code::Order, Standing::Refused, sentence).at(field))
        };
        let next = before.counter.saturating_add(1);
        if plan.counter != next {
            let (found, before) = (plan.counter, before.counter);
            return refuse(
                "counter",
                format!("is {found}, but plan {before} is there: the next one is {next}"),
            );
        }
        if plan.previous != Some(*digest) {
            return refuse(
                "previous",
                format!("is not the digest of that plan {}", before.counter),
            );
        }
        None
    }

    pub(super) fn remarks(&self, device: &Device, plan: &Plan) -> Vec<Finding> {
        let mut found = Vec::new();
        for material in plan.materials() {
            let target = material.leader;
            let used = self.previous.iter().find_map(|(_, before)| {
                before.targets.iter().find(|t| t.object_id == target.object_id)
            });
            if let Some(used) = used.filter(|_| plan.operation != Operation::Reimport) {
                let sentence = format!(
                    "target {} has object id {}, which target {} of the plan before has: the room makes nothing where something is",
                    target.name, target.object_id, used.name
                );
                found.push(Finding::remark(Code::ObjectIdUsed, sentence));
            }
            let pinned = target.material.as_ref().map(|pin| pin.response);
            let from = self.responses.iter().find(|(response, _)| Some(*response) == pinned);
            if let Some((_, serial)) = from.filter(|(_, serial)| *serial != device.serial) {
                let sentence = format!(
                    "the key material of target {} is in HSM {serial}: restore it into HSM {} before the room begins",
                    target.name, device.serial
                );
                found.push(Finding::remark(Code::Restore, sentence));
            }
        }
        found
    }
}
