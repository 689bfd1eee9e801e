//! What it says, and how it ends.

use super::{HINT, Program, conclude, host};
use crate::{Exit, Screen, process};
use keyferry_ceremony::self_test::SelfTest;

fn program() -> Program {
    Program::running("keyferry", "0.0.0").unwrap()
}

fn good() -> SelfTest {
    SelfTest::holds("sound", "-", || Ok(()))
}

#[test]
fn one_failing_row_ends_with_1_and_says_not_to_use_the_program() {
    let screen = Screen::new(false);
    assert_eq!(conclude(&program(), &[good()], &screen), Ok(()));
    let bad = SelfTest::holds("broken", "RFC 0", || Err("it computed 1".to_owned()));
    let failure = conclude(&program(), &[good(), bad, good()], &screen).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Bug, "self-test"));
    assert_eq!(failure.error, "1 of 3 self-tests failed");
    assert_eq!(failure.because, ["FAIL  broken (RFC 0): it computed 1"]);
    assert_eq!(failure.hint.as_deref(), Some(HINT));
    assert!(HINT.starts_with("do not use this program"));
}

#[test]
fn a_program_that_cannot_read_its_own_file_does_not_pass() {
    let gone = Program { file: "/nonexistent/keyferry".into(), ..program() };
    let failure = conclude(&gone, &[good()], &Screen::new(false)).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::File, "own-file"));
}

#[test]
fn the_digest_is_of_the_running_file() {
    let bytes = std::fs::read("/proc/self/exe").unwrap();
    assert_eq!(program().digest().unwrap(), keyferry_bundle::Digest::of(&bytes));
}

#[test]
fn what_the_host_gives_passes_once_the_process_is_hardened_and_a_changed_byte_is_noticed() {
    let outcome = |name: &str| {
        host::tests().iter().find(|test| test.name() == name).map(SelfTest::run).unwrap()
    };
    assert!(
        outcome("core dumps are off").is_err()
            || outcome("others cannot read this process").is_err()
    );
    process::harden().unwrap();
    for test in host::tests() {
        assert_eq!(test.run(), Ok(()), "{}", test.name());
        for other in test.spoilt() {
            assert!(other.run().is_err(), "{}", test.name());
        }
        assert_eq!(test.spoilt().is_empty(), !test.expects_a_value());
    }
}
