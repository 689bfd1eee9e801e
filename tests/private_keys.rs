//! Private keys never leave the HSM but under its own wrapping: not on the wire, not in the host's memory, and the HSM's log agrees.

use crate::opened::opened;
use crate::proxy::Proxy;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyferry_bundle::{Response, Serial};
use keyferry_hsm::{Address, Credential, Hsm as _, YubiHsm2};
use keyferry_tests::{Rehearsed, Scene, rehearse};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;
use std::process::{Child, Stdio};

const PASSWORD: &str = "rehearsal password of hsm-1";

/// Starts the room's answer through a connector; it ends when the connector lets it.
fn start(scene: &Scene, hsm: &str) -> Child {
    let mut command = scene.command(
        "room",
        "keyferry-offline",
        &["respond", "payments-2026", "--hsm", hsm, "--allow-network", "--room", "memory"],
    );
    command.arg("--new-room").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let answers = format!("{PASSWORD}\npayments-2026\n");
    child.stdin.take().unwrap().write_all(answers.as_bytes()).unwrap();
    child
}

/// The ceremony's authentication key as the virtual HSM keeps it.
fn authentication_key(state: &Path) -> Vec<u8> {
    body(state, 0x0002, 2)
}

/// The private half as the virtual HSM keeps it.
fn private_half(state: &Path) -> Vec<u8> {
    body(state, 0x0a01, 3)
}

/// The bytes of an object, by its id and the code of its type.
fn body(state: &Path, id: u16, kind: u8) -> Vec<u8> {
    let tree: serde_json::Value = serde_json::from_slice(&std::fs::read(state).unwrap()).unwrap();
    let objects = tree["store"]["objects"].as_array().unwrap();
    let object = objects.iter().find(|object| object["id"] == id && object["kind"] == kind);
    STANDARD.decode(object.unwrap()["body"].as_str().unwrap()).unwrap()
}

/// Every readable byte of a process, region by region.
fn memory(process: u32) -> std::io::Result<Vec<Vec<u8>>> {
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps"))?;
    let mut file = std::fs::File::open(format!("/proc/{process}/mem"))?;
    let mut regions = Vec::new();
    for line in
        maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|p| p.starts_with('r')))
    {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let from = u64::from_str_radix(from, 16).unwrap();
        let length = u64::from_str_radix(to, 16).unwrap() - from;
        if line.contains("[vvar") || line.contains("[vsyscall") {
            continue;
        }
        assert!(length < 1 << 30, "{line}");
        let mut bytes = vec![0; usize::try_from(length).unwrap()];
        if file.seek(std::io::SeekFrom::Start(from)).is_ok() && file.read_exact(&mut bytes).is_ok()
        {
            regions.push(bytes);
        }
    }
    Ok(regions)
}

fn holds(regions: &[Vec<u8>], wanted: &[u8]) -> bool {
    regions.iter().any(|region| region.windows(wanted.len()).any(|window| window == wanted))
}

/// Sixteen bytes of the private half at a time, in both orders: of an RSA key its primes, of an ECC key its scalar.
fn pieces(spec: &str, body: &[u8]) -> Vec<Vec<u8>> {
    let secret = match spec {
        "ECC_NIST_P256" => &body[..32],
        _ => &body[..256],
    };
    let reversed: Vec<u8> = secret.iter().rev().copied().collect();
    secret.chunks_exact(16).chain(reversed.chunks_exact(16)).map(<[u8]>::to_vec).collect()
}

#[expect(
    clippy::print_stderr,
    reason = "whoever reads the tests' output must know what was left out"
)]
fn nowhere(spec: &str) {
    let rehearsed: Rehearsed = rehearse(&["--key-spec", spec]).unwrap();
    // Once to count the frames, once to stop before the last.
    let count = {
        let scene = Scene::of(&rehearsed).unwrap().before_response().unwrap();
        let hsm = scene.hsm(&[]).unwrap();
        let proxy = Proxy::start(&hsm.url, None);
        assert!(start(&scene, &proxy.url).wait().unwrap().success());
        proxy.frames()
    };
    let scene = Scene::of(&rehearsed).unwrap().before_response().unwrap();
    let hsm = scene.hsm(&[]).unwrap();
    let proxy = Proxy::start(&hsm.url, Some(count));
    let mut child = start(&scene, &proxy.url);
    proxy.wait();
    let regions = memory(child.id());
    proxy.go_on();
    assert!(child.wait().unwrap().success());

    let body = private_half(&scene.backstage("virtual-hsm.json"));
    let response: Response = scene.body("room", "response-1.json").unwrap();
    let public = response.targets[0].public_key.clone().unwrap();
    let keys = authentication_key(&scene.backstage("virtual-hsm.json"));
    let said = opened(&proxy.exchanges(), &keys);
    // What may be there is: as the HSM told it.
    assert!(holds(&said, response.targets[0].encrypted_key_material.as_bytes()), "{spec}");
    for piece in pieces(spec, &body) {
        assert!(!holds(&said, &piece), "{spec}: in a command or an answer");
    }
    match regions {
        // Only root, or whoever may trace it, can read another process that protects itself.
        Err(error) if std::env::var_os("KEYFERRY_READS_MEMORY").is_none() => {
            assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied, "{error}");
            eprintln!("{spec}: the process's memory was NOT looked at, which takes root");
        }
        Err(error) => panic!("{error}"),
        Ok(regions) => {
            let known = &public.as_bytes()[40..72];
            assert!(holds(&regions, known), "{spec}: the scan does not even find the public half");
            for piece in pieces(spec, &body) {
                assert!(!holds(&regions, &piece), "{spec}: in memory");
            }
        }
    }
}

#[test]
fn private_keys_leave_the_hsm_under_its_own_wrapping_alone() {
    nowhere("ECC_NIST_P256");
    nowhere("RSA_2048");
}

/// GET RSA WRAPPED KEY and EXPORT WRAPPED.
const EXPORTS: [u8; 2] = [0x74, 0x4a];
const PUT_PUBLIC_WRAP_KEY: u8 = 0x73;

/// The ceremony's own session with the HSM.
fn session(url: &str) -> YubiHsm2 {
    let address: Address = url.parse().unwrap();
    let credential = Credential::new("0x0002".parse().unwrap(), PASSWORD.to_owned().into());
    YubiHsm2::open(&address, Serial::new(12_345_678), &credential).unwrap()
}

/// Commands in the HSM's log, and the two objects that each was about (YubiHSM 2 user guide, "Logs": target key, second key).
fn logged(session: &YubiHsm2) -> Vec<(u8, u16, u16)> {
    let log = session.log_entries().unwrap();
    let id = |entry: &[u8], at: usize| u16::from_be_bytes([entry[at], entry[at + 1]]);
    log.entries.iter().map(|entry| (entry[2], id(entry, 7), id(entry, 9))).collect()
}

fn has_public_wrap_key(session: &YubiHsm2) -> bool {
    let objects = session.objects().unwrap();
    objects.iter().any(|(kind, _)| *kind == keyferry_hsm::ObjectKind::PublicWrapKey)
}

#[test]
fn the_hsms_log_shows_one_export_under_that_key_and_the_declared_backup() {
    for spec in ["ECC_NIST_P256", "RSA_2048"] {
        let rehearsed = rehearse(&["--key-spec", spec]).unwrap();
        let scene = Scene::of(&rehearsed).unwrap().before_response().unwrap();
        let hsm = scene.hsm(&[]).unwrap();
        let run = scene.respond(&hsm.url).unwrap();
        assert_eq!(run.code, 0, "{}", run.stderr);

        let session = session(&hsm.url);
        let mut exports = logged(&session);
        exports.retain(|(command, _, _)| EXPORTS.contains(command));
        // The key under the public wrap key of its own id, then under the wrap key.
        let declared = [(EXPORTS[0], 0x0a01, 0x0a01), (EXPORTS[1], 0x0200, 0x0a01)];
        assert_eq!(exports, declared, "{spec}");
        // Nothing is left that anything could be exported under but the wrap key.
        assert!(!has_public_wrap_key(&session));
    }
}

#[test]
fn a_wrapping_public_key_that_differs_after_read_back_is_not_used() {
    let rehearsed = rehearse(&["--key-spec", "ECC_NIST_P256"]).unwrap();
    let scene = Scene::of(&rehearsed).unwrap().before_response().unwrap();
    let before = scene.names_but_transcripts("room").unwrap();
    let hsm = scene.hsm(&["--swap-public-wrap-key"]).unwrap();
    let run = scene.respond(&hsm.url).unwrap();
    assert_eq!(run.code, 3, "{}", run.stderr);
    let said = "the HSM holds another wrapping public key than it was given";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    // No response and no backup, whole or half-written.
    assert_eq!(scene.names_but_transcripts("room").unwrap(), before);

    let session = session(&hsm.url);
    let log = logged(&session);
    let count = |wanted: u8| log.iter().filter(|(command, _, _)| *command == wanted).count();
    assert_eq!(count(PUT_PUBLIC_WRAP_KEY), 1, "{log:?}");
    assert_eq!(EXPORTS.map(count), [0, 0], "{log:?}");
    assert!(!has_public_wrap_key(&session));
}

#[test]
fn firmware_that_cannot_wrap_is_refused_before_anything_is_made() {
    for (options, kept) in [
        (["--key-spec", "ECC_NIST_P256"], "asymmetric-key"),
        (["--keep-as", "symmetric-key"], "symmetric-key"),
    ] {
        let rehearsed = rehearse(&options).unwrap();
        let scene = Scene::of(&rehearsed).unwrap().before_response().unwrap();
        let before = scene.names_but_transcripts("room").unwrap();
        let hsm = scene.hsm(&[]).unwrap();
        for firmware in [[2, 2, 0], [2, 3, 1]] {
            let run = scene.respond(&Proxy::with_firmware(&hsm.url, firmware).url).unwrap();
            assert_eq!(run.code, 5, "{}", run.stderr);
            let version = firmware.map(|part| part.to_string()).join(".");
            let said = format!("is kept as {kept}, which takes firmware 2.4; this is {version}");
            assert!(run.says(&said), "{said:?} is missing in:\n{}", run.stderr);
            assert_eq!(scene.names_but_transcripts("room").unwrap(), before);
        }
        let objects = session(&hsm.url).objects().unwrap();
        let id = "0x0a01".parse().unwrap();
        assert!(objects.iter().all(|(_, object)| *object != id), "{objects:?}");
    }
}
