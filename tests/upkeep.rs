//! An HSM that is lost: a second one gets the wrap key from its custodians' shares, takes the copies back, and proves each.

use keyferry_bundle::kinds::{KeptAs, UpkeepObject, Work};
use keyferry_bundle::{Device, Envelope, Serial, Upkeep, json};
use keyferry_hsm::{Address, Credential, Error, Hsm as _, ObjectKind, Origin, YubiHsm2};
use keyferry_tests::{Rehearsed, Run, Scene, Service, passphrase, rehearse, rehearsed};
use std::path::PathBuf;
use std::sync::OnceLock;

const CEREMONY: &str = "payments-2026";
const FIRST: &str = "12345678";
const SECOND: &str = "87654321";
const CEREMONIES: &str = "a ceremony password";
const BACKUP: &str = "a backup password";
const ADMINISTRATION: &str = "an administration password";
const SHARES: [&str; 3] =
    ["shares/share-1-carol.age", "shares/share-2-chris.age", "shares/share-3-cleo.age"];
const IDENTITIES: [&str; 3] =
    ["../office/carol.age-identity", "../office/chris.age-identity", "../office/cleo.age-identity"];

/// A rehearsal whose wrap key is in shares.
fn opaque() -> &'static Rehearsed {
    static SPLIT: OnceLock<Rehearsed> = OnceLock::new();
    SPLIT.get_or_init(|| rehearse(&["--custodians", "2-of-3"]).unwrap())
}

/// The room after the ceremony, the first HSM being gone, with a factory-new one.
struct Room {
    scene: Scene,
    hsm: Option<Service>,
}

impl Room {
    fn of(rehearsed: &Rehearsed) -> Self {
        let mut room = Self { scene: Scene::of(rehearsed).unwrap(), hsm: None };
        std::fs::create_dir(room.path("second")).unwrap();
        room.restart(&[]);
        room
    }

    fn restart(&mut self, options: &[&str]) {
        drop(self.hsm.take());
        let state = self.path("second/hsm-state").display().to_string();
        let mut arguments = vec!["--state", state.as_str(), "--serial", SECOND];
        arguments.extend(options);
        let program = rehearsed().programs.path("keyferry-virtual-hsm");
        self.hsm = Some(Service::start(&program, &arguments).unwrap());
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scene.machine("room").join(name)
    }

    fn url(&self) -> &str {
        &self.hsm.as_ref().unwrap().url
    }

    fn open(&self, id: &str, password: &str) -> Result<YubiHsm2, Error> {
        let address: Address = self.url().parse().unwrap();
        let credential = Credential::new(id.parse().unwrap(), password.to_owned().into());
        YubiHsm2::open(&address, Serial::new(87_654_321), &credential)
    }

    fn offline(&self, arguments: &[&str], answers: &[&str]) -> Run {
        let url = self.url();
        let arguments = [arguments, &["--hsm", url, "--allow-network"]].concat();
        self.scene.run("room", "keyferry-offline", &arguments, answers).unwrap()
    }

    /// Sets the second HSM up from these shares.
    fn init(&self, shares: &[&str], identities: &[&str], set: &str) -> Run {
        let mut arguments = vec!["init", "--serial", SECOND, "--name", "hsm-2"];
        arguments.extend(["--out", "second/device.json", "--room", "memory", "--new-room"]);
        arguments.extend(["--share-set", set, "--shares-from"]);
        arguments.extend(shares);
        arguments.push("--identity");
        arguments.extend(identities);
        self.offline(&arguments, &[SECOND, CEREMONIES, BACKUP, "an audit password", ADMINISTRATION])
    }

    fn sign(&self, file: &str, word: &str) {
        let sign = ["sign", file, "--identity", "wendy.identity"];
        let run = self.scene.run("room", "keyferry", &sign, &[&passphrase("wendy"), word]).unwrap();
        assert_eq!(run.code, 0, "{}", run.stderr);
    }

    /// With the second HSM set up from two shares.
    fn ready(rehearsed: &Rehearsed) -> Self {
        let room = Self::of(rehearsed);
        let run =
            room.init(&[SHARES[0], SHARES[2]], &[IDENTITIES[0], IDENTITIES[2]], "device.json");
        assert_eq!(run.code, 0, "{}", run.stderr);
        room.sign("second/device.json", "hsm-2");
        room
    }

    fn restore(&self, more: &[&str]) -> Run {
        let mut arguments = vec!["restore", CEREMONY, "--device", "second/device.json"];
        arguments.extend(["--room", "memory", "--out", "second"]);
        arguments.extend(more);
        self.offline(&arguments, &[CEREMONIES, SECOND, BACKUP, ADMINISTRATION])
    }

    fn body<T: keyferry_bundle::kinds::Bundle>(&self, name: &str) -> T {
        let bytes = std::fs::read(self.path(name)).unwrap();
        let envelope = Envelope::decode_canonical(&bytes).unwrap();
        json::decode(envelope.untrusted_payload()).unwrap()
    }

    fn upkeep(&self, number: u32) -> Upkeep {
        self.body(&format!("second/upkeep-{number}.json"))
    }

    /// Type and id of what the second HSM has.
    fn objects(&self) -> Vec<(ObjectKind, String)> {
        let hsm = self.open("0x0002", CEREMONIES).unwrap();
        hsm.objects().unwrap().into_iter().map(|(kind, id)| (kind, id.to_string())).collect()
    }
}

#[test]
fn a_second_hsm_gets_the_wrap_key_from_shares_and_the_key_material_from_copies() {
    let room = Room::ready(opaque());
    let (first, second): (Device, Device) =
        (room.body("device.json"), room.body("second/device.json"));
    let (old, new) = (first.shares.unwrap(), second.shares.unwrap());
    assert_eq!((new.id, new.hsm), (old.id, Some(Serial::new(12_345_678))));
    let present: Vec<bool> = new.holders.iter().map(|holder| holder.present.is_some()).collect();
    assert_eq!(present, [true, false, true]);

    let run = room.restore(&[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let upkeep = room.upkeep(1);
    assert_eq!((upkeep.work, upkeep.counter), (Work::Restore, 1));
    let [UpkeepObject { object_id, kept_as: KeptAs::Opaque, check_value, source: Some(_), .. }] =
        upkeep.objects.as_slice()
    else {
        panic!("{:?}", upkeep.objects)
    };
    let response: keyferry_bundle::Response = room.body("payments-2026/response-1.json");
    assert_eq!(*check_value, response.targets[0].check_value);
    let hsm = room.open("0x0002", CEREMONIES).unwrap();
    let object = hsm.object(ObjectKind::Opaque, *object_id).unwrap().unwrap();
    assert_eq!(object.origin, Origin::ImportedWrapped);
    assert!(room.path("second/transcript-2.json").exists());
}

#[test]
fn a_drill_leaves_nothing_behind() {
    let room = Room::ready(opaque());
    let before = room.objects();
    let run = room.restore(&["--drill"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(room.objects(), before);
    let upkeep = room.upkeep(1);
    assert_eq!(
        (upkeep.work, upkeep.objects.len(), upkeep.inventory.len()),
        (Work::Drill, 1, before.len())
    );
    // Again, and then in earnest; there a drill is refused.
    assert_eq!(room.restore(&["--drill"]).code, 0);
    assert_eq!(room.restore(&[]).code, 0);
    let run = room.restore(&["--drill"]);
    assert!(run.code == 5 && run.says("a drill deletes what it put back"), "{}", run.stderr);
    assert_eq!(room.upkeep(3).work, Work::Restore);
    assert_eq!(room.objects().len(), before.len() + 1);
}
