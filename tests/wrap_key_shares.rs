//! Setting an HSM up whose wrap key is split among custodians.

use aes::Aes256;
use ccm::aead::Aead as _;
use ccm::consts::{U13, U16};
use ccm::{Ccm, KeyInit as _};
use keyferry_bundle::{Device, Domains, Envelope, Serial, json};
use keyferry_hsm::{Address, Credential, Error, Hsm as _, ObjectKind, Place, Purpose, YubiHsm2};
use keyferry_shares::{SetFile, Share, combine};
use keyferry_tests::{Rehearsed, Run, Scene, Service, rehearse, rehearsed};
use std::path::PathBuf;
use std::sync::OnceLock;

const PASSWORD: &str = "rehearsal password of hsm-1";
const OTHER: &str = "another long password";
const SERIAL: &str = "12345678";
const ANSWERS: &[&str] = &[SERIAL, PASSWORD, OTHER, OTHER, OTHER];
const HOLDERS: [&str; 3] = ["carol", "chris", "cleo"];

/// A rehearsal whose policy has three custodians.
fn split() -> &'static Rehearsed {
    static SPLIT: OnceLock<Rehearsed> = OnceLock::new();
    SPLIT.get_or_init(|| rehearse(&["--custodians", "2-of-3"]).unwrap())
}

/// A scene of it with a factory-new HSM and a folder for shares.
struct Setting {
    scene: Scene,
    hsm: Option<Service>,
}

impl Setting {
    fn new() -> Self {
        let mut setting = Self { scene: Scene::of(split()).unwrap(), hsm: None };
        setting.restart(&[]);
        setting
    }

    /// The same HSM, started again.
    fn restart(&mut self, options: &[&str]) {
        drop(self.hsm.take());
        let state = self.room("new-hsm.json").display().to_string();
        let mut arguments = vec!["--state", state.as_str(), "--serial", SERIAL];
        arguments.extend(options);
        let program = rehearsed().programs.path("keyferry-virtual-hsm");
        self.hsm = Some(Service::start(&program, &arguments).unwrap());
    }

    fn room(&self, name: &str) -> PathBuf {
        self.scene.machine("room").join(name)
    }

    fn url(&self) -> &str {
        &self.hsm.as_ref().unwrap().url
    }

    fn open(&self, credential: &Credential) -> Result<YubiHsm2, Error> {
        let address: Address = self.url().parse().unwrap();
        YubiHsm2::open(&address, Serial::new(12_345_678), credential)
    }

    fn factory(&self) -> Result<YubiHsm2, Error> {
        self.open(&Credential::factory().unwrap())
    }

    fn ceremony(&self) -> Result<YubiHsm2, Error> {
        self.open(&Credential::new("0x0002".parse().unwrap(), PASSWORD.to_owned().into()))
    }

    fn init_with(&self, more: &[&str]) -> Run {
        let answers = if self.factory().is_ok() { ANSWERS } else { &[PASSWORD] };
        let mut arguments = vec!["init", "--hsm", self.url(), "--allow-network"];
        arguments.extend(["--serial", SERIAL, "--name", "hsm-1", "--out", "new-device.json"]);
        arguments.extend(["--room", "memory"]);
        arguments.extend(more);
        self.scene.run("room", "keyferry-offline", &arguments, answers).unwrap()
    }

    fn init(&self) -> Run {
        self.init_with(&["--shares", "2", "--share-folder", "new"])
    }

    /// The first run, which makes the shares.
    fn begun() -> Self {
        let setting = Self::new();
        let run = setting.init();
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(setting.room("new/shares.json").exists());
        setting
    }

    fn file(number: usize, what: &str) -> String {
        format!("new/share-{number}-{}.{what}", HOLDERS[number - 1])
    }

    /// A custodian proves the share; in this test at the room's own machine.
    fn prove(&self, number: usize) -> Run {
        let identity = format!("../office/{}.age-identity", HOLDERS[number - 1]);
        let share = Self::file(number, "age");
        let prove = ["share", "prove", &share, "--identity", &identity];
        self.scene.run("room", "keyferry", &prove, &[]).unwrap()
    }

    fn prove_all(&self) {
        for number in 1..=HOLDERS.len() {
            if !self.room(&Self::file(number, "proof.json")).exists() {
                let run = self.prove(number);
                assert_eq!(run.code, 0, "{}", run.stderr);
            }
        }
    }

    fn set(&self) -> SetFile {
        SetFile::decode(&std::fs::read(self.room("new/shares.json")).unwrap()).unwrap()
    }

    fn device(&self) -> Device {
        let bytes = std::fs::read(self.room("new-device.json")).unwrap();
        let envelope = Envelope::decode_canonical(&bytes).unwrap();
        json::decode(envelope.untrusted_payload()).unwrap()
    }

    /// A custodian's share, opened.
    fn share(&self, number: usize) -> Share {
        let name = format!("{}.age-identity", HOLDERS[number - 1]);
        let text = std::fs::read_to_string(self.scene.machine("office").join(name)).unwrap();
        let identity: age::x25519::Identity = text.trim().parse().unwrap();
        let sealed = std::fs::read(self.room(&Self::file(number, "age"))).unwrap();
        let opened = age::decrypt(&identity, &sealed).unwrap();
        Share::from_text(std::str::from_utf8(&opened).unwrap()).unwrap()
    }

    /// Any two shares make the key that the HSM, which is set up, exports under.
    fn shares_make_the_wrap_key(&self) {
        let hsm = self.ceremony().unwrap();
        let place = Place {
            id: "0x0c01".parse().unwrap(),
            label: "copied".parse().unwrap(),
            domains: Domains::ONE,
        };
        let material = hsm.random(32).unwrap();
        hsm.put_opaque(&place, &material).unwrap();
        let wrap_key = "0x0200".parse().unwrap();
        let export = hsm.export_wrapped(wrap_key, ObjectKind::Opaque, place.id).unwrap();
        let set = self.device().shares.unwrap();
        for (one, two) in [(1, 2), (1, 3), (3, 2)] {
            let shares = [self.share(one), self.share(two)];
            let key = combine(&set, Serial::new(12_345_678), &shares).unwrap();
            let cipher = Ccm::<Aes256, U16, U13>::new_from_slice(&*key).unwrap();
            let nonce: [u8; 13] = export[..13].try_into().unwrap();
            let opened = cipher.decrypt(&nonce.into(), &export[13..]).unwrap();
            assert!(opened.ends_with(material.expose()), "{one} and {two}");
        }
    }
}

#[test]
fn shares_are_made_proved_and_make_the_wrap_key_again() {
    let setting = Setting::begun();
    let held = setting.factory().unwrap();
    let wrap = held.object(ObjectKind::WrapKey, "0x0200".parse().unwrap()).unwrap().unwrap();
    assert_eq!(wrap.serves(Purpose::SplitWrapKey), Ok(()));
    let others = held.objects().unwrap().len();
    assert_eq!(others, 2, "the factory's credential and the wrap key");
    drop(held);
    // Nobody proved yet, then one did: the answer says who is waited for, and asks nothing of the HSM.
    let waiting = |setting: &Setting| {
        let run = setting.init_with(&["--shares", "2", "--share-folder", "new", "--json"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let answer: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(answer["set"], setting.set().shares.id.to_string());
        answer["waiting_for"].clone()
    };
    assert_eq!(waiting(&setting), serde_json::json!(HOLDERS));
    assert_eq!(setting.prove(2).code, 0);
    assert_eq!(waiting(&setting), serde_json::json!(["carol", "cleo"]));
    assert!(setting.factory().is_ok() && !setting.room("new-device.json").exists());
    setting.prove_all();
    let run = setting.init();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(matches!(setting.factory(), Err(Error::Credential { .. })));
    let shares = setting.device().shares.unwrap();
    assert_eq!(shares.id, setting.set().shares.id);
    assert!(shares.holders.iter().all(|holder| holder.proof.is_some()));
    setting.shares_make_the_wrap_key();
}

/// Each way loses one answer of the HSM later than the one before, until well after the second run has begun: from there on it is that of
/// every HSM (`the_factory_credential_goes_last`).
#[test]
fn a_power_cut_at_any_command_of_splitting_loses_nothing() {
    let (mut cuts, mut of_the_second) = (0, 0);
    for command in 1..80 {
        let mut setting = Setting::new();
        setting.restart(&["--fail-after", &command.to_string()]);
        // Until the cut, or the end.
        let mut whole = false;
        loop {
            // `factory` would count: what is typed is the same for both runs that get here.
            let mut arguments = vec!["init", "--hsm", setting.url(), "--allow-network"];
            arguments.extend(["--serial", SERIAL, "--name", "hsm-1", "--out", "new-device.json"]);
            arguments.extend(["--room", "memory"]);
            arguments.extend(["--shares", "2", "--share-folder", "new"]);
            let run = setting.scene.run("room", "keyferry-offline", &arguments, ANSWERS).unwrap();
            if run.code != 0 {
                assert!(matches!(run.code, 5 | 6), "{command}: {}", run.stderr);
                break;
            }
            if setting.room("new-device.json").exists() {
                whole = true;
                break;
            }
            setting.prove_all();
        }
        if whole || of_the_second > 20 {
            break;
        }
        cuts += 1;
        of_the_second += i32::from(setting.room("new/shares.json").exists());
        assert!(!setting.room("new-device.json").exists());
        setting.restart(&[]);
        let locked_out = setting.factory().is_err() && setting.ceremony().is_err();
        assert!(!locked_out, "locked out after {command} commands");
        for _ in 0..2 {
            let run = setting.init();
            assert_eq!(run.code, 0, "after {command} commands: {}", run.stderr);
            if setting.room("new-device.json").exists() {
                break;
            }
            setting.prove_all();
        }
        assert!(matches!(setting.factory(), Err(Error::Credential { .. })), "{command}");
        setting.shares_make_the_wrap_key();
    }
    assert!(cuts > 30 && of_the_second > 20, "{cuts}, {of_the_second}");
}

/// The host is cut off: the share files are there, the wrap key is or is not in the HSM, the public part is not there.
#[test]
fn a_set_that_was_never_finished_is_named_and_made_anew() {
    for in_the_hsm in [false, true] {
        let setting = Setting::begun();
        let old = setting.set().shares;
        std::fs::remove_file(setting.room("new/shares.json")).unwrap();
        if !in_the_hsm {
            setting.factory().unwrap().delete_wrap_key("0x0200".parse().unwrap()).unwrap();
        }
        assert_eq!(setting.prove(1).code, 8);
        let run = setting.init();
        assert_eq!(run.code, 8, "{}", run.stderr);
        for number in 1..=3 {
            assert!(run.says(&Setting::file(number, "age")), "{}", run.stderr);
        }
        std::fs::create_dir(setting.room("old")).unwrap();
        for number in 1..=3 {
            let name = Setting::file(number, "age");
            std::fs::rename(setting.room(&name), setting.room(&name.replace("new/", "old/")))
                .unwrap();
        }
        let run = setting.init();
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert_ne!(setting.set().shares.id, old.id);
        // A share of the old set is none of the new one.
        let prove = ["share", "prove", "old/share-1-carol.age", "--set", "new/shares.json"];
        let identity = ["--identity", "../office/carol.age-identity"];
        let run = setting.scene.run("room", "keyferry", &[&prove[..], &identity].concat(), &[]);
        let run = run.unwrap();
        assert_eq!(run.code, 3, "{}", run.stderr);
        assert!(run.says("the share of carol is of another set"), "{}", run.stderr);
        setting.prove_all();
        assert_eq!(setting.init().code, 0);
        setting.shares_make_the_wrap_key();
    }
}

#[test]
fn a_wrap_key_that_was_exchanged_meanwhile_is_noticed() {
    let setting = Setting::begun();
    setting.prove_all();
    let place = Place {
        id: "0x0200".parse().unwrap(),
        label: "keyferry wrap key".parse().unwrap(),
        domains: Domains::ONE,
    };
    let factory = setting.factory().unwrap();
    factory.delete_wrap_key(place.id).unwrap();
    let run = setting.init();
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.says("the wrap key that was split is not in the HSM"), "{}", run.stderr);
    factory.put_wrap_key(&place, &factory.random(32).unwrap()).unwrap();
    drop(factory);
    let run = setting.init();
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.says("is not the one that was split"), "{}", run.stderr);
    assert!(setting.factory().is_ok() && !setting.room("new-device.json").exists());
}

#[test]
fn proofs_of_another_set_or_share_are_refused_by_name() {
    let (setting, other) = (Setting::begun(), Setting::begun());
    setting.prove_all();
    other.prove_all();
    let chris = setting.room(&Setting::file(2, "proof.json"));
    let good = std::fs::read(&chris).unwrap();
    let carol = std::fs::read(setting.room(&Setting::file(1, "proof.json"))).unwrap();
    let theirs = std::fs::read(other.room(&Setting::file(2, "proof.json"))).unwrap();
    for (bytes, word) in [(&carol, "index: is 1, not 2"), (&theirs, "set: is another set's")] {
        std::fs::write(&chris, bytes).unwrap();
        let run = setting.init();
        assert_eq!(run.code, 3, "{}", run.stderr);
        assert!(run.says("share-2-chris.proof.json is not accepted"), "{}", run.stderr);
        assert!(run.says(word), "{}", run.stderr);
    }
    let mut changed = good.clone();
    let at = changed.windows(9).position(|w| w == b"\"proof\":\"").unwrap() + 20;
    changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
    std::fs::write(&chris, changed).unwrap();
    assert!(setting.init().says("is no proof of chris's share 2"));
    std::fs::write(&chris, good).unwrap();
    assert_eq!(setting.init().code, 0);
}

#[test]
fn a_set_is_for_the_very_command_that_made_it() {
    let setting = Setting::begun();
    for (more, word) in [
        (&["--shares", "3"][..], "shares.threshold: is 2, but --shares says 3"),
        (&["--shares", "2", "--custodian", "carol", "--custodian", "chris"], "shares.holders: are"),
    ] {
        let run = setting.init_with(&[more, &["--share-folder", "new"]].concat());
        assert_eq!(run.code, 3, "{}", run.stderr);
        assert!(run.says(word), "{}", run.stderr);
    }
    // Without shares, or with others: the wrap key is not what is to be made.
    let run = setting.init_with(&[]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.says("its origin is imported, it must be generated"), "{}", run.stderr);
    let text = std::fs::read_to_string(setting.room("new/shares.json")).unwrap();
    let other = text.replace("\"serial\":12345678", "\"serial\":7");
    std::fs::write(setting.room("new/shares.json"), other).unwrap();
    assert!(setting.init().says("shares.id: is not that of the other members for HSM 7"));
}

#[test]
fn a_generated_wrap_key_is_not_split() {
    let setting = Setting::new();
    let place = Place {
        id: "0x0200".parse().unwrap(),
        label: "keyferry wrap key".parse().unwrap(),
        domains: Domains::ONE,
    };
    setting.factory().unwrap().generate_wrap_key(&place).unwrap();
    let run = setting.init();
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.says("its origin is generated, it must be imported"), "{}", run.stderr);
    assert!(!setting.room("new").exists());
}

#[test]
fn a_set_that_is_lost_after_the_factory_credential_is_asked_for() {
    let setting = Setting::begun();
    setting.prove_all();
    assert_eq!(setting.init().code, 0);
    std::fs::remove_file(setting.room("new-device.json")).unwrap();
    std::fs::rename(setting.room("new"), setting.room("elsewhere")).unwrap();
    let run = setting.init();
    assert_eq!(run.code, 8, "{}", run.stderr);
    assert!(run.says("new/shares.json is not here"), "{}", run.stderr);
    std::fs::rename(setting.room("elsewhere"), setting.room("new")).unwrap();
    assert_eq!(setting.init().code, 0);
    setting.shares_make_the_wrap_key();
}

#[test]
fn what_cannot_be_split_is_said_before_anything_is_done() {
    let setting = Setting::new();
    let folder = ["--share-folder", "new"];
    for (more, code, word) in [
        (&["--shares", "4"][..], 2, "4 shares are to make it, among 3 custodian(s)"),
        (&["--shares", "2", "--custodian", "carol"], 2, "2 shares are to make it, among 1"),
        (&["--shares", "2", "--custodian", "mallory"], 4, "mallory cannot get a share"),
        (&["--shares", "1"], 2, "1 is not in 2..=16"),
        (&["--custodian", "carol"], 2, "--shares"),
    ] {
        let run = setting.init_with(&[more, &folder].concat());
        assert_eq!(run.code, code, "{more:?}: {}", run.stderr);
        assert!(run.says(word), "{more:?}: {}", run.stderr);
    }
    assert!(!setting.room("new").exists());
    assert_eq!(setting.factory().unwrap().objects().unwrap().len(), 1);
    let run = setting.init_with(&[&["--shares", "3"][..], &folder].concat());
    assert!(run.code == 0 && run.says("warning: all 3 shares are needed"), "{}", run.stderr);
}

#[test]
fn no_share_stands_in_clear_in_any_file() {
    let setting = Setting::begun();
    setting.prove_all();
    assert_eq!(setting.init().code, 0);
    let share = setting.share(1).to_text();
    let values: Vec<&str> = share.lines().filter(|line| line.starts_with("value-")).collect();
    assert_eq!(values.len(), 4);
    let mut looked = 0;
    for folder in ["", "new"] {
        for entry in std::fs::read_dir(setting.room(folder)).unwrap() {
            let path = entry.unwrap().path();
            let Ok(bytes) = std::fs::read(&path) else { continue };
            // The virtual HSM's own memory apart.
            if path.ends_with("new-hsm.json") {
                continue;
            }
            let text = String::from_utf8_lossy(&bytes).into_owned();
            assert!(values.iter().all(|value| !text.contains(&value[8..27])), "{path:?}");
            looked += 1;
        }
    }
    assert!(looked > 8, "{looked}");
}
