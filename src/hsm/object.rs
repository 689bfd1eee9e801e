//! Objects, as the device describes them.

use crate::{Algorithm, Capabilities};
use keyferry_bundle::{Domains, ObjectId};
use std::fmt;

/// A type of object (YubiHSM 2 user guide, "Object"; numbers as in python-yubihsm `defs.py`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectKind {
    /// Bytes.
    Opaque,
    /// A credential.
    AuthenticationKey,
    /// A private key.
    AsymmetricKey,
    /// A key that other objects are exported under and imported with.
    WrapKey,
    /// A key for HMAC.
    HmacKey,
    /// An AES key; firmware 2.3.
    SymmetricKey,
    /// An RSA public key that other objects are exported under; firmware 2.4.
    PublicWrapKey,
    /// Anything else, by its number.
    Other(u8),
}

impl ObjectKind {
    pub(crate) const fn from_byte(byte: u8) -> Self {
        match byte {
            1 => Self::Opaque,
            2 => Self::AuthenticationKey,
            3 => Self::AsymmetricKey,
            4 => Self::WrapKey,
            5 => Self::HmacKey,
            8 => Self::SymmetricKey,
            9 => Self::PublicWrapKey,
            other => Self::Other(other),
        }
    }

    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::Opaque => 1,
            Self::AuthenticationKey => 2,
            Self::AsymmetricKey => 3,
            Self::WrapKey => 4,
            Self::HmacKey => 5,
            Self::SymmetricKey => 8,
            Self::PublicWrapKey => 9,
            Self::Other(other) => other,
        }
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Opaque => "opaque object",
            Self::AuthenticationKey => "authentication key",
            Self::AsymmetricKey => "asymmetric key",
            Self::WrapKey => "wrap key",
            Self::HmacKey => "HMAC key",
            Self::SymmetricKey => "symmetric key",
            Self::PublicWrapKey => "public wrap key",
            Self::Other(other) => return write!(f, "object of type {other:#04x}"),
        })
    }
}

/// Where an object came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The device generated it.
    Generated,
    /// It was put in from outside.
    Imported,
    /// It came back from an export under wrap, whatever it was before.
    ImportedWrapped,
    /// A value that has no published meaning.
    Other(u8),
}

impl Origin {
    /// Bit 0 generated, bit 1 imported, bit 4 besides when it came back under wrap.
    pub(crate) const fn from_byte(byte: u8) -> Self {
        match byte {
            0x01 => Self::Generated,
            0x02 => Self::Imported,
            0x11 | 0x12 => Self::ImportedWrapped,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Generated => f.write_str("generated"),
            Self::Imported => f.write_str("imported"),
            Self::ImportedWrapped => f.write_str("imported under wrap"),
            Self::Other(other) => write!(f, "{other:#04x}"),
        }
    }
}

/// An object's description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its type.
    pub kind: ObjectKind,
    /// Its id.
    pub id: ObjectId,
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// Its label. Bytes that are no UTF-8 are replaced.
    pub label: String,
    /// Its domains.
    pub domains: Domains,
    /// What may be done with it.
    pub capabilities: Capabilities,
    /// What objects may have that are made or wrapped with it.
    pub delegated: Capabilities,
    /// Where it came from.
    pub origin: Origin,
    /// Its length in bytes.
    pub length: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_back() {
        for byte in 0..=u8::MAX {
            assert_eq!(ObjectKind::from_byte(byte).byte(), byte);
            assert_eq!(crate::AuditSetting::from_byte(byte).byte(), byte);
        }
        assert_eq!(ObjectKind::from_byte(9), ObjectKind::PublicWrapKey);
        assert_eq!(Origin::from_byte(0x11), Origin::ImportedWrapped);
        assert_eq!(Origin::from_byte(0x13), Origin::Other(0x13));
    }
}
