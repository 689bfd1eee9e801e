//! `keyferry-virtual-hsm`: a software YubiHSM 2 for rehearsals and tests.

use clap::Parser as _;
use keyferry_virtual_hsm::program::{Arguments, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    keyferry_console::run(false, |screen| run(screen, arguments))
}
