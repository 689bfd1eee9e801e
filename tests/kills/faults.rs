//! What goes wrong without anybody's kill: each fault ends in the exit code of `docs/exit-codes.md`, says what to do next, and that works:
//! it is done to the letter, and then the rest of the ceremony.

use super::scenario::{Checked, Scenario, typed};
use keyferry_tests::Run;
use std::process::Command;

const DAY: i64 = 24 * 60 * 60;

/// A run has ended so, and said so.
fn ended(run: &Run, code: i32, says: &[&str]) {
    assert_eq!(run.code, code, "{}", run.stderr);
    for says in says {
        assert!(run.says(says), "{says:?} is missing in:\n{}", run.stderr);
    }
}

fn hsm(scenario: &Scenario, faults: &str) {
    scenario.hsm.ask("POST", "/virtual/faults", faults).unwrap();
}

fn kms(scenario: &Scenario, fault: &str) {
    scenario.kms.ask("POST", "/virtual/fault", fault).unwrap();
}

fn respond(scenario: &Scenario, with: impl FnOnce(&mut Command)) -> Run {
    let (mut command, answers) = scenario.respond();
    with(&mut command);
    Run::of(&mut command, &answers).unwrap()
}

fn import(scenario: &Scenario, options: &[&str], with: impl FnOnce(&mut Command)) -> Run {
    let (mut command, answers) = scenario.import(options);
    with(&mut command);
    Run::of(&mut command, &typed(&answers)).unwrap()
}

fn fetch(scenario: &Scenario, with: impl FnOnce(&mut Command)) -> Run {
    let (mut command, answers) = scenario.fetch();
    with(&mut command);
    Run::of(&mut command, &typed(&answers)).unwrap()
}

fn off(seconds: i64) -> impl FnOnce(&mut Command) {
    move |command| {
        command.env("KEYFERRY_TEST_CLOCK_OFF", seconds.to_string());
    }
}

/// The ceremony is finished from here on, as if nothing had happened.
fn finished(rest: Checked<std::collections::BTreeSet<String>>) {
    rest.unwrap();
}

#[test]
fn a_full_store() {
    let scenario = Scenario::unanswered();
    hsm(&scenario, "{\"store_limit\":3}");
    let run = respond(&scenario, |_| {});
    ended(
        &run,
        5,
        &[
            "object store has no room",
            "delete what is not needed, plan fewer key materials, or plan another HSM",
        ],
    );
    // Somebody has deleted what was not needed.
    hsm(&scenario, "{}");
    ended(&respond(&scenario, |_| {}), 0, &[]);
    finished(scenario.countersign_and_import());
}

#[test]
fn a_log_that_is_full() {
    let scenario = Scenario::unanswered();
    hsm(&scenario, "{\"log_room\":0}");
    // It was filled by starts that nobody planned: an auditor is to see them.
    let run = respond(&scenario, |_| {});
    ended(&run, 3, &["the HSM was started", "--accept-log-gap"]);
    let (mut command, [password, ceremony]) = scenario.respond();
    command.arg("--accept-log-gap");
    ended(&Run::of(&mut command, &[password, "gap", ceremony]).unwrap(), 0, &[]);
}

#[test]
fn a_log_that_runs_full_with_questions() {
    let scenario = Scenario::unanswered();
    for _ in 0..25 {
        let answers = ["rehearsal password of hsm-1", "no"];
        let run = scenario.scene.respond_with(&scenario.hsm.url, &answers).unwrap();
        ended(&run, 7, &[]);
    }
    ended(&respond(&scenario, |_| {}), 0, &[]);
    finished(scenario.countersign_and_import());
}

#[test]
fn a_session_that_the_hsm_ended() {
    let scenario = Scenario::unanswered();
    hsm(&scenario, "{\"end_session_at\":2}");
    let run = respond(&scenario, |_| {});
    ended(&run, 5, &["check the connection, then run the same command again"]);
    ended(&respond(&scenario, |_| {}), 0, &[]);
    finished(scenario.countersign_and_import());
}

#[test]
fn an_hsm_that_is_unplugged() {
    let scenario = Scenario::unanswered();
    hsm(&scenario, "{\"gone_at\":1}");
    let run = respond(&scenario, |_| {});
    ended(&run, 5, &["check the connection, then run the same command again"]);
    // Still out.
    let run = respond(&scenario, |_| {});
    ended(&run, 5, &["the HSM cannot be reached", "check the cable"]);
    hsm(&scenario, "{}");
    ended(&respond(&scenario, |_| {}), 0, &[]);
    finished(scenario.countersign_and_import());
}

#[test]
fn a_kms_that_is_too_busy() {
    let scenario = Scenario::answered();
    let busy = "{\"operation\":\"DescribeKey\",\"kind\":\"throttle\",\"count\":4}";
    kms(&scenario, busy);
    let run = import(&scenario, &[], |_| {});
    ended(&run, 5, &["AWS is too busy", "wait a minute, then run the command again"]);
    ended(&import(&scenario, &[], |_| {}), 0, &[]);
    finished(scenario.audit());
}

#[test]
fn an_import_without_an_answer_that_took_effect() {
    let scenario = Scenario::answered();
    kms(&scenario, "{\"operation\":\"ImportKeyMaterial\",\"kind\":\"lose-answer\"}");
    let run = import(&scenario, &[], |_| {});
    ended(&run, 0, &["looking at the key before anything else is done"]);
    finished(scenario.audit());
}

#[test]
fn a_rooms_clock_that_is_a_day_off() {
    for seconds in [DAY, -DAY] {
        let scenario = Scenario::unanswered();
        ended(&respond(&scenario, off(seconds)), 0, &[]);
        finished(scenario.countersign_and_import());
    }
}

#[test]
fn a_bastions_clock_that_is_a_day_fast() {
    let scenario = Scenario::answered();
    let run = import(&scenario, &[], off(DAY));
    ended(&run, 5, &["stopped working at", "this host's clock"]);
    ended(&import(&scenario, &[], |_| {}), 0, &[]);
    finished(scenario.audit());
    let scenario = Scenario::unasked();
    ended(&fetch(&scenario, off(DAY)), 5, &["this host's clock"]);
    ended(&fetch(&scenario, |_| {}), 0, &[]);
    finished(scenario.answer_and_import());
}

#[test]
fn a_bastions_clock_that_is_a_day_slow() {
    let scenario = Scenario::answered();
    let run = import(&scenario, &[], off(-DAY));
    ended(&run, 5, &["this host's clock"]);
    ended(&import(&scenario, &[], |_| {}), 0, &[]);
    finished(scenario.audit());
}

#[test]
fn a_full_medium_in_the_room() {
    let scenario = Scenario::unanswered();
    let full = |command: &mut Command| {
        command.env("KEYFERRY_TEST_FULL_AT", "1");
    };
    let run = respond(&scenario, full);
    ended(&run, 8, &["No space left on device", "has room"]);
    ended(&respond(&scenario, |_| {}), 0, &[]);
    finished(scenario.countersign_and_import());
}

#[test]
fn parameters_that_expired() {
    let scenario = Scenario::answered();
    scenario.kms.ask("POST", "/virtual/clock", "{\"advance_seconds\":90000}").unwrap();
    let run = import(&scenario, &[], |_| {});
    ended(
        &run,
        5,
        &["ExpiredImportToken", "`keyferry-online fetch --again` and have the room answer again"],
    );
    let again = |command: &mut Command| {
        command.arg("--again");
    };
    ended(&fetch(&scenario, again), 0, &[]);
    finished(scenario.answer_and_import());
}
