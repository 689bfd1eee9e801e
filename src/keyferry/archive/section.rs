//! A part of the answer: a ceremony, what they share, or what they show about each other.

use crate::commands::verify::claims;
use crate::render::{report_lines, word};
use keyferry_ceremony::evidence::{Claim, Report, Standing};
use keyferry_console::{Failure, one_line};
use serde_json::{Value, json};

/// So many of something.
fn some(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// One part.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) name: String,
    /// How many files it is about, where it is about files of its own.
    pub(super) files: Option<usize>,
    pub(super) report: Report,
    /// Why it could not be read.
    pub(super) unread: Option<Failure>,
}

impl Section {
    pub(super) fn new(name: &str, files: Option<usize>, report: Report) -> Self {
        Self { name: name.to_owned(), files, report, unread: None }
    }

    /// A folder that could not be read.
    pub(super) fn unread(name: &str, failure: Failure) -> Self {
        let report = Report::default();
        Self { name: name.to_owned(), files: None, report, unread: Some(failure) }
    }

    /// Whether everything in it holds or is open.
    pub(super) fn holds(&self) -> bool {
        self.unread.is_none() && self.report.holds()
    }

    /// How many claims stand so.
    pub(super) fn count(&self, standing: Standing) -> usize {
        self.report.claims.iter().filter(|claim| claim.standing == standing).count()
    }

    /// Whether there is anything in the folder but copies of policies and device bundles.
    pub(super) fn is_ceremony(&self) -> bool {
        self.unread.is_some() || !self.report.claims.is_empty()
    }

    /// A claim's file with its folder; that of a bundle which lies elsewhere has it already.
    pub(super) fn place(&self, claim: &Claim) -> String {
        match claim.file.as_str() {
            "-" => self.name.clone(),
            file if file.contains('/') => file.to_owned(),
            file => format!("{}/{file}", self.name),
        }
    }

    /// Whether a claim is about what AWS recorded rather than about a bundle.
    pub(super) fn is_of_the_trail(claim: &Claim) -> bool {
        claim.id.starts_with("cloudtrail.")
            && !["cloudtrail.request", "cloudtrail.import"].contains(&claim.id)
    }

    /// One line, and below it its claims where it fails or all of them are wanted. Of what is about no files of its own, only what
    /// fails, and what nobody but the trail tells.
    pub(super) fn lines(&self, all: bool) -> Vec<String> {
        let name = one_line(&self.name);
        if let Some(Failure { error, because, .. }) = &self.unread {
            let why = std::iter::once(error).chain(because).map(|part| one_line(part));
            let why = why.collect::<Vec<_>>().join(": ");
            return vec![format!("{:9}  {name}: {why}", word(Standing::Refused))];
        }
        let (holds, own) = (self.holds(), self.files.is_some());
        let standing = if holds { Standing::Holds } else { Standing::Refused };
        let line = if self.is_ceremony() {
            format!("{:9}  {name}: {}", word(standing), self.told())
        } else {
            format!("{:9}  {name}: nothing of its own", word(standing))
        };
        let telling = |claim: &&Claim| {
            let open = claim.standing == Standing::Open && Self::is_of_the_trail(claim);
            all || (own && !holds) || claim.fails() || open
        };
        let claims = self.report.claims.iter().filter(telling).cloned().collect();
        let below = report_lines(&Report { claims, ..Report::default() });
        std::iter::once(line).chain(below.into_iter().map(|line| format!("  {line}"))).collect()
    }

    fn told(&self) -> String {
        let incomplete =
            if self.report.missing_links().next().is_some() { "INCOMPLETE, " } else { "" };
        let about =
            self.files.map_or_else(String::new, |files| format!(" about {}", some(files, "file")));
        let open = match self.count(Standing::Open) {
            0 => String::new(),
            open => format!("; {open} not shown"),
        };
        let number = self.count(Standing::Holds);
        let hold = if number == 1 { "holds" } else { "hold" };
        format!("{incomplete}{}{about} {hold}{open}", some(number, "claim"))
    }

    /// For scripts: a ceremony.
    pub(super) fn json(&self) -> Value {
        let mut value = json!({
            "folder": self.name,
            "files": self.files,
            "verified": self.holds(),
            "complete": self.unread.is_none() && self.report.missing_links().next().is_none(),
            "claims": claims(&self.report),
        });
        if let (Some(members), Some(failure)) = (value.as_object_mut(), &self.unread) {
            let error =
                json!({ "code": failure.code, "error": failure.error, "because": failure.because });
            members.insert("error".to_owned(), error);
        }
        value
    }
}
