//! `keyferry-offline log`: the HSM's log for a second reader.
//!
//! The room's host owns the session in which it reads the log, and the chain of digests has no key: it could make up another log. So
//! the last entries stay in the HSM, and an auditor reads them with a credential and a machine of their own.

mod audit;
mod show;

use crate::hsm_access::HsmArgs;
use clap::Subcommand;
use keyferry_ceremony::hsm_log::{Dump, read_dump};
use keyferry_console::{Failure, Person, Screen, files};
use std::path::Path;

/// What to do with the log.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Read the HSM's log with the auditor's own credential and hold it against a ceremony's log bundle
    Audit(audit::Args),
    /// Show a log that `yubihsm-shell` printed
    Show(show::Args),
}

pub(crate) fn run(
    task: &Task,
    access: &HsmArgs,
    person: &Person,
    screen: &Screen,
) -> Result<(), Failure> {
    match task {
        Task::Audit(args) => audit::run(args, access, person, screen),
        Task::Show(args) => show::run(args, screen),
    }
}

/// The most bytes a printed log may have: 62 entries as text are 10 KB.
const MAX_DUMP: usize = 64 * 1024;

/// Reads what `yubihsm-shell -a get-logs` printed.
fn dump(path: &Path) -> Result<Dump, Failure> {
    let bytes = files::read_capped(path, MAX_DUMP)?;
    let refuse = |because: String| {
        Failure::new(
            keyferry_console::Exit::Refused,
            "not-a-log",
            format!("{} is no log", path.display()),
        )
        .because(because)
        .hint("print it anew: yubihsm-shell -a get-logs --outformat hex")
    };
    let text = std::str::from_utf8(&bytes).map_err(|error| refuse(error.to_string()))?;
    read_dump(text).map_err(|error| refuse(format!("it {error}")))
}
