//! The device without a connector: sessions, time, power cuts, the log; in files of their own, faults, keys, and random input.

use crate::device::{Device, Reply};
use crate::faults::Faults;
use crate::fuzzing::wish;
use crate::session::host::{Host, frame, outcome};
use crate::store::password_keys;
use crate::wire::{Command, DeviceError};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tempfile::TempDir;

mod faults;
mod keys;
mod random;

/// A device in a folder of its own, at a time that only the test moves.
struct Bench {
    folder: TempDir,
    device: Option<Device>,
    now: Instant,
}

impl Bench {
    fn new(faults: Faults) -> Self {
        let mut bench =
            Self { folder: tempfile::tempdir().unwrap(), device: None, now: Instant::now() };
        bench.power_on(faults);
        bench
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("hsm.json")
    }

    fn power_on(&mut self, faults: Faults) {
        self.device = None;
        self.device = Some(Device::open(&self.path(), (None, false), faults, self.now).unwrap());
    }

    fn reply(&mut self, bytes: &[u8]) -> Reply {
        self.device.as_mut().unwrap().handle(bytes, self.now)
    }

    fn send(&mut self, bytes: &[u8]) -> Vec<u8> {
        match self.reply(bytes) {
            Reply::Frame(frame) => frame,
            Reply::Lost | Reply::Hang => panic!("lost"),
        }
    }

    fn session(&mut self) -> Result<Host, u8> {
        Host::open(1, &password_keys(b"password"), |bytes| self.send(bytes))
    }

    fn call(&mut self, host: &mut Host, command: Command, data: &[u8]) -> Result<Vec<u8>, u8> {
        host.call(command, data, |bytes| self.send(bytes))
    }

    fn put(&mut self, host: &mut Host, id: u16) -> Result<Vec<u8>, u8> {
        self.call(host, Command::PutOpaque, &opaque(id, &[1, 2, 3]))
    }

    fn audit(&mut self, host: &mut Host, option: u8, value: &[u8]) -> Result<Vec<u8>, u8> {
        let length = u16::try_from(value.len()).unwrap().to_be_bytes();
        self.call(host, Command::SetOption, &[&[option], &length[..], value].concat())
    }

    fn log_numbers(&mut self, host: &mut Host) -> Vec<u16> {
        let log = self.call(host, Command::GetLogEntries, &[]).unwrap();
        log[5..].chunks(32).map(|entry| u16::from_be_bytes([entry[0], entry[1]])).collect()
    }
}

fn opaque(id: u16, bytes: &[u8]) -> Vec<u8> {
    [&wish(id, 1 << 0x10, 30), bytes].concat()
}

fn code(error: DeviceError) -> Result<Vec<u8>, u8> {
    Err(error.code())
}

#[test]
fn a_session_ends_after_half_a_minute_of_silence() {
    let mut bench = Bench::new(Faults::default());
    let mut host = bench.session().unwrap();
    bench.now += Duration::from_secs(29);
    assert_eq!(bench.call(&mut host, Command::Echo, b"a"), Ok(b"a".to_vec()));
    bench.now += Duration::from_secs(29);
    assert_eq!(bench.call(&mut host, Command::Echo, b"b"), Ok(b"b".to_vec()));
    bench.now += Duration::from_secs(30);
    assert_eq!(bench.call(&mut host, Command::Echo, b"c"), code(DeviceError::InvalidSession));
}

#[test]
fn there_are_sixteen_sessions() {
    let mut bench = Bench::new(Faults::default());
    let mut hosts: Vec<_> = (0..16).map(|_| bench.session().unwrap()).collect();
    assert_eq!(bench.session().err(), Some(DeviceError::SessionsFull.code()));
    for host in &mut hosts {
        assert_eq!(bench.call(host, Command::Echo, b"still here"), Ok(b"still here".to_vec()));
    }
    bench.call(&mut hosts[3], Command::CloseSession, &[]).unwrap();
    bench.session().unwrap();
    bench.now += Duration::from_secs(31);
    bench.session().unwrap();
}

#[test]
fn a_wrong_password_and_a_spoiled_message_end_a_session() {
    let mut bench = Bench::new(Faults::default());
    let wrong = Host::open(1, &password_keys(b"wrong"), |bytes| bench.send(bytes));
    assert_eq!(wrong.err(), Some(DeviceError::AuthenticationFailed.code()));
    let absent = Host::open(2, &password_keys(b"password"), |bytes| bench.send(bytes));
    assert_eq!(absent.err(), Some(DeviceError::ObjectNotFound.code()));

    let mut host = bench.session().unwrap();
    let mut message = host.wrap(&frame(Command::Echo, b"a"));
    *message.last_mut().unwrap() ^= 1;
    let answer = bench.send(&message);
    assert_eq!(host.unwrap(&answer), code(DeviceError::AuthenticationFailed));
    assert_eq!(bench.call(&mut host, Command::Echo, b"a"), code(DeviceError::InvalidSession));
}

#[test]
fn a_message_of_the_wrong_length_ends_a_session() {
    let mut bench = Bench::new(Faults::default());
    let refused = |error: DeviceError| [0x7f, 0, 1, error.code()];
    for length in [0, 15, 17] {
        bench.send(&frame(Command::CreateSession, &[0, 1, 7, 7, 7, 7, 7, 7, 7, 7]));
        let message = frame(Command::AuthenticateSession, &vec![0; 1 + length]);
        assert_eq!(bench.send(&message), refused(DeviceError::WrongLength));
        assert_eq!(bench.send(&message), refused(DeviceError::InvalidSession));
    }
    bench.session().unwrap();
    let message = frame(Command::SessionMessage, &[0; 8]);
    assert_eq!(bench.send(&message), refused(DeviceError::WrongLength));
    assert_eq!(bench.send(&message), refused(DeviceError::InvalidSession));
}

#[test]
fn a_message_is_not_taken_twice() {
    let mut bench = Bench::new(Faults::default());
    let mut host = bench.session().unwrap();
    let message = host.wrap(&frame(Command::PutOpaque, &opaque(0, b"once")));
    let answer = bench.send(&message);
    host.unwrap(&answer).unwrap();
    assert_eq!(bench.send(&message), [0x7f, 0, 1, DeviceError::AuthenticationFailed.code()]);
}

#[test]
fn objects_survive_a_power_cut() {
    let mut bench = Bench::new(Faults::default());
    let mut host = bench.session().unwrap();
    bench.put(&mut host, 7).unwrap();
    // The answer is out, so the file has it: a copy of the file is a device with the object.
    let copy = tempfile::tempdir().unwrap();
    let path = copy.path().join("hsm.json");
    std::fs::copy(bench.path(), &path).unwrap();
    bench.device = Some(Device::open(&path, (None, false), Faults::default(), bench.now).unwrap());
    assert_eq!(
        bench.call(&mut host, Command::GetOpaque, &[0, 7]),
        code(DeviceError::InvalidSession)
    );
    let mut host = bench.session().unwrap();
    assert_eq!(bench.call(&mut host, Command::GetOpaque, &[0, 7]), Ok(vec![1, 2, 3]));
}

#[test]
fn a_state_that_cannot_be_saved_does_not_change() {
    let mut bench = Bench::new(Faults::default());
    let mut host = bench.session().unwrap();
    std::fs::create_dir(bench.folder.path().join(".hsm.json.part")).unwrap();
    assert_eq!(bench.put(&mut host, 7), code(DeviceError::StorageFailed));
    std::fs::remove_dir(bench.folder.path().join(".hsm.json.part")).unwrap();
    assert_eq!(
        bench.call(&mut host, Command::GetOpaque, &[0, 7]),
        code(DeviceError::ObjectNotFound)
    );
    bench.put(&mut host, 7).unwrap();
}

#[test]
fn a_lost_answer_is_to_a_command_that_took_effect() {
    let mut bench = Bench::new(Faults { fail_after: Some(2), ..Faults::default() });
    let mut host = bench.session().unwrap();
    bench.put(&mut host, 7).unwrap();
    let message = host.wrap(&frame(Command::PutOpaque, &opaque(8, b"lost")));
    assert_eq!(bench.reply(&message), Reply::Lost);
    bench.power_on(Faults::default());
    let mut host = bench.session().unwrap();
    assert_eq!(bench.call(&mut host, Command::GetOpaque, &[0, 8]), Ok(b"lost".to_vec()));
}

#[test]
fn the_store_can_be_made_small() {
    let mut bench = Bench::new(Faults { store_limit: Some(2), ..Faults::default() });
    let mut host = bench.session().unwrap();
    bench.put(&mut host, 7).unwrap();
    assert_eq!(bench.put(&mut host, 8), code(DeviceError::StorageFailed));
    let info = bench.call(&mut host, Command::GetStorageInfo, &[]).unwrap();
    assert_eq!(info, [1, 0, 0, 0, 4, 0, 3, 0xfe, 0, 126]);
}

#[test]
fn a_forced_log_stops_what_it_cannot_hold_until_it_is_emptied() {
    let mut bench = Bench::new(Faults::default());
    let mut host = bench.session().unwrap();
    let logged = [Command::Echo, Command::AuthenticateSession, Command::SetLogIndex];
    let value: Vec<u8> = logged.iter().flat_map(|command| [command.code(), 1]).collect();
    bench.audit(&mut host, 3, &value).unwrap();
    bench.audit(&mut host, 1, &[1]).unwrap();
    for _ in 2..62 {
        bench.call(&mut host, Command::Echo, b"a").unwrap();
    }
    assert_eq!(bench.call(&mut host, Command::Echo, b"a"), code(DeviceError::LogFull));
    // What is not logged goes on, and so do new sessions, which are counted.
    bench.put(&mut host, 7).unwrap();
    let mut other = bench.session().unwrap();
    let log = bench.call(&mut other, Command::GetLogEntries, &[]).unwrap();
    assert_eq!(log[..5], [0, 0, 0, 1, 62]);
    bench.power_on(Faults::default());
    let mut host = bench.session().unwrap();
    let log = bench.call(&mut host, Command::GetLogEntries, &[]).unwrap();
    assert_eq!(log[..5], [0, 1, 0, 2, 62]);

    bench.call(&mut host, Command::SetLogIndex, &[0, 61]).unwrap();
    assert_eq!(bench.log_numbers(&mut host), [62, 63]);
    bench.call(&mut host, Command::Echo, b"a").unwrap();
    assert_eq!(bench.log_numbers(&mut host), [62, 63, 64]);
}

#[test]
fn an_entry_says_who_did_what_to_which_object() {
    let mut bench = Bench::new(Faults::default());
    let mut host = bench.session().unwrap();
    bench.audit(&mut host, 3, &[Command::PutOpaque.code(), 2]).unwrap();
    bench.put(&mut host, 7).unwrap();
    bench.put(&mut host, 7).unwrap_err();
    let log = bench.call(&mut host, Command::GetLogEntries, &[]).unwrap();
    let entries: Vec<_> = log[5..].chunks(32).map(|entry| &entry[..12]).collect();
    // Number, command, length, session key, target, second, result.
    assert_eq!(entries[2], [0, 3, 0x42, 0, 56, 0, 1, 0, 7, 0xff, 0xff, 0xc2]);
    assert_eq!(entries[3], [0, 4, 0x42, 0, 56, 0, 1, 0, 7, 0xff, 0xff, 0x11]);
    // Fixed until a reset.
    let off = bench.audit(&mut host, 3, &[Command::PutOpaque.code(), 0]);
    assert_eq!(off, code(DeviceError::InsufficientPermissions));
    bench.call(&mut host, Command::ResetDevice, &[]).unwrap();
    let mut host = bench.session().unwrap();
    let options = bench.call(&mut host, Command::GetOption, &[3]).unwrap();
    assert!(options.chunks(2).all(|pair| pair[1] == 0));
    assert_eq!(bench.log_numbers(&mut host), [1, 2]);
}

#[test]
fn algorithms_are_switched_on_a_fresh_device_only() {
    let mut bench = Bench::new(Faults::default());
    let mut host = bench.session().unwrap();
    bench.audit(&mut host, 4, &[30, 0]).unwrap();
    assert_eq!(bench.put(&mut host, 7), code(DeviceError::AlgorithmDisabled));
    let info = bench.call(&mut host, Command::DeviceInfo, &[]).unwrap();
    assert!(!info[9..].contains(&30));
    bench.audit(&mut host, 4, &[30, 1]).unwrap();
    bench.put(&mut host, 7).unwrap();
    let late = bench.audit(&mut host, 4, &[30, 0]);
    assert_eq!(late, code(DeviceError::InsufficientPermissions));
}

#[test]
fn a_wrapped_object_is_a_nonce_the_published_header_the_body_and_a_tag() {
    use aes::Aes128;
    use ccm::aead::Aead as _;
    use ccm::consts::{U13, U16};
    use ccm::{Ccm, KeyInit as _};
    let mut bench = Bench::new(Faults::default());
    let mut host = bench.session().unwrap();
    let (key, exportable) = ([9; 16], 1 << 0x10);
    let delegated = u64::MAX >> 8;
    let wrap = [&wish(5, 3 << 0x0c, 29), &delegated.to_be_bytes()[..], &key].concat();
    bench.call(&mut host, Command::PutWrapKey, &wrap).unwrap();
    bench.put(&mut host, 7).unwrap();
    let wrapped = bench.call(&mut host, Command::ExportWrapped, &[0, 5, 1, 0, 7]).unwrap();
    let cipher = Ccm::<Aes128, U16, U13>::new(&key.into());
    let nonce = <[u8; 13]>::try_from(&wrapped[..13]).unwrap().into();
    let plaintext = cipher.decrypt(&nonce, &wrapped[13..]).unwrap();
    let mut expected = vec![29];
    expected.extend_from_slice(&u64::to_be_bytes(exportable));
    expected.extend_from_slice(&[0, 7, 0, 3, 0, 1, 1, 30, 0, 2]);
    expected.extend_from_slice(&[b'x'; 40]);
    expected.extend_from_slice(&[1, 2, 3]);
    assert_eq!(plaintext, expected);

    // An object that fits no type, length or key is refused, and so is one spoiled bit.
    let import = |bench: &mut Bench, host: &mut Host, plaintext: &[u8]| {
        let sealed = cipher.encrypt(&nonce, plaintext).unwrap();
        let data = [&[0, 5][..], &nonce, &sealed].concat();
        bench.call(host, Command::ImportWrapped, &data)
    };
    for (at, byte) in [(0, 42), (12, 4), (15, 9), (15, 2), (16, 12)] {
        let mut spoiled = expected.clone();
        spoiled[at] = byte;
        spoiled[10] = 8;
        let outcome = import(&mut bench, &mut host, &spoiled);
        assert_eq!(outcome, code(DeviceError::InvalidData), "byte {at}");
    }
    let mut spoiled = [&[0, 5][..], &wrapped].concat();
    *spoiled.last_mut().unwrap() ^= 1;
    let outcome = bench.call(&mut host, Command::ImportWrapped, &spoiled);
    assert_eq!(outcome, code(DeviceError::InvalidData));
    expected[10] = 8;
    assert_eq!(import(&mut bench, &mut host, &expected), Ok(vec![1, 0, 8]));
    let info = bench.call(&mut host, Command::GetObjectInfo, &[0, 8, 1]).unwrap();
    assert_eq!(info[17], 0x12);
}

#[test]
fn outside_a_session_only_those_that_begin_one_work() {
    let mut bench = Bench::new(Faults::default());
    for command in Command::ALL {
        let answer = bench.send(&frame(*command, &[0; 10]));
        let invalid = answer == [0x7f, 0, 1, DeviceError::InvalidCommand.code()];
        let known = matches!(
            command,
            Command::Echo
                | Command::DeviceInfo
                | Command::CreateSession
                | Command::AuthenticateSession
                | Command::SessionMessage
                | Command::GetDevicePublicKey
        );
        assert_eq!(invalid, !known, "{command:?}");
    }
}

/// What every command answers that makes an object: the id.
fn id_of(answer: Result<Vec<u8>, u8>) -> [u8; 2] {
    answer.unwrap().try_into().unwrap()
}

fn delegating(id: u16, capabilities: u64, algorithm: u8, delegated: u64, key: &[u8]) -> Vec<u8> {
    [&wish(id, capabilities, algorithm)[..], &delegated.to_be_bytes(), key].concat()
}
