//! Whether everything that a piece of log says was to be done, and everything that was to be done is there.

use super::{Deed, Entry, Scene};
use keyferry_bundle::kinds::{KeptAs, Made};
use keyferry_bundle::{Plan, TargetName};

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

impl Account<'_> {
    /// Entry by entry: whatever nobody was to do, and then how many entries there are of each kind.
    #[must_use]
    pub fn entries(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let (mut signatures, mut refused) = (0, 0);
        for entry in self.entries {
            match self.scene.deed(&entry.record) {
                Err(strange) => {
                    let text = format!("entry {}: {strange}", entry.number);
                    findings.push(Finding::new(Weight::Wrong, text));
                }
                Ok(deed @ Deed::Upkeep { .. }) => {
                    let text = format!("entry {}: {deed}; no bundle says what for", entry.number);
                    findings.push(Finding::new(Weight::Open, text));
                }
                Ok(Deed::Refused { .. }) => refused += 1,
                Ok(Deed::Signed) => signatures += 1,
                Ok(_) => {}
            }
        }
        if findings.is_empty() {
            let mut text = format!(
                "each of its {} entries is accounted for, with {signatures} signatures",
                self.entries.len()
            );
            if refused > 0 {
                text = format!("{text} and {refused} commands that the HSM refused");
            }
            findings.push(Finding::new(Weight::Sound, text));
        }
        findings
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
        let fits = match declared.made {
            Made::Generated => made == 1 && copies == 1 && wrapped == exports,
            // A run that was cut off may have done any of it, and the next one does what is missing.
            Made::Resumed => made <= 1 && copies >= 1 && wrapped >= exports,
            Made::Stored => made == 0 && copies == 0 && wrapped >= exports,
            Made::Kept | Made::Restored => made == 0 && copies >= 1 && wrapped >= exports,
        };
        let text = format!(
            "target {name}, {}: made {}, read by the host {}, copied {} under the wrap key, wrapped {} in the HSM",
            declared.made,
            times(made),
            times(read),
            times(copies),
            times(wrapped)
        );
        // Each export under another key than AWS's would look like this, and so would somebody who reads an opaque object.
        let copied_again = declared.made != Made::Generated && copies > 1;
        let again = wrapped > exports || read > 1 || copied_again;
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
