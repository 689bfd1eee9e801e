//! What the room refuses. Each refusal has its exit code, names its cause, leaves no file behind and the HSM as it was.

use keyferry_bundle::kinds::Bundle;
use keyferry_bundle::{Base64, Plan, Policy, Request};
use keyferry_tests::{Run, Scene};

const HSM_PASSWORD: &str = "rehearsal password of hsm-1";

/// A scene before the room answered.
fn scene() -> Scene {
    Scene::new().unwrap().before_response().unwrap()
}

/// The room is asked, refuses with `code` because of `cause`, and nothing is left.
fn refused(scene: &Scene, hsm: &str, code: i32, cause: &str) -> Run {
    let before = scene.names_but_transcripts("room").unwrap();
    let run = scene.respond(hsm).unwrap();
    assert_eq!(run.code, code, "{}", run.stderr);
    assert!(run.says(cause), "{cause:?} is missing in:\n{}", run.stderr);
    assert_eq!(scene.names_but_transcripts("room").unwrap(), before);
    run
}

/// A request is replaced by one that `spoil` made, signed as `signers` do.
fn spoiled_request(spoil: impl FnOnce(&mut Request), signers: &[&str], code: i32, cause: &str) {
    let scene = scene();
    let mut request: Request = scene.body("room", "request-1.json").unwrap();
    spoil(&mut request);
    scene.put("room", "request-1.json", &request, signers).unwrap();
    let hsm = scene.hsm(&[]).unwrap();
    refused(&scene, &hsm.url, code, cause);
}

fn spoiled_plan(spoil: impl FnOnce(&mut Plan), signers: &[&str], code: i32, cause: &str) {
    let scene = scene();
    let mut plan: Plan = scene.body("room", "plan.json").unwrap();
    spoil(&mut plan);
    scene.put("room", "plan.json", &plan, signers).unwrap();
    let hsm = scene.hsm(&[]).unwrap();
    refused(&scene, &hsm.url, code, cause);
}

#[test]
fn the_room_answers_the_same_request_with_the_same_scene() {
    // The refusals below differ from this in one thing each.
    let scene = scene();
    let hsm = scene.hsm(&[]).unwrap();
    let run = scene.respond(&hsm.url).unwrap();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(scene.names("room").unwrap().contains(&"response-1.json".to_owned()));
}

#[test]
fn nobody_signed_the_request() {
    spoiled_request(|_| {}, &[], 4, "online-operator needs 1 distinct holder(s), got none");
}

#[test]
fn somebody_without_the_role_signed_the_request() {
    spoiled_request(|_| {}, &["wendy"], 4, "online-operator needs 1 distinct holder(s), got none");
}

#[test]
fn a_stranger_signed_the_request() {
    let scene = scene();
    let stranger = scene.machine("office").join("mallory.identity");
    let passphrase = keyferry_tests::passphrase("mallory");
    let (_, file) = keyferry_console::identity::Identity::create(passphrase.into()).unwrap();
    std::fs::write(stranger, file).unwrap();
    let request: Request = scene.body("room", "request-1.json").unwrap();
    scene.put("room", "request-1.json", &request, &["mallory"]).unwrap();
    let hsm = scene.hsm(&[]).unwrap();
    refused(&scene, &hsm.url, 3, "which is not enrolled");
}

#[test]
fn one_officer_is_not_a_quorum_of_two() {
    spoiled_plan(
        |_| {},
        &["alice"],
        4,
        "ceremony-officer needs 2 distinct holder(s), got 1 (alice)",
    );
}

#[test]
fn one_signature_repeated_is_not_two() {
    let scene = scene();
    let path = scene.file("room", "plan.json");
    let plan: Plan = scene.body("room", "plan.json").unwrap();
    scene.put("room", "plan.json", &plan, &["alice"]).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let from = text.find("\"signatures\":[").unwrap() + "\"signatures\":[".len();
    let one = text[from..].trim_end().trim_end_matches("]}").to_owned();
    std::fs::write(&path, text.replace(&one, &format!("{one},{one}"))).unwrap();
    let hsm = scene.hsm(&[]).unwrap();
    refused(&scene, &hsm.url, 3, "repeats the key of alice");
}

#[test]
fn request_for_another_key() {
    let key = |id| move |r: &mut Request| r.targets[0].key.key_id = id;
    let other = "00000000-0000-0000-0000-000000000000".parse().unwrap();
    spoiled_request(key(other), &["oscar"], 3, "targets[0].key id: is 00000000");
}

#[test]
fn request_for_another_region() {
    let region = |r: &mut Request| r.targets[0].key.region = "us-east-1".parse().unwrap();
    spoiled_request(region, &["oscar"], 3, "targets[0].key region: is us-east-1");
}

#[test]
fn request_for_another_account() {
    let account = |r: &mut Request| r.targets[0].key.account = "999999999999".parse().unwrap();
    spoiled_request(account, &["oscar"], 3, "targets[0].key account: is 999999999999");
}

#[test]
fn request_for_another_plan() {
    let plan = |r: &mut Request| r.plan = keyferry_bundle::Digest::of(b"another plan");
    spoiled_request(plan, &["oscar"], 3, "plan: names");
}

#[test]
fn request_of_the_wrong_number() {
    let counter = |r: &mut Request| {
        r.counter = 2;
        r.previous = Some(keyferry_bundle::Digest::of(b"request 1"));
    };
    spoiled_request(counter, &["oscar"], 3, "counter: is 2, but the file is named for 1");
}

#[test]
fn wrapping_public_key_with_trailing_bytes() {
    spoiled_key(|der| der.push(0), "is not exactly one SubjectPublicKeyInfo in DER");
}

#[test]
fn wrapping_public_key_with_an_even_modulus() {
    // The modulus ends before the exponent: INTEGER 65537 is the last five bytes.
    spoiled_key(
        |der| {
            let last = der.len() - 6;
            der[last] &= 0xfe;
        },
        "has an even modulus",
    );
}

#[test]
fn wrapping_public_key_of_1024_bits() {
    spoiled_key(
        |der| *der = include_bytes!("rsa1024.spki.der").to_vec(),
        "has a 1024-bit modulus, but RSA_4096 was asked for",
    );
}

fn spoiled_key(spoil: impl FnOnce(&mut Vec<u8>), cause: &str) {
    let key = |request: &mut Request| {
        let mut der = request.targets[0].wrapping_public_key.as_bytes().to_vec();
        spoil(&mut der);
        request.targets[0].wrapping_public_key = Base64::new(der).unwrap();
    };
    spoiled_request(key, &["oscar"], 3, cause);
}

#[test]
fn rsa_aes_for_a_symmetric_key() {
    let wrapping = |plan: &mut Plan| {
        plan.targets[0].wrapping_algorithm = "RSA_AES_KEY_WRAP_SHA_256".parse().unwrap();
    };
    spoiled_plan(wrapping, &["alice", "bob"], 3, "RSA_AES_KEY_WRAP_SHA_256");
}

#[test]
fn a_request_is_answered_once() {
    let scene = scene();
    let hsm = scene.hsm(&[]).unwrap();
    assert_eq!(scene.respond(&hsm.url).unwrap().code, 0);
    let scene = scene.without("room", &["response-1.json"]).unwrap();
    refused(&scene, &hsm.url, 3, "request 1 was answered already");
}

#[test]
fn something_else_is_there_under_the_responses_name() {
    let scene = scene();
    std::fs::write(scene.file("room", "response-1.json"), b"something").unwrap();
    let hsm = scene.hsm(&[]).unwrap();
    refused(&scene, &hsm.url, 8, "response-1.json is already there");
}

#[test]
fn an_import_token_has_no_business_in_the_room() {
    let scene = scene();
    std::fs::write(scene.file("room", "import-token-1-payments.bin"), b"token").unwrap();
    let hsm = scene.hsm(&[]).unwrap();
    refused(&scene, &hsm.url, 3, "import tokens stay on the bastion");
}

#[test]
fn a_room_without_memory_answers_nothing() {
    let scene = scene();
    let hsm = scene.hsm(&[]).unwrap();
    let arguments =
        ["respond", "payments-2026", "--hsm", &hsm.url, "--allow-network", "--room", "memroy"];
    let answers = [HSM_PASSWORD, "payments-2026"];
    let run = scene.run("room", "keyferry-offline", &arguments, &answers).unwrap();
    assert_eq!(run.code, 8, "{}", run.stderr);
    assert!(run.says("memroy holds no memory of HSM 12345678"), "{}", run.stderr);
    assert!(!scene.machine("room").join("memroy").exists());
    for room in ["payments-2026", "payments-2026/memory", "./payments-2026/a/b"] {
        let fixed = ["respond", "payments-2026", "--hsm", &hsm.url, "--allow-network"];
        let arguments = [&fixed[..], &["--room", room, "--new-room"]].concat();
        let run = scene.run("room", "keyferry-offline", &arguments, &answers).unwrap();
        assert_eq!(run.code, 2, "{room}: {}", run.stderr);
        assert!(run.says("--room is the ceremony's own folder, or inside it"), "{}", run.stderr);
    }
    assert!(!scene.machine("room").join("payments-2026/memory").exists());
}

#[test]
fn key_material_that_somebody_put_there_is_not_wrapped() {
    let scene = scene();
    let hsm = scene.hsm(&[]).unwrap();
    let first = scene.respond(&hsm.url).unwrap();
    assert_eq!(first.code, 0, "{}", first.stderr);
    let answered =
        ["response-1.json", "backup-payments.json", "backup-payments.yhw", "backup-payments.age"];
    let scene = scene.without("room", &answered).unwrap();
    scene.forget_the_answer().unwrap();
    crate::known_answer::replace(&hsm.url, vec![0x41; 32]);
    refused(&scene, &hsm.url, 3, "the HSM holds other key material");
}

#[test]
fn a_stray_file_lies_in_the_folder() {
    let scene = scene();
    std::fs::write(scene.file("room", "autorun.inf"), b"").unwrap();
    let hsm = scene.hsm(&[]).unwrap();
    refused(&scene, &hsm.url, 3, "autorun.inf");
}

#[test]
fn a_link_lies_in_the_folder() {
    let scene = scene().without("room", &["request-1.json"]).unwrap();
    let request = scene.file("bastion", "request-1.json");
    std::os::unix::fs::symlink(request, scene.file("room", "request-1.json")).unwrap();
    let hsm = scene.hsm(&[]).unwrap();
    refused(&scene, &hsm.url, 3, "is no part of a ceremony");
}

#[test]
fn no_connector_is_there() {
    refused(&scene(), "http://127.0.0.1:1", 5, "the HSM cannot be reached");
}

#[test]
fn the_password_is_wrong() {
    let scene = scene();
    let hsm = scene.hsm(&[]).unwrap();
    let before = scene.names_but_transcripts("room").unwrap();
    let run = scene.respond_with(&hsm.url, &["not the password", "payments-2026"]).unwrap();
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.says("the HSM did not accept the credential"));
    assert_eq!(scene.names_but_transcripts("room").unwrap(), before);
}

#[test]
fn another_hsm_is_attached() {
    let scene = scene();
    let other = tempfile::tempdir().unwrap();
    let state = other.path().join("hsm.json").display().to_string();
    let program = keyferry_tests::rehearsed().programs.path("keyferry-virtual-hsm");
    let arguments = ["--state", state.as_str(), "--serial", "87654321"];
    let hsm = keyferry_tests::Service::start(&program, &arguments).unwrap();
    refused(&scene, &hsm.url, 5, "the device's serial number is 87654321, not 12345678");
}

#[test]
fn a_second_hsm_in_the_first_ones_place_answers_nothing() {
    for command in ["6", "12", "18"] {
        let scene = scene();
        let hsm = scene.hsm(&["--second-device-at", command]).unwrap();
        let run = scene.respond(&hsm.url).unwrap();
        assert!(matches!(run.code, 5 | 6), "{command}: {}", run.stderr);
        assert!(!scene.names("room").unwrap().contains(&"response-1.json".to_owned()));
    }
}

#[test]
fn the_object_id_is_taken() {
    // Whoever lost the room's memory cannot tell whose object it is.
    let scene = Scene::new().unwrap().before_response().unwrap();
    let hsm = scene.hsm(&[]).unwrap();
    assert_eq!(scene.respond(&hsm.url).unwrap().code, 0);
    std::fs::remove_dir_all(scene.machine("room").join("memory")).unwrap();
    let answered =
        ["response-1.json", "backup-payments.json", "backup-payments.yhw", "backup-payments.age"];
    let scene = scene.without("room", &answered).unwrap();
    // Nor does a new memory know which transcripts there were: it begins with number 1.
    refused(&scene, &hsm.url, 8, "transcript-1.json is already there");
    let scene = scene.without("room", &["transcript-1.json", "transcript-2.json"]).unwrap();
    refused(&scene, &hsm.url, 5, "object id 0x0a01 is taken");
}

#[test]
fn the_store_is_full() {
    let scene = scene();
    // The three keys that `init` made and not one object more.
    let hsm = scene.hsm(&["--store-limit", "3"]).unwrap();
    refused(&scene, &hsm.url, 5, "the HSM's object store has no room");
}

#[test]
fn any_other_word_declines() {
    for word in ["yes", "payments-2025", ""] {
        let scene = scene();
        let hsm = scene.hsm(&[]).unwrap();
        let before = scene.names_but_transcripts("room").unwrap();
        // But for the log, which has the session.
        let state = || {
            let text = std::fs::read(scene.backstage("virtual-hsm.json")).unwrap();
            let state: serde_json::Value = serde_json::from_slice(&text).unwrap();
            [state["store"].clone(), state["options"].clone()]
        };
        let untouched = state();
        let run = scene.respond_with(&hsm.url, &[HSM_PASSWORD, word]).unwrap();
        assert_eq!(run.code, 7, "{}", run.stderr);
        assert_eq!(scene.names_but_transcripts("room").unwrap(), before);
        assert_eq!(state(), untouched);
    }
}

#[test]
fn a_rehearsals_bundles_are_nothing_in_production() {
    let scene = scene();
    let mut policy: Policy = scene.body("room", "policy-v1.json").unwrap();
    policy.environment = "production".parse().unwrap();
    // A production policy with the root of the virtual devices would not even be pinned.
    policy.attestation_roots.clear();
    scene.put("room", "policy-v1.json", &policy, &["alice", "bob"]).unwrap();
    let fingerprint = policy.to_envelope().unwrap().digest().to_string();
    std::fs::remove_dir_all(scene.machine("room").join("trust")).unwrap();
    let file = scene.file("room", "policy-v1.json").display().to_string();
    let pin = ["policy", "pin", &file, "--fingerprint", &fingerprint];
    let pinned = scene.run("room", "keyferry", &pin, &[]).unwrap();
    assert_eq!(pinned.code, 0, "{}", pinned.stderr);
    let hsm = scene.hsm(&[]).unwrap();
    // The device names the rehearsal's policy; were that mended, its environment would still be wrong (rules_tests.rs).
    refused(&scene, &hsm.url, 3, "device.json is not accepted");
}

#[test]
fn nothing_is_pinned() {
    let scene = scene();
    std::fs::remove_dir_all(scene.machine("room").join("trust")).unwrap();
    let hsm = scene.hsm(&[]).unwrap();
    refused(&scene, &hsm.url, 4, "no policy is pinned on this machine");
}

#[test]
fn a_lost_answer_in_the_room_makes_nothing_twice() {
    // Each scene loses the answer to one command more than the one before: a power cut at every command of the way.
    let mut cuts = 0;
    for command in 1..60 {
        let scene = scene();
        let first = {
            let hsm = scene.hsm(&["--fail-after", &command.to_string()]).unwrap();
            scene.respond(&hsm.url).unwrap()
        };
        // In the end the transcript alone is lost (transcripts.rs).
        if first.code == 0 || first.says("everything is done and written, but the transcript") {
            break;
        }
        cuts += 1;
        assert!(matches!(first.code, 5 | 6), "{command}: {}", first.stderr);
        let names = scene.names("room").unwrap();
        assert!(!names.iter().any(|name| name.contains("response") || name.contains("backup")));
        let hsm = scene.hsm(&[]).unwrap();
        let stored = crate::known_answer::held(&hsm.url);
        let second = scene.respond(&hsm.url).unwrap();
        assert_eq!(second.code, 0, "after {command} commands: {}", second.stderr);
        let response: keyferry_bundle::Response = scene.body("room", "response-1.json").unwrap();
        let now = crate::known_answer::held(&hsm.url).unwrap();
        let expected = if stored.is_some() { "resumed" } else { "generated" };
        assert_eq!(response.targets[0].made.as_str(), expected, "{command}");
        assert!(stored.is_none_or(|before| before.same_as(&now)), "{command}");
    }
    assert!(cuts > 12, "{cuts}");
}

#[test]
fn a_run_that_was_cut_off_while_it_wrote_goes_on() {
    // What is on the medium when the power fails between any two files, and after the last one.
    let written = [
        "backup-payments.yhw",
        "backup-payments.age",
        "backup-payments.json",
        "log-1.json",
        "response-1.json",
    ];
    for kept in 0..=written.len() {
        let scene = scene();
        let hsm = scene.hsm(&[]).unwrap();
        assert_eq!(scene.respond(&hsm.url).unwrap().code, 0);
        let before: keyferry_bundle::Response = scene.body("room", "response-1.json").unwrap();
        scene.forget_the_answer().unwrap();
        let scene = scene.without("room", &written[kept..]).unwrap();
        std::fs::write(scene.file("room", ".response-1.json.0123456789abcdef.part"), b"{").unwrap();
        let run = scene.respond(&hsm.url).unwrap();
        assert_eq!(run.code, 0, "{kept} files: {}", run.stderr);
        let after: keyferry_bundle::Response = scene.body("room", "response-1.json").unwrap();
        assert_eq!(before.targets[0].check_value, after.targets[0].check_value);
        if kept < written.len() {
            assert_eq!(after.targets[0].made.as_str(), "resumed");
            assert!(!scene.names("room").unwrap().iter().any(|name| name.contains("part")));
        }
        // Whatever was left, the request is answered now, and once.
        let again = scene.without("room", &["response-1.json"]).unwrap();
        refused(&again, &hsm.url, 3, "request 1 was answered already");
    }
}
