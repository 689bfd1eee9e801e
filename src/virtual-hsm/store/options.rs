//! Device options: what is logged, whether it must be, and which algorithms are on.

use super::Algorithm;
use crate::wire::{Command, DeviceError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What FIPS-approved mode switches off from firmware 2.4 on, as far as python-yubihsm's device tests name it.
const NOT_APPROVED: &[Algorithm] = &[
    Algorithm::RsaPkcs1Sha1,
    Algorithm::RsaPssSha1,
    Algorithm::EcK256,
    Algorithm::EcdsaSha1,
    Algorithm::RsaPkcs1Decrypt,
];

/// The state of a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub(crate) enum Setting {
    Off = 0,
    On = 1,
    /// On until the device is reset.
    Fixed = 2,
}

impl Setting {
    pub(crate) const fn byte(self) -> u8 {
        self as u8
    }

    /// Changes a switch that is not fixed.
    fn set(&mut self, to: Self) -> Result<(), DeviceError> {
        if *self == Self::Fixed && to != Self::Fixed {
            return Err(DeviceError::InsufficientPermissions);
        }
        *self = to;
        Ok(())
    }
}

impl TryFrom<u8> for Setting {
    type Error = DeviceError;

    fn try_from(byte: u8) -> Result<Self, DeviceError> {
        match byte {
            0 => Ok(Self::Off),
            1 => Ok(Self::On),
            2 => Ok(Self::Fixed),
            _ => Err(DeviceError::InvalidData),
        }
    }
}

/// The options. Nothing is logged by default, as from firmware 2.3.1 on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Options {
    force_audit: Setting,
    /// By command code; what is not here is off.
    command_audit: BTreeMap<u8, Setting>,
    disabled: BTreeSet<Algorithm>,
    /// Whether a FIPS device is in its FIPS-approved mode.
    fips: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            force_audit: Setting::Off,
            command_audit: BTreeMap::new(),
            disabled: BTreeSet::new(),
            fips: false,
        }
    }
}

impl Options {
    pub(crate) const fn force_audit(&self) -> Setting {
        self.force_audit
    }

    /// Whether a command fails when it cannot be logged.
    pub(crate) fn is_forced(&self) -> bool {
        self.force_audit != Setting::Off
    }

    pub(crate) fn set_force_audit(&mut self, to: Setting) -> Result<(), DeviceError> {
        self.force_audit.set(to)
    }

    pub(crate) fn audit(&self, command: Command) -> Setting {
        self.command_audit.get(&command.code()).copied().unwrap_or(Setting::Off)
    }

    /// Whether a command is logged.
    pub(crate) fn is_audited(&self, command: Command) -> bool {
        self.audit(command) != Setting::Off
    }

    pub(crate) fn set_audit(&mut self, command: Command, to: Setting) -> Result<(), DeviceError> {
        self.command_audit.entry(command.code()).or_insert(Setting::Off).set(to)
    }

    pub(crate) fn is_enabled(&self, algorithm: Algorithm) -> bool {
        !self.disabled.contains(&algorithm)
    }

    pub(crate) fn enable(&mut self, algorithm: Algorithm, on: bool) {
        if on {
            self.disabled.remove(&algorithm);
        } else {
            self.disabled.insert(algorithm);
        }
    }

    pub(crate) const fn is_fips(&self) -> bool {
        self.fips
    }

    /// Enters or leaves FIPS-approved mode, in which some algorithms are off.
    pub(crate) fn set_fips(&mut self, on: bool) {
        self.fips = on;
        for algorithm in NOT_APPROVED {
            self.enable(*algorithm, !on);
        }
    }

    /// Whether an algorithm may be switched on.
    pub(crate) fn may_enable(&self, algorithm: Algorithm) -> bool {
        !self.fips || !NOT_APPROVED.contains(&algorithm)
    }

    /// Refuses an algorithm that is switched off.
    pub(crate) fn require(&self, algorithm: Algorithm) -> Result<(), DeviceError> {
        if self.is_enabled(algorithm) { Ok(()) } else { Err(DeviceError::AlgorithmDisabled) }
    }
}
