//! The key material is nowhere: not in what the programs showed, not in what they wrote.

use crate::known_answer::in_the_hsm;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use keyferry_tests::{Scene, rehearsed};
use std::path::{Path, PathBuf};

fn forms(material: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let hex = material.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    // Base64 of a longer text that contains the bytes depends on where they begin in it.
    let shifted = |skip: usize| {
        let mut text = vec![0; skip];
        text.extend_from_slice(material);
        let encoded = STANDARD_NO_PAD.encode(text);
        encoded.as_bytes()[4 * skip.div_ceil(2)..encoded.len() - 4].to_vec()
    };
    vec![
        ("raw", material.to_vec()),
        ("hexadecimal", hex.to_uppercase().into_bytes()),
        ("hexadecimal", hex.into_bytes()),
        ("base64", STANDARD.encode(material).into_bytes()),
        ("base64", STANDARD_NO_PAD.encode(material).into_bytes()),
        ("base64", URL_SAFE.encode(material).into_bytes()),
        ("base64 of a longer text", shifted(0)),
        ("base64, shifted by one", shifted(1)),
        ("base64, shifted by two", shifted(2)),
    ]
}

pub(crate) fn found(bytes: &[u8], material: &[u8]) -> Option<&'static str> {
    let holds = |form: &[u8]| bytes.windows(form.len()).any(|window| window == form);
    forms(material).into_iter().find(|(_, form)| holds(form)).map(|(name, _)| name)
}

fn files(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, all) } else { all.push(path) }
    }
}

#[test]
fn key_material_is_in_nothing_that_was_shown_or_written() {
    let rehearsed = rehearsed();
    let held = in_the_hsm(&Scene::new().unwrap());
    let shown = format!("{}{}", rehearsed.run.stdout, rehearsed.run.stderr);
    assert_eq!(found(shown.as_bytes(), held.expose()), None);
    let mut written = Vec::new();
    files(&rehearsed.stage, &mut written);
    files(&rehearsed.evidence, &mut written);
    // The virtual HSM and the virtual KMS hold it by their nature: they stand for devices, not for files.
    let held_by_nature = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().contains("virtual-"))
    };
    let (devices, programs): (Vec<_>, Vec<_>) = written.into_iter().partition(held_by_nature);
    assert!(programs.len() > 30, "{programs:?}");
    for path in programs {
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(found(&bytes, held.expose()), None, "{}", path.display());
    }
    // The scan finds it where it is: in the virtual HSM's state.
    let seen = |path: &PathBuf| found(&std::fs::read(path).unwrap(), held.expose()).is_some();
    assert!(devices.iter().any(seen), "the scan finds nothing anywhere: {devices:?}");
}

#[test]
fn passphrases_are_in_nothing_that_was_shown_or_written() {
    let rehearsed = rehearsed();
    let mut written = Vec::new();
    files(&rehearsed.stage, &mut written);
    for secret in ["rehearsal passphrase of", "rehearsal password of"] {
        assert!(!rehearsed.run.says(secret), "{secret}");
        for path in &written {
            let bytes = std::fs::read(path).unwrap();
            let holds = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!holds, "{secret} in {}", path.display());
        }
    }
}

#[test]
fn the_scan_sees_every_form() {
    let material: Vec<u8> = (0..32).map(|n| n * 7 + 1).collect();
    for skip in 0..3 {
        let mut text = vec![b'x'; skip];
        text.extend_from_slice(&material);
        text.extend_from_slice(b"yyyy");
        assert!(found(STANDARD.encode(&text).as_bytes(), &material).is_some(), "{skip}");
    }
    assert!(found(b"nothing here", &material).is_none());
}
