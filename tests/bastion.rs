//! What the bastion refuses, before it calls AWS wherever that is possible.

use crate::known_answer::restore;
use keyferry_bundle::{Digest, Receipt, Response};
use keyferry_tests::{Run, Scene, passphrase};

const IMPORT: &[&str] = &["import", "payments-2026", "--identity", "oscar.identity"];

fn scene() -> Scene {
    Scene::new().unwrap().before_import().unwrap()
}

fn import(scene: &Scene, kms: &str) -> Run {
    scene.online(kms, IMPORT, &[&passphrase("oscar"), "payments-2026"]).unwrap()
}

fn refused(scene: &Scene, kms: &str, code: i32, cause: &str) -> Run {
    let before = scene.names("bastion").unwrap();
    let run = import(scene, kms);
    assert_eq!(run.code, code, "{}", run.stderr);
    assert!(run.says(cause), "{cause:?} is missing in:\n{}", run.stderr);
    assert_eq!(scene.names("bastion").unwrap(), before);
    run
}

pub(crate) fn control(kms: &str, path: &str, body: &str) {
    use std::io::{Read as _, Write as _};
    let host = kms.trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    let length = body.len();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn the_same_scene_imports() {
    let scene = scene();
    let kms = scene.kms(&[]).unwrap();
    let run = import(&scene, &kms.url);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let receipt: Receipt = scene.body("bastion", "receipt-1.json").unwrap();
    assert_eq!(receipt.targets[0].outcome.as_str(), "imported");
}

#[test]
fn parameters_that_expired_lead_back_to_fetch() {
    let scene = scene();
    let kms = scene.kms(&[]).unwrap();
    control(&kms.url, "/virtual/clock", "{\"advance_seconds\":90000}");
    let run = refused(&scene, &kms.url, 5, "ExpiredImportToken");
    assert!(run.says("keyferry-online fetch"), "{}", run.stderr);
}

#[test]
fn the_token_is_of_another_download() {
    let scene = scene();
    std::fs::write(scene.file("bastion", "import-token-1-payments.bin"), b"another token").unwrap();
    let kms = scene.kms(&[]).unwrap();
    refused(&scene, &kms.url, 3, "import-token-1-payments.bin");
}

#[test]
fn the_witness_has_not_signed() {
    let scene = scene();
    let path = scene.file("bastion", "response-1.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let second = text.rfind(",{\"keyid\"").unwrap();
    std::fs::write(&path, format!("{}]}}\n", &text[..second])).unwrap();
    let kms = scene.kms(&[]).unwrap();
    refused(&scene, &kms.url, 4, "witness needs 1 distinct holder(s), got none");
}

#[test]
fn the_hsm_has_not_signed() {
    let scene = scene();
    let mut response: Response = scene.body("bastion", "response-1.json").unwrap();
    response.targets[0].check_value = Digest::of(b"other material");
    scene.put("bastion", "response-1.json", &response, &["wendy"]).unwrap();
    let kms = scene.kms(&[]).unwrap();
    refused(&scene, &kms.url, 4, "hsm-signer needs 1 distinct holder(s), got none");
}

#[test]
fn the_credentials_are_of_another_account() {
    let scene = scene();
    let kms = scene.kms(&["--account", "999999999999"]).unwrap();
    let before = scene.names("bastion").unwrap();
    let run = import(&scene, &kms.url);
    assert!(matches!(run.code, 4 | 5), "{}", run.stderr);
    assert_eq!(scene.names("bastion").unwrap(), before);
}

#[test]
fn nobody_answers() {
    refused(&scene(), "http://127.0.0.1:1", 5, "127.0.0.1:1");
}

#[test]
fn a_lost_answer_is_resolved_by_looking_not_by_another_upload() {
    let scene = scene();
    let kms = scene.kms(&[]).unwrap();
    let lose = "{\"operation\":\"ImportKeyMaterial\",\"kind\":\"lose-answer\",\"count\":1}";
    control(&kms.url, "/virtual/fault", lose);
    let run = import(&scene, &kms.url);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let receipt: Receipt = scene.body("bastion", "receipt-1.json").unwrap();
    assert_eq!(receipt.targets[0].outcome.as_str(), "confirmed");
}

#[test]
fn the_receipt_is_there_already() {
    let scene = Scene::new().unwrap();
    let kms = scene.kms(&[]).unwrap();
    refused(&scene, &kms.url, 8, "receipt-1.json");
}

#[test]
fn any_other_word_uploads_nothing() {
    let scene = scene();
    let kms = scene.kms(&[]).unwrap();
    let run = scene.online(&kms.url, IMPORT, &[&passphrase("oscar"), "yes"]).unwrap();
    assert_eq!(run.code, 7, "{}", run.stderr);
    assert_eq!(import(&scene, &kms.url).code, 0);
}

#[test]
fn a_dry_run_uploads_nothing() {
    let scene = scene();
    let kms = scene.kms(&[]).unwrap();
    let before = scene.names("bastion").unwrap();
    let mut arguments = IMPORT.to_vec();
    arguments.push("--dry-run");
    let run = scene.online(&kms.url, &arguments, &[&passphrase("oscar")]).unwrap();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(scene.names("bastion").unwrap(), before);
    let status = scene.online(&kms.url, &["status", "payments-2026"], &[]).unwrap();
    assert!(status.says("PendingImport"), "{}{}", status.stdout, status.stderr);
}

#[test]
fn fetching_again_makes_request_two_that_the_room_answers_with_the_same_material() {
    let (scene, hsm) = asked_twice();
    let run = scene.respond(&hsm.url).unwrap();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let (first, second): (Response, Response) = (
        scene.body("room", "response-1.json").unwrap(),
        scene.body("room", "response-2.json").unwrap(),
    );
    assert_eq!(second.targets[0].made.as_str(), "stored");
    assert_eq!(first.targets[0].check_value, second.targets[0].check_value);
    assert_eq!(first.targets[0].backup, second.targets[0].backup);
}

/// It is imported by a plan of its own, with the record of the restore.
#[test]
fn key_material_that_was_restored_from_its_copy_does_not_pass_for_what_was_stored() {
    let (scene, hsm) = asked_twice();
    drop(restore(&scene, &hsm.url));
    let run = scene.respond(&hsm.url).unwrap();
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.says("came in under wrap"), "{}", run.stderr);
    assert!(!scene.names("room").unwrap().contains(&"response-2.json".to_owned()));
}

/// The room has request 2 after it answered request 1.
fn asked_twice() -> (Scene, keyferry_tests::Service) {
    let scene = Scene::new().unwrap().before_import().unwrap();
    let kms = scene.kms(&[]).unwrap();
    let fetch = ["fetch", "--again", "payments-2026", "--identity", "oscar.identity"];
    let run = scene.online(&kms.url, &fetch, &[&passphrase("oscar")]).unwrap();
    assert_eq!(run.code, 0, "{}", run.stderr);
    std::fs::copy(scene.file("bastion", "request-2.json"), scene.file("room", "request-2.json"))
        .unwrap();
    let hsm = scene.hsm(&[]).unwrap();
    (scene, hsm)
}
