//! Setting an HSM up, and what its keys may do afterwards.

use keyferry_bundle::{Digest, Domains, Envelope, Policy, Serial};
use keyferry_console::trust::Trust;
use keyferry_hsm::{
    Address, Capabilities, Credential, Duty, Error, Hsm as _, Object, ObjectKind, Origin, Place,
    Purpose, YubiHsm2,
};
use keyferry_tests::{Run, Scene, Service, rehearsed};

const PASSWORD: &str = "rehearsal password of hsm-1";
const OTHER: &str = "another long password";
/// What is typed to set an HSM up: its serial number, and the passwords of its four authentication keys.
const ANSWERS: &[&str] = &[SERIAL, PASSWORD, OTHER, OTHER, OTHER];
const SERIAL: &str = "12345678";

fn credential(password: &str) -> Credential {
    Credential::new("0x0002".parse().unwrap(), password.to_owned().into())
}

fn open(url: &str, credential: &Credential) -> Result<YubiHsm2, Error> {
    let address: Address = url.parse().unwrap();
    YubiHsm2::open(&address, Serial::new(12_345_678), credential)
}

/// A factory-new HSM beside the scene.
fn new_hsm(scene: &Scene, options: &[&str]) -> Service {
    let state = scene.machine("room").join("new-hsm.json").display().to_string();
    let mut arguments = vec!["--state", state.as_str(), "--serial", SERIAL];
    arguments.extend(options);
    Service::start(&rehearsed().programs.path("keyferry-virtual-hsm"), &arguments).unwrap()
}

/// Sets it up in a folder of its own, with a memory of its own.
fn init(scene: &Scene, url: &str, answers: &[&str]) -> Run {
    let folder = scene.machine("room").join("fresh");
    std::fs::create_dir_all(&folder).unwrap();
    let mut arguments = vec![
        "init",
        "--hsm",
        url,
        "--allow-network",
        "--serial",
        SERIAL,
        "--name",
        "hsm-1",
        "--out",
        "fresh/device.json",
        "--room",
        "fresh/memory",
    ];
    if !folder.join("memory/ledger-12345678.json").exists() {
        arguments.push("--new-room");
    }
    scene.run("room", "keyferry-offline", &arguments, answers).unwrap()
}

#[test]
fn the_factory_credential_goes_last() {
    let scene = Scene::new().unwrap();
    // Each run loses one answer later than the one before: a power cut at every command of the way.
    let mut cuts = 0;
    for command in 1..60 {
        let _ = std::fs::remove_file(scene.machine("room").join("new-hsm.json"));
        {
            let cut = command.to_string();
            let hsm = new_hsm(&scene, &["--fail-after", &cut]);
            let run = init(&scene, &hsm.url, ANSWERS);
            if run.code == 0 || run.says("everything is done and written, but the transcript") {
                break;
            }
            cuts += 1;
            assert!(matches!(run.code, 5 | 6), "{command}: {}", run.stderr);
            assert!(!scene.machine("room").join("fresh/device.json").exists());
        }
        let hsm = new_hsm(&scene, &[]);
        let factory = open(&hsm.url, &Credential::factory().unwrap());
        let ours = open(&hsm.url, &credential(PASSWORD));
        assert!(factory.is_ok() || ours.is_ok(), "locked out after {command} commands");
        let answers: &[&str] = if factory.is_ok() { ANSWERS } else { &[PASSWORD] };
        drop((factory, ours));
        let run = init(&scene, &hsm.url, answers);
        assert_eq!(run.code, 0, "after {command} commands: {}", run.stderr);
        let factory = open(&hsm.url, &Credential::factory().unwrap());
        assert!(matches!(factory, Err(Error::Credential { .. })));
        std::fs::remove_file(scene.machine("room").join("fresh/device.json")).unwrap();
    }
    assert!(cuts > 15, "{cuts}");
}

#[test]
fn an_hsm_that_somebody_uses_is_not_set_up() {
    let scene = Scene::new().unwrap();
    let hsm = new_hsm(&scene, &[]);
    let factory = open(&hsm.url, &Credential::factory().unwrap()).unwrap();
    let place = Place {
        id: "0x0700".parse().unwrap(),
        label: "somebody's".parse().unwrap(),
        domains: Domains::ONE,
    };
    factory.generate_signing_key(&place).unwrap();
    let run = init(&scene, &hsm.url, ANSWERS);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.says("it holds the asymmetric key 0x0700"), "{}", run.stderr);
}

#[test]
fn a_strangers_key_under_the_ids_of_init_is_not_taken_for_its_own() {
    let scene = Scene::new().unwrap();
    let hsm = new_hsm(&scene, &[]);
    let factory = open(&hsm.url, &Credential::factory().unwrap()).unwrap();
    let place = Place {
        id: "0x0002".parse().unwrap(),
        label: "somebody's".parse().unwrap(),
        domains: Domains::ONE,
    };
    factory.put_credential(Duty::Ceremony, &place, &credential("somebody's password")).unwrap();
    let run = init(&scene, &hsm.url, ANSWERS);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.says("it is labelled \"somebody's\""), "{}", run.stderr);
    assert!(open(&hsm.url, &credential("somebody's password")).is_ok());
}

#[test]
fn an_hsm_that_the_policy_does_not_list_is_not_set_up() {
    let scene = Scene::new().unwrap();
    let hsm = new_hsm(&scene, &[]);
    let fixed = ["init", "--hsm", &hsm.url, "--allow-network", "--serial", "7", "--name", "hsm-1"];
    let arguments = [&fixed[..], &["--room", "memory"]].concat();
    let run = scene
        .run("room", "keyferry-offline", &arguments, &["7", PASSWORD, OTHER, OTHER, OTHER])
        .unwrap();
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert!(run.says("serial 7 is not among its devices"), "{}", run.stderr);
}

#[test]
fn an_hsm_is_not_set_up_under_a_policy_that_expired() {
    let scene = Scene::new().unwrap();
    let hsm = new_hsm(&scene, &[]);
    let mut policy: Policy = scene.body("room", "policy-v1.json").unwrap();
    policy.created = "2025-01-01T00:00:00Z".parse().unwrap();
    policy.expires = Some("2025-06-01T00:00:00Z".parse().unwrap());
    scene.put("room", "policy-v1.json", &policy, &["alice", "bob"]).unwrap();
    let bytes = std::fs::read(scene.file("room", "policy-v1.json")).unwrap();
    let digest = Envelope::decode_canonical(&bytes).unwrap().digest();
    Trust::pin(&scene.machine("room").join("expired"), &bytes, digest, 1).unwrap();
    let arguments =
        ["init", "--hsm", &hsm.url, "--allow-network", "--serial", SERIAL, "--name", "hsm-1"];
    let arguments =
        [&arguments[..], &["--out", "late.json", "--trust", "expired", "--room", "memory"]]
            .concat();
    let answers = ANSWERS;
    let run = scene.run("room", "keyferry-offline", &arguments, answers).unwrap();
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert!(run.says("it expired at 2025-06-01T00:00:00Z"), "{}", run.stderr);
    // Nobody asked the HSM for anything.
    assert!(open(&hsm.url, &Credential::factory().unwrap()).is_ok());
    assert!(!scene.machine("room").join("late.json").exists());
}

#[test]
fn the_ceremony_credential_can_do_little() {
    let scene = Scene::new().unwrap();
    let service = scene.hsm(&[]).unwrap();
    let hsm = open(&service.url, &credential(PASSWORD)).unwrap();
    let place = Place {
        id: "0x0c01".parse().unwrap(),
        label: "rogue".parse().unwrap(),
        domains: Domains::ONE,
    };
    let refused = |outcome: Result<(), Error>| {
        assert!(matches!(outcome, Err(Error::Refused { code: 0x09, .. })), "{outcome:?}");
    };
    refused(hsm.generate_signing_key(&place));
    refused(hsm.generate_wrap_key(&place));
    refused(hsm.put_credential(Duty::Audit, &place, &credential(OTHER)));
    refused(hsm.delete_authentication_key("0x0002".parse().unwrap()));
    // The signing key stays inside, under whatever wrap key.
    let export = hsm.export_wrapped(
        "0x0200".parse().unwrap(),
        ObjectKind::AsymmetricKey,
        "0x0100".parse().unwrap(),
    );
    assert!(matches!(export, Err(Error::Refused { .. })), "{export:?}");
    hsm.sign("0x0100".parse().unwrap(), &Digest::of(b"anything")).unwrap();
}

#[test]
fn a_key_with_another_origin_or_more_capabilities_does_not_serve() {
    let scene = Scene::new().unwrap();
    let service = scene.hsm(&[]).unwrap();
    let hsm = open(&service.url, &credential(PASSWORD)).unwrap();
    let id = "0x0100".parse().unwrap();
    let sound = hsm.object(ObjectKind::AsymmetricKey, id).unwrap().unwrap();
    assert_eq!(sound.serves(Purpose::SigningKey), Ok(()));
    for origin in [Origin::Imported, Origin::ImportedWrapped] {
        let object = Object { origin, ..sound.clone() };
        assert!(object.serves(Purpose::SigningKey).unwrap_err().contains("origin"));
    }
    let exportable = Capabilities(sound.capabilities.0 | 0x1_0000);
    let object = Object { capabilities: exportable, ..sound.clone() };
    assert!(object.serves(Purpose::SigningKey).unwrap_err().contains("capabilities"));
    assert!(sound.serves(Purpose::WrapKey).is_err());
}
