//! `keyferry-online`: the bastion's part of a ceremony. It holds AWS credentials and an operator's identity; it never sees key material.
//!
//! [`kms::Kms`] is the seam: commands speak to that trait, the AWS SDK answers it in [`aws`]. Commands refuse before they call
//! anything that changes something, make such calls once, and say honestly what is known afterwards.
//!
//! What KMS then holds, it proves itself: `import` puts a question that only this key material can answer (a fresh message to sign, a
//! ciphertext, an ephemeral public key, the room's own message for a MAC), holds the answer against the response, and writes both into
//! the receipt, where the auditor checks them again. [`prove`] asks once more at any time. Only of symmetric keys KMS alone knows which
//! key material it is: there the proof is that the key works, and the id that KMS gives the material.

pub mod algorithms;
pub mod aws;
mod calls;
mod chain;
mod challenge;
pub mod check;
pub mod cli;
pub mod clock;
pub mod cloudwatch_alarm;
pub mod create_key;
pub mod delete_material;
pub mod desk;
pub mod download;
pub mod ebs;
pub mod ec2;
mod expiry;
pub mod fetch;
pub mod iam_policy;
pub mod import;
mod journal;
mod key_policy;
mod keys;
pub mod kms;
pub mod lifecycle;
pub mod move_alias;
pub mod names;
mod operator;
mod proof;
pub mod prove;
mod receipt;
pub mod regions;
mod session;
pub mod status;
pub mod subjects;
mod tokens;
mod typed;
mod upload;
mod waiting;

#[cfg(test)]
mod testing;

use aws::AwsOptions;
use clap::{CommandFactory as _, Parser as _};
use cli::{Cli, Command};
use clock::HostClock;
use desk::Desk;
use download::Download;
use fetch::Source;
use import::{ImportArgs, Where};
use keyferry_console::self_test::{self, Program};
use keyferry_console::{Exit, Failure, Screen, process};
use std::process::ExitCode;

/// The command line, for its documentation.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the program on this process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => keyferry_console::run(cli.common.json, |screen| run(screen, &cli)),
        Err(error) => {
            // Help goes to stdout and is no failure.
            let _ = error.print();
            if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() }
        }
    }
}

/// Runs one command.
///
/// # Errors
/// As the command.
pub fn run(screen: &Screen, cli: &Cli) -> Result<(), Failure> {
    process::harden()?;
    let person = cli.common.person()?;
    let desk = Desk { screen, person: &person, clock: &HostClock };
    let aws = || aws::Client::new(&cli.aws);
    match &cli.command {
        Command::CreateKey(args) => create_key::run(desk, &aws()?, &cli.aws, args),
        Command::Fetch(args) => match &args.from_console {
            Some(path) => fetch::run(desk, args, Source::Console(&Download::read(path)?)),
            None => fetch::run(desk, args, Source::Api(&aws()?, &cli.aws)),
        },
        Command::Check(args) => check::run(desk, args),
        Command::Import(args) | Command::Resume(args) => {
            let args = ImportArgs {
                resume: args.resume || matches!(cli.command, Command::Resume(_)),
                ..args.clone()
            };
            let kms = aws()?;
            let place =
                Where { kms: &kms, regions: &cli.aws, at_once: Some(&cli.aws), prover: None };
            let Some(profile) = &args.prove_profile else {
                return import::run(desk, &place, &args);
            };
            let options = AwsOptions { profile: Some(profile.clone()), ..cli.aws.clone() };
            let prover = aws::Client::new(&options)?;
            import::run(desk, &Where { prover: Some((&prover, &options)), ..place }, &args)
        }
        Command::Status(args) => status::run(desk, &aws()?, &cli.aws, args),
        Command::Prove(args) => prove::run(desk, &aws()?, &cli.aws, args),
        Command::DeleteMaterial(args) => delete_material::run(desk, &aws()?, args),
        Command::MoveAlias(args) => move_alias::run(desk, &aws()?, args),
        Command::IamPolicy(args) => iam_policy::run(desk, args),
        Command::CloudwatchAlarm(args) => cloudwatch_alarm::run(desk, args),
        Command::Ebs(args) => {
            let ec2 = aws::Ec2Client::new(&cli.aws, args.ec2_endpoint_url.as_ref())?;
            ebs::run(desk, &aws()?, &ec2, args)
        }
        Command::SelfTest => self_test::run(
            &Program::running(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))?,
            Vec::new(),
            screen,
        ),
    }
}
