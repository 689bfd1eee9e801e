//! An HSM that is lost: a second one gets the wrap key from its custodians' shares, takes the copies back, and proves each.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyferry_bundle::kinds::{KeptAs, UpkeepObject, Work};
use keyferry_bundle::{Device, Digest, Envelope, Serial, Upkeep, json};
use keyferry_hsm::{Address, Credential, Error, Hsm as _, ObjectKind, Origin, YubiHsm2};
use keyferry_tests::{Rehearsed, Run, Scene, Service, passphrase, rehearse, rehearsed};
use std::path::PathBuf;
use std::sync::OnceLock;

const CEREMONY: &str = "payments-2026";
const SECOND: &str = "87654321";
/// What is typed where everything is copied.
const ANSWERS: &[&str] =
    &["rehearsal password of hsm-1", "12345678", "rehearsal password of the backup"];
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

/// Whatever is wrong with the shares is named before the HSM is asked for anything.
#[test]
fn shares_that_do_not_make_the_wrap_key_change_nothing() {
    let room = Room::of(opaque());
    let [one, two, _] = SHARES;
    let all = &IDENTITIES[..];
    // Of another set: another rehearsal's, under the names of this one.
    let other = rehearse(&["--custodians", "2-of-3"]).unwrap();
    std::fs::create_dir(room.path("other")).unwrap();
    for (from, to) in [
        ("office/carol.age-identity", "other/carol.age-identity"),
        ("room/shares/share-1-carol.age", "other/share-1-carol.age"),
        ("room/shares/shares.json", "other/shares.json"),
    ] {
        std::fs::copy(other.stage.join(from), room.path(to)).unwrap();
    }
    let mixed = [IDENTITIES[0], IDENTITIES[1], "other/carol.age-identity"];
    // A wrong share: its value altered, everything about it made to fit. Sealed to carol, whose identity is at hand.
    forge(&room, "shares/forged.age");
    let theirs = "other/share-1-carol.age";
    for (shares, identities, set, word) in [
        (&[one][..], all, "device.json", "2 shares are needed, 1 there: carol"),
        (&[one, one], all, "device.json", "the share of carol is there twice"),
        (&[theirs, two], &mixed, "device.json", "the share of carol is of another set"),
        (&[one, two], all, "other/shares.json", "of another set: it names another id"),
        (&["shares/forged.age", two], all, "device.json", "the share of carol was altered"),
    ] {
        let run = room.init(shares, identities, set);
        assert_eq!(run.code, 3, "{word}: {}", run.stderr);
        assert!(run.says(word), "{word}: {}", run.stderr);
        assert!(!room.path("second/device.json").exists());
    }
    // Somebody else's identity opens nothing.
    let run = room.init(&[one, two], &[IDENTITIES[0]], "device.json");
    assert_eq!(run.code, 8, "{}", run.stderr);
    let factory: Credential = Credential::factory().unwrap();
    let address: Address = room.url().parse().unwrap();
    let hsm = YubiHsm2::open(&address, Serial::new(87_654_321), &factory).unwrap();
    assert_eq!(hsm.objects().unwrap().len(), 1);
    assert_eq!(hsm.log_entries().unwrap().entries.len(), 2, "a session of this test alone");
}

/// Carol's share with another value, all its check digits made anew, sealed to her again.
fn forge(room: &Room, to: &str) {
    let text = std::fs::read_to_string(room.path(IDENTITIES[0])).unwrap();
    let identity: age::x25519::Identity = text.trim().parse().unwrap();
    let sealed = |name: &str| std::fs::read(room.path(name)).unwrap();
    let opened = age::decrypt(&identity, &sealed(SHARES[0])).unwrap();
    let text = String::from_utf8(opened).unwrap();
    // The value of another custodian, under carol's name and number.
    let other = std::fs::read_to_string(room.path(IDENTITIES[1])).unwrap();
    let other: age::x25519::Identity = other.trim().parse().unwrap();
    let other = String::from_utf8(age::decrypt(&other, &sealed(SHARES[1])).unwrap()).unwrap();
    let values = |line: &&str| line.starts_with("value-");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let taken: Vec<&str> = other.lines().filter(values).collect();
    for (line, value) in lines.iter_mut().filter(|line| line.starts_with("value-")).zip(taken) {
        value.clone_into(line);
    }
    // The checksum of all: the first eight bytes in groups, and its own check digits.
    let digest = |text: String| Digest::of(text.as_bytes()).to_string();
    let content = |line: &String| line.rsplit_once(' ').unwrap().0.to_owned() + "\n";
    let sum: String = lines[..9].iter().map(content).collect();
    let sum = digest(format!("keyferry share sum v1\n{sum}"));
    let groups = [&sum[..4], &sum[4..8], &sum[8..12], &sum[12..16]].join(" ");
    let last = format!("sum {groups}");
    let check = &digest(format!("keyferry share line v1 9 {last}"))[..4];
    lines[9] = format!("{last} {check}");
    let forged = lines.join("\n") + "\n";
    let bytes = age::encrypt(&identity.to_public(), forged.as_bytes()).unwrap();
    std::fs::write(room.path(to), bytes).unwrap();
}

/// Every problem with a copy is found before anything is imported.
#[test]
fn copies_that_are_not_what_was_made_change_nothing() {
    let room = Room::ready(opaque());
    let before = room.objects();
    let path = room.path("payments-2026/backup-payments.yhw");
    let good = std::fs::read(&path).unwrap();
    let refused = |code: i32, word: &str| {
        let run = room.restore(&[]);
        assert!(run.code == code && run.says(word), "{}: {}", run.code, run.stderr);
        assert_eq!(room.objects(), before);
        assert!(!room.path("second/upkeep-1.json").exists());
    };
    let mut altered = good.clone();
    altered[40] = if altered[40] == b'A' { b'B' } else { b'A' };
    std::fs::write(&path, altered).unwrap();
    refused(3, "it is not the copy that was made: its SHA-256 differs");
    std::fs::remove_file(&path).unwrap();
    refused(8, "backup-payments.yhw cannot be read");
    std::fs::write(&path, &good).unwrap();
    // The bundle that names it, altered.
    let bundle = room.path("payments-2026/backup-payments.json");
    let signed = std::fs::read(&bundle).unwrap();
    let mut changed = signed.clone();
    let at = changed.windows(11).position(|window| window == b"\"payload\":\"").unwrap_or(20) + 60;
    changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
    std::fs::write(&bundle, changed).unwrap();
    refused(3, "backup-payments.json is not accepted");
    std::fs::write(&bundle, signed).unwrap();
    // Nobody says yes.
    let restore = ["restore", CEREMONY, "--device", "second/device.json", "--room", "memory"];
    let run = room.offline(&[&restore[..], &["--out", "second"]].concat(), &[CEREMONIES, "no"]);
    assert_eq!(run.code, 7, "{}", run.stderr);
    assert_eq!(room.objects(), before);
    assert_eq!(room.restore(&[]).code, 0);
}

/// A stranger's object under the id, or the right id with another content.
#[test]
fn an_id_that_is_taken_refuses_and_a_cut_is_gone_on_from() {
    let mut room = Room::ready(opaque());
    let place = keyferry_hsm::Place {
        id: "0x0a01".parse().unwrap(),
        label: "somebody's".parse().unwrap(),
        domains: keyferry_bundle::Domains::ONE,
    };
    let hsm = room.open("0x0002", CEREMONIES).unwrap();
    hsm.put_opaque(&place, &hsm.random(32).unwrap()).unwrap();
    let run = room.restore(&[]);
    assert!(run.code == 5 && run.says("object id 0x0a01 is taken"), "{}", run.stderr);
    room.open("0x0005", ADMINISTRATION).unwrap().delete_opaque(place.id).unwrap();
    drop(hsm);
    // The answer to each command is lost once, until the end is reached.
    let (mut cuts, mut done) = (0, false);
    for command in (1..200).step_by(3) {
        room.restart(&["--fail-after", &command.to_string()]);
        let run = room.restore(&[]);
        done = run.code == 0;
        if done {
            break;
        }
        assert!(matches!(run.code, 5 | 6), "{command}: {}", run.stderr);
        cuts += 1;
    }
    assert!(done && cuts > 5, "{cuts}");
    assert_eq!(room.upkeep(1).objects.len(), 1);
}

/// Everything of the first HSM is copied, and comes back from there in the second.
#[test]
fn a_backup_has_everything_and_is_restored_as_a_whole() {
    let room = Room::ready(opaque());
    let first = room.scene.hsm(&[]).unwrap();
    let backup = |out: &str, answers: &[&str]| {
        let url = first.url.as_str();
        let arguments = ["backup", out, "--device", "device.json", "--room", "memory"];
        let more = ["--hsm", url, "--allow-network", CEREMONY];
        let arguments = [&arguments[..], &more].concat();
        room.scene.run("room", "keyferry-offline", &arguments, answers).unwrap()
    };
    let run = backup("whole", ANSWERS);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let upkeep: Upkeep = room.body("whole/upkeep-1.json");
    assert_eq!((upkeep.work, upkeep.objects.len()), (Work::Backup, 1));
    let export = std::fs::read_to_string(room.path("whole/0x0a01.yhw")).unwrap();
    assert!(STANDARD.decode(export.trim()).unwrap().len() > 40);
    // Never over another; and something that is no key material is named.
    let run = backup("whole", ANSWERS);
    assert!(run.code == 8 && run.says("whole is already there"), "{}", run.stderr);
    // Not countersigned yet.
    let restore = |from: &str| {
        let arguments = ["restore", from, "--device", "second/device.json", "--room", "memory"];
        let arguments = [&arguments[..], &["--out", "second"]].concat();
        room.offline(&arguments, &[CEREMONIES, SECOND, BACKUP])
    };
    let run = restore("whole");
    assert!(run.code == 4 && run.says("upkeep-1.json is not accepted"), "{}", run.stderr);
    room.sign("whole/upkeep-1.json", "upkeep");
    let run = restore("whole");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let restored = room.upkeep(1);
    assert_eq!(restored.objects[0].check_value, upkeep.objects[0].check_value);
    let bytes = std::fs::read(room.path("whole/upkeep-1.json")).unwrap();
    let digest = Envelope::decode_canonical(&bytes).unwrap().digest();
    assert_eq!(restored.objects[0].source, Some(digest));
}

/// A plan of which nothing was answered: what a run that was cut off left is deleted.
#[test]
fn a_plan_that_nobody_answered_is_given_up_and_one_that_was_is_not() {
    let scene = Scene::of(opaque()).unwrap();
    let abort = |scene: &Scene, url: &str| {
        let arguments = ["abort", CEREMONY, "--room", "memory", "--hsm", url, "--allow-network"];
        let answers =
            ["rehearsal password of hsm-1", CEREMONY, "rehearsal password of the administration"];
        scene.run(
            "room",
            "keyferry-offline",
            &[&arguments[..], &["--reason", "a test"]].concat(),
            &answers,
        )
    };
    let hsm = scene.hsm(&[]).unwrap();
    let run = abort(&scene, &hsm.url).unwrap();
    assert!(run.code == 3 && run.says("cannot be given up any more"), "{}", run.stderr);
    drop(hsm);
    let scene = scene.before_response().unwrap();
    // Cut off after the key material was stored.
    let mut stored = false;
    for command in 20..80 {
        let hsm = scene.hsm(&["--fail-after", &command.to_string()]).unwrap();
        let run = scene.respond(&hsm.url).unwrap();
        if run.code != 0 && run.says("key material is in the HSM already") {
            stored = true;
            break;
        }
        assert_ne!(run.code, 0, "{command}");
    }
    assert!(stored);
    let hsm = scene.hsm(&[]).unwrap();
    let run = abort(&scene, &hsm.url).unwrap();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let upkeep: Upkeep = scene.body("room", "upkeep-1.json").unwrap();
    assert_eq!((upkeep.work, upkeep.objects.len()), (Work::Abort, 1));
    assert!(!upkeep.inventory.iter().any(|entry| entry.object_id.to_string() == "0x0a01"));
    // Never answered again, nor given up twice.
    let run = scene.respond(&hsm.url).unwrap();
    assert!(run.code != 0 && run.says("upkeep-1.json is not accepted"), "{}", run.stderr);
    std::fs::rename(scene.file("room", "upkeep-1.json"), scene.machine("room").join("u.json"))
        .unwrap();
    let run = scene.respond(&hsm.url).unwrap();
    assert!(run.code == 3 && run.says("was given up: nothing of it is answered"), "{}", run.stderr);
    let run = abort(&scene, &hsm.url).unwrap();
    assert!(run.code == 3 && run.says("was given up"), "{}", run.stderr);
}

/// A key of each kind comes back: a private key is the same by its public half, an AES key that cannot be read by its check value.
#[test]
fn a_private_key_and_an_aes_key_come_back() {
    for (options, kept_as, kind) in [
        (&["--key-spec", "ECC_NIST_P256"][..], KeptAs::AsymmetricKey, ObjectKind::AsymmetricKey),
        (&["--keep-as", "symmetric-key"], KeptAs::SymmetricKey, ObjectKind::SymmetricKey),
    ] {
        let split = rehearse(&[&["--custodians", "2-of-3"][..], options].concat()).unwrap();
        let room = Room::ready(&split);
        let before = room.objects();
        for more in [&["--drill"][..], &[]] {
            let run = room.restore(more);
            assert_eq!(run.code, 0, "{}", run.stderr);
        }
        let mut after = before.clone();
        after.push((kind, "0x0a01".to_owned()));
        let mut found = room.objects();
        found.sort();
        after.sort();
        assert_eq!(found, after);
        let restored = room.upkeep(2);
        let response: keyferry_bundle::Response = room.body("payments-2026/response-1.json");
        let [answered] = response.targets.as_slice() else { panic!() };
        let [object] = restored.objects.as_slice() else { panic!() };
        assert_eq!((object.kept_as, object.check_value), (kept_as, answered.check_value));
        assert_eq!(object.public_key, answered.public_key);
        assert_eq!(object.attestation, answered.attestation);
    }
}
