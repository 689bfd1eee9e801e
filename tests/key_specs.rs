//! A whole ceremony for key specs of every kind, and what a wrong key in KMS leads to.

use keyferry_bundle::{Plan, Receipt, Response};
use keyferry_ceremony::wrapping;
use keyferry_tests::{Run, Scene, rehearse};
use std::process::Command;

fn whole(options: &[&str], method: &str, sentence: &str) {
    let rehearsed = rehearse(options).unwrap();
    let scene = Scene::of(&rehearsed).unwrap();
    let receipt: Receipt = scene.body("auditor", "receipt-1.json").unwrap();
    let proof = receipt.targets[0].proof.as_ref().expect("a receipt proves");
    assert_eq!(proof.method.as_str(), method, "{options:?}");
    let mut command = Command::new(rehearsed.programs.path("keyferry"));
    command.args(["verify", "--complete", "--no-pin"]).arg(&rehearsed.evidence);
    let run = Run::of(&mut command, &[]).unwrap();
    assert_eq!(run.code, 0, "{options:?}: {}{}", run.stdout, run.stderr);
    assert!(run.says(sentence), "{sentence:?} is missing in:\n{}", run.stdout);
    let attested = |line: &str| line.contains("PASS") && line.contains("[response.attestation]");
    let private =
        options.iter().any(|option| option.starts_with("RSA_") || option.starts_with("ECC_"));
    assert_eq!(run.stdout.lines().any(attested), private, "{options:?}: {}", run.stdout);
}

#[test]
fn an_hmac_key() {
    for spec in ["HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512"] {
        let sentence = "KMS computed the MAC whose hash the room had published";
        whole(&["--key-spec", spec], "mac", sentence);
    }
}

#[test]
fn an_aes_key_that_cannot_be_read_back() {
    whole(&["--keep-as", "symmetric-key"], "round-trip", "the key works");
}

#[test]
fn an_rsa_key_that_signs() {
    for spec in ["RSA_2048", "RSA_3072", "RSA_4096"] {
        whole(&["--key-spec", spec], "signature", "KMS signed a fresh challenge");
    }
}

#[test]
fn an_rsa_key_that_decrypts() {
    let options = ["--key-spec", "RSA_2048", "--key-usage", "ENCRYPT_DECRYPT"];
    whole(&options, "decryption", "the operator states that it decrypted a fresh challenge");
}

#[test]
fn an_ecc_key_that_signs() {
    for spec in ["ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1"] {
        whole(&["--key-spec", spec], "signature", "KMS signed a fresh challenge");
    }
}

#[test]
fn an_ecc_key_that_agrees() {
    let options = ["--key-spec", "ECC_NIST_P384", "--key-usage", "KEY_AGREEMENT"];
    whole(&options, "shared-secret", "the operator states that it agreed on a secret");
}

#[test]
fn another_key_in_kms_is_found() {
    let rehearsed = rehearse(&["--key-spec", "ECC_NIST_P256"]).unwrap();
    let scene = Scene::of(&rehearsed).unwrap();
    let kms = scene.kms(&[]).unwrap();
    let prove = |scene: &Scene| scene.online(&kms.url, &["prove", "payments-2026"], &[]).unwrap();
    assert_eq!(prove(&scene).code, 0, "{}", prove(&scene).stderr);
    let response: Response = scene.body("bastion", "response-1.json").unwrap();
    let fault = format!("{{\"kind\":\"other-key\",\"key_id\":\"{}\"}}", response.targets[0].key);
    crate::bastion::control(&kms.url, "/virtual/fault", &fault);
    let run = prove(&scene);
    assert_eq!(run.code, 6, "{}", run.stderr);
    assert!(run.says("delete-imported-key-material"), "{}", run.stderr);
}

#[test]
fn an_aes_key_that_cannot_be_read_back_is_wrapped_again() {
    let rehearsed = rehearse(&["--keep-as", "symmetric-key"]).unwrap();
    let scene = Scene::of(&rehearsed).unwrap().before_import().unwrap();
    second_request(&scene);
}

#[test]
fn a_private_key_is_wrapped_again() {
    let rehearsed = rehearse(&["--key-spec", "ECC_NIST_P256"]).unwrap();
    let scene = Scene::of(&rehearsed).unwrap().before_import().unwrap();
    second_request(&scene);
}

fn second_request(scene: &Scene) {
    let kms = scene.kms(&[]).unwrap();
    let fetch = ["fetch", "--again", "payments-2026", "--identity", "oscar.identity"];
    let run = scene.online(&kms.url, &fetch, &[&keyferry_tests::passphrase("oscar")]).unwrap();
    assert_eq!(run.code, 0, "{}", run.stderr);
    std::fs::copy(scene.file("bastion", "request-2.json"), scene.file("room", "request-2.json"))
        .unwrap();
    let hsm = scene.hsm(&[]).unwrap();
    let run = scene.respond(&hsm.url).unwrap();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let first: Response = scene.body("room", "response-1.json").unwrap();
    let second: Response = scene.body("room", "response-2.json").unwrap();
    assert_eq!(second.targets[0].made.as_str(), "stored");
    assert_eq!(first.targets[0].check_value, second.targets[0].check_value);
    let encrypted = |response: &Response| response.targets[0].encrypted_key_material.clone();
    assert!(encrypted(&first) != encrypted(&second));
}

/// Cells of the wrapping matrix that are refused: what AWS does not take, what it takes and nobody should, what would be on the host.
const REFUSED: [(&str, &str); 4] = [
    ("SYMMETRIC_DEFAULT", "RSA_AES_KEY_WRAP_SHA_256"),
    ("SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1"),
    ("RSA_2048", "RSAES_OAEP_SHA_256"),
    ("ECC_NIST_P256", "RSAES_OAEP_SHA_256"),
];

#[test]
fn a_refused_cell_is_refused_by_the_office_the_bastion_and_the_room_with_the_same_words() {
    for (spec, algorithm) in REFUSED {
        let scene = Scene::new().unwrap().before_response().unwrap();
        let mut plan: Plan = scene.body("office", "plan.json").unwrap();
        let target = &mut plan.targets[0];
        target.key_spec = spec.parse().unwrap();
        target.wrapping_algorithm = algorithm.parse().unwrap();
        let rule = wrapping::plannable(
            target.key_spec,
            target.wrapping_algorithm,
            target.wrapping_key_spec,
        );
        let rule = rule.unwrap_err().to_string();
        for machine in ["office", "bastion", "room"] {
            scene.put(machine, "plan.json", &plan, &["alice", "bob"]).unwrap();
        }
        let hsm = scene.hsm(&[]).unwrap();
        let sign = ["sign", "payments-2026/plan.json", "--identity", "alice.identity"];
        let check = ["check", "payments-2026"];
        for run in [
            scene.run("office", "keyferry", &sign, &[]).unwrap(),
            scene.run("bastion", "keyferry-online", &check, &[]).unwrap(),
            scene.respond(&hsm.url).unwrap(),
        ] {
            assert_eq!(run.code, 3, "{spec} {algorithm}: {}", run.stderr);
            assert!(run.says(&rule), "{rule:?} is missing in:\n{}", run.stderr);
        }
    }
}
