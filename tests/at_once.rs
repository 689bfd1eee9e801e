//! Many key materials in one run of the room, one key material for several keys, and what may be done to answer once more.

use crate::proxy::Proxy;
use keyferry_bundle::kinds::{Bundle as _, Operation, Pin};
use keyferry_bundle::{Digest, Plan, Request, Response};
use keyferry_console::Name;
use keyferry_tests::{Run, Scene, Service};

const PASSWORD: &str = "rehearsal password of hsm-1";

/// A scene before the room answered, with a plan and a request for so many key materials, each for so many keys.
fn scene(materials: u16, keys: u16) -> Scene {
    let scene = Scene::new().unwrap().before_response().unwrap();
    let mut plan: Plan = scene.body("room", "plan.json").unwrap();
    let mut request: Request = scene.body("room", "request-1.json").unwrap();
    let (target, asked) = (plan.targets.remove(0), request.targets.remove(0));
    // Keys of one material stand apart, as Regions of several keys may.
    for key in 0..keys {
        for material in 0..materials {
            let (mut target, mut asked) = (target.clone(), asked.clone());
            target.name = format!("key-{material}-{key}").parse().unwrap();
            target.object_id = format!("0x{:04x}", 0x1000 + material).parse().unwrap();
            let id = format!("00000000-0000-0000-{key:04x}-{material:012x}");
            target.key.key_id = id.parse().unwrap();
            (asked.name, asked.key) = (target.name.clone(), target.key.clone());
            asked.import_token_sha256 = Digest::of(id.as_bytes());
            plan.targets.push(target);
            request.targets.push(asked);
        }
    }
    request.plan = plan.to_envelope().unwrap().digest();
    scene.put("room", "plan.json", &plan, &["alice", "bob"]).unwrap();
    scene.put("room", "request-1.json", &request, &["oscar"]).unwrap();
    scene
}

fn offline(scene: &Scene, hsm: &str, arguments: &[&str], answers: &[&str]) -> Run {
    let fixed = ["payments-2026", "--hsm", hsm, "--allow-network", "--room", "memory"];
    let arguments = [arguments, &fixed[..]].concat();
    scene.run("room", "keyferry-offline", &arguments, answers).unwrap()
}

/// The room answers; how many frames went to the HSM.
fn answered(scene: &Scene, hsm: &Service) -> usize {
    let proxy = Proxy::start(&hsm.url, None);
    let run = scene.respond(&proxy.url).unwrap();
    assert_eq!(run.code, 0, "{}", run.stderr);
    proxy.frames()
}

#[test]
fn a_key_material_takes_five_commands_and_a_run_a_constant() {
    let frames = |materials| {
        let scene = scene(materials, 1);
        let hsm = scene.hsm(&[]).unwrap();
        answered(&scene, &hsm)
    };
    // As long as nothing is drained.
    let (two, four) = (frames(2), frames(4));
    assert!(four - two <= 2 * 5, "{two} and {four} frames");
    // Draining the log costs a few commands every time.
    let twenty = frames(20);
    eprintln!("{two}, {four}, {twenty} frames");
    assert!(twenty - four <= 16 * 6, "{four} and {twenty} frames");
}

#[test]
fn one_key_material_is_made_and_copied_once_and_wrapped_for_each_key() {
    let scene = scene(2, 3);
    let hsm = scene.hsm(&[]).unwrap();
    answered(&scene, &hsm);
    let plan: Plan = scene.body("room", "plan.json").unwrap();
    let response: Response = scene.body("room", "response-1.json").unwrap();
    let planned: Vec<_> = plan.targets.iter().map(|target| &target.name).collect();
    let found: Vec<_> = response.targets.iter().map(|target| &target.name).collect();
    assert_eq!(found, planned);
    for entry in &response.targets {
        let first = response.targets.iter().find(|t| t.object_id == entry.object_id).unwrap();
        assert_eq!((entry.check_value, entry.backup), (first.check_value, first.backup));
        // Each was wrapped on its own, OAEP being drawn anew.
        let same = |other: &&keyferry_bundle::kinds::ResponseTarget| {
            other.encrypted_key_material == entry.encrypted_key_material
        };
        assert_eq!(response.targets.iter().filter(same).count(), 1);
    }
    assert_ne!(response.targets[0].check_value, response.targets[1].check_value);
    let backups = scene.names("room").unwrap();
    let backups: Vec<_> =
        backups.iter().filter(|name| matches!(Name::parse(name), Some(Name::Backup(_)))).collect();
    assert_eq!(backups, ["backup-key-0-0.json", "backup-key-1-0.json"]);
}

#[test]
fn rewrap_generates_nothing_and_asks_nothing_before_it_says_so() {
    let scene = scene(1, 1);
    let hsm = scene.hsm(&[]).unwrap();
    // Not even the password is asked for.
    let before = scene.names("room").unwrap();
    let run = offline(&scene, &hsm.url, &["rewrap"], &[]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.says("would have to be generated"), "{}", run.stderr);
    assert_eq!(scene.names("room").unwrap(), before);

    answered(&scene, &hsm);
    let mut request: Request = scene.body("room", "request-1.json").unwrap();
    request.previous = Some(request.to_envelope().unwrap().digest());
    request.counter = 2;
    request.targets[0].import_token_sha256 = Digest::of(b"another token");
    scene.put("room", "request-2.json", &request, &["oscar"]).unwrap();
    let run = offline(&scene, &hsm.url, &["rewrap"], &[PASSWORD, "payments-2026"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let response: Response = scene.body("room", "response-2.json").unwrap();
    assert_eq!(response.targets[0].made.as_str(), "stored");
}

#[test]
fn status_says_what_comes_next_and_resume_does_it() {
    let scene = scene(3, 1);
    let hsm = scene.hsm(&[]).unwrap();
    let status = || {
        let fixed = ["status", "payments-2026", "--room", "memory"];
        scene.run("room", "keyferry-offline", &fixed, &[]).unwrap()
    };
    let run = status();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains(": not begun"), "{}", run.stdout);
    assert!(run.stdout.contains("next: keyferry-offline respond"), "{}", run.stdout);
    let nothing = offline(&scene, &hsm.url, &["resume"], &[]);
    assert!(nothing.code == 0 && nothing.says("nothing is to be resumed"), "{}", nothing.stderr);

    // The HSM goes away in the middle.
    drop(hsm);
    let hsm = scene.hsm(&["--fail-after", "30"]).unwrap();
    let run = scene.respond(&hsm.url).unwrap();
    assert_ne!(run.code, 0, "{}", run.stderr);
    drop(hsm);
    let run = status();
    assert!(run.stdout.contains("request 1: begun, not answered"), "{}", run.stdout);
    assert!(run.stdout.contains("next: keyferry-offline resume"), "{}", run.stdout);

    let hsm = scene.hsm(&[]).unwrap();
    let run = offline(&scene, &hsm.url, &["resume"], &[PASSWORD, "payments-2026"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let run = status();
    assert!(run.stdout.contains("key material key-2-0, for 1 key(s): answered"), "{}", run.stdout);
    assert!(run.stdout.contains("next: witnesses sign response-1.json"), "{}", run.stdout);
}

/// The room after its ceremony, with a plan to import the same key material again and a request for that.
fn again() -> (Scene, Response) {
    let scene = Scene::new().unwrap();
    let mut plan: Plan = scene.body("room", "plan.json").unwrap();
    let mut request: Request = scene.body("room", "request-1.json").unwrap();
    let response: Response = scene.body("room", "response-1.json").unwrap();
    plan.counter = 2;
    plan.previous = Some(plan_digest(&scene));
    plan.operation = Operation::Reimport;
    plan.targets[0].material = Some(Pin {
        response: response.to_envelope().unwrap().digest(),
        check_value: response.targets[0].check_value,
        key_material_id: None,
    });
    request.plan = plan.to_envelope().unwrap().digest();
    request.targets[0].import_token_sha256 = Digest::of(b"another token");
    let made = scene.names("room").unwrap();
    let made = made.iter().map(String::as_str).filter(|name| {
        ["response", "backup", "log", "receipt"].iter().any(|made| name.starts_with(made))
    });
    let scene = scene.without("room", &made.collect::<Vec<_>>()).unwrap();
    scene.put("room", "plan.json", &plan, &["alice", "bob"]).unwrap();
    scene.put("room", "request-1.json", &request, &["oscar"]).unwrap();
    (scene, response)
}

fn plan_digest(scene: &Scene) -> Digest {
    scene.body::<Plan>("room", "plan.json").unwrap().to_envelope().unwrap().digest()
}

/// The room refuses, and leaves nothing but its transcript.
fn refused(scene: &Scene, hsm: &Service, code: i32, cause: &str) {
    let before = scene.names_but_transcripts("room").unwrap();
    let run = scene.respond(&hsm.url).unwrap();
    assert_eq!(run.code, code, "{}", run.stderr);
    assert!(run.says(cause), "{cause:?} is missing in:\n{}", run.stderr);
    assert_eq!(scene.names_but_transcripts("room").unwrap(), before);
}

#[test]
fn what_the_hsm_holds_is_wrapped_again() {
    let (scene, before) = again();
    let hsm = scene.hsm(&[]).unwrap();
    let run = scene.respond(&hsm.url).unwrap();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.says("Wrap this key material again?"), "{}", run.stderr);
    let after: Response = scene.body("room", "response-1.json").unwrap();
    let (before, after) = (&before.targets[0], &after.targets[0]);
    assert_eq!((after.made.as_str(), after.check_value), ("kept", before.check_value));
    // A copy of its own, for its own plan.
    assert_ne!(after.backup, before.backup);
}

#[test]
fn other_key_material_under_the_same_id_is_not_wrapped_again() {
    let (scene, _) = again();
    let hsm = scene.hsm(&[]).unwrap();
    crate::known_answer::replace(&hsm.url, vec![0x41; 32]);
    refused(&scene, &hsm, 3, "the HSM holds other key material");
}

#[test]
fn a_restored_key_is_not_wrapped_again_without_the_record_of_its_restore() {
    let (scene, _) = again();
    let hsm = scene.hsm(&[]).unwrap();
    drop(crate::known_answer::restore(&scene, &hsm.url));
    refused(&scene, &hsm, 3, "came in under wrap, and no record here says from where");
}

#[test]
fn what_is_not_in_the_hsm_is_not_made_to_be_imported_again() {
    let (scene, _) = again();
    let mut plan: Plan = scene.body("room", "plan.json").unwrap();
    plan.targets[0].object_id = "0x0a02".parse().unwrap();
    let mut request: Request = scene.body("room", "request-1.json").unwrap();
    request.plan = plan.to_envelope().unwrap().digest();
    scene.put("room", "plan.json", &plan, &["alice", "bob"]).unwrap();
    scene.put("room", "request-1.json", &request, &["oscar"]).unwrap();
    let hsm = scene.hsm(&[]).unwrap();
    refused(&scene, &hsm, 5, "is not in the HSM");
}

#[test]
fn what_does_not_fit_into_the_hsm_is_told_before_anything_is_made() {
    let scene = scene(256, 1);
    let hsm = scene.hsm(&[]).unwrap();
    refused(&scene, &hsm, 5, "of the 256 key materials that are still to be made fit");
}

#[test]
fn the_most_targets_are_answered_in_one_run_and_stay_readable() {
    let scene = scene(64, 4);
    let hsm = scene.hsm(&[]).unwrap();
    let run = scene.respond(&hsm.url).unwrap();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.says("256 targets, 64 key materials"), "{}", run.stderr);
    assert!(run.stderr.lines().count() < 2 * 256, "{}", run.stderr);
    let response: Response = scene.body("room", "response-1.json").unwrap();
    assert_eq!(response.targets.len(), 256);
}
