//! `keyferry policy diff`: what was added, removed and changed from one policy to another.

use super::inspect::{self, Shown};
use super::policy_show;
use crate::body::Body;
use crate::cli::policy::DiffArgs;
use crate::opened::Trusted;
use crate::render::changes;
use keyferry_bundle::Policy;
use keyferry_console::{Exit, Failure, Screen};
use serde_json::{Value, json};
use std::path::Path;

/// Shows it. Whether anybody vouches for the two is said, and decides nothing here.
pub(crate) fn run(args: &DiffArgs, screen: &Screen) -> Result<(), Failure> {
    let trusted = Trusted::load(args.trust.trust.as_deref())?;
    let (old, new) = (Side::of(&trusted, &args.old)?, Side::of(&trusted, &args.new)?);
    screen.result(old.line("old"))?;
    screen.result(new.line("new"))?;
    for line in changes::page(&old.policy, &new.policy).lines() {
        screen.result(line)?;
    }
    screen.json(&json!({
        "old": old.json(),
        "new": new.json(),
        "changes": changes::values(&old.policy, &new.policy),
    }))
}

/// Shows it to whoever is about to make or pin the newer one.
pub(super) fn show(old: &Policy, new: &Policy, screen: &Screen) {
    let page = changes::page(old, new);
    screen.heading(&page.heading);
    screen.table(&page.rows);
}

/// One of the two.
struct Side {
    shown: Shown,
    policy: Box<Policy>,
}

impl Side {
    fn of(trusted: &Trusted, path: &Path) -> Result<Self, Failure> {
        let shown = if path == Path::new("pinned") {
            policy_show::pinned(trusted)?
        } else {
            inspect::look(trusted, path)?
        };
        let refuse = |because: String| {
            Failure::new(Exit::Refused, "bundle-refused", format!("{} is no policy", shown.file))
                .because(because)
        };
        let policy = match &shown.body {
            Ok(Body::Policy(policy)) => policy.clone(),
            Ok(other) => return Err(refuse(format!("it is a {}", other.kind()))),
            Err((_, problem)) => return Err(refuse(problem.clone())),
        };
        Ok(Self { shown, policy })
    }

    fn line(&self, which: &str) -> String {
        let (Shown { file, verdict, .. }, version) = (&self.shown, self.policy.version);
        let (word, remarks) = match verdict {
            Ok(remarks) => ("VERIFIED", remarks),
            Err(reasons) => ("UNVERIFIED", reasons),
        };
        let remarks: Vec<&str> =
            std::iter::once(word).chain(remarks.iter().map(String::as_str)).collect();
        format!("{which}: {file}, version {version}: {}", remarks.join(": "))
    }

    fn json(&self) -> Value {
        json!({
            "file": self.shown.file,
            "version": self.policy.version,
            "digest": self.shown.digest,
            "verified": self.shown.verdict.is_ok(),
        })
    }
}
