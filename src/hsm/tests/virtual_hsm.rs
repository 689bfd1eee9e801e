//! The operations against the virtual HSM, over its connector's HTTP.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use aes_kw::KwpAes256;
use aes_kw::cipher::KeyInit as _;
use keyferry_bundle::{Domains, ObjectId, Serial};
use keyferry_hsm::{
    Action, Address, AuditSetting, CommandCode, Credential, Duty, Error, Feature, Hsm,
    KeyAlgorithm, KeyMaterial, ObjectKind, Origin, Place, Purpose, YubiHsm2,
};
use keyferry_virtual_hsm::{Faults, Options, Service};
use rsa::pkcs8::{DecodePrivateKey as _, EncodePublicKey as _};
use sha2::Sha256;
use tempfile::TempDir;

const SERIAL: u32 = 12_345_678;

struct Room {
    folder: TempDir,
    service: Option<Service>,
}

impl Room {
    fn new() -> Self {
        let mut room = Self { folder: tempfile::tempdir().unwrap(), service: None };
        room.restart(None);
        room
    }

    /// The same device again, losing answers from the given command on.
    fn restart(&mut self, fail_after: Option<u64>) {
        drop(self.service.take());
        let mut options = Options::new(self.folder.path().join("hsm.json"));
        options.serial = Some(SERIAL);
        options.faults = Faults { fail_after, ..Faults::default() };
        self.service = Some(Service::start(options).unwrap());
    }

    fn address(&self) -> Address {
        self.service.as_ref().unwrap().url().parse().unwrap()
    }

    fn open(&self, credential: &Credential) -> Result<YubiHsm2, Error> {
        YubiHsm2::open(&self.address(), Serial::new(SERIAL), credential)
    }

    fn factory(&self) -> YubiHsm2 {
        self.open(&Credential::factory().unwrap()).unwrap()
    }

    /// A session of the credential that ceremonies use.
    fn ceremony(&self) -> YubiHsm2 {
        let credential = Credential::new(id(2), "a long password".to_owned().into());
        self.factory().put_credential(Duty::Ceremony, &place(2, "ceremony"), &credential).unwrap();
        self.open(&credential).unwrap()
    }
}

fn id(number: u16) -> ObjectId {
    ObjectId::new(number).unwrap()
}

fn place(number: u16, label: &str) -> Place {
    Place { id: id(number), label: label.parse().unwrap(), domains: Domains::ONE }
}

/// What stands for AWS's half: a private key and its public half.
fn wrapping_key(bits: usize) -> (rsa::PrivateKey, Vec<u8>) {
    let key = rsa::PrivateKey::new(&mut getrandom::SysRng, bits).unwrap();
    let public = rsa::PublicKey::from(&key).to_public_key_der().unwrap().into_vec();
    (key, public)
}

/// `RSA_AES_KEY_WRAP_SHA_256`, undone.
fn unwrap(key: &rsa::PrivateKey, size: usize, wrapped: &[u8]) -> Vec<u8> {
    let (sealed_key, sealed) = wrapped.split_at(size);
    let ephemeral = key.oaep_decrypt::<Sha256>(sealed_key).unwrap();
    let kwp = KwpAes256::new_from_slice(&ephemeral).unwrap();
    let mut material = vec![0; sealed.len()];
    kwp.unwrap_key(sealed, &mut material).unwrap().to_vec()
}

#[test]
fn a_generated_key_is_attested_and_leaves_once_under_the_wrapping_key() {
    let room = Room::new();
    let hsm = room.ceremony();
    let (private, public) = wrapping_key(2048);
    let (key, wrap) = (place(0x0a01, "payments"), place(0x0b01, "aws"));
    hsm.generate_key(&key, KeyAlgorithm::Rsa2048).unwrap();
    let made = hsm.object(ObjectKind::AsymmetricKey, key.id).unwrap().unwrap();
    made.serves(Purpose::GeneratedKey).unwrap();
    let spki = hsm.public_key_der(key.id).unwrap();
    let certificate = hsm.attest(key.id).unwrap();
    assert!(certificate.windows(spki.len()).any(|part| part == spki));
    let factory = hsm.attestation_certificate().unwrap();
    assert_eq!((factory[0], certificate[0]), (0x30, 0x30));

    hsm.put_public_wrap_key(&wrap, &public).unwrap();
    let held = hsm.object(ObjectKind::PublicWrapKey, wrap.id).unwrap().unwrap();
    held.serves(Purpose::PublicWrapKey).unwrap();
    assert_eq!(hsm.public_wrap_key_der(wrap.id).unwrap(), public);
    let wrapped = hsm.export_key_material(wrap.id, ObjectKind::AsymmetricKey, key.id).unwrap();
    let opened = rsa::PrivateKey::from_pkcs8_der(&unwrap(&private, 256, &wrapped)).unwrap();
    let half = rsa::PublicKey::from(&opened).to_public_key_der().unwrap().into_vec();
    assert_eq!(half, spki);
    hsm.delete_public_wrap_key(wrap.id).unwrap();
    assert_eq!(hsm.object(ObjectKind::PublicWrapKey, wrap.id).unwrap(), None);
}

#[test]
fn the_largest_key_under_the_largest_wrapping_key_fits_a_message() {
    let room = Room::new();
    let hsm = room.ceremony();
    let (private, public) = wrapping_key(4096);
    let (key, wrap) = (place(0x0a01, "payments"), place(0x0b01, "aws"));
    hsm.generate_key(&key, KeyAlgorithm::Rsa4096).unwrap();
    hsm.put_public_wrap_key(&wrap, &public).unwrap();
    let wrapped = hsm.export_key_material(wrap.id, ObjectKind::AsymmetricKey, key.id).unwrap();
    let opened = rsa::PrivateKey::from_pkcs8_der(&unwrap(&private, 512, &wrapped)).unwrap();
    let half = rsa::PublicKey::from(&opened).to_public_key_der().unwrap().into_vec();
    assert_eq!(half, hsm.public_key_der(key.id).unwrap());
}

#[test]
fn every_curve_is_generated_and_its_public_half_read() {
    let room = Room::new();
    let hsm = room.ceremony();
    let (private, public) = wrapping_key(2048);
    hsm.put_public_wrap_key(&place(0x0b01, "aws"), &public).unwrap();
    let curves = KeyAlgorithm::ALL.into_iter().filter(|kind| kind.modulus_bytes().is_none());
    for (number, kind) in (0x0a01..).zip(curves) {
        hsm.generate_key(&place(number, "key"), kind).unwrap();
        let object = hsm.object(ObjectKind::AsymmetricKey, id(number)).unwrap().unwrap();
        object.serves(Purpose::GeneratedKey).unwrap();
        assert_eq!(object.algorithm, kind.algorithm());
        let spki = hsm.public_key_der(id(number)).unwrap();
        let certificate = hsm.attest(id(number)).unwrap();
        assert!(certificate.windows(spki.len()).any(|part| part == spki), "{kind}");
        let exported = hsm.export_key_material(id(0x0b01), ObjectKind::AsymmetricKey, id(number));
        let pkcs8 = unwrap(&private, 256, &exported.unwrap());
        assert_eq!(pkcs8[0], 0x30, "{kind}");
    }
}

#[test]
fn a_symmetric_key_cannot_be_read_and_leaves_under_wrap() {
    let room = Room::new();
    let hsm = room.ceremony();
    let (private, public) = wrapping_key(2048);
    let (key, wrap) = (place(0x0a01, "payments"), place(0x0b01, "aws"));
    let material = hsm.random(32).unwrap();
    hsm.put_symmetric_key(&key, &material).unwrap();
    let object = hsm.object(ObjectKind::SymmetricKey, key.id).unwrap().unwrap();
    object.serves(Purpose::SymmetricKey).unwrap();
    assert!(matches!(hsm.opaque(key.id), Err(Error::Refused { code: 0x0b, .. })));
    hsm.put_public_wrap_key(&wrap, &public).unwrap();
    let wrapped = hsm.export_key_material(wrap.id, ObjectKind::SymmetricKey, key.id).unwrap();
    assert_eq!(unwrap(&private, 256, &wrapped), material.expose());
    let short = KeyMaterial::take(vec![1; 16]).unwrap();
    let refused = hsm.put_symmetric_key(&place(0x0a02, "short"), &short);
    assert!(matches!(refused, Err(Error::NotAsked { .. })));
}

#[test]
fn key_material_of_every_kind_leaves_under_the_wrap_key() {
    let room = Room::new();
    room.factory().generate_wrap_key(&place(0x0200, "backup")).unwrap();
    let hsm = room.ceremony();
    let backup = hsm.object(ObjectKind::WrapKey, id(0x0200)).unwrap().unwrap();
    backup.serves(Purpose::WrapKey).unwrap();
    let material = hsm.random(32).unwrap();
    hsm.put_opaque(&place(0x0a01, "opaque"), &material).unwrap();
    assert!(hsm.opaque(id(0x0a01)).unwrap().same_as(&material));
    hsm.put_symmetric_key(&place(0x0a01, "symmetric"), &material).unwrap();
    hsm.generate_key(&place(0x0a01, "asymmetric"), KeyAlgorithm::P384).unwrap();
    for kind in [ObjectKind::Opaque, ObjectKind::SymmetricKey, ObjectKind::AsymmetricKey] {
        let exported = hsm.export_wrapped(id(0x0200), kind, id(0x0a01)).unwrap();
        assert!(exported.len() > 13 + 16 + 59, "{kind}");
    }
}

#[test]
fn a_wrap_key_that_was_put_in_exports_what_its_bytes_open_and_takes_it_back() {
    let room = Room::new();
    let hsm = room.factory();
    let (key, probe) = (place(0x0200, "wrap"), place(0x0a01, "probe"));
    let material = hsm.random(32).unwrap();
    hsm.put_wrap_key(&key, &material).unwrap();
    let held = hsm.object(ObjectKind::WrapKey, key.id).unwrap().unwrap();
    held.serves(Purpose::SplitWrapKey).unwrap();
    hsm.put_opaque(&probe, &hsm.random(32).unwrap()).unwrap();
    let export = hsm.export_wrapped(key.id, ObjectKind::Opaque, probe.id).unwrap();
    hsm.delete_opaque(probe.id).unwrap();
    hsm.import_wrapped(key.id, &export).unwrap();
    hsm.delete_opaque(probe.id).unwrap();
    // Under another key of the same kind it is nothing.
    hsm.delete_wrap_key(key.id).unwrap();
    hsm.put_wrap_key(&key, &hsm.random(32).unwrap()).unwrap();
    assert!(matches!(hsm.import_wrapped(key.id, &export), Err(Error::Refused { .. })));
    let short = hsm.put_wrap_key(&key, &hsm.random(16).unwrap());
    assert!(matches!(short, Err(Error::NotAsked { .. })), "{short:?}");
    let ceremony = room.ceremony();
    for outcome in [ceremony.put_wrap_key(&key, &material), ceremony.delete_wrap_key(key.id)] {
        assert!(matches!(outcome, Err(Error::Refused { code: 0x09, .. })), "{outcome:?}");
    }
}

#[test]
fn the_ceremony_credential_has_what_it_needs_and_no_more() {
    let room = Room::new();
    let hsm = room.ceremony();
    let own = room.factory().object(ObjectKind::AuthenticationKey, id(2)).unwrap().unwrap();
    own.serves(Purpose::Credential(Duty::Ceremony)).unwrap();
    let place = place(0x0c01, "rogue");
    for outcome in [
        hsm.generate_signing_key(&place),
        hsm.generate_wrap_key(&place),
        hsm.put_credential(
            Duty::Audit,
            &place,
            &Credential::new(place.id, "password".to_owned().into()),
        ),
        hsm.delete_authentication_key(id(1)),
        hsm.set_force_audit(AuditSetting::Off),
    ] {
        assert!(matches!(outcome, Err(Error::Refused { code: 0x09, .. })), "{outcome:?}");
    }
}

#[test]
fn the_log_is_read_acknowledged_and_names_the_export() {
    let room = Room::new();
    let export = CommandCode::GET_RSA_WRAPPED_KEY;
    let admin = room.factory();
    admin.set_command_audit(&[(export, AuditSetting::On)]).unwrap();
    let options = admin.audit_options().unwrap();
    assert!(options.commands.contains(&(export, AuditSetting::On)));
    assert_eq!(options.force, AuditSetting::Off);
    admin.set_force_audit(AuditSetting::On).unwrap();
    assert_eq!(admin.audit_options().unwrap().force, AuditSetting::On);
    drop(admin);

    let hsm = room.ceremony();
    let (_, public) = wrapping_key(2048);
    hsm.generate_key(&place(0x0a01, "key"), KeyAlgorithm::P256).unwrap();
    hsm.put_public_wrap_key(&place(0x0b01, "aws"), &public).unwrap();
    hsm.export_key_material(id(0x0b01), ObjectKind::AsymmetricKey, id(0x0a01)).unwrap();
    let log = hsm.log_entries().unwrap();
    assert_eq!((log.unlogged_boots, log.unlogged_authentications), (0, 0));
    let exports: Vec<_> = log.entries.iter().filter(|entry| entry[2] == export.0).collect();
    assert_eq!(exports.len(), 1);
    // Session key, target, second key.
    assert_eq!(exports[0][5..11], [0, 2, 0x0b, 0x01, 0x0a, 0x01]);
    let last = log.entries.last().unwrap();
    hsm.set_log_index(u16::from_be_bytes([last[0], last[1]])).unwrap();
    assert!(hsm.log_entries().unwrap().entries.len() < log.entries.len());
}

#[test]
fn a_lost_answer_is_never_asked_for_twice() {
    let mut room = Room::new();
    drop(room.ceremony());
    let credential = Credential::new(id(2), "a long password".to_owned().into());
    room.restart(Some(1));
    let hsm = room.open(&credential).unwrap();
    let made = hsm.generate_key(&place(0x0a01, "key"), KeyAlgorithm::P256);
    let Err(Error::NoAnswer { action: Action::Change(_), .. }) = &made else {
        panic!("{made:?}");
    };
    drop(hsm);
    room.restart(None);
    // It was made, and made once: another one under the id would be refused.
    let hsm = room.open(&credential).unwrap();
    let object = hsm.object(ObjectKind::AsymmetricKey, id(0x0a01)).unwrap().unwrap();
    object.serves(Purpose::GeneratedKey).unwrap();
    let again = hsm.generate_key(&place(0x0a01, "key"), KeyAlgorithm::P256);
    assert!(matches!(again, Err(Error::Refused { code: 0x11, .. })), "{again:?}");
}

#[test]
fn sessions_are_given_back() {
    let room = Room::new();
    for _ in 0..20 {
        room.factory();
    }
    let credential = Credential::factory().unwrap();
    let open: Vec<_> = (0..16).map(|_| room.open(&credential).unwrap()).collect();
    let full = room.open(&credential).err().unwrap();
    assert!(matches!(full, Error::Refused { code: 0x05, .. }), "{full}");
    open[0].close().unwrap();
    assert!(room.open(&credential).is_ok());
    // A closed session is opened again by the next command.
    drop(open);
    let hsm = room.factory();
    hsm.close().unwrap();
    hsm.storage().unwrap();
}

#[test]
fn a_device_that_is_not_the_one_or_not_there_is_told_apart() {
    let room = Room::new();
    let info = YubiHsm2::identify(&room.address()).unwrap();
    assert_eq!(info.serial, Serial::new(SERIAL));
    assert!(info.has(Feature::RsaWrap));
    let factory = Credential::factory().unwrap();
    let other = YubiHsm2::open(&room.address(), Serial::new(1), &factory);
    assert!(matches!(other, Err(Error::WrongSerial { .. })));
    let wrong = Credential::new(id(1), "wrong".to_owned().into());
    assert!(matches!(room.open(&wrong), Err(Error::Credential { .. })));
    let none = Credential::new(id(9), "password".to_owned().into());
    assert!(matches!(room.open(&none), Err(Error::Credential { .. })));
    let address = room.address();
    drop(room);
    assert!(matches!(YubiHsm2::identify(&address), Err(Error::Unreachable { .. })));
}

/// What was exported under the wrap key comes back as what it was, and says that it came back. Each credential does its own work alone.
#[test]
fn each_kind_of_key_material_is_exported_deleted_and_put_back() {
    let room = Room::new();
    let hsm = room.ceremony();
    let factory = room.factory();
    factory.generate_wrap_key(&place(0x0200, "wrap key")).unwrap();
    let other = |duty, number: u16| {
        let credential = Credential::new(id(number), "another long password".to_owned().into());
        factory.put_credential(duty, &place(number, "other"), &credential).unwrap();
        room.open(&credential).unwrap()
    };
    let backup = other(Duty::Backup, 3);
    let administration = other(Duty::Administration, 5);
    let bytes = || KeyMaterial::take(vec![7; 32]).unwrap();
    hsm.put_opaque(&place(0x0a01, "opaque"), &bytes()).unwrap();
    hsm.put_symmetric_key(&place(0x0a02, "symmetric"), &bytes()).unwrap();
    hsm.generate_key(&place(0x0a03, "private"), KeyAlgorithm::P256).unwrap();
    let public = hsm.public_key_der(id(0x0a03)).unwrap();
    let before = hsm.objects().unwrap();
    for (purpose, number) in [
        (Purpose::KeyMaterial, 0x0a01),
        (Purpose::SymmetricKey, 0x0a02),
        (Purpose::GeneratedKey, 0x0a03),
    ] {
        let made = hsm.object(purpose.kind(), id(number)).unwrap().unwrap();
        made.serves(purpose).unwrap();
        assert!(made.serves_as_copy(purpose).is_err());
        let export = backup.export_wrapped(id(0x0200), purpose.kind(), id(number)).unwrap();
        // Over an object that is there nothing is put.
        let over = backup.import_wrapped(id(0x0200), &export);
        assert!(matches!(over, Err(Error::Refused { code: 0x11, .. })), "{over:?}");
        let delete = |hsm: &YubiHsm2| {
            if purpose == Purpose::KeyMaterial {
                hsm.delete_opaque(id(number))
            } else if purpose == Purpose::SymmetricKey {
                hsm.delete_symmetric_key(id(number))
            } else {
                hsm.delete_asymmetric_key(id(number))
            }
        };
        for stranger in [&hsm, &backup] {
            assert!(matches!(delete(stranger), Err(Error::Refused { code: 0x09, .. })));
        }
        delete(&administration).unwrap();
        assert_eq!(hsm.object(purpose.kind(), id(number)).unwrap(), None);
        for stranger in [&hsm, &administration] {
            let import = stranger.import_wrapped(id(0x0200), &export);
            assert!(matches!(import, Err(Error::Refused { code: 0x09, .. })), "{import:?}");
        }
        let mut altered = export.clone();
        altered[20] ^= 1;
        assert!(matches!(backup.import_wrapped(id(0x0200), &altered), Err(Error::Refused { .. })));
        backup.import_wrapped(id(0x0200), &export).unwrap();
        let back = hsm.object(purpose.kind(), id(number)).unwrap().unwrap();
        assert_eq!(back.origin, Origin::ImportedWrapped);
        back.serves_as_copy(purpose).unwrap();
        assert!(back.serves(purpose).unwrap_err().contains("origin"));
        assert_eq!((back.label, back.domains), (made.label, made.domains));
    }
    assert_eq!(hsm.opaque(id(0x0a01)).unwrap().expose(), [7; 32]);
    assert_eq!(hsm.public_key_der(id(0x0a03)).unwrap(), public);
    let mut after = hsm.objects().unwrap();
    let mut before = before;
    before.sort();
    after.sort();
    assert_eq!(before, after);
}
