//! Key material: its values for comparison, its copies, and where it lies.

use super::told;
use crate::{check_value, copies, known_answer};
use aes_kw::{KeyInit as _, KwpAes256};
use hmac::{Hmac, Mac as _};
use keyferry_bundle::{Digest, KeySpec};
use keyferry_ceremony::self_test::{SelfTest, hex};
use keyferry_hsm::KeyMaterial;
use std::io::Read as _;

/// RFC 4231, test case 2: the key, and what is authenticated.
const JEFE: &[u8] = b"Jefe";
const QUESTION: &[u8] = b"what do ya want for nothing?";

pub(super) fn tests() -> Vec<SelfTest> {
    let mut tests = Vec::from(hmacs());
    tests.extend([
        SelfTest::answer(
            "check value",
            "SPEC.md section 9",
            &hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
            &hex("95793d8b40484b557cab8e0f761c7e6dab3e8db0c5727b9a6cbf6bceb272f45d"),
            |bytes| Ok(check_value(&material(bytes)?)?.as_bytes().to_vec()),
        ),
        SelfTest::answer(
            "known answer",
            "SPEC.md section 9",
            &hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
            &hex("25cff087e4ba37c8293a92919a5e82b9040ca1ad22bf65c579bdedf94164e8c5"),
            |bytes| {
                let (plan, target) = (Digest::from_bytes([0; 32]), "payments".parse()?);
                let answer = known_answer::of(&material(bytes)?, KeySpec::Hmac256, plan, &target);
                let answer = answer.map_err(told)?.ok_or("there is none")?;
                Ok(answer.as_bytes().to_vec())
            },
        ),
        SelfTest::answer(
            "AES-256 key wrap with padding",
            "RFC 5649; NIST CAVP, KWP_AE_256",
            &hex("314a549913256a71c6348eaab9b85efc755fe736568f0dbc9f6f8bc3ca3d12ee
                  3b700e9682275d8dbe61ca7c1ec900e8"),
            &hex("70c684c49112ad8b8c3e13b99992127b58dcb9b59ce5c3fd"),
            key_wrap,
        ),
        SelfTest::holds("age copies open, one for each custodian", "age v1", age_copies),
        SelfTest::holds("key material lies on a locked page", "the kernel", locked_page),
    ]);
    tests
}

fn hmacs() -> [SelfTest; 4] {
    macro_rules! mac {
        ($name:literal, $hash:ty, $is:literal) => {
            SelfTest::answer(
                $name,
                "RFC 4231, case 2",
                &[JEFE, QUESTION].concat(),
                &hex($is),
                |bytes| {
                    let (key, message) = bytes.split_at_checked(JEFE.len()).ok_or("too short")?;
                    let mac = Hmac::<$hash>::new_from_slice(key).map_err(|e| e.to_string())?;
                    Ok(mac.chain_update(message).finalize().into_bytes().to_vec())
                },
            )
        };
    }
    [
        mac!(
            "HMAC-SHA-224",
            sha2::Sha224,
            "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44"
        ),
        mac!(
            "HMAC-SHA-256",
            sha2::Sha256,
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        mac!(
            "HMAC-SHA-384",
            sha2::Sha384,
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e
             8e2240ca5e69e2c78b3239ecfab21649"
        ),
        mac!(
            "HMAC-SHA-512",
            sha2::Sha512,
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554
             9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
        ),
    ]
}

fn material(bytes: &[u8]) -> Result<KeyMaterial, String> {
    KeyMaterial::take(bytes.to_vec()).map_err(|error| error.to_string())
}

fn key_wrap(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let (key, bytes) = bytes.split_at_checked(32).ok_or("too short")?;
    let cipher = KwpAes256::new_from_slice(key).map_err(|error| error.to_string())?;
    let mut wrapped = [0; 64];
    cipher.wrap_key(bytes, &mut wrapped).map(<[u8]>::to_vec).map_err(|error| error.to_string())
}

/// Two custodians open the same copy, and a stranger does not.
fn age_copies() -> Result<(), String> {
    let secret = material(&[0x5a; 32])?;
    let custodians = [age::x25519::Identity::generate(), age::x25519::Identity::generate()];
    let file = copies::for_custodians(
        &secret,
        &custodians.each_ref().map(age::x25519::Identity::to_public),
    );
    let file = file.map_err(told)?;
    for custodian in &custodians {
        if open(&file, custodian)? != secret.expose() {
            return Err("other bytes come out".to_owned());
        }
    }
    match open(&file, &age::x25519::Identity::generate()) {
        Err(_) => Ok(()),
        Ok(_) => Err("a stranger opens it".to_owned()),
    }
}

/// No secret: the bytes are the test's own.
fn open(file: &[u8], identity: &age::x25519::Identity) -> Result<Vec<u8>, String> {
    let identities = std::iter::once(identity as &dyn age::Identity);
    let sealed = age::Decryptor::new(file).and_then(|sealed| sealed.decrypt(identities));
    let mut bytes = Vec::new();
    sealed.map_err(|e| e.to_string())?.read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    Ok(bytes)
}

/// Linux tells in `/proc/self/status` how much memory is locked; elsewhere that locking succeeded has to do.
fn locked_page() -> Result<(), String> {
    let _held = material(&[1; 32])?;
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return Ok(()) };
    let locked = status.lines().find_map(|line| line.strip_prefix("VmLck:"));
    let kilobytes = locked.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    if kilobytes.is_some_and(|kilobytes| kilobytes > 0) {
        Ok(())
    } else {
        Err("the kernel tells of no locked page".to_owned())
    }
}
