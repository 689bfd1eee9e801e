//! The officers', the witness's and the auditor's part of a whole ceremony, with the real program.

mod desk;

use desk::{Desk, PASSPHRASE};
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn an_identity_is_two_files_that_openssl_would_read() {
    let desk = Desk::empty();
    let made = desk.run(&["--json", "identity", "new", "alice"], &[PASSPHRASE]).done().json();
    let permissions = desk.path("alice").metadata().unwrap().permissions();
    assert_eq!(permissions.mode() & 0o777, 0o600);
    let pem = String::from_utf8(desk.read("alice.pub.pem")).unwrap();
    assert!(
        pem.starts_with("-----BEGIN PUBLIC KEY-----\n")
            && pem.ends_with("-----END PUBLIC KEY-----\n")
    );
    let shown = desk.run(&["identity", "show", "alice"], &[PASSPHRASE]).done();
    assert!(shown.out.contains(&pem) && shown.out.contains(made["key_id"].as_str().unwrap()));
    desk.run(&["identity", "show", "alice"], &["another passphrase"])
        .refused(8, "the identity cannot be opened");
    for private in [PASSPHRASE, "PRIVATE"] {
        assert!(!shown.out.contains(private) && !shown.err.contains(private));
    }
}

#[test]
fn a_policy_is_made_signed_pinned_and_shown() {
    let desk = Desk::people();
    let made = desk.policy("policy-v1.json", &[]).done();
    assert!(made.err.contains("policy-root needs 2 distinct holder(s), got none"), "{made:#?}");
    let first = desk.sign("policy-v1.json", "alice", "Tests").done();
    assert!(first.err.contains("alice signed policy-v1.json as policy-root"), "{first:#?}");
    assert!(first.err.contains("got 1 (alice)"), "{first:#?}");
    let second = desk.sign("policy-v1.json", "bob", "Tests").done();
    assert!(second.err.contains("every quorum is met"), "{second:#?}");
    desk.run(&["policy", "show"], &[]).refused(4, "no policy is pinned");
    let loose = desk.run(&["inspect", "policy-v1.json"], &[]).done();
    assert!(loose.out.lines().all(|line| line.starts_with("UNVERIFIED | ")), "{loose:#?}");
    desk.pin("policy-v1.json").done();
    let shown = desk.run(&["policy", "show"], &[]).done();
    assert!(shown.out.lines().all(|line| line.starts_with("VERIFIED   | ")), "{shown:#?}");
    assert!(shown.out.contains("2 of alice, bob"), "{shown:#?}");
    let file = desk.run(&["policy", "show", "policy-v1.json"], &[]).done();
    assert!(file.out.lines().all(|line| line.starts_with("VERIFIED   | ")), "{file:#?}");
    let again = desk.pin("policy-v1.json").done();
    assert!(again.err.contains("pinned here already"), "{again:#?}");
}

#[test]
fn a_policy_can_be_signed_while_it_is_made() {
    let desk = Desk::people();
    let mut args = vec!["--json"];
    let more = ["--identity", "alice", "bob"];
    let answers = [PASSPHRASE, "Tests", PASSPHRASE, "Tests"];
    let line = policy_line();
    args.extend(line.iter().map(String::as_str));
    args.extend(more);
    assert_eq!(desk.run(&args, &answers).done().json()["complete"], true);
    desk.pin("policy-v1.json").done();
}

fn policy_line() -> Vec<String> {
    "policy new --out policy-v1.json --environment rehearsal --name Tests --key alice=alice.pub.pem bob=bob.pub.pem \
     --policy-root 2:alice,bob --ceremony-officer 2:alice,bob --online-operator 1:alice --witness 1:bob \
     --account 111122223333 --region eu-central-1 --key-spec SYMMETRIC_DEFAULT --device 12345678"
        .split_whitespace()
        .map(ToOwned::to_owned)
        .collect()
}

#[test]
fn the_next_version_replaces_the_pinned_one() {
    let desk = Desk::ready();
    desk.policy("policy-v2.json", &["--previous", "policy-v1.json", "--device", "87654321"]).done();
    desk.sign("policy-v2.json", "alice", "Tests").done();
    desk.pin("policy-v2.json").refused(4, "policy-root needs 2 distinct holder(s), got 1 (alice)");
    desk.sign("policy-v2.json", "bob", "Tests").done();
    let waiting = desk.run(&["inspect", "policy-v2.json"], &[]).done();
    assert!(waiting.out.contains("not pinned here yet"), "{waiting:#?}");
    desk.pin("policy-v2.json").done();
    desk.pin("policy-v1.json").refused(3, "it is version 1, but version 2 is pinned here");
    // What was made under version 1 is still shown for what it is.
    let device = desk.run(&["inspect", "device.json"], &[]).done();
    assert!(
        device.out.contains("VERIFIED   | (note: under policy version 1, since replaced)"),
        "{device:#?}"
    );
    desk.plan("late", &[]).refused(3, "is not the digest of the policy in force");
    assert!(!desk.path("late").exists());
}

#[test]
fn a_ceremony_is_planned_signed_inspected_and_verified() {
    let desk = Desk::held();
    let verified = desk.run(&["verify", "tests-1"], &[]).done();
    for claim in [
        "PASS       policy \"Tests\" version 1, rehearsal, is signed by its policy-root quorum",
        "PASS       is the policy that was pinned",
        "PASS       plan 1 of ceremony tests-1 is approved",
        "NOT SHOWN  its import token is not among these files",
        "VERIFIED: ",
    ] {
        assert!(verified.out.contains(claim), "{claim} {verified:#?}");
    }
    let json = desk.run(&["--json", "verify", "tests-1"], &[]).done().json();
    assert_eq!(json["verified"], true);
    assert_eq!(json["policy"]["pinned"], true);
    for file in desk.listing().iter().filter(|path| path.parent() == Some(&desk.path("tests-1"))) {
        let name = file.file_name().unwrap().to_str().unwrap();
        let claims = json["claims"].as_array().unwrap();
        assert!(claims.iter().any(|claim| claim["file"] == name), "{name} {json:#}");
    }
    let loose = desk.run(&["verify", "--no-pin", "tests-1"], &[]).done();
    assert!(loose.out.contains("VERIFIED, IF the policy is yours"), "{loose:#?}");
    let digest = desk.digest("policy-v1.json").to_string();
    assert!(loose.out.contains(&digest[..4]));
    desk.run(&["verify", "--pin", &digest, "tests-1"], &[]).done();
    let other = "00".repeat(32);
    desk.run(&["verify", "--pin", &other, "tests-1"], &[]).refused(3, "policy-v1.json");
    let inspected =
        desk.run(&["inspect", "tests-1/plan.json", "tests-1/response-1.json"], &[]).done();
    assert!(inspected.out.lines().all(|line| line.starts_with("VERIFIED   | ")), "{inspected:#?}");
    let json = desk.run(&["--json", "inspect", "tests-1/receipt-1.json"], &[]).done().json();
    assert_eq!(json["bundles"][0]["verified"], true, "{json:#}");
    assert_eq!(json["bundles"][0]["signers"][0], "oscar");
}

/// A journal of the bastion and half of a file may outlive a cut; any other file that nobody knows is refused.
#[test]
fn what_a_cut_left_is_no_evidence_and_disturbs_none() {
    let desk = Desk::held();
    let sound = desk.run(&["verify", "tests-1"], &[]).done().out;
    for left in ["journal-1.json", ".receipt-1.json.0a40da6c73d967f1.part"] {
        std::fs::write(desk.path("tests-1").join(left), b"{}").unwrap();
    }
    assert_eq!(desk.run(&["verify", "tests-1"], &[]).done().out, sound);
    std::fs::write(desk.path("tests-1").join("journal-x.json"), b"{}").unwrap();
    desk.run(&["verify", "tests-1"], &[]).refused(3, "journal-x.json: is no bundle");
    std::fs::remove_file(desk.path("tests-1").join("journal-x.json")).unwrap();
    std::fs::write(desk.path("tests-1").join(".x.0a40da6c73d967f1.part"), b"{}").unwrap();
    desk.run(&["verify", "tests-1"], &[]).refused(3, "is no file that a ceremony leaves");
}

#[test]
fn a_transcript_is_shown_line_by_line_and_only_under_its_own_number() {
    let desk = Desk::held();
    let shown = desk.run(&["inspect", "tests-1/transcript-1.json"], &[]).done();
    for line in [
        "VERIFIED   |   secret        Password of authentication key 0x0002",
        "VERIFIED   |   asked         Generate and wrap this key material?",
        "VERIFIED   |   answered      tests-1",
    ] {
        assert!(shown.out.lines().any(|shown| shown == line), "{line} {shown:#?}");
    }
    let refused = |name: &str, because: &str| {
        let shown = desk.run(&["inspect", name], &[]).done();
        assert!(shown.out.contains("UNVERIFIED | "), "{shown:#?}");
        assert!(shown.out.contains(because), "{shown:#?}");
    };
    desk.write("tests-1/transcript-2.json", &desk.read("tests-1/transcript-1.json"));
    refused("tests-1/transcript-2.json", "its counter is 1");
    desk.write("tests-1/request-2.json", &desk.read("tests-1/transcript-1.json"));
    refused("tests-1/request-2.json", "it holds a transcript, which has another name");
    // Nobody but the HSM signs one.
    let signed = desk.sign("tests-1/transcript-1.json", "wendy", "transcript");
    assert!(signed.code != 0, "{signed:#?}");
}

#[test]
fn a_ceremony_is_verified_under_the_history_and_the_next_year_follows_it() {
    let desk = Desk::held();
    Desk::wait_for_another_second();
    desk.policy("policy-v2.json", &["--previous", "policy-v1.json"]).done();
    for name in ["alice", "bob"] {
        desk.sign("policy-v2.json", name, "Tests").done();
    }
    desk.pin("policy-v2.json").done();
    let verified = desk.run(&["verify", "tests-1"], &[]).done();
    for said in [
        "is the policy that was pinned: version 1, since replaced by version 2 here",
        "was made under policy version 1, replaced by version 2",
        "version 1, rehearsal, since replaced by version 2.",
    ] {
        assert!(verified.out.contains(said), "{said} {verified:#?}");
    }
    // The HSM gets a device bundle under the new version; its plans go on counting.
    let mut device = desk.device();
    device.policy = desk.digest("policy-v2.json");
    desk.write("device.json", &keyferry_ceremony::testing::signed(&device, &["hsm"]));
    desk.sign("device.json", "wendy", "hsm-1").done();
    let previous = ["--previous", "tests-1/plan.json", "--ceremony-id", "tests-2"];
    desk.plan("tests-2", &previous).done();
    let shown = desk.run(&["--json", "inspect", "tests-2/plan.json"], &[]).done().json();
    let plan = &shown["bundles"][0]["payload"];
    assert_eq!(
        (&plan["counter"], plan["policy"].as_str()),
        (&2.into(), Some(device.policy.to_string().as_str()))
    );
    // Another HSM has other plans.
    device.serial = keyferry_bundle::Serial::new(7);
    let other = desk.read("tests-1/device.json");
    desk.write("tests-1/device.json", &desk.read("device.json"));
    desk.plan("tests-3", &previous).refused(3, "plan.json is not accepted");
    desk.write("tests-1/device.json", &other);
}

#[test]
fn a_trust_folder_that_is_named_must_have_a_pin() {
    let desk = Desk::held();
    for command in ["verify", "report"] {
        let mut args = vec![command, "tests-1", "--trust", "trsut"];
        if command == "report" {
            args.extend(["--html", "page.html"]);
        }
        desk.run(&args, &[]).refused(4, "no policy is pinned in trsut");
    }
    desk.run(&["verify", "tests-1", "--trust", "trust"], &[]).done();
    let loose = desk.run(&["verify", "tests-1", "--trust", "trsut", "--no-pin"], &[]).done();
    assert!(loose.out.contains("VERIFIED, IF the policy is yours"), "{loose:#?}");
}

#[test]
fn a_chain_that_ends_early_is_verified_but_incomplete() {
    let desk = Desk::held();
    let whole = desk.run(&["verify", "--complete", "tests-1"], &[]).done();
    assert!(whole.out.contains("VERIFIED: ") && !whole.out.contains("INCOMPLETE"), "{whole:#?}");
    std::fs::remove_file(desk.path("tests-1/receipt-1.json")).unwrap();
    let cut = desk.run(&["verify", "tests-1"], &[]).done();
    assert!(cut.out.contains("VERIFIED, INCOMPLETE: "), "{cut:#?}");
    assert!(cut.out.contains("Open: response-1.json has no receipt here."), "{cut:#?}");
    let cut = desk.run(&["verify", "--complete", "tests-1"], &[]);
    cut.refused(3, "response-1.json has no receipt here");
    let json = desk.run(&["--json", "verify", "tests-1"], &[]).done().json();
    assert_eq!((&json["verified"], &json["complete"]), (&true.into(), &false.into()));
}

#[test]
fn one_changed_byte_is_found_and_its_bundle_named() {
    let desk = Desk::held();
    for path in desk.listing().iter().filter(|path| path.parent() == Some(&desk.path("tests-1"))) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let sound = std::fs::read(path).unwrap();
        let last = sound.len() - 1;
        for position in (0..last).step_by(1 + sound.len() / 12).chain([last]) {
            let mut spoiled = sound.clone();
            spoiled[position] ^= 1;
            std::fs::write(path, spoiled).unwrap();
            let run = desk.run(&["verify", "tests-1"], &[]).refused(3, &name);
            assert!(run.out.contains("NOT VERIFIED: "), "{run:#?}");
        }
        std::fs::write(path, sound).unwrap();
    }
    desk.run(&["verify", "tests-1"], &[]).done();
}

#[test]
fn plans_follow_each_other() {
    let desk = Desk::planned();
    let previous = ["--previous", "tests-1/plan.json", "--ceremony-id", "tests-2"];
    desk.plan("tests-2", &previous).done();
    let shown = desk.run(&["--json", "inspect", "tests-2/plan.json"], &[]).done().json();
    let plan = &shown["bundles"][0]["payload"];
    assert_eq!(plan["counter"], 2);
    assert_eq!(plan["previous"], desk.digest("tests-1/plan.json").to_string());
    let dated = ["--valid-to", &in_days(300), "--domains", "1", "--label", "k"];
    desk.plan("tests-3", &dated).done();
    let shown = desk.run(&["inspect", "tests-3/plan.json"], &[]).done();
    assert!(
        shown.out.contains("domains 1") && shown.out.contains("KMS deletes it at"),
        "{shown:#?}"
    );
    // A plan that nobody approved is nothing to follow.
    desk.plan("tests-4", &["--previous", "tests-2/plan.json"])
        .refused(4, "ceremony-officer needs 2");
    assert!(!desk.path("tests-4").exists());
}

/// A date by the host's clock.
#[expect(clippy::unwrap_used, reason = "test code: a panic is a failing test")]
fn in_days(days: u16) -> String {
    keyferry_console::clock::now().unwrap().plus_days(days).to_string()
}

#[test]
fn a_date_more_than_a_year_ahead_makes_no_plan() {
    let desk = Desk::ready();
    desk.plan("far", &["--valid-to", &in_days(366)]).refused(3, "more than 365 days after");
    desk.plan("past", &["--valid-to", "2026-01-01T00:00:00Z"]).refused(3, "is not after");
    assert!(!desk.path("far").exists() && !desk.path("past").exists());
}

#[test]
fn fingerprints_are_of_what_a_bundle_says() {
    let desk = Desk::people();
    desk.policy("policy-v1.json", &[]).done();
    let before = desk.run(&["fingerprint", "policy-v1.json"], &[]).done();
    desk.sign("policy-v1.json", "alice", "Tests").done();
    let after = desk.run(&["fingerprint", "policy-v1.json"], &[]).done();
    assert_eq!(before.out, after.out);
    assert_eq!(after.out.lines().count(), 1 + 4 + 4, "{after:#?}");
    desk.run(&["fingerprint", "alice.pub.pem"], &[]).refused(3, "is no bundle");
}
