//! The program: what it prints, where it refuses to listen.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

#[test]
fn the_first_line_tells_where_it_listens() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_keyferry-virtual-kms"))
        .args(["--listen", "127.0.0.1:0", "--clock", "2026-11-24T09:00:00Z", "--state"])
        .arg(folder.path().join("state.json"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let port = line.strip_prefix("listening on http://127.0.0.1:").unwrap().trim_end();
    assert!(port.parse::<u16>().unwrap() > 0);
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("THIS IS NO KMS"), "{said}");
}

#[test]
fn it_refuses_to_listen_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let output = Command::new(env!("CARGO_BIN_EXE_keyferry-virtual-kms"))
        .args(["--listen", "0.0.0.0:0", "--state"])
        .arg(&state)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty() && !state.exists());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("is not a loopback address"), "{said}");
}
