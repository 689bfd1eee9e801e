//! What the room remembers: which plans and requests it has already answered, so that nothing old is answered again. The offline
//! clock decides nothing here; counters and digests do.

use crate::Refusal;
use keyferry_bundle::{Digest, FieldError, Kind, Plan, Request, TargetName, Verified};
use serde::{Deserialize, Serialize};

/// The room's memory for one policy and device. It is kept on the ceremony medium and grows only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// Every plan ever begun, in order.
    pub plans: Vec<PlanEntry>,
}

/// One plan that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanEntry {
    /// The plan.
    pub plan: Digest,
    /// Its counter.
    pub counter: u32,
    /// Requests answered or being answered, in order.
    pub requests: Vec<RequestEntry>,
    /// Targets whose material was about to be stored in the HSM, or was.
    pub targets: Vec<TargetName>,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestEntry {
    /// The request.
    pub request: Digest,
    /// Its counter.
    pub counter: u32,
    /// Whether its response was written.
    pub answered: bool,
}

impl Ledger {
    /// Whether this plan and request may be answered now: the plan is the latest begun or follows it by one, and the request is
    /// the latest one, unanswered, or follows it.
    ///
    /// # Errors
    /// [`Refusal::Replay`], or [`Refusal::Link`] when a predecessor is missing.
    pub fn admit(&self, plan: &Verified<Plan>, request: &Verified<Request>) -> Result<(), Refusal> {
        let entry = self.plans.iter().find(|entry| entry.plan == plan.digest());
        match (entry, self.plans.last()) {
            (None, Some(last)) => admit_next_plan(last, plan)?,
            (Some(entry), Some(last)) if entry.plan != last.plan => {
                let problem =
                    format!("plan {} was followed by plan {}", entry.counter, last.counter);
                return Err(replay(Kind::Plan, "counter", problem));
            }
            // A room without memory starts with whatever plan it is given: it may have a new medium.
            (None | Some(_), _) => {}
        }
        let Some(last) = entry.and_then(|entry| entry.requests.last()) else { return Ok(()) };
        if last.request == request.digest() {
            return if last.answered {
                let problem = format!("request {} was answered already", last.counter);
                Err(replay(Kind::Request, "counter", problem))
            } else {
                Ok(())
            };
        }
        if request.body().counter > last.counter {
            return Ok(());
        }
        let problem =
            format!("is {}, but request {} came before", request.body().counter, last.counter);
        Err(replay(Kind::Request, "counter", problem))
    }

    /// Notes that this plan and request are being answered.
    pub fn begin(&mut self, plan: &Verified<Plan>, request: &Verified<Request>) {
        if !self.plans.iter().any(|entry| entry.plan == plan.digest()) {
            self.plans.push(PlanEntry {
                plan: plan.digest(),
                counter: plan.body().counter,
                requests: Vec::new(),
                targets: Vec::new(),
            });
        }
        let digest = request.digest();
        if let Some(entry) = self.entry(plan)
            && !entry.requests.iter().any(|known| known.request == digest)
        {
            let counter = request.body().counter;
            entry.requests.push(RequestEntry { request: digest, counter, answered: false });
        }
    }

    /// Notes that a target's material is about to be stored under its object id.
    pub fn storing(&mut self, plan: &Verified<Plan>, target: &TargetName) {
        if let Some(entry) = self.entry(plan)
            && !entry.targets.contains(target)
        {
            entry.targets.push(target.clone());
        }
    }

    /// Whether an object found under the target's id may be this plan's own, from an earlier run.
    #[must_use]
    pub fn may_have_stored(&self, plan: &Verified<Plan>, target: &TargetName) -> bool {
        self.plans.iter().any(|entry| entry.plan == plan.digest() && entry.targets.contains(target))
    }

    /// Notes that the response to a request is safely written.
    pub fn answered(&mut self, plan: &Verified<Plan>, request: &Verified<Request>) {
        let digest = request.digest();
        if let Some(entry) = self.entry(plan) {
            for known in entry.requests.iter_mut().filter(|known| known.request == digest) {
                known.answered = true;
            }
        }
    }

    fn entry(&mut self, plan: &Verified<Plan>) -> Option<&mut PlanEntry> {
        self.plans.iter_mut().find(|entry| entry.plan == plan.digest())
    }
}

fn admit_next_plan(last: &PlanEntry, plan: &Verified<Plan>) -> Result<(), Refusal> {
    let counter = plan.body().counter;
    if counter <= last.counter {
        let problem = format!("is {counter}, but plan {} was begun before", last.counter);
        return Err(replay(Kind::Plan, "counter", problem));
    }
    if counter == last.counter + 1 && plan.body().previous != Some(last.plan) {
        let problem = format!("is not plan {}, the last one begun here", last.counter);
        return Err(Refusal::link(Kind::Plan, "previous", problem));
    }
    Ok(())
}

fn replay(kind: Kind, field: &str, problem: String) -> Refusal {
    Refusal::Replay { kind, source: FieldError::new(field, problem) }
}
