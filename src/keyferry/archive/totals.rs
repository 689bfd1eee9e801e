//! What all sections come to.

use super::section::Section;
use crate::verdict::{NOT_PINNED, Verdict};
use keyferry_ceremony::evidence::{Claim, Standing, Trust};
use keyferry_console::{Exit, Failure, one_line};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The most names and reasons that the verdict repeats: the sections have all of them.
const TOLD: usize = 20;

/// The count.
#[derive(Debug, Default)]
pub(super) struct Totals {
    ceremonies: usize,
    files: usize,
    holds: usize,
    open: usize,
    fails: usize,
    /// The folders that fail, by themselves or beside others.
    failed: BTreeSet<String>,
    /// Files that fail and lie in none of the folders.
    others: BTreeSet<String>,
    worst: Option<Ending>,
    reasons: Few,
    missing: Few,
    not_pinned: bool,
}

/// How the program ends, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ending {
    /// Nothing but a quorum or a rule of the policy is not met.
    Policy,
    /// A folder cannot be read.
    Unread,
    /// A bundle is refused.
    Refused,
}

/// The first of many lines, and how many more there are.
#[derive(Debug, Default)]
struct Few {
    lines: Vec<String>,
    more: usize,
}

impl Few {
    fn add(&mut self, line: &str) {
        let line = one_line(line);
        if self.lines.contains(&line) {
        } else if self.lines.len() < TOLD {
            self.lines.push(line);
        } else {
            self.more += 1;
        }
    }

    fn told(self) -> Vec<String> {
        let more = (self.more > 0).then(|| format!("and {} more", self.more));
        self.lines.into_iter().chain(more).collect()
    }
}

impl Totals {
    /// Policies and HSMs. Where one fails that lies in a folder, that folder does.
    pub(super) fn add_shared(&mut self, section: &Section) {
        self.count(section);
        self.blame_each(section, |claim| claim.file.split_once('/').map(|(folder, _)| folder));
    }

    /// A ceremony.
    pub(super) fn add_ceremony(&mut self, section: &Section) {
        self.count(section);
        self.files += section.files.unwrap_or_default();
        self.ceremonies += usize::from(section.is_ceremony());
        if !section.holds() {
            self.failed.insert(section.name.clone());
        }
        if let Some(failure) = &section.unread {
            self.worst = self.worst.max(Some(Ending::Unread));
            let parts = std::iter::once(&failure.error).chain(&failure.because);
            self.reasons.add(&parts.map(String::as_str).collect::<Vec<_>>().join(": "));
        }
        for claim in section.report.claims.iter().filter(|claim| claim.fails()) {
            self.fail(claim, &section.place(claim));
        }
        for claim in section.report.missing_links() {
            self.missing.add(&format!("{} {}", section.place(claim), claim.sentence));
        }
    }

    /// What they show about each other, or events about them.
    pub(super) fn add_between(&mut self, section: &Section) {
        self.count(section);
        self.blame_each(section, |claim| {
            let folder = claim.file.split_once('/').map(|(folder, _)| folder);
            folder.filter(|_| !Section::is_of_the_trail(claim))
        });
        for claim in section.report.missing_links() {
            self.missing.add(&format!("{} {}", claim.file, claim.sentence));
        }
    }

    fn blame_each(&mut self, section: &Section, folder: impl Fn(&Claim) -> Option<&str>) {
        for claim in section.report.claims.iter().filter(|claim| claim.fails()) {
            match folder(claim) {
                Some(folder) => self.failed.insert(folder.to_owned()),
                None if claim.file == "-" => self.others.insert("the folder".to_owned()),
                None => self.others.insert(claim.file.clone()),
            };
            self.fail(claim, &claim.file);
        }
    }

    fn count(&mut self, section: &Section) {
        self.holds += section.count(Standing::Holds);
        self.open += section.count(Standing::Open);
        self.fails += section.count(Standing::Refused) + section.count(Standing::NotAllowed);
    }

    fn fail(&mut self, claim: &Claim, place: &str) {
        let by_policy = claim.standing == Standing::NotAllowed;
        let ending = if by_policy { Ending::Policy } else { Ending::Refused };
        self.worst = self.worst.max(Some(ending));
        self.not_pinned |= claim.id == "policy.pinned";
        self.reasons.add(&format!("{place}: {}", claim.sentence));
    }

    fn verified(&self, trust: Option<&Trust>) -> bool {
        trust.is_some() && self.failed.is_empty() && self.others.is_empty()
    }

    /// For scripts: the last members of the answer.
    pub(super) fn json(&self, trust: Option<&Trust>) -> Value {
        json!({
            "verified": self.verified(trust),
            "complete": self.missing.lines.is_empty(),
            "totals": {
                "ceremonies": self.ceremonies,
                "failed": self.failed.len(),
                "files": self.files,
                "claims": { "hold": self.holds, "open": self.open, "fail": self.fails },
            },
        })
    }

    /// The verdict on all of them.
    pub(super) fn verdict(self, trust: Option<&Trust>, must_be_complete: bool) -> Verdict {
        match trust.filter(|_| self.verified(trust)) {
            Some(trust) => {
                let Self { ceremonies, files, holds, .. } = self;
                let holds =
                    format!("{ceremonies} ceremonies, {holds} claims about {files} files hold");
                Verdict::holding(trust, &holds, must_be_complete, self.missing.told())
            }
            None => self.failing(),
        }
    }

    fn failing(self) -> Verdict {
        let mut bad = Few::default();
        self.failed.iter().chain(&self.others).for_each(|name| bad.add(name));
        let bad = bad.told().join(", ");
        let (exit, code) = match self.worst {
            Some(Ending::Policy) => (Exit::Policy, "policy-not-met"),
            Some(Ending::Unread) => (Exit::File, "file-unreadable"),
            Some(Ending::Refused) | None => (Exit::Refused, "bundle-refused"),
        };
        let failure = Failure::new(exit, code, format!("not accepted: {bad}"));
        let mut failure = self.reasons.told().iter().fold(failure, Failure::because);
        if self.not_pinned {
            failure = failure.hint(NOT_PINNED);
        }
        let held = self.ceremonies.saturating_sub(self.failed.len());
        let headline =
            format!("NOT VERIFIED: {bad}; {held} of {} ceremonies hold", self.ceremonies);
        Verdict { headline, compare: None, open: Vec::new(), failure: Some(failure) }
    }
}
