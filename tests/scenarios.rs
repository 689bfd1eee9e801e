//! What becomes of keys after their first ceremony, rehearsed as a new operator would; and the auditor's verdict on what that left.

use keyferry_tests::{Rehearsed, Run, rehearse};
use std::process::Command;

/// Tells a story, which stops where a program does not do what it must.
#[track_caller]
fn told(scenario: &[&str]) -> Rehearsed {
    rehearse(&[&["--scenario"], scenario].concat()).unwrap()
}

/// What it left, verified with the command that it ended with.
#[track_caller]
fn verified(rehearsed: &Rehearsed) -> Run {
    let mut command = Command::new(rehearsed.programs.path("keyferry"));
    command.args(["verify", "--complete", "--no-pin"]).arg(&rehearsed.evidence);
    let run = Run::of(&mut command, &[]).unwrap();
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    run
}

/// The ceremonies in the evidence, where there are several.
fn ceremonies(rehearsed: &Rehearsed) -> Vec<String> {
    let entries = std::fs::read_dir(&rehearsed.evidence).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn an_import_token_expires_before_the_upload() {
    let told = told(&["expired-token"]);
    assert!(told.run.says("ExpiredImportToken"), "{}", told.run.stderr);
    assert!(verified(&told).says("the same as in response-1.json"), "{}", told.run.stderr);
}

#[test]
fn key_material_expires_and_is_imported_again() {
    let told = told(&["expiry"]);
    verified(&told);
    assert_eq!(ceremonies(&told), ["payments-2026", "payments-2026-2"]);
}

#[test]
fn keys_are_rotated() {
    let told = told(&["rotation"]);
    verified(&told);
    assert_eq!(ceremonies(&told), ["payments-2026", "payments-2027", "tokens-2026", "tokens-2027"]);
}

#[test]
fn one_key_material_is_in_three_regions() {
    verified(&told(&["multi-region"]));
}

#[test]
fn the_hsm_is_lost_and_nothing_else() {
    let told = told(&["disaster"]);
    verified(&told);
    assert_eq!(ceremonies(&told), ["payments-2026", "payments-2026-2"]);
}

#[test]
fn many_keys_are_imported_at_once() {
    let told = told(&["batch", "--keys", "3"]);
    assert!(told.run.says("How long it took for 6 targets"), "{}", told.run.stderr);
    verified(&told);
}

#[test]
fn a_volume_is_encrypted_under_an_imported_key() {
    verified(&told(&["ebs"]));
}

#[test]
fn what_is_of_one_ceremony_alone_goes_with_no_scenario() {
    for option in [["--key-spec", "HMAC_256"], ["--kms-endpoint", "http://127.0.0.1:1"]] {
        let refused = rehearse(&["--scenario", "expiry", option[0], option[1]]).unwrap_err();
        assert!(refused.contains("ended with 2"), "{refused}");
    }
}
