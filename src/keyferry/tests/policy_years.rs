//! A policy over the years: what expires, what no longer counts, and no way back.
#![allow(clippy::unwrap_used, reason = "helpers of tests: a panic is a failing test")]

mod desk;

use desk::{Desk, told, unsigned};
use keyferry_bundle::{Envelope, Policy, seal};

#[test]
fn what_a_revoked_key_signed_is_refused_wherever_the_newest_version_is_pinned() {
    let desk = Desk::held();
    let wendy = desk.key_of("wendy");
    let since = format!("{wendy}@2026-01-01T00:00:00Z");
    // The key went from the policy: what it signed stays signed.
    desk.replace("policy-v2.json", &["--remove-key", &wendy, "--witness", "1:bob"]);
    desk.run(&["verify", "tests-1"], &[]).done();
    // It was stolen: what says that it was made since is signed by nobody.
    desk.replace("policy-v3.json", &["--revoke-key", &since]);
    let run = desk.run(&["verify", "tests-1"], &[]);
    let run = run.refused(3, "witness needs 1 distinct holder(s), got none");
    assert!(run.err.contains("a revoked key does not count: wendy"), "{run:#?}");
    let told_so = format!("PASS       key {wendy} of wendy was revoked later");
    assert!(run.out.contains(&told_so), "{run:#?}");
    let shown = desk.run(&["inspect", "device.json"], &[]).done();
    assert!(shown.out.lines().all(|line| line.starts_with("UNVERIFIED | ")), "{shown:#?}");
    // Whoever knows version 1 alone still believes it: the pin decides what is known.
    let first = desk.digest("policy-v1.json").to_string();
    desk.run(&["verify", "--pin", &first, "tests-1"], &[]).done();
    let shown = desk.run(&["policy", "show"], &[]).done();
    assert!(shown.out.contains("revoked key"), "{shown:#?}");
    assert!(shown.out.contains("since 2026-01-01T00:00:00Z"), "{shown:#?}");
    // The page that is handed on says so too.
    desk.run(&["report", "tests-1", "--html", "page.html"], &[]).refused(3, "got none");
    let page = String::from_utf8(desk.read("page.html")).unwrap();
    assert!(page.contains("of wendy was revoked later"));
    // A later version reaches further back, and none takes it back.
    let earlier = format!("{wendy}@2025-01-01T00:00:00Z");
    desk.edit("policy-v4.json", &["--revoke-key", &since]).refused(2, "revoked already");
    let changes = told(&desk.edit("policy-v4.json", &["--revoke-key", &earlier]).done());
    assert!(changes[0].starts_with("changed revoked: "), "{changes:#?}");
}

#[test]
fn a_revoked_key_signs_nothing_more() {
    let desk = Desk::ready();
    let alice = desk.key_of("alice");
    let roles = ["--policy-root", "1:bob", "--ceremony-officer", "1:bob"];
    // The old quorum of two needs alice for the very version that takes her key away.
    desk.replace("policy-v2.json", &[&["--revoke-key", &alice], &roles[..]].concat());
    let mut device = desk.device();
    device.policy = desk.digest("policy-v2.json");
    desk.write("device.json", &keyferry_ceremony::testing::signed(&device, &["hsm"]));
    desk.sign("device.json", "wendy", "hsm-1").done();
    desk.plan("tests-1", &[]).done();
    let refused = desk.sign("tests-1/plan.json", "alice", "tests-1");
    refused.refused(4, &format!("key {alice} is revoked since"));
    desk.sign("tests-1/plan.json", "bob", "tests-1").done();
}

fn claimed(desk: &Desk, file: &str) -> Policy {
    seal::claimed(&Envelope::decode_canonical(&desk.read(file)).unwrap()).unwrap()
}

/// A desk whose pinned policy says that it was made in 2025, and expires.
fn expiring(expires: &str) -> Desk {
    let desk = Desk::people();
    desk.policy("draft.json", &[]).done();
    let mut policy = claimed(&desk, "draft.json");
    policy.created = "2025-01-01T00:00:00Z".parse().unwrap();
    policy.expires = Some(expires.parse().unwrap());
    desk.write("policy-v1.json", &unsigned(&policy));
    desk.approve("policy-v1.json");
    let pinned = desk.pin("policy-v1.json").done();
    let now = keyferry_console::clock::now().unwrap();
    let past = policy.expires.is_some_and(|end| end < now);
    assert_eq!(pinned.err.contains("version 1 expired at"), past, "{pinned:#?}");
    desk
}

#[test]
fn an_expired_policy_makes_no_plan() {
    let desk = expiring("2025-06-01T00:00:00Z");
    let shown = desk.run(&["policy", "show"], &[]).done();
    assert!(shown.out.contains("version 1 expired at 2025-06-01T00:00:00Z"), "{shown:#?}");
    let mut device = desk.device();
    device.created = "2025-02-01T00:00:00Z".parse().unwrap();
    desk.write("device.json", &keyferry_ceremony::testing::signed(&device, &["hsm"]));
    desk.sign("device.json", "wendy", "hsm-1").done();
    let before = desk.listing();
    desk.plan("tests-1", &[]).refused(4, "no plan is made under an expired policy");
    assert_eq!(desk.listing(), before);
    // A device that says it was set up afterwards is not signed either.
    device.created = "2025-06-01T00:00:00Z".parse().unwrap();
    desk.write("late.json", &keyferry_ceremony::testing::signed(&device, &["hsm"]));
    desk.sign("late.json", "wendy", "hsm-1").refused(3, "but the policy expired at 2025-06-01");
    // The next version is made all the same, but not with the old date.
    desk.edit("policy-v2.json", &["--name", "Second"])
        .refused(2, "pass --expires TIME or --no-expiry");
    let changes = told(&desk.edit("policy-v2.json", &["--no-expiry"]).done());
    assert_eq!(changes, ["removed expires: 2025-06-01T00:00:00Z > -"]);
}

#[test]
fn a_policy_that_expires_soon_is_remarked_on() {
    let soon = keyferry_console::clock::now().unwrap().plus_days(30).to_string();
    let desk = expiring(&soon);
    desk.write("device.json", &keyferry_ceremony::testing::signed(&desk.device(), &["hsm"]));
    desk.sign("device.json", "wendy", "hsm-1").done();
    let made = desk.plan("tests-1", &[]).done();
    assert!(made.err.contains(&format!("warning: the policy expires at {soon}")), "{made:#?}");
    let made = desk.policy("other.json", &["--expires", "2199-01-01T00:00:00Z"]).done();
    assert!(made.err.contains("warning: it expires at 2199-01-01T00:00:00Z"), "{made:#?}");
}

#[test]
fn a_step_back_a_branch_and_a_gap_are_refused_in_words_of_their_own() {
    let desk = Desk::ready();
    desk.edit("branch.json", &["--add-region", "us-east-1"]).done();
    desk.approve("branch.json");
    desk.replace("policy-v2.json", &["--add-account", "222233334444"]);
    let pin = |file: &str, trust: &str| {
        let digest = desk.digest(file).to_string();
        desk.run(&["policy", "pin", file, "--fingerprint", &digest, "--trust", trust], &[])
    };
    pin("policy-v1.json", "trust").refused(3, "it is version 1, but version 2 is pinned here");
    pin("branch.json", "trust").refused(3, "another version 2 is pinned here");
    desk.edit("policy-v3.json", &["--add-account", "333344445555"]).done();
    desk.approve("policy-v3.json");
    // A machine that slept through version 2.
    pin("policy-v1.json", "slept").done();
    let gap = pin("policy-v3.json", "slept");
    let gap = gap.refused(3, "it is version 3, but version 1 is pinned here");
    assert!(gap.err.contains("hint: pin version 2 first"), "{gap:#?}");
    // A machine that took the branch.
    pin("branch.json", "slept").done();
    pin("policy-v3.json", "slept").refused(3, "previous: is not the digest");
    pin("policy-v2.json", "slept").refused(3, "another version 2 is pinned here");
    pin("policy-v3.json", "trust").done();
    pin("branch.json", "trust").refused(3, "version 3 is pinned here, after another version 2");
}

#[test]
fn nothing_goes_on_under_a_version_that_was_replaced() {
    let desk = Desk::planned();
    let previous = ["--previous", "tests-1/plan.json", "--ceremony-id", "tests-2"];
    desk.plan("tests-2", &previous).done();
    desk.replace("policy-v2.json", &["--add-account", "222233334444"]);
    let told = "it is of version 1 of the policy, and version 2 is pinned here";
    desk.sign("tests-2/plan.json", "alice", "tests-2").refused(3, told);
    desk.sign("device.json", "wendy", "hsm-1").refused(3, "is not the digest of the policy");
    desk.plan("late", &[]).refused(3, "is not the digest of the policy in force");
    // What was complete is still shown for what it is.
    let shown = desk.run(&["inspect", "tests-1/plan.json"], &[]).done();
    assert!(shown.out.contains("under policy version 1, since replaced"), "{shown:#?}");
}

#[test]
fn open_ceremonies_are_told_before_a_version_replaces_theirs() {
    let desk = Desk::held();
    let previous = ["--previous", "tests-1/plan.json", "--ceremony-id", "tests-2"];
    desk.plan("tests-2", &previous).done();
    desk.edit("policy-v2.json", &["--add-account", "222233334444"]).done();
    desk.approve("policy-v2.json");
    let digest = desk.digest("policy-v2.json").to_string();
    let pin = ["policy", "pin", "policy-v2.json", "--fingerprint", &digest, "--ceremonies"];
    desk.run(&[&pin[..], &["nowhere"]].concat(), &[]).refused(8, "nowhere cannot be read");
    let told = desk.run(&[&pin[..], &["."]].concat(), &[]).done();
    assert!(told.err.contains("tests-2 is open and was planned under version 1"), "{told:#?}");
    assert!(!told.err.contains("tests-1 is open"), "{told:#?}");
}
