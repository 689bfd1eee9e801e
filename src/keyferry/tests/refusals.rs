//! Everything this program must refuse: the exit code, the message, and nothing left behind.

mod desk;

use desk::{Desk, PASSPHRASE, unsigned};
use keyferry_bundle::{Digest, Envelope, Environment};
use keyferry_ceremony::testing::{RECIPIENT, Story, signed};

/// Runs a command that must fail and leave every file as it was.
#[track_caller]
fn leaves_all(desk: &Desk, code: i32, saying: &str, run: impl FnOnce() -> desk::Run) {
    let snapshot = || -> Vec<_> {
        let paths = desk.listing().into_iter();
        paths.map(|path| (std::fs::read(&path).unwrap_or_default(), path)).collect()
    };
    let before = snapshot();
    run().refused(code, saying);
    assert_eq!(snapshot(), before);
}

#[test]
fn a_signature_that_would_not_count_is_not_added() {
    let desk = Desk::ready();
    desk.plan("tests-1", &[]).done();
    let plan = "tests-1/plan.json";
    let sign = |who: &str, word: &str| desk.sign(plan, who, word);
    leaves_all(&desk, 4, "wendy's key does not count as ceremony-officer", || {
        sign("wendy", "tests-1")
    });
    leaves_all(&desk, 4, "is not enrolled in the policy", || sign("mallory", "tests-1"));
    leaves_all(&desk, 7, "a person declined", || sign("alice", "yes"));
    leaves_all(&desk, 8, "cannot be opened", || {
        desk.run(&["sign", plan, "--identity", "alice"], &["another passphrase", "tests-1"])
    });
    leaves_all(&desk, 2, "nobody answered", || {
        desk.run(&["sign", plan, "--identity", "alice"], &[PASSPHRASE])
    });
    sign("bob", "tests-1").done();
    leaves_all(&desk, 3, "bob signed this bundle already, with this key", || {
        sign("bob", "tests-1")
    });
    leaves_all(&desk, 4, "a person counts once", || sign("bob2", "tests-1"));
    leaves_all(&desk, 4, "does not count as witness", || {
        desk.sign("device.json", "oscar", "hsm-1")
    });
}

#[test]
fn a_quorum_that_is_short_is_not_enough() {
    let desk = Desk::people();
    desk.policy("policy-v1.json", &[]).done();
    desk.sign("policy-v1.json", "alice", "Tests").done();
    leaves_all(&desk, 4, "needs 2 distinct holder(s), got 1 (alice)", || {
        desk.pin("policy-v1.json")
    });
    desk.sign("policy-v1.json", "bob", "Tests").done();
    desk.pin("policy-v1.json").done();

    desk.write("device.json", &signed(&desk.device(), &["hsm"]));
    leaves_all(&desk, 4, "witness needs 1 distinct holder(s)", || desk.plan("tests-1", &[]));
    desk.write("unsigned.json", &unsigned(&desk.device()));
    leaves_all(&desk, 4, "hsm-signer needs 1", || desk.sign("unsigned.json", "wendy", "hsm-1"));
    desk.sign("device.json", "wendy", "hsm-1").done();

    desk.plan("tests-1", &[]).done();
    desk.sign("tests-1/plan.json", "alice", "tests-1").done();
    let run = desk.run(&["verify", "tests-1"], &[]).refused(4, "ceremony-officer needs 2");
    assert!(run.out.contains("NOT VERIFIED: plan.json"), "{run:#?}");
    let run = desk.run(&["inspect", "tests-1/plan.json"], &[]).done();
    assert!(run.out.lines().all(|line| line.starts_with("UNVERIFIED | ")), "{run:#?}");
    assert!(run.out.contains("ceremony-officer needs 2 distinct holder(s), got 1 (alice)"));
}

#[test]
fn the_pin_moves_forward_only() {
    let desk = Desk::ready();
    let wrong = Digest::of(b"another").to_string();
    leaves_all(&desk, 3, "this is not the policy of that fingerprint", || {
        desk.run(&["policy", "pin", "policy-v1.json", "--fingerprint", &wrong], &[])
    });
    desk.policy("fork.json", &[]).done();
    for name in ["alice", "bob"] {
        leaves_all(&desk, 3, "another version 1 is pinned here", || {
            desk.sign("fork.json", name, "Tests")
        });
        let elsewhere = ["sign", "fork.json", "--identity", name, "--trust", "nowhere"];
        desk.run(&elsewhere, &[PASSPHRASE, "Tests"]).done();
    }
    leaves_all(&desk, 3, "another version 1 is pinned here", || desk.pin("fork.json"));

    let previous = |out: &str, file: &str| desk.policy(out, &["--previous", file]);
    previous("policy-v2.json", "policy-v1.json").done();
    for name in ["alice", "bob"] {
        desk.sign("policy-v2.json", name, "Tests").done();
    }
    desk.run(&["policy", "pin", "policy-v2.json"], &["0000", "0000"])
        .refused(2, "typed back at a terminal");
    desk.pin("policy-v2.json").done();
    previous("policy-v3.json", "policy-v2.json").done();
    for name in ["alice", "bob"] {
        desk.sign("policy-v3.json", name, "Tests").done();
    }
    leaves_all(&desk, 3, "it is version 1, but version 2 is pinned here", || {
        desk.pin("policy-v1.json")
    });
    leaves_all(&desk, 3, "after another version 1", || desk.pin("fork.json"));
    let digest = desk.digest("policy-v3.json").to_string();
    let elsewhere =
        ["policy", "pin", "policy-v3.json", "--fingerprint", &digest, "--trust", "nowhere"];
    leaves_all(&desk, 3, "it is version 3, but no policy is pinned here", || {
        desk.run(&elsewhere, &[])
    });
}

#[test]
fn a_plan_beyond_the_policy_makes_no_folder() {
    let desk = Desk::ready();
    let key = |from: &str, to: &str| desk::KEY.replace(from, to);
    let region = key("eu-central-1", "us-east-1");
    let account = key("111122223333", "999999999999");
    for (code, saying, more) in [
        (4, "region: is us-east-1", ["--key-arn", &region]),
        (4, "account: is 999999999999", ["--key-arn", &account]),
        (4, "key_spec: is RSA_4096", ["--key-spec", "RSA_4096"]),
        (3, "RSAES_OAEP_SHA_256", ["--wrapping-algorithm", "RSA_AES_KEY_WRAP_SHA_256"]),
        (3, "RSAES_OAEP_SHA_1", ["--wrapping-algorithm", "RSAES_OAEP_SHA_1"]),
        (3, "one of the device's own keys", ["--object-id", "0x0200"]),
        (3, "domains: are 1,3, but the device's keys are in 1", ["--domains", "1,3"]),
        (4, "is not a custodian of the policy", ["--custodian", "carol"]),
        (8, "cannot be read", ["--previous", "missing.json"]),
        (2, "invalid value", ["--key-arn", "arn:aws:kms:eu-central-1:111122223333:alias/payments"]),
        (2, "cannot be used with", ["--valid-to", "2026-12-24T00:00:00Z --does-not-expire"]),
    ] {
        let more: Vec<&str> = more.iter().flat_map(|part| part.split(' ')).collect();
        leaves_all(&desk, code, saying, || desk.plan("tests-1", &more));
    }
}

#[test]
fn nothing_of_a_rehearsal_is_accepted_in_production() {
    let desk = Desk::people();
    let custodian = format!("carla={RECIPIENT}");
    let production = ["--environment", "production", "--custodian", &custodian];
    let made = desk.policy("policy-v1.json", &production).done();
    assert!(
        made.err.contains("one person alone is a quorum of witness, in production"),
        "{made:#?}"
    );
    for name in ["alice", "bob"] {
        desk.sign("policy-v1.json", name, "Tests").done();
    }
    desk.pin("policy-v1.json").done();
    let mut device = desk.device();
    assert_eq!(device.environment, Environment::Rehearsal);
    desk.write("device.json", &signed(&device, &["hsm"]));
    leaves_all(&desk, 3, "environment: is rehearsal, but the policy is for production", || {
        desk.sign("device.json", "wendy", "hsm-1")
    });
    device.environment = Environment::Production;
    desk.write("device.json", &signed(&device, &["hsm"]));
    desk.sign("device.json", "wendy", "hsm-1").done();
    leaves_all(&desk, 4, "custodians: is empty", || desk.plan("tests-1", &[]));
    desk.plan("tests-1", &["--custodian", "carla"]).done();
    let mut plan = Story::sound().plan;
    (plan.policy, plan.device) = (desk.digest("policy-v1.json"), desk.digest("device.json"));
    desk.write("tests-1/plan.json", &unsigned(&plan));
    leaves_all(&desk, 3, "environment: is rehearsal", || {
        desk.sign("tests-1/plan.json", "alice", "tests-1")
    });
    let next = ["--environment", "rehearsal", "--previous", "policy-v1.json"];
    leaves_all(&desk, 3, "environment: differs", || desk.policy("policy-v2.json", &next));
}

#[test]
fn witnesses_and_operators_sign_nothing_that_does_not_fit() {
    let desk = Desk::held();
    let response = desk.read("tests-1/response-1.json");
    let body = |change: &dyn Fn(&mut keyferry_bundle::Response)| {
        let envelope = Envelope::decode_canonical(&response).unwrap();
        let mut body: keyferry_bundle::Response =
            keyferry_bundle::seal::claimed(&envelope).unwrap();
        change(&mut body);
        signed(&body, &["hsm"])
    };
    let sign = || desk.sign("tests-1/response-1.json", "wendy", "response");
    desk.write("tests-1/response-1.json", &body(&|body| body.request = Digest::of(b"other")));
    leaves_all(&desk, 3, "request: names", sign);
    desk.write("tests-1/response-1.json", &body(&|body| body.targets[0].backup = Digest::of(b"")));
    leaves_all(&desk, 3, "digest: is not the backup that the response names", sign);
    desk.write("tests-1/response-1.json", &body(&|_| ()));
    desk.write("tests-1/backup-payments.yhw", b"another copy");
    leaves_all(&desk, 3, "it is not the copy that the backup bundle names", sign);
    desk.write("tests-1/backup-payments.yhw", b"copy");
    desk.write("tests-1/notes.txt", b"hello");
    leaves_all(&desk, 3, "no part of a ceremony", sign);
    std::fs::remove_file(desk.path("tests-1/notes.txt")).unwrap();
    sign().done();

    std::fs::copy(desk.path("tests-1/request-1.json"), desk.path("tests-1/request-2.json"))
        .unwrap();
    leaves_all(&desk, 3, "its counter is 1", || {
        desk.sign("tests-1/request-2.json", "oscar", "request")
    });
    std::fs::remove_file(desk.path("tests-1/request-2.json")).unwrap();
    leaves_all(&desk, 4, "signed by the HSM alone", || {
        desk.sign("tests-1/backup-payments.json", "wendy", "backup")
    });
    desk.write("tests-1/plan.json", &desk.read("device.json"));
    leaves_all(&desk, 3, "payload type is", || {
        desk.sign("tests-1/request-1.json", "oscar", "request")
    });
}

#[test]
fn nothing_is_overwritten() {
    let desk = Desk::ready();
    leaves_all(&desk, 8, "is already there", || {
        desk.run(&["identity", "new", "alice"], &[PASSPHRASE])
    });
    desk.write("carol.pub.pem", b"");
    leaves_all(&desk, 8, "is already there", || {
        desk.run(&["identity", "new", "carol"], &[PASSPHRASE])
    });
    leaves_all(&desk, 8, "is already there", || desk.policy("policy-v1.json", &[]));
    std::fs::create_dir(desk.path("tests-1")).unwrap();
    leaves_all(&desk, 8, "is already there", || desk.plan("tests-1", &[]));
}

#[test]
fn a_folder_that_cannot_be_written_is_told_before_anybody_types() {
    let desk = Desk::ready();
    for parent in ["device.json", "/proc", "missing"] {
        let inside = |name: &str| format!("{parent}/{name}");
        // No answers: whoever is asked for a passphrase first would fail with another code.
        leaves_all(&desk, 8, "cannot be written", || {
            desk.run(&["identity", "new", &inside("k")], &[])
        });
        leaves_all(&desk, 8, "cannot be written", || desk.policy(&inside("p.json"), &[]));
        leaves_all(&desk, 8, "cannot be written", || desk.plan(&inside("tests-1"), &[]));
    }
}

/// Every write fails, as on a full disk, though with another error number.
const NO_ROOM: &str = "trap '' XFSZ; ulimit -f 0";

#[test]
fn a_write_that_fails_leaves_nothing_behind() {
    let desk = Desk::ready();
    let plan = [
        "plan",
        "new",
        "tests-1",
        "--device",
        "device.json",
        "--ceremony-id",
        "tests-1",
        "--target",
        "payments",
        "--key-arn",
        desk::KEY,
        "--wrapping-key-spec",
        "RSA_2048",
        "--object-id",
        "0x0a01",
        "--does-not-expire",
        "--first",
    ];
    leaves_all(&desk, 8, "cannot be written", || {
        desk.run_after(NO_ROOM, &["identity", "new", "carol"], &[PASSPHRASE])
    });
    leaves_all(&desk, 8, "cannot be written", || desk.run_after(NO_ROOM, &plan, &[]));
    desk.run(&plan, &[]).done();
    leaves_all(&desk, 8, "cannot be written", || {
        let sign = ["sign", "tests-1/plan.json", "--identity", "alice"];
        desk.run_after(NO_ROOM, &sign, &[PASSPHRASE, "tests-1"])
    });
    let digest = desk.digest("policy-v1.json").to_string();
    let pin = ["policy", "pin", "policy-v1.json", "--fingerprint", &digest, "--trust", "elsewhere"];
    desk.run_after(NO_ROOM, &pin, &[]).refused(8, "cannot be written");
    assert_eq!(std::fs::read_dir(desk.path("elsewhere")).unwrap().count(), 0);
}

#[test]
fn a_full_disk_leaves_nothing_behind() {
    let desk = Desk::ready();
    std::fs::create_dir(desk.path("disk")).unwrap();
    // A file system of one page, filled, in a mount namespace that ends with the command.
    let script =
        "mount -t tmpfs -o size=4k tmpfs disk && head -c 4096 /dev/zero >disk/filler || exit 77
        \"$0\" --answers-fd 3 \"$@\" 3<\"$ANSWERS\"; code=$?; ls -A disk >&2; exit $code";
    let enter = format!("exec unshare -rm sh -c '{script}' \"$0\" \"$@\"");
    let run = desk.run_after(&enter, &["identity", "new", "disk/carol"], &[PASSPHRASE]);
    // 77: nothing could be mounted; 1 without a word of the program: no namespace could be made.
    if run.code == 77 || (run.code == 1 && run.err.contains("unshare")) {
        eprintln!("skipped: this host mounts nothing for its users: {run:?}");
        return;
    }
    let run = run.refused(8, "cannot be written");
    assert!(run.err.contains("No space left on device"), "{run:#?}");
    assert!(run.err.ends_with("\nfiller\n"), "something was left behind: {run:#?}");
}

#[test]
fn nothing_from_a_bundle_controls_the_terminal() {
    let desk = Desk::ready();
    let payload = "{\n\"\u{1b}[2J\u{202e}\\nVERIFIED   | fine\": 1\n}";
    let kind = "application/vnd.keyferry.plan.v1+json";
    let mut bytes = Envelope::unsigned(kind.into(), payload.into()).encode();
    desk.write("plan.json", &bytes);
    let check = |run: &desk::Run| {
        let harmless = |c: char| matches!(c, ' '..='~' | '\n');
        assert!(run.out.chars().all(harmless) && run.err.chars().all(harmless), "{run:?}");
        let mut lines = run.out.lines().chain(run.err.lines());
        assert!(!lines.any(|line| line.starts_with("VERIFIED")), "{run:?}");
    };
    let run = desk.run(&["inspect", "plan.json"], &[]).refused(3, "cannot be read");
    check(&run);
    assert!(run.out.lines().all(|line| line.starts_with("UNVERIFIED | ")), "{run:#?}");
    std::fs::create_dir(desk.path("evil")).unwrap();
    desk.write("evil/\u{1b}[2J\nVERIFIED.json", &bytes);
    check(&desk.run(&["verify", "evil"], &[]).refused(3, "not accepted"));
    check(&desk.run(&["--json", "verify", "evil"], &[]).refused(3, "not accepted"));
    desk.plan("tests-1", &[]).done();
    desk.write("tests-1/plan.json", &bytes);
    check(&desk.sign("tests-1/plan.json", "alice", "tests-1").refused(3, "is not accepted"));
    bytes = Envelope::unsigned("\u{1b}[2J\nx".into(), payload.into()).encode();
    desk.write("other.json", &bytes);
    check(&desk.run(&["inspect", "other.json"], &[]).refused(3, "cannot be read"));
    check(&desk.run(&["fingerprint", "other.json"], &[]).refused(3, "is no bundle"));
}

#[test]
fn verify_counts_every_file_and_every_folder() {
    let desk = Desk::held();
    desk.write("tests-1/notes.txt", b"hello");
    let run = desk
        .run(&["verify", "tests-1"], &[])
        .refused(3, "notes.txt: is no file that a ceremony leaves");
    assert!(run.out.contains("NOT VERIFIED: notes.txt"), "{run:#?}");
    let json = desk.run(&["--json", "verify", "tests-1"], &[]).refused(3, "notes.txt").json();
    assert_eq!(json["verified"], false);
    let claims = json["claims"].as_array().unwrap();
    let refused = claims.iter().filter(|claim| claim["standing"] == "refused");
    assert_eq!(
        refused.map(|claim| claim["file"].as_str().unwrap()).collect::<Vec<_>>(),
        ["notes.txt"]
    );
    std::fs::remove_file(desk.path("tests-1/notes.txt")).unwrap();
    std::fs::create_dir(desk.path("tests-1/more")).unwrap();
    desk.run(&["verify", "tests-1"], &[]).refused(3, "more: is a folder");
    std::fs::remove_dir(desk.path("tests-1/more")).unwrap();
    std::os::unix::fs::symlink("plan.json", desk.path("tests-1/link.json")).unwrap();
    desk.run(&["verify", "tests-1"], &[]).refused(8, "symbolic link");
    std::fs::remove_file(desk.path("tests-1/link.json")).unwrap();
    desk.run(&["verify", "missing"], &[]).refused(8, "cannot be read");
    desk.run(&["verify", "tests-1", "device.json"], &[])
        .refused(2, "two files are called device.json");
    std::fs::create_dir(desk.path("none")).unwrap();
    desk.run(&["verify", "none"], &[]).refused(3, "no policy is there");
}

#[test]
fn failures_are_one_json_object_too() {
    let desk = Desk::people();
    let run = desk.run(&["--json", "identity", "new", "alice"], &[PASSPHRASE]).refused(8, "there");
    assert_eq!(run.json()["error"]["code"], "file-exists");
    assert_eq!(run.json()["error"]["exit"], 8);
    desk.run(&["identity", "new", "carol"], &["short"]).refused(2, "fewer than 12 characters");
    assert!(!desk.path("carol").exists() && !desk.path("carol.pub.pem").exists());
}

#[test]
fn keys_that_are_none_make_no_policy() {
    let desk = Desk::people();
    desk.write("bob.pub.pem", &desk.read("bob"));
    leaves_all(&desk, 8, "bob.pub.pem is no public key", || desk.policy("policy-v1.json", &[]));
    desk.write("bob.pub.pem", &desk.read("alice.pub.pem"));
    leaves_all(&desk, 3, "stands there twice", || desk.policy("policy-v1.json", &[]));
    std::fs::copy(desk.path("bob2.pub.pem"), desk.path("bob.pub.pem")).unwrap();
    leaves_all(&desk, 3, "stands there twice", || desk.policy("policy-v1.json", &[]));
}
