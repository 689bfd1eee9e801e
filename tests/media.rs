//! Media that fail: full, not writable, already used. Nothing is left half-written.

use keyferry_tests::{Run, Scene, rehearsed};
use std::process::Command;

/// Runs the room's answer where no file can grow beyond so many blocks of 512 bytes: a write fails as it does on a full medium.
fn respond_on_a_full_medium(scene: &Scene, hsm: &str, blocks: u32) -> Run {
    let program = rehearsed().programs.path("keyferry-offline");
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""))
        .arg(program)
        .args(["respond", "payments-2026", "--hsm", hsm, "--allow-network", "--room", "memory"])
        .arg("--new-room")
        .args(["--answers-fd", "0"])
        .current_dir(scene.machine("room"))
        .env("KEYFERRY_TRUST", "trust");
    Run::of(&mut command, &["rehearsal password of hsm-1", "payments-2026"]).unwrap()
}

#[test]
fn a_full_medium_is_noticed_before_the_hsm_is_asked() {
    let scene = Scene::new().unwrap().before_response().unwrap();
    let hsm = scene.hsm(&[]).unwrap();
    let before = scene.names_but_transcripts("room").unwrap();
    let run = respond_on_a_full_medium(&scene, &hsm.url, 0);
    assert_eq!(run.code, 8, "{}", run.stderr);
    assert!(run.says("cannot be written"), "{}", run.stderr);
    assert_eq!(scene.names_but_transcripts("room").unwrap(), before);
    assert!(crate::known_answer::held(&hsm.url).is_none());
    // Nothing was made: the same command works as soon as there is room.
    let run = scene.respond(&hsm.url).unwrap();
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn a_medium_without_room_for_the_transcript_keeps_everything_else_and_its_number() {
    let scene = Scene::new().unwrap().before_response().unwrap();
    let hsm = scene.hsm(&[]).unwrap();
    // The transcript is the largest file by far: all others fit into nine blocks.
    let run = respond_on_a_full_medium(&scene, &hsm.url, 9);
    assert_eq!(run.code, 8, "{}", run.stderr);
    for said in [
        "error: everything is done and written, but the transcript is not",
        "because: payments-2026/transcript-2.json cannot be written",
        "The response is written",
    ] {
        assert!(run.says(said), "{said}: {}", run.stderr);
    }
    let names = scene.names("room").unwrap();
    assert!(names.contains(&"response-1.json".to_owned()), "{names:?}");
    assert!(!names.iter().any(|name| name.contains("transcript-2")), "{names:?}");
    // The memory had it before: nobody gets its number, and the next one names it.
    std::fs::remove_file(scene.file("room", "response-1.json")).unwrap();
    let refused = scene.respond(&hsm.url).unwrap();
    assert!(refused.says("request 1 was answered already"), "{}", refused.stderr);
    let memory = scene.machine("room").join("memory/ledger-12345678.json");
    let memory: serde_json::Value =
        serde_json::from_slice(&std::fs::read(memory).unwrap()).unwrap();
    assert_eq!(memory["transcripts"]["counter"], 2);
    assert_eq!(memory["transcripts"]["unrecorded"], 0);
}

#[test]
fn an_existing_folder_is_not_used_again() {
    let scene = Scene::new().unwrap();
    let rehearsal = rehearsed().programs.path("keyferry-rehearsal");
    let mut command = Command::new(rehearsal);
    command.arg("--out").arg(scene.machine("auditor"));
    let run = Run::of(&mut command, &[]).unwrap();
    assert_eq!(run.code, 8, "{}", run.stderr);
    assert!(run.says("is already there"));
}

#[test]
fn a_folder_that_cannot_be_written_is_noticed() {
    // Even root cannot make files in /proc.
    let scene = Scene::new().unwrap();
    let run = scene
        .run(
            "office",
            "keyferry",
            &["identity", "new", "/proc/mallory.identity"],
            &["long enough pass"],
        )
        .unwrap();
    assert_eq!(run.code, 8, "{}", run.stderr);
    assert!(run.says("cannot be written"), "{}", run.stderr);
}
