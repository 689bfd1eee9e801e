//! The stories that can be told.

mod batch;
mod ceremony;
mod disaster;
mod ebs;
mod expired_token;
mod expiry;
mod first;
mod multi_region;
mod rotation;

use crate::cli::Cli;
use crate::programs::Programs;
use crate::stage::Stage;
use crate::story::Story;
use keyferry_console::{Failure, Screen};

/// A longer story than one ceremony.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Scenario {
    /// A day passes before the upload: new parameters, the same key material wrapped again
    ExpiredToken,
    /// Key material expires in KMS, and is imported again
    Expiry,
    /// A symmetric key gets new key material; an HMAC key gives its alias to a new key
    Rotation,
    /// One key material in three Regions
    MultiRegion,
    /// The HSM is lost: its wrap key is put together in a second one, which takes the copies back
    Disaster,
    /// Many keys in several Regions: --keys and --regions
    Batch,
    /// A volume of EBS is encrypted under an imported key
    Ebs,
}

/// Tells a story, or that of one ceremony; the auditor's folder with everything that came of it.
pub(crate) fn tell(
    scenario: Option<Scenario>,
    cli: &Cli,
    stage: &Stage,
    programs: &Programs,
    screen: &Screen,
) -> Result<String, Failure> {
    if let Some(story @ (Scenario::ExpiredToken | Scenario::Expiry)) = scenario
        && cli.kms_endpoint.is_some()
    {
        return Err(Failure::usage(format!("{story:?} sets the clock of the virtual KMS"))
            .hint("rehearse it without --kms-endpoint"));
    }
    let mut cast = cli.cast();
    if scenario == Some(Scenario::Disaster) {
        cast.custodians = cast.custodians.or(Some(disaster::CUSTODIANS));
    }
    let story = Story::new(cli, cast, stage, programs, screen)?;
    match scenario {
        None => ceremony::tell(&story),
        Some(Scenario::ExpiredToken) => expired_token::tell(&story),
        Some(Scenario::Expiry) => expiry::tell(&story),
        Some(Scenario::Rotation) => rotation::tell(&story),
        Some(Scenario::MultiRegion) => multi_region::tell(&story),
        Some(Scenario::Disaster) => disaster::tell(&story),
        Some(Scenario::Batch) => batch::tell(&story),
        Some(Scenario::Ebs) => ebs::tell(&story),
    }
}
