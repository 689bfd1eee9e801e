//! What is remembered of the upkeeps of one HSM: the last one's number and digest, and which objects a drill may have left.
//!
//! An upkeep is signed, then remembered, then written, as a transcript is: no number is ever given twice.

use super::{Ledger, Memory, PlanEntry, replay};
use crate::Refusal;
use keyferry_bundle::{Digest, Kind, ObjectId, Plan, Upkeep, Verified};
use serde::{Deserialize, Serialize};

/// The upkeeps so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Upkeeps {
    /// The counter of the last one, 0 before there was any.
    counter: u32,
    /// Its digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest: Option<Digest>,
    /// Objects that a drill has put back, or was about to, and has not deleted again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    drilling: Vec<ObjectId>,
    /// The plan that is being given up, until that is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    giving_up: Option<Digest>,
}

impl Upkeeps {
    /// Whether there is nothing to remember.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it can have come about.
    pub(super) const fn is_sound(&self) -> bool {
        (self.counter == 0) == self.digest.is_none()
    }
}

/// Where an upkeep stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpkeepPlace {
    /// Its counter.
    pub counter: u32,
    /// The digest of the one before.
    pub previous: Option<Digest>,
}

impl Ledger {
    /// The place of the next upkeep; none when every number is used up.
    #[must_use]
    pub fn next_upkeep(&self) -> Option<UpkeepPlace> {
        let counter = self.upkeeps.counter.checked_add(1)?;
        Some(UpkeepPlace { counter, previous: self.upkeeps.digest })
    }

    /// Notes an upkeep that is signed, before its file is written. What a drill had left is accounted for by it.
    pub fn kept_up(&mut self, upkeep: &Verified<Upkeep>) {
        self.upkeeps = Upkeeps {
            counter: upkeep.body().counter,
            digest: Some(upkeep.digest()),
            drilling: Vec::new(),
            giving_up: None,
        };
    }

    /// Notes that a drill is about to put these objects back: they are its own to delete.
    pub fn drilling(&mut self, objects: impl IntoIterator<Item = ObjectId>) {
        for object in objects {
            if !self.upkeeps.drilling.contains(&object) {
                self.upkeeps.drilling.push(object);
            }
        }
    }

    /// Whether a drill that was cut off may have left this object.
    #[must_use]
    pub fn may_be_of_a_drill(&self, object: ObjectId) -> bool {
        self.upkeeps.drilling.contains(&object)
    }

    /// Whether this plan may be given up: it was begun here or would be next, and no request of it was answered.
    ///
    /// # Errors
    /// [`Refusal::Replay`] once a request of it was answered or it was given up before, [`Refusal::Link`] where it is not next.
    pub fn may_give_up(&self, memory: Memory, plan: &Verified<Plan>) -> Result<(), Refusal> {
        let Some(known) = self.plans.iter().find(|entry| entry.plan == plan.digest()) else {
            return self.admit_new_plan(memory, plan);
        };
        if !self.is_being_given_up(plan) {
            known.refuse_given_up()?;
        }
        match known.requests.iter().find(|request| request.answered) {
            None => Ok(()),
            Some(request) => {
                let problem = format!("request {} of it was answered", request.counter);
                Err(replay(Kind::Plan, problem))
            }
        }
    }

    /// Notes that a plan is given up, before what it left is deleted: nothing of it is answered any more, and the next plan follows it.
    pub fn give_up(&mut self, plan: &Verified<Plan>) {
        self.begin_plan(plan);
        self.upkeeps.giving_up = Some(plan.digest());
        if let Some(entry) = self.entry(plan) {
            entry.given_up = true;
        }
    }

    /// Whether a plan was given up and there is no record of it yet.
    #[must_use]
    pub fn is_being_given_up(&self, plan: &Verified<Plan>) -> bool {
        self.upkeeps.giving_up == Some(plan.digest())
    }
}

impl PlanEntry {
    /// Refuses a plan that was given up.
    pub(super) fn refuse_given_up(&self) -> Result<(), Refusal> {
        if self.given_up {
            let problem = format!("plan {} was given up: nothing of it is answered", self.counter);
            return Err(replay(Kind::Plan, problem));
        }
        Ok(())
    }
}
