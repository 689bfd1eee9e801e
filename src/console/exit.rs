//! Exit codes: part of the interface, the same for every program.

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done; for `verify`, every claim holds.
    Done = 0,
    /// A defect of the program.
    Bug = 1,
    /// The command line is wrong.
    Usage = 2,
    /// A bundle is refused.
    Refused = 3,
    /// The policy or a quorum is not met.
    Policy = 4,
    /// The HSM or KMS failed and nothing changed.
    Unchanged = 5,
    /// The HSM or KMS failed and its state is unknown: see the runbook.
    Unknown = 6,
    /// A person declined.
    Declined = 7,
    /// A file is missing, unreadable, already there or cannot be written.
    File = 8,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
