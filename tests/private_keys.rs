//! Private keys never leave the HSM but under its own wrapping: not on the wire, not in the host's memory, and the HSM's log agrees.

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

/// The private half as the virtual HSM keeps it: the state's object 0x0a01 of type asymmetric key.
fn private_half(state: &Path) -> Vec<u8> {
    let tree: serde_json::Value = serde_json::from_slice(&std::fs::read(state).unwrap()).unwrap();
    let objects = tree["store"]["objects"].as_array().unwrap();
    let object = objects.iter().find(|object| object["id"] == 0x0a01 && object["kind"] == 3);
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
        if line.contains("[vvar") || line.contains("[vsyscall") || length > 1 << 28 {
            continue;
        }
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

/// Sixteen bytes of the private half at a time: of an RSA key its primes, of an ECC key its scalar.
fn pieces(spec: &str, body: &[u8]) -> Vec<Vec<u8>> {
    let secret = match spec {
        "ECC_NIST_P256" => &body[..32],
        _ => &body[..256],
    };
    secret.chunks_exact(16).map(<[u8]>::to_vec).collect()
}

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
    let traffic = proxy.traffic();
    for piece in pieces(spec, &body) {
        assert!(!traffic.windows(16).any(|window| window == piece), "{spec}: on the wire");
    }
    match regions {
        // Only root, or whoever may trace it, can read another process that protects itself.
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied, "{error}"),
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

/// The HSM's state as it stood before the answer, with every export and all that leads to one in its log.
fn audited(scene: &Scene) {
    let path = scene.backstage("virtual-hsm.json");
    let mut state: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    state["options"]["command_audit"] =
        serde_json::json!({ "116": "on", "74": "on", "83": "on", "115": "on", "88": "on" });
    std::fs::write(&path, state.to_string()).unwrap();
}

/// The ceremony's own session with the HSM.
fn session(url: &str) -> YubiHsm2 {
    let address: Address = url.parse().unwrap();
    let credential = Credential::new("0x0002".parse().unwrap(), PASSWORD.to_owned().into());
    YubiHsm2::open(&address, Serial::new(12_345_678), &credential).unwrap()
}

/// Commands in the HSM's log and the objects they were about.
fn logged(session: &YubiHsm2) -> Vec<(u8, u16)> {
    let log = session.log_entries().unwrap();
    let entries = log.entries.iter();
    entries.map(|entry| (entry[2], u16::from_be_bytes([entry[9], entry[10]]))).collect()
}

fn has_public_wrap_key(session: &YubiHsm2) -> bool {
    let objects = session.objects().unwrap();
    objects.iter().any(|(kind, _)| *kind == keyferry_hsm::ObjectKind::PublicWrapKey)
}

#[test]
fn the_hsms_log_shows_one_export_under_that_key_and_the_declared_backup() {
    let rehearsed = rehearse(&["--key-spec", "ECC_NIST_P256"]).unwrap();
    let scene = Scene::of(&rehearsed).unwrap().before_response().unwrap();
    audited(&scene);
    let hsm = scene.hsm(&[]).unwrap();
    let run = scene.respond(&hsm.url).unwrap();
    assert_eq!(run.code, 0, "{}", run.stderr);

    let session = session(&hsm.url);
    let log = logged(&session);
    let count = |wanted: u8| log.iter().filter(|(command, _)| *command == wanted).count();
    assert_eq!(EXPORTS.map(count), [1, 1], "{log:?}");
    // Nothing is left that anything could be exported under but the backup key.
    assert!(!has_public_wrap_key(&session));
}

#[test]
fn a_wrapping_public_key_that_differs_after_read_back_is_not_used() {
    let rehearsed = rehearse(&["--key-spec", "ECC_NIST_P256"]).unwrap();
    let scene = Scene::of(&rehearsed).unwrap().before_response().unwrap();
    audited(&scene);
    let before = scene.names("room").unwrap();
    let hsm = scene.hsm(&["--swap-public-wrap-key"]).unwrap();
    let run = scene.respond(&hsm.url).unwrap();
    assert_eq!(run.code, 3, "{}", run.stderr);
    let said = "the HSM holds another wrapping public key than it was given";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    // No response and no backup, whole or half-written.
    assert_eq!(scene.names("room").unwrap(), before);

    let session = session(&hsm.url);
    let log = logged(&session);
    let count = |wanted: u8| log.iter().filter(|(command, _)| *command == wanted).count();
    assert_eq!(count(PUT_PUBLIC_WRAP_KEY), 1, "{log:?}");
    assert_eq!(EXPORTS.map(count), [0, 0], "{log:?}");
    assert!(!has_public_wrap_key(&session));
}
