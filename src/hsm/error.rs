//! What can go wrong with a device, and whether it may have changed.

use keyferry_bundle::{ObjectId, Serial};

/// What was asked of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Something that changes nothing.
    Read(&'static str),
    /// Something that may change the device.
    Change(&'static str),
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Read(what) | Self::Change(what) => f.write_str(what),
        }
    }
}

/// Why a device did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No device answered.
    #[error("no YubiHSM 2 answers at {address}: {problem}")]
    Unreachable {
        /// Where it was looked for.
        address: String,
        /// What happened.
        problem: String,
    },
    /// Another device than the one that was asked for.
    #[error("the device's serial number is {found}, not {expected}")]
    WrongSerial {
        /// The one that was asked for.
        expected: Serial,
        /// The one that answered.
        found: Serial,
    },
    /// More than one device is attached.
    #[error("{0} YubiHSM 2 devices are on USB; there must be exactly one")]
    NotAlone(usize),
    /// No session was opened.
    #[error("authentication key {key} does not open a session: {problem}")]
    Credential {
        /// The authentication key.
        key: ObjectId,
        /// What happened.
        problem: String,
    },
    /// It cannot be asked of this device: nothing was sent.
    #[error("the device was not asked to {action}: {problem}")]
    NotAsked {
        /// What was to be asked.
        action: Action,
        /// What stands in the way.
        problem: String,
    },
    /// The device answered that it will not: nothing was changed.
    #[error("the device refused to {action}: {reason}")]
    Refused {
        /// What was asked.
        action: Action,
        /// The device's reason.
        reason: String,
        /// The device's error code (YubiHSM 2 user guide, "Error codes").
        code: u8,
    },
    /// No answer, or none that makes sense.
    #[error("the device gave no usable answer when asked to {action}: {problem}")]
    NoAnswer {
        /// What was asked.
        action: Action,
        /// What happened.
        problem: String,
    },
    /// The operating system does not keep secrets out of swap.
    #[error("memory for key material cannot be locked: {0}")]
    Memory(String),
}

impl Error {
    /// Whether the device may have changed.
    #[must_use]
    pub const fn leaves_state_unknown(&self) -> bool {
        matches!(self, Self::NoAnswer { action: Action::Change(_), .. })
    }
}
