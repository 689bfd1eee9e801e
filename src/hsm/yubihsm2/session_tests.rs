//! The session against a device that answers whatever a test wants.

use super::*;
use crate::AuditSetting::{Fixed, Off, On};
use crate::{Hsm as _, KeyAlgorithm, KeyMaterial, Object, ObjectKind, Place, YubiHsm2};
use keyferry_bundle::Domains;
use keyferry_scp03::DeviceChannel;
use proptest::prelude::*;
use std::sync::{Arc, Mutex, MutexGuard};

const SERIAL: u32 = 12_345_678;
const KEYS: [u8; 32] = [7; 32];
const ADDRESS: Address = Address::Usb(Serial::new(SERIAL));

/// What becomes of a command in a session.
#[derive(Clone)]
enum Fate {
    /// This inner frame answers it.
    Answered(Vec<u8>),
    /// This outer frame answers it, from nobody knows whom.
    Forged(Vec<u8>),
    /// This inner frame answers it, and the session's MAC was changed.
    Broken(Vec<u8>),
    /// It arrives and the answer does not.
    Lost,
    /// It does not arrive.
    Unsent,
}

struct Device {
    firmware: [u8; 3],
    serial: u32,
    keys: [u8; 32],
    limit: Option<usize>,
    channel: Option<DeviceChannel>,
    fates: Vec<Fate>,
    /// Every command that arrived.
    seen: Vec<Vec<u8>>,
    sessions: usize,
}

#[derive(Clone)]
struct Fake(Arc<Mutex<Device>>);

impl Fake {
    fn new(fates: &[Fate]) -> Self {
        Self(Arc::new(Mutex::new(Device {
            firmware: [2, 4, 1],
            serial: SERIAL,
            keys: KEYS,
            limit: None,
            channel: None,
            fates: fates.iter().rev().cloned().collect(),
            seen: Vec::new(),
            sessions: 0,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Device> {
        self.0.lock().unwrap()
    }

    fn open(&self) -> Result<YubiHsm2, Error> {
        self.begin(SERIAL, 1).map(|session| YubiHsm2 { session })
    }

    fn begin(&self, serial: u32, key: u16) -> Result<Session, Error> {
        let keys = StaticKeys::from_bytes(&KEYS).unwrap();
        let (serial, key) = (Serial::new(serial), ObjectId::new(key).unwrap());
        Session::begin(Box::new(self.clone()), &ADDRESS, serial, key, keys)
    }

    fn seen(&self) -> Vec<Vec<u8>> {
        self.lock().seen.clone()
    }
}

fn frame(code: u8, data: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(data.len()).unwrap().to_be_bytes();
    [&[code, high, low], data].concat()
}

fn answered(code: u8, data: &[u8]) -> Fate {
    Fate::Answered(frame(code, data))
}

impl Transport for Fake {
    fn exchange(&self, sent: &[u8], _patience: Duration) -> Result<Vec<u8>, Fault> {
        let mut device = self.lock();
        match sent[0] {
            0x06 => {
                let info = [&device.firmware[..], &device.serial.to_be_bytes(), &[62, 0, 1]];
                Ok(frame(0x86, &info.concat()))
            }
            0x03 => {
                if sent[3..5] != [0, 1] {
                    return Ok(frame(0x7f, &[0x0b]));
                }
                let keys = StaticKeys::from_bytes(&device.keys).unwrap();
                let host = sent[5..13].try_into().unwrap();
                let (channel, shown) = DeviceChannel::begin(&keys, 7, host, [9; 8]);
                device.channel = Some(channel);
                device.sessions += 1;
                Ok(frame(0x83, &[&[7][..], &[9; 8], &shown].concat()))
            }
            0x04 => {
                device.channel.as_mut().unwrap().authenticate(&sent[4..]).unwrap();
                Ok(frame(0x84, &[]))
            }
            _ => {
                if matches!(device.fates.last(), Some(Fate::Unsent)) {
                    device.fates.pop();
                    return Err(Fault::Unreachable("no connector".to_owned()));
                }
                let command = device.channel.as_mut().unwrap().open(&sent[4..]).unwrap().to_vec();
                device.seen.push(command);
                let fate = device.fates.pop().unwrap_or(Fate::Lost);
                let channel = device.channel.as_mut().unwrap();
                match fate {
                    Fate::Answered(answer) => Ok(channel.seal(&answer).unwrap()),
                    Fate::Forged(outer) => Ok(outer),
                    Fate::Broken(answer) => {
                        let mut answer = channel.seal(&answer).unwrap();
                        *answer.last_mut().unwrap() ^= 1;
                        Ok(answer)
                    }
                    Fate::Lost => Err(Fault::Lost("gone".to_owned())),
                    Fate::Unsent => unreachable!("handled above"),
                }
            }
        }
    }

    fn limit(&self) -> Option<usize> {
        self.lock().limit
    }
}

fn place() -> Place {
    Place {
        id: ObjectId::new(0x0a01).unwrap(),
        label: "key".parse().unwrap(),
        domains: Domains::ONE,
    }
}

fn material(length: usize) -> KeyMaterial {
    KeyMaterial::take(vec![1; length]).unwrap()
}

#[test]
fn a_device_s_refusal_has_its_code_and_name_and_the_session_goes_on() {
    let fake = Fake::new(&[
        answered(0x7f, &[0x11]),
        answered(0x7f, &[0x20]),
        answered(0x7f, &[0x0e]),
        answered(0xc2, &[0x0a, 0x01]),
    ]);
    let hsm = fake.open().unwrap();
    for (code, name) in
        [(0x11, "object exists"), (0x20, "error 0x20, which has no published name"), (0x0e, "SSH")]
    {
        let error = hsm.put_opaque(&place(), &material(32)).unwrap_err();
        assert!(matches!(&error, Error::Refused { code: found, .. } if *found == code), "{error}");
        assert!(error.to_string().contains(name), "{error}");
        assert!(!error.leaves_state_unknown());
    }
    hsm.put_opaque(&place(), &material(32)).unwrap();
    assert_eq!(fake.lock().sessions, 1);
}

#[test]
fn after_a_lost_answer_nothing_is_repeated_and_another_session_is_opened() {
    let fake = Fake::new(&[Fate::Lost, answered(0xc8, &[0x0a, 0x01, 1, 0])]);
    let hsm = fake.open().unwrap();
    let error = hsm.put_opaque(&place(), &material(32)).unwrap_err();
    assert!(error.leaves_state_unknown(), "{error}");
    assert_eq!(fake.seen().len(), 1);
    assert_eq!(hsm.objects().unwrap(), [(ObjectKind::Opaque, place().id)]);
    assert_eq!((fake.seen().len(), fake.lock().sessions), (2, 2));
}

#[test]
fn what_was_not_sent_changed_nothing() {
    let fake = Fake::new(&[Fate::Unsent]);
    let hsm = fake.open().unwrap();
    let error = hsm.put_opaque(&place(), &material(32)).unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    assert!(fake.seen().is_empty());
}

#[test]
fn an_answer_from_outside_the_session_proves_nothing() {
    let fates = [
        Fate::Forged(frame(0x7f, &[0x09])),
        Fate::Forged(frame(0x7f, &[0x03])),
        Fate::Forged(frame(0x85, &[7; 41])),
        Fate::Forged(frame(0x84, &[])),
        Fate::Forged(Vec::new()),
        Fate::Broken(frame(0xc6, &[0x0a, 0x01])),
    ];
    let fake = Fake::new(&fates);
    let hsm = fake.open().unwrap();
    for _ in &fates {
        let error = hsm.generate_signing_key(&place()).unwrap_err();
        assert!(error.leaves_state_unknown(), "{error}");
    }
    assert_eq!(fake.lock().sessions, fates.len());
}

#[test]
fn an_answer_to_another_command_or_about_another_object_is_none() {
    let fake = Fake::new(&[
        answered(0xc3, &[0x0a, 0x01]),
        answered(0xc2, &[0x0a, 0x02]),
        answered(0xc2, &[]),
        Fate::Answered(vec![0xc2, 0, 9, 0x0a, 0x01]),
        answered(0xd8, &[1]),
    ]);
    let hsm = fake.open().unwrap();
    for _ in 0..4 {
        assert!(hsm.put_opaque(&place(), &material(1)).unwrap_err().leaves_state_unknown());
    }
    assert!(hsm.delete_authentication_key(place().id).unwrap_err().leaves_state_unknown());
}

#[test]
fn a_session_that_the_device_must_have_closed_is_opened_again_on_the_same_device() {
    let fake = Fake::new(&[answered(0xc8, &[]), answered(0xc8, &[])]);
    let hsm = fake.open().unwrap();
    let age = |hsm: &YubiHsm2| {
        let mut open = hsm.session.open.borrow_mut();
        let open = open.as_mut().unwrap();
        open.used = open.used.checked_sub(IDLE).unwrap();
    };
    hsm.objects().unwrap();
    assert_eq!(fake.lock().sessions, 1);
    age(&hsm);
    hsm.objects().unwrap();
    assert_eq!(fake.lock().sessions, 2);
    age(&hsm);
    fake.lock().serial += 1;
    assert!(matches!(hsm.objects(), Err(Error::WrongSerial { .. })));
    assert_eq!(fake.lock().sessions, 2);
}

#[test]
fn the_session_is_closed_when_it_goes_and_once() {
    let fake = Fake::new(&[answered(0xc0, &[])]);
    drop(fake.open().unwrap());
    assert_eq!(fake.seen(), [frame(0x40, &[])]);
    let fake = Fake::new(&[answered(0xc0, &[])]);
    let hsm = fake.open().unwrap();
    hsm.close().unwrap();
    drop(hsm);
    assert_eq!(fake.seen().len(), 1);
}

#[test]
fn a_wrong_password_another_key_or_another_device_opens_nothing() {
    let fake = Fake::new(&[]);
    fake.lock().keys = [8; 32];
    assert!(matches!(fake.open(), Err(Error::Credential { .. })));
    let error = |serial, key| fake.begin(serial, key).err().unwrap();
    assert!(matches!(error(SERIAL, 2), Error::Credential { .. }));
    assert!(matches!(error(1, 1), Error::WrongSerial { .. }));
    assert!(fake.seen().is_empty());
}

#[test]
fn older_firmware_is_told_apart_before_anything_is_sent() {
    let fake = Fake::new(&[]);
    fake.lock().firmware = [2, 2, 0];
    let hsm = fake.open().unwrap();
    let id = place().id;
    for (outcome, needs) in [
        (hsm.put_symmetric_key(&place(), &material(32)), "2.3"),
        (hsm.put_public_wrap_key(&place(), &[]), "2.4"),
        (hsm.public_wrap_key_der(id).map(drop), "2.4"),
        (hsm.export_key_material(id, ObjectKind::AsymmetricKey, id).map(drop), "2.4"),
        (hsm.delete_public_wrap_key(id), "2.4"),
    ] {
        let error = outcome.unwrap_err();
        assert!(matches!(error, Error::NotAsked { .. }), "{error}");
        let words = format!("needs firmware {needs} or newer, the device has 2.2.0");
        assert!(error.to_string().contains(&words), "{error}");
    }
    assert!(fake.seen().is_empty());
}

#[test]
fn messages_are_as_long_as_the_firmware_takes() {
    for (firmware, limit) in [([2, 3, 0], 2048), ([2, 4, 0], 3136)] {
        let fake = Fake::new(&[]);
        fake.lock().firmware = firmware;
        let hsm = fake.open().unwrap();
        // The largest opaque object that fits, then one byte more.
        let most = HostChannel::capacity(limit) - HEADER - 53;
        assert!(matches!(
            hsm.put_opaque(&place(), &material(most + 1)),
            Err(Error::NotAsked { .. })
        ));
        assert!(matches!(hsm.random(limit), Err(Error::NotAsked { .. })));
        assert!(fake.seen().is_empty());
        assert!(hsm.put_opaque(&place(), &material(most)).unwrap_err().leaves_state_unknown());
        assert_eq!(fake.seen().len(), 1);
    }
}

#[test]
fn an_rsa_4096_key_is_not_exported_where_its_answer_would_be_cut_off() {
    let mut info = [0; 66];
    (info[8], info[9], info[13], info[14], info[15]) = (0x0a, 0x01, 1, 3, 11);
    let fake = Fake::new(&[answered(0xce, &info)]);
    fake.lock().limit = Some(2048);
    let hsm = fake.open().unwrap();
    let id = place().id;
    let export = hsm.export_key_material(id, ObjectKind::AsymmetricKey, id);
    assert!(matches!(export, Err(Error::NotAsked { .. })), "{export:?}");
    assert_eq!(fake.seen(), [frame(0x4e, &[0x0a, 0x01, 3])]);
}

#[test]
fn session_message_is_never_logged() {
    let fake = Fake::new(&[answered(0xcf, &[])]);
    let hsm = fake.open().unwrap();
    let (message, export) = (CommandCode::SESSION_MESSAGE, CommandCode::GET_RSA_WRAPPED_KEY);
    for setting in [On, Fixed] {
        let refused = hsm.set_command_audit(&[(export, On), (message, setting)]);
        assert!(matches!(refused, Err(Error::NotAsked { .. })));
    }
    hsm.set_command_audit(&[(export, Fixed), (message, Off)]).unwrap();
    assert_eq!(fake.seen(), [frame(0x4f, &[3, 0, 4, 0x74, 2, 0x05, 0])]);
}

#[test]
fn key_material_is_exported_as_kms_expects_it() {
    let fake = Fake::new(&[answered(0xf4, &[1; 800])]);
    let hsm = fake.open().unwrap();
    let (wrap, id) = (ObjectId::new(0x0b01).unwrap(), place().id);
    let exported = hsm.export_key_material(wrap, ObjectKind::AsymmetricKey, id).unwrap();
    assert_eq!(exported, [1; 800]);
    let seen = fake.seen();
    // AES-256, RSA-OAEP-SHA-256, MGF1-SHA-256, and the SHA-256 of nothing.
    assert_eq!(seen[0][..11], [0x74, 0, 40, 0x0b, 0x01, 3, 0x0a, 0x01, 52, 26, 33]);
    assert_eq!(seen[0][11..15], [0xe3, 0xb0, 0xc4, 0x42]);
    let refused = hsm.export_key_material(wrap, ObjectKind::Opaque, id);
    assert!(matches!(refused, Err(Error::NotAsked { .. })), "{refused:?}");
    assert_eq!(fake.seen().len(), 1);
}

/// Every operation, with what must hold of it whatever the device answers.
fn everything(hsm: &YubiHsm2) {
    let (id, kind) = (place().id, ObjectKind::AsymmetricKey);
    let described = hsm.object(kind, id);
    if let Ok(Some(Object { kind: found, id: of, .. })) = described {
        assert_eq!((found, of), (kind, id));
    }
    if let Ok(random) = hsm.random(5) {
        assert_eq!(random.expose().len(), 5);
    }
    if let Ok(der) = hsm.public_key_der(id) {
        assert!(spki::SubjectPublicKeyInfoRef::try_from(der.as_slice()).is_ok());
    }
    let _ = (hsm.storage(), hsm.objects(), hsm.opaque(id), hsm.public_key(id));
    let _ = (hsm.log_entries(), hsm.audit_options(), hsm.set_log_index(1), hsm.attest(id));
    let _ = (hsm.public_wrap_key_der(id), hsm.export_key_material(id, kind, id));
    let _ = (hsm.generate_key(&place(), KeyAlgorithm::P521), hsm.generate_wrap_key(&place()));
    let _ = (hsm.delete_public_wrap_key(id), hsm.export_wrapped(id, kind, id));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn no_answer_upsets_any_operation(
        answers in prop::collection::vec(
            (any::<bool>(), any::<u8>(), prop::collection::vec(any::<u8>(), 0..90)),
            18,
        ),
    ) {
        let fates: Vec<_> = answers
            .iter()
            .map(|(sealed, code, data)| {
                if *sealed { answered(*code, data) } else { Fate::Forged(frame(*code, data)) }
            })
            .collect();
        everything(&Fake::new(&fates).open().unwrap());
    }

    #[test]
    fn no_data_of_the_right_command_upsets_any_operation(
        data in prop::collection::vec(any::<u8>(), 0..90),
    ) {
        let fake = Fake::new(&[]);
        let hsm = fake.open().unwrap();
        // In the order of `everything`.
        for code in [0x4e, 0x51, 0x54, 0x41, 0x48, 0x43, 0x54, 0x4d, 0x50, 0x67, 0x64, 0x54, 0x74] {
            fake.lock().fates.insert(0, answered(code | 0x80, &data));
        }
        everything(&hsm);
        prop_assert!(fake.seen().len() >= 13);
    }
}
