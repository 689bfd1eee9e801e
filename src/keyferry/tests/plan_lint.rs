//! `keyferry plan lint`, with the real program.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a panic is a failing test"
)]

mod desk;

use desk::Desk;
use keyferry_bundle::{Bundle as _, Envelope, Plan};

/// Spoils the plan of `tests-1`, which then carries nobody's signature.
fn spoil(desk: &Desk, spoil: impl FnOnce(&mut Plan)) {
    let envelope = Envelope::decode_canonical(&desk.read("tests-1/plan.json")).unwrap();
    let mut plan: Plan = serde_json::from_slice(envelope.untrusted_payload()).unwrap();
    spoil(&mut plan);
    desk.write("tests-1/plan.json", &plan.to_envelope().unwrap().encode());
}

fn codes(json: &serde_json::Value) -> Vec<(&str, &str)> {
    let findings = json["findings"].as_array().unwrap();
    assert!(findings.iter().all(|finding| finding["sentence"] != ""));
    findings
        .iter()
        .map(|f| (f["code"].as_str().unwrap(), f["standing"].as_str().unwrap()))
        .collect()
}

#[test]
fn a_plan_is_looked_at_before_and_after_each_signature() {
    let desk = Desk::ready();
    desk.plan("tests-1", &[]).done();
    let run = desk.run(&["plan", "lint", "tests-1"], &[]).done();
    assert!(run.out.contains("REMARK  0 of 2 needed as ceremony-officer signed: nobody; 2 more of alice, bob [quorum]"), "{run:#?}");
    assert!(
        run.out.contains("It takes 5 HSM commands, at most 18 of 62 log entries, and 7 answers"),
        "{run:#?}"
    );
    assert!(run.out.ends_with("tests-1/plan.json: nothing would be refused\n"), "{run:#?}");
    desk.sign("tests-1/plan.json", "alice", "tests-1").done();
    let json = desk.run(&["--json", "plan", "lint", "tests-1/plan.json"], &[]).done().json();
    assert_eq!((&json["signed"], &json["missing"]), (&serde_json::json!(["alice"]), &1.into()));
    desk.sign("tests-1/plan.json", "bob", "tests-1").done();
    let json = desk.run(&["--json", "plan", "lint", "tests-1"], &[]).done().json();
    assert_eq!(codes(&json), [("rehearsal", "remark"), ("copies", "remark")]);
    assert_eq!((&json["missing"], &json["refused"]), (&0.into(), &false.into()));
    assert_eq!(json["digest"], desk.digest("tests-1/plan.json").to_string());
    assert_eq!(json["takes"]["log_capacity"], 62);
}

#[test]
fn the_exit_code_tells_the_policy_from_everything_else_and_everything_is_told() {
    let desk = Desk::planned();
    spoil(&desk, |plan| plan.custodians = vec!["carla".parse().unwrap()]);
    desk.run(&["plan", "lint", "tests-1"], &[])
        .refused(4, "carla is not a custodian of the policy");
    spoil(&desk, |plan| plan.targets[0].object_id = "0x0100".parse().unwrap());
    let run = desk.run(&["plan", "lint", "tests-1"], &[]).refused(3, "will be refused");
    for told in [
        "FAIL    targets[0].object_id: 0x0100 is the id of one of the device's own keys [chain]",
        "FAIL    custodians[0]: carla is not a custodian of the policy [policy]",
        "REMARK  0 of 2 needed",
    ] {
        assert!(run.out.contains(told), "{told}: {run:#?}");
    }
    let json = desk.run(&["--json", "plan", "lint", "tests-1"], &[]).refused(3, "").json();
    let codes = codes(&json);
    assert!(codes.contains(&("chain", "refused")) && codes.contains(&("policy", "not-allowed")));
    assert_eq!(json["findings"][0]["field"], "targets[0].object_id");
}

#[test]
fn what_is_no_plan_in_its_place_is_no_list_of_findings() {
    let desk = Desk::planned();
    desk.run(&["plan", "lint", "missing"], &[]).refused(8, "missing cannot be read");
    desk.run(&["plan", "lint", "tests-1/device.json"], &[]).refused(3, "has another name");
    desk.write("tests-1/notes.txt", b"");
    desk.run(&["plan", "lint", "tests-1"], &[]).refused(3, "no part of a ceremony");
    std::fs::remove_file(desk.path("tests-1/notes.txt")).unwrap();
    let device = desk.read("tests-1/device.json");
    std::fs::remove_file(desk.path("tests-1/device.json")).unwrap();
    desk.run(&["plan", "lint", "tests-1"], &[]).refused(8, "device.json");
    desk.write("tests-1/device.json", &device);
    desk.write("tests-1/plan.json", &device);
    desk.run(&["plan", "lint", "tests-1"], &[]).refused(3, "payload type is");
    desk.write("tests-1/plan.json", b"{}");
    desk.run(&["plan", "lint", "tests-1"], &[]).refused(3, "plan.json is no bundle");
    let empty = Desk::people();
    std::fs::create_dir(empty.path("tests-1")).unwrap();
    empty.run(&["plan", "lint", "tests-1"], &[]).refused(4, "no policy is pinned");
}
