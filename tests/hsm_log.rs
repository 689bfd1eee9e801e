//! The HSM's log: what the room makes of it, and what a second reader finds.

use keyferry_bundle::kinds::Bundle as _;
use keyferry_bundle::{Base64, Domains, Log, Serial};
use keyferry_ceremony::hsm_log::{CAPACITY, Entry, Record};
use keyferry_hsm::{Address, Credential, Hsm as _, KeyAlgorithm, LogEntries, Place, YubiHsm2};
use keyferry_tests::{Run, Scene};
use std::fmt::Write as _;

const CEREMONY: &str = "payments-2026";
const PASSWORD: &str = "rehearsal password of hsm-1";
const AUDIT_PASSWORD: &str = "rehearsal password of the audit";

fn session(url: &str, key: &str, password: &str) -> YubiHsm2 {
    let address: Address = url.parse().unwrap();
    let credential = Credential::new(key.parse().unwrap(), password.to_owned().into());
    YubiHsm2::open(&address, Serial::new(12_345_678), &credential).unwrap()
}

fn ceremony(url: &str) -> YubiHsm2 {
    session(url, "0x0002", PASSWORD)
}

fn auditor(url: &str) -> YubiHsm2 {
    session(url, "0x0004", AUDIT_PASSWORD)
}

/// What `yubihsm-shell -a get-logs --outformat hex` would print.
fn printed(log: &LogEntries) -> String {
    let mut text = format!("{:04x}{:04x}", log.unlogged_boots, log.unlogged_authentications);
    for byte in log.entries.iter().flatten() {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

fn audit(scene: &Scene, options: &[&str], answers: &[&str]) -> Run {
    let arguments = [&["log", "audit", CEREMONY, "--allow-network"], options].concat();
    scene.run("room", "keyferry-offline", &arguments, answers).unwrap()
}

#[test]
fn a_log_that_is_nearly_full_holds_a_ceremony_all_the_same() {
    let scene = Scene::new().unwrap().before_response().unwrap();
    let hsm = scene.hsm(&[]).unwrap();
    // Two entries a session, and two more for the ceremony's own.
    while usize::from(ceremony(&hsm.url).device().unwrap().log_used) < CAPACITY - 3 {}
    let run = scene.respond(&hsm.url).unwrap();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let log: Log = scene.body("room", "log-1.json").unwrap();
    assert!(log.entries().len() > CAPACITY, "{}", log.entries().len());
    assert_eq!((log.unlogged_boots, log.unlogged_authentications), (0, 0));
    // Only what needed its place was acknowledged: the rest is there for a second reader.
    let used = usize::from(ceremony(&hsm.url).device().unwrap().log_used);
    assert!((5..20).contains(&used), "{used}");
}

#[test]
fn entries_that_somebody_acknowledged_stop_the_ceremony() {
    let scene = Scene::new().unwrap().before_response().unwrap();
    let before = scene.names_but_transcripts("room").unwrap();
    let hsm = scene.hsm(&[]).unwrap();
    let reader = auditor(&hsm.url);
    let last = Entry::decode(reader.log_entries().unwrap().entries.last().unwrap()).number;
    reader.set_log_index(last).unwrap();
    let run = scene.respond(&hsm.url).unwrap();
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.says("what lies between is gone"), "{}", run.stderr);
    assert_eq!(scene.names_but_transcripts("room").unwrap(), before);

    let mut arguments = vec!["respond", CEREMONY, "--hsm", &hsm.url, "--allow-network"];
    arguments.extend(["--room", "memory", "--new-room", "--accept-log-gap"]);
    let answers = [PASSWORD, "gap", CEREMONY];
    let run = scene.run("room", "keyferry-offline", &arguments, &answers).unwrap();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let log: Log = scene.body("room", "log-1.json").unwrap();
    assert_eq!(log.from, None);
}

#[test]
fn use_between_ceremonies_is_found_before_the_next_response() {
    let scene = Scene::new().unwrap().before_response().unwrap();
    let before = scene.names_but_transcripts("room").unwrap();
    let hsm = scene.hsm(&[]).unwrap();
    let place = Place {
        id: "0x0bad".parse().unwrap(),
        label: "somebody's".parse().unwrap(),
        domains: Domains::ONE,
    };
    ceremony(&hsm.url).generate_key(&place, KeyAlgorithm::P256).unwrap();
    let run = scene.respond(&hsm.url).unwrap();
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.says("GENERATE ASYMMETRIC KEY by authentication key 0x0002"), "{}", run.stderr);
    assert_eq!(scene.names_but_transcripts("room").unwrap(), before);

    // A person decides to go on; the witness sees it, and every auditor.
    let mut arguments = vec!["respond", CEREMONY, "--hsm", &hsm.url, "--allow-network"];
    arguments.extend(["--room", "memory", "--accept-log-gap"]);
    let answers = [PASSWORD, "gap", CEREMONY];
    let run = scene.run("room", "keyferry-offline", &arguments, &answers).unwrap();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let response = format!("{CEREMONY}/response-1.json");
    let sign = ["sign", &response, "--identity", "wendy.identity"];
    let passphrase = keyferry_tests::passphrase("wendy");
    let run = scene.run("room", "keyferry", &sign, &[&passphrase, "response"]).unwrap();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.says("GENERATE ASYMMETRIC KEY by authentication key 0x0002"), "{}", run.stderr);
    let run = scene.run("room", "keyferry", &["verify", CEREMONY], &[]).unwrap();
    assert_eq!(run.code, 3, "{}", run.stderr);
    let fails = |line: &str| line.contains("FAIL") && line.ends_with("[log.entries]");
    assert!(run.stdout.lines().any(fails), "{}", run.stdout);
}

#[test]
fn the_auditors_own_reading_is_held_against_the_rooms() {
    let scene = Scene::new().unwrap();
    let hsm = scene.hsm(&[]).unwrap();
    let run = audit(&scene, &["--hsm", &hsm.url], &[AUDIT_PASSWORD]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("are still in the HSM, and are the same"), "{}", run.stdout);
    assert!(run.stdout.contains("since then: a bundle was signed"), "{}", run.stdout);

    // With Yubico's tool on another machine.
    let read = auditor(&hsm.url).log_entries().unwrap();
    std::fs::write(scene.machine("room").join("hsm.hex"), printed(&read)).unwrap();
    let run = audit(&scene, &["--dump", "hsm.hex"], &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let show = scene.run("room", "keyferry-offline", &["log", "show", "hsm.hex"], &[]).unwrap();
    assert_eq!(show.code, 0, "{}", show.stderr);
    assert!(show.stdout.contains("PUT OPAQUE by authentication key 0x0002"), "{}", show.stdout);

    // A host that owned the session: another log, well chained and signed by the HSM.
    let mut log: Log = scene.body("room", "log-1.json").unwrap();
    let session = ceremony(&hsm.url);
    let mut entries = log.entries().to_vec();
    let mut before = Entry::decode(&entries[19]);
    for bytes in &mut entries[20..] {
        let record = Record { tick: 1, ..Entry::decode(bytes).record };
        let entry = Entry::after(&before.digest, before.number + 1, record);
        *bytes = entry.encode();
        before = entry;
    }
    log.entries = Base64::new(entries.concat()).unwrap();
    let mut envelope = log.to_envelope().unwrap();
    let key = "0x0100".parse().unwrap();
    let signature = session.sign(key, &envelope.digest()).unwrap();
    envelope.add_signature(&session.public_key(key).unwrap(), signature).unwrap();
    std::fs::write(scene.file("room", "log-1.json"), envelope.encode()).unwrap();
    let run = audit(&scene, &["--hsm", &hsm.url], &[AUDIT_PASSWORD]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.says("is another one in the HSM than in the bundle"), "{}", run.stderr);
}

#[test]
fn an_auditor_acknowledges_what_was_compared_and_no_more() {
    let scene = Scene::new().unwrap();
    let hsm = scene.hsm(&[]).unwrap();
    let options = ["--hsm", &hsm.url, "--acknowledge"];
    let run = audit(&scene, &options, &[AUDIT_PASSWORD, "something else"]);
    assert_eq!(run.code, 7, "{}", run.stderr);
    let run = audit(&scene, &options, &[AUDIT_PASSWORD, CEREMONY]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let log: Log = scene.body("room", "log-1.json").unwrap();
    let last = Entry::decode(log.entries().last().unwrap()).number;
    let left = auditor(&hsm.url).log_entries().unwrap().entries;
    assert_eq!(Entry::decode(&left[0]).number, last + 1);
}

#[test]
fn what_is_no_log_is_refused() {
    let scene = Scene::new().unwrap();
    for (text, words) in [("junk", "is neither hexadecimal digits"), ("0000000", "7 hexadecimal")] {
        std::fs::write(scene.machine("room").join("hsm.hex"), text).unwrap();
        let show = scene.run("room", "keyferry-offline", &["log", "show", "hsm.hex"], &[]).unwrap();
        assert_eq!(show.code, 3, "{}", show.stderr);
        assert!(show.says(words), "{}", show.stderr);
    }
}
