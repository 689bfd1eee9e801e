//! The frame around every program.

use crate::{Exit, Failure, Screen};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

/// Runs a program's work and ends as it ended: failures are shown, a panic becomes exit code 1 without its message (which may
/// quote data).
pub fn run(json: bool, work: impl FnOnce(&Screen) -> Result<(), Failure>) -> ExitCode {
    let screen = Screen::new(json);
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = catch_unwind(AssertUnwindSafe(|| work(&screen)))
        .unwrap_or_else(|_| Err(Failure::bug("it panicked")));
    match outcome {
        Ok(()) => Exit::Done.into(),
        Err(failure) => {
            screen.failure(&failure);
            failure.exit.into()
        }
    }
}
