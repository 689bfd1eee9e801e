//! The virtual KMS as a program: see the library's documentation.

use clap::Parser as _;
use keyferry_virtual_kms::{Arguments, serve};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    keyferry_console::run(false, |screen| serve(screen, arguments))
}
