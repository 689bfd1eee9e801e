//! `keyferry verify`: what a folder proves.

use crate::archive;
use crate::cli::verify::Args;
use crate::examined::{Examined, Given};
use crate::render::{report_lines, standing};
use crate::verdict::Verdict;
use keyferry_ceremony::evidence::{Claim, Report, Trust};
use keyferry_console::{Failure, Screen, fingerprint};
use serde_json::json;

/// Examines everything and says what it found.
pub(crate) fn run(args: &Args, screen: &Screen) -> Result<(), Failure> {
    let given = Given::read(&args.subject)?;
    if given.is_archive() {
        return conclude(archive::verify(given, args, screen)?, screen);
    }
    let Examined { files, report, .. } = Examined::of(given);
    screen.json(&answer(&report))?;
    for line in report_lines(&report) {
        screen.result(line)?;
    }
    let verdict = Verdict::of(&report, args.subject.complete, files.len());
    screen.result("")?;
    conclude(verdict, screen)
}

/// What scripts get.
pub(crate) fn answer(report: &Report) -> serde_json::Value {
    json!({
        "verified": report.holds(),
        "complete": report.missing_links().next().is_none(),
        "policy": report.trust.as_ref().map(policy),
        "claims": claims(report),
    })
}

/// The policy, for scripts.
pub(crate) fn policy(trust: &Trust) -> serde_json::Value {
    json!({
        "name": trust.name,
        "version": trust.version,
        "environment": trust.environment,
        "digest": trust.digest,
        "pinned": trust.pinned,
        "newest": trust.newest,
    })
}

/// Every claim, for scripts.
pub(crate) fn claims(report: &Report) -> serde_json::Value {
    let claim = |claim: &Claim| {
        json!({
            "id": claim.id,
            "file": claim.file,
            "sentence": claim.sentence,
            "standing": standing(claim.standing),
        })
    };
    report.claims.iter().map(claim).collect()
}

/// Says the verdict, and ends as it demands.
pub(crate) fn conclude(verdict: Verdict, screen: &Screen) -> Result<(), Failure> {
    screen.result(verdict.headline)?;
    if let Some(digest) = verdict.compare {
        screen.result(fingerprint::hex(&digest))?;
    }
    if !verdict.open.is_empty() {
        screen.result(format!("Open: {}.", verdict.open.join("; ")))?;
    }
    verdict.failure.map_or(Ok(()), Err)
}
