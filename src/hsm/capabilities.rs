//! Capabilities: what a session may do, and what may be done with an object.

use std::ops::BitOr;

/// A set of capabilities as the device's 64-bit mask (YubiHSM 2 user guide, "Capability"; bits as in python-yubihsm `defs.py`).
/// Bits without a name here are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities(pub u64);

impl Capabilities {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Read opaque objects.
    pub const GET_OPAQUE: Self = Self(1 << 0x00);
    /// Store opaque objects.
    pub const PUT_OPAQUE: Self = Self(1 << 0x01);
    /// Generate asymmetric keys.
    pub const GENERATE_ASYMMETRIC_KEY: Self = Self(1 << 0x04);
    /// Sign with ECDSA.
    pub const SIGN_ECDSA: Self = Self(1 << 0x07);
    /// Export objects under wrap.
    pub const EXPORT_WRAPPED: Self = Self(1 << 0x0c);
    /// Import objects under wrap.
    pub const IMPORT_WRAPPED: Self = Self(1 << 0x0d);
    /// Leave the device, under wrap.
    pub const EXPORTABLE_UNDER_WRAP: Self = Self(1 << 0x10);
    /// Read options.
    pub const GET_OPTION: Self = Self(1 << 0x12);
    /// Draw random bytes.
    pub const GET_PSEUDO_RANDOM: Self = Self(1 << 0x13);
    /// Read the log and acknowledge it.
    pub const GET_LOG_ENTRIES: Self = Self(1 << 0x18);
    /// Attest asymmetric keys.
    pub const SIGN_ATTESTATION_CERTIFICATE: Self = Self(1 << 0x22);
    /// Delete opaque objects.
    pub const DELETE_OPAQUE: Self = Self(1 << 0x27);
    /// Delete asymmetric keys.
    pub const DELETE_ASYMMETRIC_KEY: Self = Self(1 << 0x29);
    /// Change the authentication key that opened the session.
    pub const CHANGE_AUTHENTICATION_KEY: Self = Self(1 << 0x2e);
    /// Store symmetric keys; firmware 2.3.
    pub const PUT_SYMMETRIC_KEY: Self = Self(1 << 0x2f);
    /// Delete symmetric keys; firmware 2.3.
    pub const DELETE_SYMMETRIC_KEY: Self = Self(1 << 0x31);
    /// Store public wrap keys; firmware 2.4.
    pub const PUT_PUBLIC_WRAP_KEY: Self = Self(1 << 0x36);
    /// Delete public wrap keys; firmware 2.4.
    pub const DELETE_PUBLIC_WRAP_KEY: Self = Self(1 << 0x37);

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOr for Capabilities {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.and(other)
    }
}
