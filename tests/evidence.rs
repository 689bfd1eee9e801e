//! What the auditor gets: every claim named, and every changed byte found.

use keyferry_tests::{Run, rehearsed};
use std::path::Path;
use std::process::Command;

fn verify(folder: &Path, options: &[&str]) -> Run {
    let mut command = Command::new(rehearsed().programs.path("keyferry"));
    command.arg("verify").arg(folder).args(options).env("KEYFERRY_TRUST", folder.join("no-trust"));
    Run::of(&mut command, &[]).unwrap()
}

fn bundles() -> Vec<(String, Vec<u8>)> {
    let mut bundles = Vec::new();
    for entry in std::fs::read_dir(&rehearsed().evidence).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        bundles.push((name, std::fs::read(entry.path()).unwrap()));
    }
    bundles.sort();
    bundles
}

#[test]
fn a_rehearsal_leaves_evidence_that_verifies_and_names_each_claim() {
    let run = verify(&rehearsed().evidence, &[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    for claim in [
        "policy.signed",
        "device.signed",
        "device.attestation",
        "plan.approved",
        "plan.allowed",
        "request.signed",
        "request.wrapping-key",
        "response.signed",
        "response.request",
        "response.backup",
        "backup.signed",
        "backup.copy",
        "receipt.signed",
        "receipt.import",
        "receipt.proof",
        "transcript.signed",
        "transcript.chain",
        "transcript.about",
    ] {
        let holds = |line: &str| line.contains("PASS") && line.ends_with(&format!("[{claim}]"));
        assert!(run.stdout.lines().any(holds), "{claim} does not hold in:\n{}", run.stdout);
    }
    let json = verify(&rehearsed().evidence, &["--json"]);
    let answer: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(answer["verified"], true);
    assert!(answer["claims"].as_array().unwrap().len() >= 13);
}

#[test]
fn the_folder_of_evidence_holds_every_kind() {
    let names: Vec<String> = bundles().into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "backup-payments.age",
            "backup-payments.json",
            "backup-payments.yhw",
            "device.json",
            "log-1.json",
            "plan.json",
            "policy-v1.json",
            "receipt-1.json",
            "request-1.json",
            "response-1.json",
            "transcript-1.json",
            "transcript-2.json",
        ]
    );
}

#[test]
fn a_changed_byte_in_any_bundle_is_refused_by_name() {
    for (name, bytes) in bundles() {
        if Path::new(&name).extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let positions =
            [0, bytes.len() / 3, bytes.len() * 2 / 3, bytes.len() - 40, bytes.len() - 1];
        for position in positions {
            let folder = tempfile::tempdir().unwrap();
            for (other, content) in bundles() {
                std::fs::write(folder.path().join(other), content).unwrap();
            }
            let mut spoiled = bytes.clone();
            spoiled[position] ^= 1;
            std::fs::write(folder.path().join(&name), spoiled).unwrap();
            let run = verify(folder.path(), &[]);
            assert_eq!(run.code, 3, "{name} at {position}: {}{}", run.stdout, run.stderr);
            let blamed = run.stdout.lines().chain(run.stderr.lines());
            assert!(blamed.into_iter().any(|line| line.contains(&name)), "{name} at {position}");
        }
    }
}

/// The same check without a process for each byte: all positions of one bundle, every eleventh of the others.
#[test]
fn every_byte_counts() {
    use keyferry_ceremony::evidence::{File, Pins, Standing, examine};
    let folder: Vec<File> =
        bundles().into_iter().map(|(name, bytes)| File { name, bytes }).collect();
    assert!(examine(&folder, &Pins::none()).holds());
    let mut tried = 0;
    for (index, file) in folder.iter().enumerate() {
        let step = if file.name == "backup-payments.json" { 1 } else { 11 };
        for position in (0..file.bytes.len()).step_by(step) {
            let mut spoiled = folder.clone();
            spoiled[index].bytes[position] ^= 1 << (position % 8);
            let report = examine(&spoiled, &Pins::none());
            let blamed = report
                .claims
                .iter()
                .any(|claim| claim.file == file.name && claim.standing == Standing::Refused);
            assert!(blamed && !report.holds(), "{} at {position}", file.name);
            tried += 1;
        }
    }
    assert!(tried > 2000, "{tried}");
}

#[test]
fn another_policy_than_the_pinned_one_is_refused() {
    let other = "0".repeat(64);
    let run = verify(&rehearsed().evidence, &["--pin", &other]);
    assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
}

#[test]
fn a_folder_that_does_not_exist_is_no_evidence() {
    assert_eq!(verify(Path::new("/nonexistent-folder"), &[]).code, 8);
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(verify(empty.path(), &[]).code, 3);
}
