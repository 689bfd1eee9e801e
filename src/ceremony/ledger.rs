//! What the room remembers of one HSM, by its serial number, over every policy and device bundle it ever had: which plans were
//! begun and which requests answered, so that nothing old is answered again, and the check value of what was stored. The offline
//! clock decides nothing here; counters and digests do.

mod log;
mod material;
mod transcripts;
mod upkeeps;

#[cfg(test)]
mod tests;

pub use log::{LogGap, LogMemory};
pub use material::{OtherMaterial, Remembered};
pub use transcripts::Place;
pub use upkeeps::UpkeepPlace;

use crate::{Refusal, request as requests};
use keyferry_bundle::json::{self, DecodeError};
use keyferry_bundle::kinds::Made;
use keyferry_bundle::{Digest, FieldError, Kind, Plan, Request, TargetName, Verified};
use serde::{Deserialize, Serialize};
use transcripts::Transcripts;
use upkeeps::Upkeeps;

/// The memory. It is kept on the ceremony medium, a file a serial number, and grows only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// Every plan ever begun, in order.
    pub plans: Vec<PlanEntry>,
    /// What was read of the HSM's log; none before it was read first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogMemory>,
    /// The last transcript.
    #[serde(default, skip_serializing_if = "Transcripts::is_empty")]
    transcripts: Transcripts,
    /// The last upkeep.
    #[serde(default, skip_serializing_if = "Upkeeps::is_empty")]
    upkeeps: Upkeeps,
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
    pub targets: Vec<TargetEntry>,
    /// Whether it was given up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    given_up: bool,
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

/// One target's key material.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetEntry {
    /// The target's name in the plan.
    pub name: TargetName,
    /// The check value of the material that was about to be stored last; none while the HSM is asked to generate a private key,
    /// whose public half nobody knows before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    check_value: Option<Digest>,
}

/// What a memory that knows of no plan means. Whoever opens it says so, deliberately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// It was kept from the first plan on: only plan 1 can be new to it.
    Kept,
    /// It begins here, for an HSM that may have held ceremonies before: any plan may be the first. It makes no difference to a
    /// memory that knows of a plan already.
    New,
}

impl Ledger {
    /// Reads a memory, strictly.
    ///
    /// # Errors
    /// What is wrong with it: it is no memory, or one whose counters do not rise.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        let ledger: Self = json::decode(bytes).map_err(|error| match error {
            DecodeError::NotStrict(problem) => problem,
            DecodeError::Field(field) => field.to_string(),
        })?;
        let rise = |counters: &mut dyn Iterator<Item = u32>| counters.is_sorted_by(|a, b| a < b);
        let sound = rise(&mut ledger.plans.iter().map(|plan| plan.counter))
            && ledger.plans.iter().all(|plan| rise(&mut plan.requests.iter().map(|r| r.counter)));
        if !sound {
            return Err("its counters do not rise".to_owned());
        }
        if !ledger.transcripts.is_sound() {
            return Err("its last transcript has a number or a digest, and not both".to_owned());
        }
        if !ledger.upkeeps.is_sound() {
            return Err("its last upkeep has a number or a digest, and not both".to_owned());
        }
        Ok(ledger)
    }

    /// Writes it.
    ///
    /// # Errors
    /// None that a memory can cause; the encoder's signature asks for it.
    pub fn encode(&self) -> Result<Vec<u8>, String> {
        json::encode(self)
    }

    /// Whether it knows of no plan.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.plans.is_empty()
    }

    /// Whether the last of `requests` may be answered now, the others being the requests for the same plan that the ceremony's
    /// folder has from before it, in order.
    ///
    /// The plan is one that was begun here, or the successor of the one begun last. The request is the one remembered last for
    /// this plan, unanswered, or follows it link by link, through requests that never came here if need be; the first that this
    /// room sees of a plan follows from request 1.
    ///
    /// # Errors
    /// [`Refusal::Replay`] for what was used before, [`Refusal::Link`] when a predecessor is missing or another one.
    pub fn admit(
        &self,
        memory: Memory,
        plan: &Verified<Plan>,
        requests: &[Verified<Request>],
    ) -> Result<(), Refusal> {
        let known = self.plans.iter().find(|entry| entry.plan == plan.digest());
        match known {
            None => self.admit_new_plan(memory, plan)?,
            Some(entry) => entry.refuse_given_up()?,
        }
        let (asked, before) = requests
            .split_last()
            .ok_or_else(|| Refusal::link(Kind::Request, "counter", "no request is there"))?;
        requests::check_chain(before, asked.body())?;
        match known.and_then(|entry| entry.requests.last()) {
            Some(last) => last.admit_after(asked, before),
            None => match requests.first() {
                Some(first) if first.body().counter > 1 => {
                    let problem = format!(
                        "is {}, the first of this plan to come here: bring every request from number 1 on",
                        first.body().counter
                    );
                    Err(Refusal::link(Kind::Request, "counter", problem))
                }
                Some(_) | None => Ok(()),
            },
        }
    }

    /// A plan that was never begun follows the one begun last.
    fn admit_new_plan(&self, memory: Memory, plan: &Verified<Plan>) -> Result<(), Refusal> {
        let counter = plan.body().counter;
        let Some(last) = self.plans.last() else {
            if counter == 1 || memory == Memory::New {
                return Ok(());
            }
            let problem = format!(
                "is {counter}, but this room remembers no plan: bring its memory, or say that it is new"
            );
            return Err(Refusal::link(Kind::Plan, "counter", problem));
        };
        let anew = format!(
            "make the plan anew with --previous the plan last begun here, number {}",
            last.counter
        );
        if counter <= last.counter {
            let problem =
                format!("is {counter}, but plan {} was begun before: {anew}", last.counter);
            return Err(replay(Kind::Plan, problem));
        }
        if last.counter.checked_add(1) != Some(counter) {
            let problem = format!("is {counter}, but plan {} was begun last: {anew}", last.counter);
            return Err(Refusal::link(Kind::Plan, "counter", problem));
        }
        if plan.body().previous != Some(last.plan) {
            let problem = format!("is not plan {}, the last one begun here: {anew}", last.counter);
            return Err(Refusal::link(Kind::Plan, "previous", problem));
        }
        Ok(())
    }

    /// Notes that this plan and request are being answered.
    pub fn begin(&mut self, plan: &Verified<Plan>, request: &Verified<Request>) {
        self.begin_plan(plan);
        let digest = request.digest();
        if let Some(entry) = self.entry(plan)
            && !entry.requests.iter().any(|known| known.request == digest)
        {
            let counter = request.body().counter;
            if entry.requests.last().is_none_or(|last| last.counter < counter) {
                entry.requests.push(RequestEntry { request: digest, counter, answered: false });
            }
        }
    }

    fn begin_plan(&mut self, plan: &Verified<Plan>) {
        // One from before this memory began stays outside: counters rise.
        let newest = self.plans.last().map_or(0, |entry| entry.counter);
        if !self.plans.iter().any(|entry| entry.plan == plan.digest())
            && plan.body().counter > newest
        {
            self.plans.push(PlanEntry {
                plan: plan.digest(),
                counter: plan.body().counter,
                requests: Vec::new(),
                targets: Vec::new(),
                given_up: false,
            });
        }
    }

    /// Notes that a target's material is about to be stored under its object id, and its check value. Material that was to be
    /// stored earlier, and was not, is forgotten.
    pub fn storing(&mut self, plan: &Verified<Plan>, target: &TargetName, check_value: Digest) {
        if let Some(entry) = self.entry(plan) {
            entry.targets.retain(|known| known.name != *target);
            entry
                .targets
                .push(TargetEntry { name: target.clone(), check_value: Some(check_value) });
        }
    }

    /// Notes that the HSM is about to be asked for a private key under a target's object id. [`Self::storing`] follows as soon as its
    /// public half is known.
    pub fn generating(&mut self, plan: &Verified<Plan>, target: &TargetName) {
        if let Some(entry) = self.entry(plan) {
            entry.targets.retain(|known| known.name != *target);
            entry.targets.push(TargetEntry { name: target.clone(), check_value: None });
        }
    }

    /// What an object found under the target's id must hold, if it may be this plan's own, from an earlier run.
    #[must_use]
    pub fn may_have_stored(
        &self,
        plan: &Verified<Plan>,
        target: &TargetName,
    ) -> Option<Remembered> {
        let entry = self.plans.iter().find(|entry| entry.plan == plan.digest())?;
        let known = entry.targets.iter().find(|known| known.name == *target)?;
        let made = if self.has_answered(plan) { Made::Stored } else { Made::Resumed };
        Some(Remembered::new(known.name.clone(), known.check_value, made))
    }

    /// Whether this plan was begun here.
    #[must_use]
    pub fn has_begun(&self, plan: &Verified<Plan>) -> bool {
        self.plans.iter().any(|entry| entry.plan == plan.digest())
    }

    /// Whether this plan was given up.
    #[must_use]
    pub fn has_given_up(&self, plan: &Verified<Plan>) -> bool {
        self.plans.iter().any(|entry| entry.plan == plan.digest() && entry.given_up)
    }

    /// The number of the request of this plan that was begun last and not answered.
    #[must_use]
    pub fn unanswered(&self, plan: &Verified<Plan>) -> Option<u32> {
        let entry = self.plans.iter().find(|entry| entry.plan == plan.digest())?;
        let last = entry.requests.last().filter(|last| !last.answered && !entry.given_up)?;
        Some(last.counter)
    }

    /// The number of the last request of this plan that was answered, 0 before any was.
    #[must_use]
    pub fn answered_up_to(&self, plan: &Verified<Plan>) -> u32 {
        let entry = self.plans.iter().find(|entry| entry.plan == plan.digest());
        let requests = entry.map_or(&[][..], |entry| entry.requests.as_slice());
        requests.iter().filter(|it| it.answered).map(|it| it.counter).max().unwrap_or(0)
    }

    /// Whether any request of this plan was answered.
    #[must_use]
    pub fn has_answered(&self, plan: &Verified<Plan>) -> bool {
        let mut known = self.plans.iter().filter(|entry| entry.plan == plan.digest());
        known.any(|entry| entry.requests.iter().any(|request| request.answered))
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

impl RequestEntry {
    /// Whether `asked` is this request, unanswered, or follows it; `before` leads up to `asked` without a gap.
    fn admit_after(
        &self,
        asked: &Verified<Request>,
        before: &[Verified<Request>],
    ) -> Result<(), Refusal> {
        if asked.digest() == self.request {
            let problem = format!("request {} was answered already", self.counter);
            return if self.answered { Err(replay(Kind::Request, problem)) } else { Ok(()) };
        }
        let counter = asked.body().counter;
        if counter <= self.counter {
            let problem = format!("is {counter}, but request {} came before", self.counter);
            return Err(replay(Kind::Request, problem));
        }
        let mut all = before.iter().chain([asked]);
        let next = all.find(|request| request.body().counter > self.counter).unwrap_or(asked);
        if self.counter.checked_add(1) != Some(next.body().counter) {
            let problem = format!(
                "is {}, but request {} came here last: bring every request after it",
                next.body().counter,
                self.counter
            );
            return Err(Refusal::link(Kind::Request, "counter", problem));
        }
        if next.body().previous != Some(self.request) {
            let problem = format!(
                "of request {} is not request {} as it came here",
                next.body().counter,
                self.counter
            );
            return Err(Refusal::link(Kind::Request, "previous", problem));
        }
        Ok(())
    }
}

fn replay(kind: Kind, problem: String) -> Refusal {
    Refusal::Replay { kind, source: FieldError::new("counter", problem) }
}
