//! The virtual HSM beside crate `yubihsm`'s mock, both with a full store: commands a second of the devices themselves and over HTTP, and
//! resident memory.
//!
//! `cargo bench -p keyferry-virtual-hsm` builds both, ours optimised and the mock as it allows: in debug. Linux only: it asks `/proc`.

#![expect(clippy::print_stdout, reason = "the figures are the result")]

mod devices;
#[path = "../../bench-mock/direct.rs"]
mod direct;
mod http;

use direct::{Outcome, fill};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Each command is repeated for so many slices of time, of both programs in turn. The best one counts: the others share the machine with
/// somebody.
const SLICES: u32 = 50;

/// Builds the mock in a target folder of its own: its program.
fn build_mock() -> Outcome<PathBuf> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench-mock");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-mock");
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--locked", "--manifest-path"]).arg(package.join("Cargo.toml"));
    if !build.arg("--target-dir").arg(&target).status()?.success() {
        return Err("the mock does not build".into());
    }
    Ok(target.join("debug/keyferry-bench-mock"))
}

fn row(name: &str, ours: f64, mock: f64, digits: usize) {
    println!("{name:<46}{ours:>12.digits$}{mock:>12.digits$}{:>8.1}", ours / mock);
}

fn main() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let mock = build_mock()?;
    println!("{:<46}{:>12}{:>12}{:>8}", "a second", "ours", "mock", "ratio");
    let names = ["echo, 16 bytes", "random, 32 bytes", "sign, ECDSA P-256"];
    let rates =
        devices::measure(&folder.path().join("direct.json"), &mock, ["echo", "random", "sign"])?;
    for (name, (ours, mock)) in names.iter().zip(rates) {
        row(&format!("{name}: the device"), ours, mock, 0);
    }
    let (mock, ours) = (http::mock(&mock)?, http::service(&folder.path().join("hsm.json"))?);
    for program in [&ours, &mock] {
        fill(&program.client)?;
    }
    for (name, act) in names.iter().zip([http::echo, http::random, http::sign]) {
        let (our_rate, mock_rate) = http::measure(&ours, &mock, act)?;
        row(&format!("{name}: HTTP"), our_rate.by_clock, mock_rate.by_clock, 0);
        let (our_clients, mock_clients) = http::crowd(&ours, &mock, act)?;
        row(&format!("{name}: HTTP, {} clients", http::CLIENTS), our_clients, mock_clients, 0);
        let name = format!("{name}: HTTP, of its processor time");
        row(&name, our_rate.by_processor, mock_rate.by_processor, 0);
    }
    println!("{:<46}{:>12.0}", "status page, without a command: HTTP", http::loopback(ours.port)?);
    row("MB resident, 256 objects", ours.resident()?, mock.resident()?, 1);
    Ok(())
}
