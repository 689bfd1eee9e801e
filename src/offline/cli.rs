//! The command line.

use crate::hsm_access::HsmArgs;
use crate::{init, inspect, log, respond, self_test, upkeep};
use clap::{CommandFactory as _, Parser, Subcommand};
use keyferry_console::args::Common;
use keyferry_console::process;
use std::process::ExitCode;

/// Make, wrap, back up and sign key material in the ceremony room
#[derive(Debug, Parser)]
#[command(name = "keyferry-offline", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    common: Common,

    #[command(flatten)]
    hsm: HsmArgs,

    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Turn a factory-new HSM into one that holds ceremonies, and write its device bundle
    Init(init::Args),
    /// Show the HSM: serial number, firmware, log, storage, objects
    Inspect(inspect::Args),
    /// Answer a request: generate, store, wrap, back up, sign
    Respond(respond::Args),
    /// Answer a later request of the same plan: as respond, but nothing is ever generated
    #[command(
        after_help = "Example: keyferry-offline --hsm usb:12345678 rewrap /media/usb/payments-2026 --room /media/ceremony/room"
    )]
    Rewrap(respond::Args),
    /// Go on with the request that was begun and not answered
    #[command(
        after_help = "Example: keyferry-offline --hsm usb:12345678 resume /media/usb/payments-2026 --room /media/ceremony/room"
    )]
    Resume(respond::Args),
    /// Where a ceremony stands, by the room's memory and its folder; no HSM is asked
    Status(respond::status::Args),
    /// Copy every key material that the HSM holds, under its wrap key
    Backup(upkeep::backup::Args),
    /// Give up a plan of which no request was answered, and delete what it left in the HSM
    Abort(upkeep::abort::Args),
    /// Put key material back into an HSM from copies, and prove that it is the same; or rehearse that
    Restore(upkeep::restore::Args),
    /// The HSM's audit log, for a second reader
    #[command(subcommand)]
    Log(log::Task),
    /// Try this program out before anybody relies on it, and show which file it is
    ///
    /// Published vectors for every primitive, bundles that must be accepted or refused, and what the host gives. Compare the SHA-256 with
    /// `sha256sum` and with the paper: a program that lies prints what it likes.
    SelfTest,
}

/// The command line, for documentation.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the program.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    keyferry_console::run(cli.common.json, |screen| {
        process::harden()?;
        let person = cli.common.person()?;
        match &cli.command {
            Task::Init(args) => init::run(args, &cli.hsm, &person, screen),
            Task::Inspect(args) => inspect::run(args, &cli.hsm, &person, screen),
            Task::Log(task) => log::run(task, &cli.hsm, &person, screen),
            Task::Backup(args) => upkeep::backup::run(args, &cli.hsm, &person, screen),
            Task::Abort(args) => upkeep::abort::run(args, &cli.hsm, &person, screen),
            Task::Restore(args) => upkeep::restore::run(args, &cli.hsm, &person, screen),
            Task::Respond(args) => respond::run(args, &cli.hsm, &person, screen),
            Task::Rewrap(args) => respond::resume::rewrap(args, &cli.hsm, &person, screen),
            Task::Resume(args) => respond::resume::resume(args, &cli.hsm, &person, screen),
            Task::Status(args) => respond::status::run(args, screen),
            Task::SelfTest => self_test::run(screen),
        }
    })
}
