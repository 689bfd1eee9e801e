//! `keyferry verify`: what a folder proves.

use crate::cli::verify::Args;
use crate::render::{report_lines, standing};
use keyferry_bundle::Digest;
use keyferry_ceremony::evidence::{self, Claim, File, Report, Standing};
use keyferry_console::folder::{self, Item};
use keyferry_console::trust::{self, Trust};
use keyferry_console::{Exit, Failure, Screen, fingerprint, one_line};
use serde_json::json;
use std::collections::BTreeSet;

/// Examines everything and says what it found.
pub(crate) fn run(args: &Args, screen: &Screen) -> Result<(), Failure> {
    let pin = pin(args)?;
    let (items, folders) = folder::read(&args.paths)?;
    if let Some([first, _]) = items.array_windows().find(|[a, b]| a.name == b.name) {
        return Err(Failure::usage(format!("two files are called {}", first.name))
            .hint("verify one ceremony at a time"));
    }
    let file = |item: Item| File { name: item.name, bytes: item.bytes };
    let files: Vec<File> = items.into_iter().map(file).collect();
    let mut report = evidence::examine(&files, pin);
    report.claims.extend(folders.into_iter().map(|file| Claim {
        id: "folder.files",
        file,
        sentence: "is a folder: nothing in it was checked".to_owned(),
        standing: Standing::Refused,
    }));
    screen.json(&answer(&report))?;
    for line in report_lines(&report) {
        screen.result(line)?;
    }
    conclude(&report, files.len(), screen)
}

/// The fingerprint that one version of the policy must have.
fn pin(args: &Args) -> Result<Option<Digest>, Failure> {
    if args.no_pin || args.pin.is_some() {
        return Ok(args.pin);
    }
    // An auditor's machine may have no trust folder at all.
    let Ok(folder) = trust::folder(args.trust.trust.as_deref()) else { return Ok(None) };
    Ok(Trust::find(&folder)?.map(|trust| trust.pin.policy))
}

fn answer(report: &Report) -> serde_json::Value {
    let claim = |claim: &Claim| {
        json!({
            "id": claim.id,
            "file": claim.file,
            "sentence": claim.sentence,
            "standing": standing(claim.standing),
        })
    };
    json!({
        "verified": report.holds(),
        "policy": report.trust.as_ref().map(|trust| json!({
            "name": trust.name,
            "version": trust.version,
            "environment": trust.environment,
            "digest": trust.digest,
            "pinned": trust.pinned,
        })),
        "claims": report.claims.iter().map(claim).collect::<Vec<_>>(),
    })
}

fn conclude(report: &Report, files: usize, screen: &Screen) -> Result<(), Failure> {
    if let Some(trust) = report.trust.as_ref().filter(|_| report.holds()) {
        let holds = report.claims.iter().filter(|c| c.standing == Standing::Holds).count();
        let policy =
            format!("policy \"{}\" version {}, {}", trust.name, trust.version, trust.environment);
        screen.result("")?;
        if trust.pinned {
            return screen.result(format!(
                "VERIFIED: {holds} claims about {files} files hold under the pinned {policy}."
            ));
        }
        screen.result(format!(
            "VERIFIED, IF the policy is yours: {holds} claims about {files} files hold under {policy}, with this fingerprint:"
        ))?;
        return screen.result(fingerprint::hex(&trust.digest));
    }
    let fails = |c: &&Claim| matches!(c.standing, Standing::Refused | Standing::NotAllowed);
    let mut bad: BTreeSet<&str> = BTreeSet::new();
    for claim in report.claims.iter().filter(fails) {
        bad.insert(if claim.file == "-" { "the folder" } else { &claim.file });
    }
    let bad = one_line(&bad.into_iter().collect::<Vec<_>>().join(", "));
    screen.result(format!("\nNOT VERIFIED: {bad}"))?;
    let (exit, code) = if report.fails_by_policy_only() {
        (Exit::Policy, "policy-not-met")
    } else {
        (Exit::Refused, "bundle-refused")
    };
    let mut failure = Failure::new(exit, code, format!("not accepted: {bad}"));
    for claim in report.claims.iter().filter(fails) {
        failure = failure.because(format!("{}: {}", claim.file, claim.sentence));
    }
    if report.claims.iter().any(|c| c.id == "policy.pinned" && fails(&c)) {
        return Err(failure.hint(
            "if the ceremony was held under another version, name its fingerprint with --pin; if nobody pinned one, find out whose policy this is",
        ));
    }
    Err(failure)
}
