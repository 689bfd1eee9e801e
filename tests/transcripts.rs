//! What a run leaves of what it showed and asked: all of it, no secret, in one chain.

use crate::secrets::found;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyferry_bundle::kinds::{Ended, LineKind, Transcript};
use keyferry_bundle::{Digest, Envelope};
use keyferry_tests::{Run, Scene, rehearsed};
use std::path::Path;

const PASSWORD: &str = "rehearsal password of hsm-1";
const CEREMONY: &str = "payments-2026";

/// A scene before the room answered; the transcript of `init` is number 1.
fn scene() -> Scene {
    Scene::new().unwrap().before_response().unwrap()
}

fn transcript(scene: &Scene, number: u32) -> Transcript {
    scene.body("room", &format!("transcript-{number}.json")).unwrap()
}

fn digest(scene: &Scene, name: &str) -> Digest {
    let bytes = std::fs::read(scene.file("room", name)).unwrap();
    Envelope::decode_canonical(&bytes).unwrap().digest()
}

/// The lines of a kind.
fn lines(transcript: &Transcript, kind: LineKind) -> Vec<&str> {
    let lines = transcript.lines.iter().filter(|line| line.kind == kind);
    lines.map(|line| line.text.as_str()).collect()
}

fn inspect(scene: &Scene, number: u32) -> Run {
    let file = format!("{CEREMONY}/transcript-{number}.json");
    scene.run("room", "keyferry", &["inspect", &file], &[]).unwrap()
}

#[test]
fn a_transcript_has_every_question_every_answer_and_what_was_shown() {
    let scene = Scene::new().unwrap();
    let first = transcript(&scene, 1);
    assert_eq!(
        first.command.as_str().split(' ').take(2).collect::<Vec<_>>(),
        ["keyferry-offline", "init"]
    );
    assert_eq!(lines(&first, LineKind::Answered), ["12345678"]);
    assert_eq!(lines(&first, LineKind::Secret).len(), 4);
    assert_eq!(first.about, [digest(&scene, "device.json")]);
    let second = transcript(&scene, 2);
    assert!(second.program.as_str().starts_with("keyferry-offline "));
    assert!(second.command.as_str().contains(" respond payments-2026 "), "{}", second.command);
    assert_eq!(
        (second.ended, second.previous),
        (Ended::Done, Some(digest(&scene, "transcript-1.json")))
    );
    assert_eq!(
        lines(&second, LineKind::Asked),
        ["Generate and wrap this key material? Type `payments-2026` to go on"]
    );
    assert_eq!(lines(&second, LineKind::Answered), [CEREMONY]);
    assert_eq!(lines(&second, LineKind::Secret), ["Password of authentication key 0x0002"]);
    let wrote = ["backup-payments.json", "log-1.json", "response-1.json"];
    assert_eq!(second.about, wrote.map(|name| digest(&scene, name)));
    // Everything that the run had on its screen up to the end of its work.
    let hsm = scene.hsm(&[]).unwrap();
    let run = scene.respond(&hsm.url).unwrap();
    assert!(run.says("This request was answered already"), "{}", run.stderr);
    let scene = self::scene();
    let hsm = scene.hsm(&[]).unwrap();
    let run = scene.respond(&hsm.url).unwrap();
    let told = transcript(&scene, 2);
    let recorded: Vec<&str> =
        lines(&told, LineKind::Said).into_iter().chain(lines(&told, LineKind::Asked)).collect();
    let shown = run.stderr.lines().chain(run.stdout.lines());
    for line in shown.filter(|line| *line != format!("> {CEREMONY}")) {
        let last = line.starts_with("The transcript of this run is in ");
        assert_eq!(recorded.contains(&line), !last, "{line:?}");
    }
}

/// Every text that a bundle carries: the file, and its payload in the clear.
fn texts(path: &Path) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(path).unwrap();
    let payload = Envelope::decode_canonical(&bytes).ok().map(|it| it.untrusted_payload().to_vec());
    std::iter::once(bytes).chain(payload).collect()
}

#[test]
fn no_secret_is_in_a_transcript() {
    let scene = scene();
    let hsm = scene.hsm(&[]).unwrap();
    // A password where the ceremony's name was asked for, and then the right answers.
    let declined = scene.respond_with(&hsm.url, &[PASSWORD, PASSWORD]).unwrap();
    assert_eq!(declined.code, 7, "{}", declined.stderr);
    assert_eq!(scene.respond(&hsm.url).unwrap().code, 0);
    let held = crate::known_answer::held(&hsm.url).unwrap();
    let mut secrets = vec![held.expose().to_vec()];
    for of in ["hsm-1", "the backup", "the audit", "the administration"] {
        secrets.push(format!("rehearsal password of {of}").into_bytes());
    }
    for name in ["alice", "bob", "oscar", "wendy"] {
        secrets.push(keyferry_tests::passphrase(name).into_bytes());
    }
    let mut searched = 0;
    for number in 1..=3 {
        for text in texts(&scene.file("room", &format!("transcript-{number}.json"))) {
            for secret in &secrets {
                assert_eq!(found(&text, secret), None, "transcript {number}");
                searched += 1;
            }
        }
    }
    assert_eq!(searched, 3 * 2 * 9);
    let answers = lines(&transcript(&scene, 2), LineKind::Answered).join("\n");
    assert_eq!(answers, "(something else, which is not recorded)");
    // The search finds a secret where there is one.
    let leak = format!("{{\"text\":\"{}\"}}", STANDARD.encode(PASSWORD));
    assert!(found(leak.as_bytes(), PASSWORD.as_bytes()).is_some());
}

#[test]
fn a_declined_run_leaves_a_transcript_that_says_so() {
    let scene = scene();
    let hsm = scene.hsm(&[]).unwrap();
    let run = scene.respond_with(&hsm.url, &[PASSWORD, "no"]).unwrap();
    assert_eq!(run.code, 7, "{}", run.stderr);
    let told = transcript(&scene, 2);
    assert_eq!((told.ended, told.about.len()), (Ended::Declined, 0));
    assert!(
        lines(&told, LineKind::Said).contains(&"error: a person declined; nothing was changed")
    );
    // It is told once, on the screen too.
    assert_eq!(run.stderr.matches("error: ").count(), 1, "{}", run.stderr);
    let shown = inspect(&scene, 2);
    assert!(shown.says("VERIFIED   | transcript 2 of a run that was declined"), "{}", shown.stdout);
}

#[test]
fn a_failed_run_leaves_a_transcript_with_what_went_wrong() {
    let scene = scene();
    let hsm = scene.hsm(&["--store-limit", "3"]).unwrap();
    let run = scene.respond(&hsm.url).unwrap();
    assert_eq!(run.code, 5, "{}", run.stderr);
    let told = transcript(&scene, 2);
    assert_eq!((told.ended, told.about.len()), (Ended::Failed, 0));
    let said = lines(&told, LineKind::Said);
    assert!(said.contains(&"error: the HSM's object store has no room"), "{said:?}");
    assert!(said.iter().any(|line| line.starts_with("hint: ")), "{said:?}");
    // Before a session is opened there is nothing to sign with, and nothing to tell.
    let run = scene.respond_with(&hsm.url, &["not the password"]).unwrap();
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(!scene.file("room", "transcript-3.json").exists());
    assert!(!run.says("transcript"), "{}", run.stderr);
}

/// An object under the target's id whose label controls a terminal, in the virtual HSM's state.
fn plant(scene: &Scene, label: &str) {
    let path = scene.backstage("virtual-hsm.json");
    let mut state: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let mut bytes = label.as_bytes().to_vec();
    bytes.resize(40, 0);
    let object = serde_json::json!({
        "kind": 1, "id": 0x0a01, "algorithm": 30, "label": STANDARD.encode(bytes), "domains": 1,
        "capabilities": 65536, "delegated": 0, "sequence": 0, "origin": 2, "body": STANDARD.encode([7; 32]),
    });
    state["store"]["objects"].as_array_mut().unwrap().push(object);
    std::fs::write(path, state.to_string()).unwrap();
}

#[test]
fn hostile_text_arrives_escaped() {
    let scene = scene();
    plant(&scene, "\u{1b}[2J\u{202e}\nanswered: yes");
    let folder = scene.machine("room").join("pay\u{1b}[31m\nasked");
    std::fs::rename(scene.machine("room").join(CEREMONY), &folder).unwrap();
    let hsm = scene.hsm(&[]).unwrap();
    let name = "pay\u{1b}[31m\nasked";
    let arguments = ["respond", name, "--hsm", &hsm.url, "--allow-network", "--room", "memory"];
    let run = scene.run("room", "keyferry-offline", &arguments, &[PASSWORD, CEREMONY]).unwrap();
    assert_eq!(run.code, 5, "{}", run.stderr);
    let bytes = std::fs::read(folder.join("transcript-2.json")).unwrap();
    let envelope = Envelope::decode_canonical(&bytes).unwrap();
    let told: Transcript = keyferry_bundle::json::decode(envelope.untrusted_payload()).unwrap();
    assert!(told.command.as_str().contains("pay\\u{1b}[31m\\nasked"), "{}", told.command);
    let said = lines(&told, LineKind::Said);
    let label = said.iter().find(|line| line.starts_with("because: ")).unwrap();
    assert!(label.contains("\\u{1b}[2J\\u{202e}\\nanswered: yes"), "{label}");
    assert!(lines(&told, LineKind::Answered).is_empty());
}

#[test]
fn transcripts_follow_each_other_from_run_to_run() {
    let scene = scene();
    let hsm = scene.hsm(&[]).unwrap();
    assert_eq!(scene.respond_with(&hsm.url, &[PASSWORD, "no"]).unwrap().code, 7);
    assert_eq!(scene.respond(&hsm.url).unwrap().code, 0);
    let third = transcript(&scene, 3);
    assert_eq!(third.previous, Some(digest(&scene, "transcript-2.json")));
    assert_eq!((third.unrecorded, third.about.len()), (0, 3));
    let shown = inspect(&scene, 3);
    assert!(shown.says("VERIFIED   | transcript 3") && !shown.says("note"), "{}", shown.stdout);
    // Another one in its predecessor's place is found.
    std::fs::copy(scene.file("room", "transcript-1.json"), scene.file("room", "transcript-2.json"))
        .unwrap();
    let shown = inspect(&scene, 3);
    assert!(shown.says("it follows another transcript than transcript-2.json"), "{}", shown.stdout);
    assert!(inspect(&scene, 2).says("its counter is 1"));
}

#[test]
fn a_crash_between_memory_and_file_leaves_a_gap_that_shows() {
    let scene = scene();
    let hsm = scene.hsm(&[]).unwrap();
    assert_eq!(scene.respond_with(&hsm.url, &[PASSWORD, "no"]).unwrap().code, 7);
    let lost = digest(&scene, "transcript-2.json");
    // The memory has it, and the medium has not.
    let scene = scene.without("room", &["transcript-2.json"]).unwrap();
    assert_eq!(scene.respond(&hsm.url).unwrap().code, 0);
    assert!(!scene.file("room", "transcript-2.json").exists());
    assert_eq!(transcript(&scene, 3).previous, Some(lost));
    let shown = inspect(&scene, 3);
    assert!(
        shown.says("note: transcript-2.json, which it follows, is not here"),
        "{}",
        shown.stdout
    );
}

#[test]
fn a_run_that_could_not_leave_a_transcript_is_told_by_the_next() {
    // Each scene loses every answer from one command further on: the last ones lose the transcript alone.
    let (mut silent, mut complete) = (0, 0);
    for command in 1..60 {
        let scene = scene();
        let first = {
            let hsm = scene.hsm(&["--fail-after", &command.to_string()]).unwrap();
            scene.respond(&hsm.url).unwrap()
        };
        if first.code == 0 {
            break;
        }
        assert!(!scene.file("room", "transcript-2.json").exists(), "{command}");
        let response = scene.file("room", "response-1.json").exists();
        if response {
            complete += 1;
            assert!(matches!(first.code, 5 | 6), "{}", first.stderr);
            assert!(first.says("everything is done and written, but the transcript is not"));
            assert!(first.says("The response is written"), "{}", first.stderr);
            // Nothing is missing but that: the request counts as answered.
            let hsm = scene.hsm(&[]).unwrap();
            let again = scene.respond(&hsm.url).unwrap();
            assert!(again.code == 0 && again.says("This request was answered already"));
            continue;
        }
        let opened = first.says("there is no transcript of this run");
        let hsm = scene.hsm(&[]).unwrap();
        assert_eq!(scene.respond(&hsm.url).unwrap().code, 0, "{command}");
        let told = transcript(&scene, 2);
        assert_eq!(told.unrecorded, u32::from(opened), "{command}: {}", first.stderr);
        silent += u32::from(opened);
    }
    assert!(silent > 8 && complete > 0, "{silent} {complete}");
}

#[test]
fn a_transcripts_name_that_is_taken_is_noticed_before_the_hsm_is_asked() {
    let scene = scene();
    std::fs::write(scene.file("room", "transcript-2.json"), b"something").unwrap();
    let hsm = scene.hsm(&[]).unwrap();
    let run = scene.respond(&hsm.url).unwrap();
    assert_eq!(run.code, 8, "{}", run.stderr);
    assert!(run.says("transcript-2.json is already there"), "{}", run.stderr);
    assert!(crate::known_answer::held(&hsm.url).is_none());
}

/// What a ceremony of sixteen targets shows, as this version shows it, fits: the block of a target sixteen times over.
#[test]
fn a_ceremony_of_sixteen_targets_fits() {
    let told = transcript(&Scene::of(rehearsed()).unwrap(), 2);
    let at = |start: &str| {
        told.lines.iter().position(|line| line.text.as_str().starts_with(start)).unwrap()
    };
    let (from, to) = (at("Target payments"), at("  age copy for") + 1);
    let block = &told.lines[from..to];
    assert!(block.len() >= 10, "{block:?}");
    let mut lines = told.lines[..from].to_vec();
    for _ in 0..16 {
        lines.extend_from_slice(block);
    }
    lines.extend_from_slice(&told.lines[to..]);
    let parts = keyferry_ceremony::transcript::in_parts(&told, lines.clone()).unwrap();
    assert_eq!(parts, [lines.clone()]);
    // And with sixteen custodians whose names are as long as may be.
    let custodians = vec!["c".repeat(64); 16].join(", ");
    for line in lines.iter_mut().filter(|line| line.text.as_str().starts_with("  age copy for")) {
        line.text = keyferry_bundle::Shown::of(&format!("  age copy for  {custodians}"));
    }
    let parts = keyferry_ceremony::transcript::in_parts(&told, lines.clone()).unwrap();
    assert!(parts.len() <= 2 && parts.concat() == lines, "{}", parts.len());
}
