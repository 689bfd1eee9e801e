//! Whether everything that a piece of log says was to be done, and everything that was to be done is there.

use super::{Deed, Entry, Scene, command};
use keyferry_bundle::kinds::{KeptAs, Made};
use keyferry_bundle::{Plan, TargetName};
use std::collections::BTreeMap;

/// What a response says of one key material.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// Its first target.
    pub target: TargetName,
    /// How many targets get it.
    pub targets: usize,
    /// Where its key material came from.
    pub made: Made,
    /// As what the HSM keeps it.
    pub kept_as: KeptAs,
}

/// A piece of log and what accounts for it.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    /// What was to be done.
    pub scene: Scene<'a>,
    /// What was done.
    pub entries: &'a [Entry],
    /// What the response says that names this piece.
    pub declared: &'a [Declared],
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// As it was to be.
    Sound,
    /// Nothing in the bundles accounts for it, and it may have been right.
    Open,
    /// It was not to be.
    Wrong,
}

/// Something to say of a piece of log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it weighs.
    pub weight: Weight,
    /// In words; names the entry where it is about one.
    pub text: String,
}

impl Finding {
    const fn new(weight: Weight, text: String) -> Self {
        Self { weight, text }
    }
}

/// Something that a record accounts for once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Done {
    command: u8,
    object: u16,
    /// Whether the ceremony's credential did it, to tell which key material the object is.
    shown: bool,
}

impl Scene<'_> {
    /// What was done more often than the records say.
    #[must_use]
    pub fn more_than_recorded(&self, counts: BTreeMap<Done, usize>) -> Vec<Finding> {
        let finding = |(done, count): (Done, usize)| {
            let Done { command, object, shown } = done;
            let recorded = if shown {
                self.upkeeps_of(object).count()
            } else {
                self.recorded(command, object)
            };
            let text = format!(
                "{} of object {object:#06x} {}, and the records here say {}: a run was cut off, or somebody did it again",
                command::name(command),
                times(count),
                times(recorded)
            );
            (count > recorded).then_some(Finding::new(Weight::Open, text))
        };
        counts.into_iter().filter_map(finding).collect()
    }
}

impl Account<'_> {
    /// Entry by entry: whatever nobody was to do, and then how many entries there are of each kind.
    #[must_use]
    pub fn entries(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let (mut signatures, mut refused, mut recorded) = (0, 0, 0);
        for entry in self.entries {
            match self.scene.deed(&entry.record) {
                Err(strange) => {
                    let text = format!("entry {}: {strange}", entry.number);
                    findings.push(Finding::new(Weight::Wrong, text));
                }
                Ok(deed @ Deed::Upkeep { .. }) => {
                    let text = format!("entry {}: {deed}; no record says what for", entry.number);
                    findings.push(Finding::new(Weight::Open, text));
                }
                Ok(Deed::Refused { .. }) => refused += 1,
                Ok(Deed::Signed) => signatures += 1,
                Ok(Deed::Recorded { .. } | Deed::Shown { .. }) => recorded += 1,
                Ok(_) => {}
            }
        }
        findings.extend(self.more_than_recorded());
        if findings.is_empty() {
            let mut text = format!(
                "each of its {} entries is accounted for, with {signatures} signatures",
                self.entries.len()
            );
            if refused > 0 {
                text = format!("{text} and {refused} commands that the HSM refused");
            }
            if recorded > 0 {
                text = format!("{text}; {recorded} are of work that the records here name");
            }
            findings.push(Finding::new(Weight::Sound, text));
        }
        findings
    }

    /// Copies that were made or put back, objects that were deleted, and key material that was read, more often than the records say.
    fn more_than_recorded(&self) -> Vec<Finding> {
        self.scene.more_than_recorded(self.recorded())
    }

    /// How often each thing was done that a record accounts for once.
    #[must_use]
    pub fn recorded(&self) -> BTreeMap<Done, usize> {
        let mut counts: BTreeMap<Done, usize> = BTreeMap::new();
        for entry in self.entries {
            let done = match self.scene.deed(&entry.record) {
                Ok(Deed::Recorded { command, object }) => Done { command, object, shown: false },
                Ok(Deed::Shown {
                    command: command @ (command::GET_OPAQUE | command::GET_RSA_WRAPPED_KEY),
                    object,
                }) => Done { command, object, shown: true },
                Ok(_) | Err(_) => continue,
            };
            *counts.entry(done).or_default() += 1;
        }
        counts
    }

    /// How often the HSM was started, held against the plan.
    #[must_use]
    pub fn starts(&self) -> Finding {
        let starts = self.count(&Deed::Started);
        match self.scene.plan.map(|plan| usize::from(plan.boots)) {
            Some(planned) if starts > planned => Finding::new(
                Weight::Wrong,
                format!("the HSM was started {}, the plan allows {planned}", times(starts)),
            ),
            Some(planned) => Finding::new(
                Weight::Sound,
                format!("the HSM was started {}, of {planned} that the plan allows", times(starts)),
            ),
            None => Finding::new(Weight::Sound, format!("the HSM was started {}", times(starts))),
        }
    }

    /// What was done with each target's key material, held against what the response says.
    #[must_use]
    pub fn targets(&self) -> Vec<Finding> {
        let planned = self.scene.plan.map(Plan::materials).unwrap_or_default();
        let mut findings = Vec::new();
        for material in planned {
            let name = &material.leader.name;
            let declared = self.declared.iter().find(|declared| declared.target == *name);
            let finding = match declared {
                Some(declared) => self.target(declared),
                None if self.touched(name) => Finding::new(
                    Weight::Open,
                    format!("target {name}: was worked on, and no response here names this log"),
                ),
                None => continue,
            };
            findings.push(finding);
        }
        findings
    }

    fn target(&self, declared: &Declared) -> Finding {
        let name = &declared.target;
        let made = self.count(&Deed::Made(name.clone()));
        let copies = self.count(&Deed::Copied(name.clone()));
        let wrapped = self.count(&Deed::Wrapped(name.clone()));
        let read = self.count(&Deed::ReadBack(name.clone()));
        let left = self.count(&Deed::PublicKeyPut(name.clone()))
            > self.count(&Deed::PublicKeyDeleted(name.clone()));
        // Opaque objects are wrapped by the host; a symmetric key is taken out once, under an ephemeral key.
        let exports = match declared.kept_as {
            KeptAs::Opaque => 0,
            KeptAs::SymmetricKey => 1,
            KeptAs::AsymmetricKey => declared.targets,
        };
        let came_back = self.came_back(name);
        let fits = match declared.made {
            // What came in under wrap was neither made here nor left here.
            Made::Generated | Made::Kept if came_back => false,
            Made::Generated => made == 1 && copies == 1 && wrapped == exports,
            // A run that was cut off may have done any of it, and the next one does what is missing.
            Made::Resumed => made <= 1 && copies >= 1 && wrapped >= exports,
            Made::Stored => made == 0 && copies == 0 && wrapped >= exports,
            Made::Kept | Made::Restored => made == 0 && copies >= 1 && wrapped >= exports,
        };
        let came = if came_back { ", came back under wrap" } else { "" };
        let text = format!(
            "target {name}, {}{came}: made {}, read by the host {}, copied {} under the wrap key, wrapped {} in the HSM",
            declared.made,
            times(made),
            times(read),
            times(copies),
            times(wrapped)
        );
        // Each export under another key than AWS's would look like this, and so would somebody who reads an opaque object. Each record of
        // work outside of ceremonies has looked at it once.
        let looked = self.looked(name);
        let copied_again = declared.made != Made::Generated && copies > 1;
        let taken_out = if declared.kept_as == KeptAs::SymmetricKey { looked } else { 0 };
        let again = wrapped > exports + taken_out || read > 1 + looked || copied_again;
        match (fits, again || left) {
            (false, _) => {
                Finding::new(Weight::Wrong, format!("{text}: that is not what the response says"))
            }
            (true, true) if left => Finding::new(
                Weight::Open,
                format!("{text}; the public key that it was wrapped under was not deleted"),
            ),
            (true, true) => Finding::new(
                Weight::Open,
                format!("{text}: more than once each; a run was cut off, or somebody did it again"),
            ),
            (true, false) => Finding::new(Weight::Sound, text),
        }
    }

    /// Whether a target's object came in under wrap, and was not deleted since.
    fn came_back(&self, name: &TargetName) -> bool {
        let target = self.scene.plan.and_then(|plan| plan.target(name));
        let Some(id) = target.map(|target| target.object_id.get()) else { return false };
        let command = |entry: &Entry| match self.scene.deed(&entry.record) {
            Ok(Deed::Recorded { command, object } | Deed::Upkeep { command, object })
                if object == id =>
            {
                Some(command)
            }
            Ok(_) | Err(_) => None,
        };
        let mut commands = self.entries.iter().rev().filter_map(command);
        let ends = [command::IMPORT_WRAPPED, command::DELETE_OBJECT];
        commands.find(|command| ends.contains(command)) == Some(command::IMPORT_WRAPPED)
    }

    /// How many records name a target's object.
    fn looked(&self, name: &TargetName) -> usize {
        let target = self.scene.plan.and_then(|plan| plan.target(name));
        target.map_or(0, |target| self.scene.upkeeps_of(target.object_id.get()).count())
    }

    fn touched(&self, name: &TargetName) -> bool {
        [Deed::Made, Deed::Copied, Deed::Wrapped, Deed::ReadBack]
            .into_iter()
            .any(|deed: fn(TargetName) -> Deed| self.count(&deed(name.clone())) > 0)
    }

    fn count(&self, deed: &Deed) -> usize {
        let deeds = self.entries.iter().filter_map(|entry| self.scene.deed(&entry.record).ok());
        deeds.filter(|found| found == deed).count()
    }
}

/// How often, in words.
fn times(count: usize) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        more => format!("{more} times"),
    }
}
