//! The program as a process: what it prints, what a kill leaves, what it refuses.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use yubihsm::authentication::Credentials;
use yubihsm::connector::HttpConfig;
use yubihsm::object::Label;
use yubihsm::{Capability, Client, Connector, Domain, opaque};

/// The program, killed when the test ends.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyferry-virtual-hsm"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts it on a free port: the program, and the port from its first line.
fn start(state: &Path, more: &[&str]) -> (Program, u16) {
    let state = state.to_str().unwrap();
    let arguments = [&["--listen", "127.0.0.1:0", "--state", state], more].concat();
    let mut program = Program(command(&arguments).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(program.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let port = line.strip_prefix("listening on http://127.0.0.1:").unwrap();
    (program, port.strip_suffix('\n').unwrap().parse().unwrap())
}

/// Runs it where it must not start: how it ended, and what it said.
fn refused(arguments: &[&str]) -> (Option<i32>, String) {
    let mut program = Program(command(arguments).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(program.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "");
    let mut said = String::new();
    program.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (program.0.wait().unwrap().code(), said)
}

fn client(port: u16) -> Client {
    let config = HttpConfig { addr: "127.0.0.1".to_owned(), port, timeout_ms: 5000 };
    Client::open(Connector::http(&config), Credentials::default(), false).unwrap()
}

#[test]
fn what_was_answered_outlives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("hsm.json");
    for round in 1..=5_u8 {
        let (mut program, port) = start(&state, &["--serial", "12345678"]);
        let client = client(port);
        assert_eq!(client.device_info().unwrap().serial_number.to_string(), "0012345678");
        assert_eq!(client.list_objects(&[]).unwrap().len(), usize::from(round));
        client
            .put_opaque(
                round.into(),
                Label::from_bytes(b"kept").unwrap(),
                Domain::DOM1,
                Capability::empty(),
                opaque::Algorithm::Data,
                vec![round],
            )
            .unwrap();
        program.0.kill().unwrap();
        program.0.wait().unwrap();
        let mut said = String::new();
        program.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(said.contains("THIS IS NO HSM"), "{said}");
    }
}

#[test]
fn a_network_address_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("hsm.json");
    let (code, said) = refused(&["--listen", "0.0.0.0:0", "--state", state.to_str().unwrap()]);
    assert_eq!(code, Some(2));
    assert!(said.contains("because: 0.0.0.0:0 is no loopback address"), "{said}");
    assert!(!state.exists());
}

#[test]
fn a_state_in_use_and_a_port_in_use_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("hsm.json");
    let (_program, port) = start(&state, &[]);
    let (code, _) = refused(&["--listen", "127.0.0.1:0", "--state", state.to_str().unwrap()]);
    assert_eq!(code, Some(8));
    let other = folder.path().join("other.json");
    let listen = format!("127.0.0.1:{port}");
    let (code, _) = refused(&["--listen", &listen, "--state", other.to_str().unwrap()]);
    assert_eq!(code, Some(5));
}
