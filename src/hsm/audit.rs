//! The device's log and what it is told to log.

use crate::CommandCode;
use std::fmt;

/// Bytes of a log entry: number, command, length, session key, target, second key, result, tick, digest
/// (YubiHSM 2 user guide, "Logs").
pub const LOG_ENTRY: usize = 32;

/// The log as the device gives it, oldest entry first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntries {
    /// Boots that found the log full.
    pub unlogged_boots: u16,
    /// Authentications that found the log full.
    pub unlogged_authentications: u16,
    /// The entries, in the device's own bytes.
    pub entries: Vec<[u8; LOG_ENTRY]>,
}

/// Whether something is logged or enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditSetting {
    /// No.
    Off,
    /// Yes, until it is switched off.
    On,
    /// Yes, until the device is reset.
    Fixed,
    /// A value that has no published meaning.
    Other(u8),
}

impl AuditSetting {
    pub(crate) const fn from_byte(byte: u8) -> Self {
        match byte {
            0 => Self::Off,
            1 => Self::On,
            2 => Self::Fixed,
            other => Self::Other(other),
        }
    }

    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::Off => 0,
            Self::On => 1,
            Self::Fixed => 2,
            Self::Other(other) => other,
        }
    }
}

impl fmt::Display for AuditSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::On => f.write_str("on"),
            Self::Fixed => f.write_str("fixed"),
            Self::Other(other) => write!(f, "{other:#04x}"),
        }
    }
}

/// What the device logs, and whether a full log stops it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditOptions {
    /// Whether commands fail when the log is full (option FORCE AUDIT).
    pub force: AuditSetting,
    /// Every command that the device knows, in its order, and whether it is logged (option COMMAND AUDIT).
    pub commands: Vec<(CommandCode, AuditSetting)>,
}
