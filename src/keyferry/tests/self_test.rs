//! `keyferry self-test`, as a process: what it shows of its file is what another tool shows.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Mutex;

const PROGRAM: &str = env!("CARGO_BIN_EXE_keyferry");
/// A file cannot be run while a process that is just starting still has it open for writing.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn self_test(program: &Path, json: bool) -> Output {
    let mut command = Command::new(program);
    command.arg("self-test").args(json.then_some("--json")).output().unwrap()
}

/// What `sha256sum` says of a file.
fn sha256sum(file: &Path) -> String {
    let output = Command::new("sha256sum").arg(file).output().unwrap();
    String::from_utf8(output.stdout).unwrap()[..64].to_owned()
}

#[test]
fn the_program_tests_itself_and_shows_the_digest_that_sha256sum_shows() {
    let _alone = ONE_AT_A_TIME.lock();
    let program = Path::new(PROGRAM);
    let output = self_test(program, true);
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{answer:#}");
    assert_eq!(answer["sha256"], sha256sum(program));
    assert_eq!(answer["words"].as_str().unwrap().split(' ').count(), 32);
    assert_eq!((&answer["program"], &answer["passed"]), (&"keyferry".into(), &true.into()));
    let tests = answer["tests"].as_array().unwrap();
    assert!(tests.len() > 40 && tests.iter().all(|test| test["passed"] == true), "{answer:#}");
    let text = String::from_utf8(self_test(program, false).stdout).unwrap();
    let lines = text.lines().filter(|line| line.starts_with("PASS  ")).count();
    assert_eq!(lines, tests.len());
    assert!(text.contains(&format!("SELF-TEST PASSED: {lines} tests.")), "{text}");
}

/// It still passes every test: that is why the digest is compared.
#[test]
fn a_swapped_program_shows_another_digest() {
    let _alone = ONE_AT_A_TIME.lock();
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("keyferry");
    let mut bytes = std::fs::read(PROGRAM).unwrap();
    bytes.push(0);
    std::fs::write(&other, bytes).unwrap();
    std::fs::set_permissions(&other, std::fs::Permissions::from_mode(0o755)).unwrap();
    let output = self_test(&other, true);
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["sha256"], sha256sum(&other));
    assert_ne!(answer["sha256"], sha256sum(Path::new(PROGRAM)));
    assert_eq!(answer["passed"], true);
}
