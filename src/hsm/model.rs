//! What a device says about itself and its objects.

use keyferry_bundle::{Domains, Firmware, ObjectId, Serial};

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

/// The types of object a ceremony deals with (YubiHSM 2 user guide, "Object").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectKind {
    /// Bytes.
    Opaque,
    /// A credential.
    AuthenticationKey,
    /// A private key.
    AsymmetricKey,
    /// A key that other objects are exported under.
    WrapKey,
    /// Anything else.
    Other,
}

impl std::fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Opaque => "opaque object",
            Self::AuthenticationKey => "authentication key",
            Self::AsymmetricKey => "asymmetric key",
            Self::WrapKey => "wrap key",
            Self::Other => "other object",
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
}

/// A set of capabilities, as the device's 64-bit mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities(pub u64);

/// An object's description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its type.
    pub kind: ObjectKind,
    /// Its id.
    pub id: ObjectId,
    /// Its label.
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

/// What an object of a ceremony is for; decides its type, its capabilities and where it may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Signs bundles: a P-256 key generated in the device that cannot be exported.
    SigningKey,
    /// Exports copies: an AES-256 wrap key generated in the device.
    BackupKey,
    /// The credential of ceremonies.
    CeremonyKey,
    /// Key material, as an opaque object.
    KeyMaterial,
}

impl Purpose {
    /// The object's type.
    #[must_use]
    pub const fn kind(self) -> ObjectKind {
        match self {
            Self::SigningKey => ObjectKind::AsymmetricKey,
            Self::BackupKey => ObjectKind::WrapKey,
            Self::CeremonyKey => ObjectKind::AuthenticationKey,
            Self::KeyMaterial => ObjectKind::Opaque,
        }
    }

    /// Where such an object must come from.
    #[must_use]
    pub const fn origin(self) -> Origin {
        match self {
            Self::SigningKey | Self::BackupKey => Origin::Generated,
            Self::CeremonyKey | Self::KeyMaterial => Origin::Imported,
        }
    }
}
