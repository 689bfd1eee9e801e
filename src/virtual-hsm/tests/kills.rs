//! The program killed at random moments under load: the state always opens again, with every acknowledged write in it and none in part.
//!
//! `KEYFERRY_KILLS` says how often (200 otherwise), `KEYFERRY_KILLS_SEED` repeats a run; a failure names its seed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stderr, reason = "a seed that nobody sees repeats nothing")]

use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use yubihsm::authentication::Credentials;
use yubihsm::connector::HttpConfig;
use yubihsm::object::{Label, Type};
use yubihsm::{Capability, Client, Connector, Domain, opaque};

/// How often, unless told otherwise: some ten seconds.
const KILLS: u64 = 200;
/// Sessions that write at once.
const WRITERS: u16 = 3;
/// Object ids of each.
const IDS: u16 = 6;
/// The longest object, so that crate `yubihsm`'s limit of 2048 bytes a message holds.
const MAX_BYTES: u32 = 1500;
/// The load lasts up to this long.
const MAX_MICROSECONDS: u32 = 60_000;

/// What a writer knows: the objects it was told are there, and what it asked for last without an answer.
#[derive(Default)]
struct Known {
    objects: BTreeMap<u16, Vec<u8>>,
    asked: Option<(u16, Option<Vec<u8>>)>,
    acknowledged: u64,
}

/// The program, killed at the latest when the test ends.
struct Program(Child);

impl Program {
    fn start(state: &Path) -> (Self, u16) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyferry-virtual-hsm"));
        let command = command.args(["--listen", "127.0.0.1:0", "--state"]).arg(state);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut program = Self(command.spawn().unwrap());
        let mut line = String::new();
        BufReader::new(program.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_ne!(line, "", "the state does not open");
        let port = line.trim().strip_prefix("listening on http://127.0.0.1:");
        let port = port.unwrap().parse().unwrap();
        (program, port)
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn client(port: u16, credentials: &Credentials) -> Client {
    let config = HttpConfig { addr: "127.0.0.1".to_owned(), port, timeout_ms: 5000 };
    Client::open(Connector::http(&config), credentials.clone(), false).unwrap()
}

/// A label that belongs to these bytes.
fn label(bytes: &[u8]) -> Label {
    Label::from_bytes(format!("{} bytes", bytes.len()).as_bytes()).unwrap()
}

/// Puts what is not there and deletes what is, until the program is gone.
fn write(
    client: &Client,
    writer: u16,
    known: &mut Known,
    random: &mut TestRng,
    killed: &AtomicBool,
) {
    loop {
        let id = 0x100 * (writer + 1) + u16::try_from(random.next_u32() % u32::from(IDS)).unwrap();
        let bytes = if known.objects.contains_key(&id) {
            None
        } else {
            let mut bytes = vec![0; (random.next_u32() % MAX_BYTES) as usize + 1];
            random.fill_bytes(&mut bytes);
            Some(bytes)
        };
        known.asked = Some((id, bytes.clone()));
        let answer = match bytes.clone() {
            None => client.delete_object(id, Type::Opaque),
            Some(bytes) => {
                let (label, capabilities) = (label(&bytes), Capability::empty());
                let (domain, kind) = (Domain::DOM1, opaque::Algorithm::Data);
                client.put_opaque(id, label, domain, capabilities, kind, bytes).map(drop)
            }
        };
        if let Err(error) = answer {
            assert!(killed.load(Ordering::SeqCst), "refused before the kill: {error}");
            return;
        }
        match bytes {
            None => drop(known.objects.remove(&id)),
            Some(bytes) => drop(known.objects.insert(id, bytes)),
        }
        known.asked = None;
        known.acknowledged += 1;
    }
}

/// Compares the device with what the writers know; what was asked for without an answer is now known to be done or not. Whether it was.
fn check(client: &Client, known: &mut [Known]) -> u64 {
    let entries = client.list_objects(&[]).unwrap();
    let opaque = entries.iter().filter(|entry| entry.object_type == Type::Opaque);
    let mut found: BTreeMap<u16, Vec<u8>> = BTreeMap::new();
    for entry in opaque {
        let bytes = client.get_opaque(entry.object_id).unwrap();
        let info = client.get_object_info(entry.object_id, Type::Opaque).unwrap();
        assert_eq!(info.label.to_string(), label(&bytes).to_string());
        found.insert(entry.object_id, bytes);
    }
    let mut done_unanswered = 0;
    for known in known.iter_mut() {
        if let Some((id, wanted)) = known.asked.take()
            && found.get(&id) == wanted.as_ref()
        {
            done_unanswered += 1;
            match wanted {
                None => drop(known.objects.remove(&id)),
                Some(bytes) => drop(known.objects.insert(id, bytes)),
            }
        }
    }
    let expected: BTreeMap<u16, Vec<u8>> =
        known.iter().flat_map(|known| known.objects.clone()).collect();
    assert!(found == expected, "found {:?}, expected {:?}", found.keys(), expected.keys());
    done_unanswered
}

/// Names the seed when the test fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("repeat with KEYFERRY_KILLS_SEED={}", self.0);
        }
    }
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

fn random(seed: u64, round: u64, writer: u16) -> TestRng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&round.to_le_bytes());
    bytes[16..18].copy_from_slice(&writer.to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}

#[test]
fn every_kill_leaves_a_whole_state() {
    let kills = setting("KEYFERRY_KILLS").unwrap_or(KILLS);
    let seed = setting("KEYFERRY_KILLS_SEED").unwrap_or_else(|| {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).unwrap();
        u64::from_le_bytes(bytes)
    });
    let _seed = Seed(seed);
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("hsm.json");
    let credentials = Credentials::default();
    let mut known: Vec<Known> = (0..WRITERS).map(|_| Known::default()).collect();
    let (mut unanswered, mut done) = (0, 0);
    for round in 0..kills {
        let (mut program, port) = Program::start(&state);
        let clients: Vec<Client> = (0..WRITERS).map(|_| client(port, &credentials)).collect();
        done += check(&clients[0], &mut known);
        let killed = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for ((writer, client), known) in (0..).zip(clients).zip(&mut known) {
                let (killed, mut random) = (&killed, random(seed, round, writer));
                scope.spawn(move || write(&client, writer, known, &mut random, killed));
            }
            let moment = random(seed, round, u16::MAX).next_u32() % MAX_MICROSECONDS;
            std::thread::sleep(Duration::from_micros(moment.into()));
            killed.store(true, Ordering::SeqCst);
            program.kill();
        });
        unanswered += known.iter().filter(|known| known.asked.is_some()).count();
    }
    let (_program, port) = Program::start(&state);
    done += check(&client(port, &credentials), &mut known);
    let acknowledged: u64 = known.iter().map(|known| known.acknowledged).sum();
    assert!(acknowledged > 0, "nothing was written");
    println!(
        "{kills} kills, seed {seed}: {acknowledged} acknowledged writes all there; of {unanswered} without an answer, {done} were done"
    );
}
