//! `status`: what KMS says about keys, how long their material still lives, and where that is not what the ceremonies left.

mod findings;
mod look;
mod prometheus;
mod view;

use crate::desk::Desk;
use crate::kms::Kms;
use crate::regions::{Everywhere, Regions};
use crate::session;
use crate::subjects::Subjects;
use findings::Finding;
use keyferry_bundle::{KeyArn, Timestamp};
use keyferry_console::{Exit, Failure};
use look::Looked;
use serde_json::json;

const DAY_SECONDS: i64 = 86_400;

/// Which keys, and how to say it.
#[derive(Debug, Clone, clap::Args)]
pub struct StatusArgs {
    /// Which keys.
    #[command(flatten)]
    pub subjects: Subjects,

    /// Days before the material's expiry from which on it is a finding; 0 for never
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    pub warn_days: u16,

    /// Print Prometheus's text exposition format, for a textfile collector; findings are then in the metrics, and the exit code says
    /// only whether they could be written
    #[arg(long, conflicts_with = "json")]
    pub prometheus: bool,
}

/// Describes each key.
///
/// # Errors
/// When a folder is no ceremony, when AWS does not answer at all, and, without `--prometheus`, [`Exit::Unchanged`] when there is a
/// finding.
pub fn run(
    desk: Desk<'_>,
    kms: &dyn Kms,
    regions: &dyn Regions,
    args: &StatusArgs,
) -> Result<(), Failure> {
    let (subjects, environment) = args.subjects.read()?;
    let session = session::open(desk, kms, environment)?;
    let now = desk.clock.now()?;
    let mut everywhere = Everywhere::new(kms, session.region, regions);
    let mut keys = Vec::with_capacity(subjects.len());
    for subject in &subjects {
        keys.push(look::at(desk, &mut everywhere, subject, &subjects));
    }
    let planned: Vec<&KeyArn> = subjects
        .iter()
        .flat_map(|subject| &subject.expected)
        .map(|expected| &expected.planned.key)
        .collect();
    let found: Vec<(&Looked<'_>, Vec<Finding>)> = keys
        .iter()
        .map(|key| (key, findings::of(key, &planned, now, i64::from(args.warn_days))))
        .collect();
    if args.prometheus {
        return prometheus::write(desk.screen, &found, now);
    }
    for (key, findings) in &found {
        view::text(desk.screen, key, findings, now)?;
    }
    let all: Vec<serde_json::Value> =
        found.iter().map(|(key, findings)| view::json(key, findings, now)).collect();
    let well = found.iter().all(|(_, findings)| findings.is_empty());
    desk.screen.json(&json!({ "keys": all, "well": well, "warn_days": args.warn_days }))?;
    if well { Ok(()) } else { Err(not_well(&found)) }
}

/// One failure for everything that was found: what is worst names it.
fn not_well(found: &[(&Looked<'_>, Vec<Finding>)]) -> Failure {
    let all = || found.iter().flat_map(|(_, findings)| findings);
    let (code, error) = if all().all(Finding::is_near) {
        ("expiry-near", "key material expires soon")
    } else {
        ("status-findings", "a key cannot be used, or is not as its ceremony left it")
    };
    let mut failure = Failure::new(Exit::Unchanged, code, error);
    for (key, findings) in found {
        for finding in findings {
            failure = failure.because(format!("{}: {}", key.subject.label, finding.text));
        }
    }
    failure.hint("docs/runbook.md, \"Afterwards\", says what to do about each")
}

/// Whole days until then.
const fn days_until(date: Timestamp, now: Timestamp) -> i64 {
    (date.unix_seconds() - now.unix_seconds()).div_euclid(DAY_SECONDS)
}

#[cfg(test)]
mod tests;
