//! `keyferry verify`: what a folder proves.

use crate::cli::verify::Args;
use crate::opened::Trusted;
use crate::render::{report_lines, standing};
use keyferry_ceremony::evidence::{self, Claim, File, Pins, Report, Standing, Trust};
use keyferry_console::folder::{self, Item};
use keyferry_console::trust;
use keyferry_console::{Exit, Failure, Screen, fingerprint, one_line};
use serde_json::json;
use std::collections::BTreeSet;

/// Examines everything and says what it found.
pub(crate) fn run(args: &Args, screen: &Screen) -> Result<(), Failure> {
    let pins = pins(args)?;
    let (items, folders) = folder::read(&args.paths)?;
    if let Some([first, _]) = items.array_windows().find(|[a, b]| a.name == b.name) {
        return Err(Failure::usage(format!("two files are called {}", first.name))
            .hint("verify one ceremony at a time"));
    }
    let file = |item: Item| File { name: item.name, bytes: item.bytes };
    let files: Vec<File> = items.into_iter().map(file).collect();
    let mut report = evidence::examine(&files, &pins);
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
    conclude(&report, args.complete, files.len(), screen)
}

/// What vouches for the policy: the fingerprint given, or every version that this machine has pinned.
fn pins(args: &Args) -> Result<Pins, Failure> {
    if let Some(pin) = args.pin {
        return Ok(Pins::one(pin));
    }
    let folder = args.trust.trust.as_deref();
    // An auditor's machine may have no trust folder at all.
    if args.no_pin || trust::folder(folder).is_err() {
        return Ok(Pins::none());
    }
    Ok(Pins::history(Trusted::load(folder)?.history()))
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
        "complete": report.missing_links().next().is_none(),
        "policy": report.trust.as_ref().map(|trust| json!({
            "name": trust.name,
            "version": trust.version,
            "environment": trust.environment,
            "digest": trust.digest,
            "pinned": trust.pinned,
            "newest": trust.newest,
        })),
        "claims": report.claims.iter().map(claim).collect::<Vec<_>>(),
    })
}

fn conclude(report: &Report, complete: bool, files: usize, screen: &Screen) -> Result<(), Failure> {
    if let Some(trust) = report.trust.as_ref().filter(|_| report.holds()) {
        let holds = report.claims.iter().filter(|c| c.standing == Standing::Holds).count();
        return told(report, trust, &format!("{holds} claims about {files} files hold"), screen)
            .and_then(|()| if complete { must_be_complete(report) } else { Ok(()) });
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
            "if it is a later version, pin it: keyferry policy pin; if it is none of yours, find out whose policy this is",
        ));
    }
    Err(failure)
}

/// The headline of a folder whose every claim holds or is open.
fn told(report: &Report, trust: &Trust, holds: &str, screen: &Screen) -> Result<(), Failure> {
    let mut policy =
        format!("policy \"{}\" version {}, {}", trust.name, trust.version, trust.environment);
    if trust.newest > trust.version {
        policy = format!("{policy}, since replaced by version {}", trust.newest);
    }
    let missing = missing(report);
    let incomplete = if missing.is_empty() { "" } else { ", INCOMPLETE" };
    screen.result("")?;
    if trust.pinned {
        screen.result(format!("VERIFIED{incomplete}: {holds} under the pinned {policy}."))?;
    } else {
        screen.result(format!(
            "VERIFIED, IF the policy is yours{incomplete}: {holds} under {policy}, with this fingerprint:"
        ))?;
        screen.result(fingerprint::hex(&trust.digest))?;
    }
    if missing.is_empty() {
        return Ok(());
    }
    screen.result(format!("Open: {}.", missing.join("; ")))
}

/// The links of the chain that are not here, in words.
fn missing(report: &Report) -> Vec<String> {
    let told = |claim: &Claim| one_line(&format!("{} {}", claim.file, claim.sentence));
    report.missing_links().map(told).collect()
}

fn must_be_complete(report: &Report) -> Result<(), Failure> {
    let missing = missing(report);
    if missing.is_empty() {
        return Ok(());
    }
    let failure = Failure::new(Exit::Refused, "incomplete", "the chain is not complete");
    Err(missing
        .into_iter()
        .fold(failure, Failure::because)
        .hint("bring the missing bundles from whoever made them"))
}
