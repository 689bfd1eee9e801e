//! Media that fail: full, not writable, already used. Nothing is left half-written.

use keyferry_tests::{Run, Scene, rehearsed};
use std::process::Command;

/// Runs the room's answer where no file can grow: a write fails as it does on a full medium.
fn respond_on_a_full_medium(scene: &Scene, hsm: &str) -> Run {
    let program = rehearsed().programs.path("keyferry-offline");
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\""])
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
    let before = scene.names("room").unwrap();
    let run = respond_on_a_full_medium(&scene, &hsm.url);
    assert_eq!(run.code, 8, "{}", run.stderr);
    assert!(run.says("cannot be written"), "{}", run.stderr);
    assert_eq!(scene.names("room").unwrap(), before);
    assert!(crate::known_answer::held(&hsm.url).is_none());
    // Nothing was made: the same command works as soon as there is room.
    let run = scene.respond(&hsm.url).unwrap();
    assert_eq!(run.code, 0, "{}", run.stderr);
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
