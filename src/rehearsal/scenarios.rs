//! The stories that can be told.

mod ceremony;
mod expired_token;
mod first;

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
}

/// Tells a story, or that of one ceremony; the auditor's folder with everything that came of it.
pub(crate) fn tell(
    scenario: Option<Scenario>,
    cli: &Cli,
    stage: &Stage,
    programs: &Programs,
    screen: &Screen,
) -> Result<String, Failure> {
    let story = Story::new(cli, cli.cast(), stage, programs, screen)?;
    match scenario {
        None => ceremony::tell(&story),
        Some(Scenario::ExpiredToken) => expired_token::tell(&story),
    }
}
