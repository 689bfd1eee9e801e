//! Options that every program shares.

use crate::{Failure, Person};
use std::path::{Path, PathBuf};

/// Options of every command.
#[derive(Debug, Clone, clap::Args)]
pub struct Common {
    /// Answer with one JSON object on stdout
    #[arg(long, global = true, help_heading = "Every command")]
    pub json: bool,

    /// Take answers and passphrases from this file descriptor, one line a prompt, instead of the terminal
    #[arg(long, global = true, value_name = "N", help_heading = "Every command")]
    pub answers_fd: Option<u16>,
}

impl Common {
    /// Whoever answers the prompts.
    ///
    /// # Errors
    /// When the file descriptor cannot be read.
    pub fn person(&self) -> Result<Person, Failure> {
        match self.answers_fd {
            Some(descriptor) => Person::answers(descriptor),
            None => Ok(Person::terminal()),
        }
    }
}

/// The command line of this process, as a person would type it, with the program's own name. No option of any program takes a secret.
#[must_use]
pub fn command_line(program: &str) -> String {
    let arguments = std::env::args_os().skip(1);
    let words = arguments.map(|argument| crate::one_line(&crate::shell(Path::new(&argument))));
    std::iter::once(program.to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

/// Where the pinned policy is.
#[derive(Debug, Clone, clap::Args)]
pub struct TrustArg {
    /// Folder of the pinned policy [default: `$KEYFERRY_TRUST`, else ~/.config/keyferry/trust]
    #[arg(long, value_name = "DIR")]
    pub trust: Option<PathBuf>,
}

/// A ceremony's folder and the trust it is read under.
#[derive(Debug, Clone, clap::Args)]
pub struct CeremonyArgs {
    /// Folder of the ceremony: policy-v1.json, device.json, plan.json, request-1.json, …
    #[arg(value_name = "CEREMONY")]
    pub folder: PathBuf,

    /// Where the pinned policy is.
    #[command(flatten)]
    pub trust: TrustArg,
}
