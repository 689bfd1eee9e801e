//! The command line: what can be asked, a module a command, mirrored in `commands`.

pub(crate) mod fingerprint;
pub(crate) mod identity;
pub(crate) mod inspect;
pub(crate) mod plan;
pub(crate) mod policy;
pub(crate) mod report;
pub(crate) mod script;
pub(crate) mod share;
pub(crate) mod sign;
pub(crate) mod values;
pub(crate) mod verify;

use crate::commands;
use clap::{CommandFactory as _, Parser, Subcommand};
use keyferry_console::args::Common;
use keyferry_console::self_test::{self, Program};
use keyferry_console::{Failure, Screen, process};
use std::process::ExitCode;

/// Make identities, policies and plans; sign bundles; verify what a ceremony left. No network, no AWS, no HSM
#[derive(Debug, Parser)]
#[command(name = "keyferry", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    common: Common,

    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// A person's signing key
    #[command(subcommand)]
    Identity(identity::Task),
    /// Whose signatures count, and what plans may ask for
    #[command(subcommand)]
    Policy(policy::Task),
    /// What a ceremony is to do
    #[command(subcommand)]
    Plan(plan::Task),
    /// Write the script of a ceremony, to be printed for everybody who takes part
    Script(script::Args),
    /// A custodian's share of an HSM's wrap key
    #[command(subcommand)]
    Share(share::Task),
    /// Check a bundle, show it, and add one signature
    Sign(sign::Args),
    /// Show bundles, each line marked VERIFIED or UNVERIFIED
    Inspect(inspect::Args),
    /// Show the fingerprint of bundles, to be compared by voice or on paper
    Fingerprint(fingerprint::Args),
    /// Check every bundle, every link and every claim
    Verify(verify::Args),
    /// Verify, and write what was found as an HTML page to hand on
    Report(report::Args),
    /// Try this program out before anybody relies on it, and show which file it is
    ///
    /// Published vectors for every primitive, bundles that must be accepted or refused, and what the host gives. Compare the SHA-256 with
    /// `sha256sum` and with the paper: a program that lies prints what it likes.
    #[command(after_help = "Example: keyferry self-test")]
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
    keyferry_console::run(cli.common.json, |screen| dispatch(&cli, screen))
}

fn dispatch(cli: &Cli, screen: &Screen) -> Result<(), Failure> {
    process::harden()?;
    let person = cli.common.person()?;
    match &cli.task {
        Task::Identity(identity::Task::New(args)) => commands::identity::new(args, &person, screen),
        Task::Identity(identity::Task::Show(args)) => {
            commands::identity::show(args, &person, screen)
        }
        Task::Policy(policy::Task::New(args)) => commands::policy_new::run(args, &person, screen),
        Task::Policy(policy::Task::Edit(args)) => commands::policy_edit::run(args, screen),
        Task::Policy(policy::Task::Diff(args)) => commands::policy_diff::run(args, screen),
        Task::Policy(policy::Task::Sign(args)) => commands::policy_sign::run(args, &person, screen),
        Task::Policy(policy::Task::Pin(args)) => commands::policy_pin::run(args, &person, screen),
        Task::Policy(policy::Task::Show(args)) => commands::policy_show::run(args, screen),
        Task::Plan(plan::Task::New(args)) => commands::plan_new::run(args, screen),
        Task::Plan(plan::Task::Lint(args)) => commands::plan_lint::run(args, screen),
        Task::Script(args) => commands::script::run(args, screen),
        Task::Share(share::Task::Prove(args)) => commands::share::run_prove(args, &person, screen),
        Task::Share(share::Task::Show(args)) => commands::share::run_show(args, &person, screen),
        Task::Sign(args) => commands::sign::run(args, &person, screen),
        Task::Inspect(args) => commands::inspect::run(args, screen),
        Task::Fingerprint(args) => commands::fingerprint::run(args, screen),
        Task::Verify(args) => commands::verify::run(args, screen),
        Task::Report(args) => commands::report::run(args, screen),
        Task::SelfTest => self_test::run(
            &Program::running(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))?,
            Vec::new(),
            screen,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::error::ErrorKind;

    fn parse(line: &str) -> Result<Cli, ErrorKind> {
        Cli::try_parse_from(line.split_whitespace()).map_err(|error| error.kind())
    }

    /// The examples under `--help`, each without its `Example: `.
    fn examples(command: &clap::Command) -> Vec<String> {
        let own = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let lines = own.replace("\\\n", " ");
        let mut found: Vec<String> = lines
            .lines()
            .filter_map(|line| line.trim().strip_prefix("Example: "))
            .map(ToOwned::to_owned)
            .collect();
        for inner in command.get_subcommands() {
            found.extend(examples(inner));
        }
        found
    }

    #[test]
    fn the_command_line_is_consistent_and_its_examples_parse() {
        command().debug_assert();
        let examples = examples(&command());
        assert!(examples.len() >= 10, "{examples:#?}");
        for example in examples {
            assert!(parse(&example).is_ok(), "{example}: {:?}", parse(&example).err());
        }
    }

    #[test]
    fn every_command_has_an_example() {
        fn leaves<'a>(command: &'a clap::Command, found: &mut Vec<&'a clap::Command>) {
            match command.get_subcommands().count() {
                0 => found.push(command),
                _ => command.get_subcommands().for_each(|inner| leaves(inner, found)),
            }
        }
        let (command, mut found) = (command(), Vec::new());
        leaves(&command, &mut found);
        for leaf in found {
            let help = leaf.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Example: keyferry "), "{}", leaf.get_name());
        }
    }

    #[test]
    fn a_plan_expires_or_does_not() {
        const PLAN: &str = "keyferry plan new c --device d.json --ceremony-id c --target t --object-id 0x0a01 \
            --key-arn arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab --first";
        let with = |rest: &str| parse(&format!("{PLAN} {rest}")).err();
        assert_eq!(with("--does-not-expire"), None);
        assert_eq!(with("--valid-to 2026-12-01T00:00:00Z"), None);
        assert_eq!(with(""), Some(ErrorKind::MissingRequiredArgument));
        let both = "--does-not-expire --valid-to 2026-12-01T00:00:00Z";
        assert_eq!(with(both), Some(ErrorKind::ArgumentConflict));
        assert_eq!(with("--does-not-expire --domains 0"), Some(ErrorKind::ValueValidation));
        assert_eq!(with("--valid-to tomorrow"), Some(ErrorKind::ValueValidation));
    }

    #[test]
    fn a_plan_is_the_first_or_follows_one() {
        const PLAN: &str = "keyferry plan new c --device d.json --ceremony-id c --target t --object-id 0x0a01 \
            --key-arn arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab --does-not-expire";
        let with = |rest: &str| parse(&format!("{PLAN} {rest}")).err();
        assert_eq!(with("--first"), None);
        assert_eq!(with("--previous b/plan.json"), None);
        assert_eq!(with(""), Some(ErrorKind::MissingRequiredArgument));
        assert_eq!(with("--first --previous b/plan.json"), Some(ErrorKind::ArgumentConflict));
    }

    #[test]
    fn a_share_is_a_file_with_an_identity_or_typed() {
        let with = |rest: &str| parse(&format!("keyferry share prove {rest}")).err();
        assert_eq!(with("s.age --identity i --set d/shares.json --out p.json"), None);
        assert_eq!(with("--printed"), None);
        assert_eq!(with(""), Some(ErrorKind::MissingRequiredArgument));
        assert_eq!(with("s.age"), Some(ErrorKind::MissingRequiredArgument));
        assert_eq!(with("--identity i"), Some(ErrorKind::MissingRequiredArgument));
        assert_eq!(with("s.age --identity i --printed"), Some(ErrorKind::ArgumentConflict));
    }

    #[test]
    fn a_pin_is_given_or_refused_but_not_both() {
        assert!(parse("keyferry verify d --no-pin").is_ok());
        let pin = format!("--pin {}", "0".repeat(64));
        assert_eq!(
            parse(&format!("keyferry verify d --no-pin {pin}")).err(),
            Some(ErrorKind::ArgumentConflict)
        );
        assert_eq!(parse("keyferry verify").err(), Some(ErrorKind::MissingRequiredArgument));
    }
}
