//! The command line.

use crate::cast::{Cast, Quorum};
use crate::programs;
use crate::scenarios::{self, Scenario};
use crate::stage::Stage;
use clap::Parser;
use keyferry_bundle::kinds::KeptAs;
use keyferry_bundle::{AccountId, AwsRegion, KeySpec, KeyUsage};
use keyferry_console::{Exit, Failure, Screen};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Rehearse a ceremony from the first identity to the auditor's verdict
#[derive(Debug, Parser)]
#[command(
    name = "keyferry-rehearsal",
    version,
    max_term_width = 100,
    after_help = "Examples:\n  cargo rehearse\n  cargo rehearse -- --out evidence\n  cargo rehearse -- --scenario expiry\n  cargo rehearse -- --key-spec ECC_NIST_P384\n  cargo rehearse -- --officers 2-of-3 --witnesses 2 --custodians 3-of-5"
)]
pub(crate) struct Cli {
    /// Leave every bundle in this folder, which must not exist yet [default: a new temporary folder]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Keep every machine's folder here too, with the rehearsal's secrets; must not exist yet
    #[arg(long, value_name = "DIR")]
    stage: Option<PathBuf>,

    /// A chapter of a key's later life, after its first ceremony [default: the first ceremony alone]
    #[arg(long, value_name = "NAME")]
    scenario: Option<Scenario>,

    /// How many keys `batch` imports, each into every Region
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u8).range(1..=128))]
    pub(crate) keys: u8,

    /// Into how many Regions `batch` imports each key
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=4))]
    pub(crate) regions: u8,

    /// The key spec to rehearse
    #[arg(
        long,
        value_name = "SPEC",
        default_value = "SYMMETRIC_DEFAULT",
        conflicts_with = "scenario"
    )]
    pub(crate) key_spec: KeySpec,

    /// What KMS does with the key [default: the usual thing for the spec]
    #[arg(long, value_name = "USAGE", conflicts_with = "scenario")]
    pub(crate) key_usage: Option<KeyUsage>,

    /// As what the HSM keeps the key material [default: the usual thing for the spec]
    #[arg(long, value_name = "KIND", conflicts_with = "scenario")]
    pub(crate) keep_as: Option<KeptAs>,

    /// How many security officers there are, and how many sign
    #[arg(long, value_name = "T-of-N", default_value = "2-of-2", help_heading = "People")]
    officers: Quorum,

    /// How many witnesses there are, and how many sign
    #[arg(long, value_name = "T-of-N", default_value = "1", help_heading = "People")]
    witnesses: Quorum,

    /// Split the HSM's wrap key among so many custodians, so many of whom restore it [default: the wrap key stays in the HSM, and one
    /// custodian keeps an age copy]
    #[arg(long, value_name = "T-of-N", help_heading = "People")]
    custodians: Option<Quorum>,

    /// Use the KMS at this address instead of the virtual one
    #[arg(long, value_name = "URL")]
    pub(crate) kms_endpoint: Option<String>,

    /// A shell command that `disaster` runs in place of deleting the key material: another KMS may come to the address of the first
    #[arg(long, value_name = "COMMAND", requires = "kms_endpoint")]
    pub(crate) at_disaster: Option<String>,

    /// The alias of the KMS key
    #[arg(long, value_name = "NAME", default_value = "alias/payments")]
    pub(crate) alias: String,

    /// The AWS account of the credentials
    #[arg(long, value_name = "ID", default_value = "111122223333")]
    pub(crate) account: AccountId,

    /// The AWS region
    #[arg(long, value_name = "NAME", default_value = "eu-central-1")]
    pub(crate) region: AwsRegion,
}

impl Cli {
    /// Who takes part.
    pub(crate) const fn cast(&self) -> Cast {
        Cast { officers: self.officers, witnesses: self.witnesses, custodians: self.custodians }
    }
}

/// Runs the rehearsal.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    keyferry_console::run(false, |screen| rehearse(&cli, screen))
}

fn rehearse(cli: &Cli, screen: &Screen) -> Result<(), Failure> {
    for folder in [&cli.out, &cli.stage].into_iter().flatten() {
        must_not_exist(folder)?;
    }
    let programs = programs::build(screen)?;
    let stage = Stage::set(cli.stage.as_deref(), screen)?;
    let folder = scenarios::tell(cli.scenario, cli, &stage, &programs, screen)?;
    let out = match &cli.out {
        Some(out) => out.clone(),
        None => temporary()?,
    };
    stage.leave_evidence(&folder, &out)?;
    screen.heading("Done");
    screen.say(format!("Every bundle is in {}. Verify them as an auditor would:", out.display()));
    screen.say(format!("  cargo run -q -p keyferry -- verify {}", out.display()));
    screen.result(out.display().to_string())
}

fn must_not_exist(folder: &Path) -> Result<(), Failure> {
    if folder.symlink_metadata().is_err() {
        return Ok(());
    }
    Err(Failure::new(Exit::File, "file-exists", format!("{} is already there", folder.display()))
        .because("nothing is ever overwritten")
        .hint("name a folder that does not exist yet"))
}

/// A name that is free now; the folder itself is made with the evidence.
fn temporary() -> Result<PathBuf, Failure> {
    let folder = tempfile::Builder::new().prefix("keyferry-rehearsal-").tempdir();
    let folder = folder.map_err(|error| {
        Failure::new(Exit::File, "file-unwritable", "no temporary folder can be made")
            .because(error)
    })?;
    Ok(folder.keep().join("evidence"))
}
