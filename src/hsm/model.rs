//! What a device says about itself.

use keyferry_bundle::{Firmware, Serial};

/// A device, as it describes itself outside of any session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Serial number.
    pub serial: Serial,
    /// Firmware version.
    pub firmware: Firmware,
    /// Entries the audit log can hold.
    pub log_capacity: u8,
    /// Entries in the audit log now.
    pub log_used: u8,
    /// Algorithm identifiers, as the device numbers them.
    pub algorithms: Vec<u8>,
}

/// What not every firmware has (YubiHSM 2 user guide, release notes; python-yubihsm's device tests).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// Symmetric-key objects: 2.3.
    SymmetricKeys,
    /// Public wrap keys and exports under them, and messages of up to 3136 bytes: 2.4.
    RsaWrap,
}

impl Feature {
    /// The first firmware that has it: major and minor version.
    #[must_use]
    pub const fn since(self) -> (u8, u8) {
        match self {
            Self::SymmetricKeys => (2, 3),
            Self::RsaWrap => (2, 4),
        }
    }
}

impl DeviceInfo {
    /// Whether the firmware is new enough.
    #[must_use]
    pub fn has(&self, feature: Feature) -> bool {
        let mut parts = self.firmware.as_str().split('.').map(|part| part.parse::<u16>().ok());
        let (major, minor) = feature.since();
        match (parts.next().flatten(), parts.next().flatten()) {
            (Some(found), Some(next)) => (found, next) >= (major.into(), minor.into()),
            (_, _) => false,
        }
    }
}

/// Room in the object store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Storage {
    /// Objects the store can hold.
    pub total_objects: u16,
    /// How many more fit.
    pub free_objects: u16,
    /// Bytes left, in whole pages.
    pub free_bytes: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        let info = |firmware: &str| DeviceInfo {
            serial: Serial::new(1),
            firmware: firmware.parse().unwrap(),
            log_capacity: 62,
            log_used: 0,
            algorithms: Vec::new(),
        };
        for (firmware, symmetric, wrap) in [
            ("2.0.0", false, false),
            ("2.2.9", false, false),
            ("2.3.0", true, false),
            ("2.4.0", true, true),
            ("2.10.0", true, true),
            ("3.0.0", true, true),
            ("1.9.0", false, false),
        ] {
            let info = info(firmware);
            assert_eq!(info.has(Feature::SymmetricKeys), symmetric, "{firmware}");
            assert_eq!(info.has(Feature::RsaWrap), wrap, "{firmware}");
        }
    }
}
