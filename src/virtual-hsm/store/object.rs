//! Objects and what is known of them.

use super::{Algorithm, Capabilities, Secret};
use crate::wire::{DeviceError, Fields};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Bytes of a label, zero-padded.
pub(crate) const LABEL: usize = 40;
/// The device keeps the seed, the two halves of its hash and the public key of an Ed25519 key.
const ED25519_LENGTH: u16 = 128;

/// An object's type. Ids are unique within one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
#[repr(u8)]
pub(crate) enum Kind {
    Opaque = 1,
    AuthenticationKey = 2,
    AsymmetricKey = 3,
    WrapKey = 4,
    HmacKey = 5,
    Template = 6,
    OtpAeadKey = 7,
    SymmetricKey = 8,
    PublicWrapKey = 9,
}

impl Kind {
    const ALL: [Self; 9] = [
        Self::Opaque,
        Self::AuthenticationKey,
        Self::AsymmetricKey,
        Self::WrapKey,
        Self::HmacKey,
        Self::Template,
        Self::OtpAeadKey,
        Self::SymmetricKey,
        Self::PublicWrapKey,
    ];

    /// What a session needs to delete one.
    pub(crate) const fn deletion(self) -> Capabilities {
        match self {
            Self::Opaque => Capabilities::DELETE_OPAQUE,
            Self::AuthenticationKey => Capabilities::DELETE_AUTHENTICATION_KEY,
            Self::AsymmetricKey => Capabilities::DELETE_ASYMMETRIC_KEY,
            Self::WrapKey => Capabilities::DELETE_WRAP_KEY,
            Self::HmacKey => Capabilities::DELETE_HMAC_KEY,
            Self::Template => Capabilities::DELETE_TEMPLATE,
            Self::OtpAeadKey => Capabilities::DELETE_OTP_AEAD_KEY,
            Self::SymmetricKey => Capabilities::DELETE_SYMMETRIC_KEY,
            Self::PublicWrapKey => Capabilities::DELETE_PUBLIC_WRAP_KEY,
        }
    }

    /// Whether its objects have delegated capabilities.
    pub(crate) fn delegates(self) -> bool {
        matches!(self, Self::AuthenticationKey | Self::WrapKey | Self::PublicWrapKey)
    }
}

impl TryFrom<u8> for Kind {
    type Error = DeviceError;

    fn try_from(number: u8) -> Result<Self, DeviceError> {
        Self::ALL.into_iter().find(|kind| u8::from(*kind) == number).ok_or(DeviceError::InvalidData)
    }
}

impl From<Kind> for u8 {
    fn from(kind: Kind) -> Self {
        kind as Self
    }
}

/// A label: at most 40 bytes, often text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Label(pub(crate) [u8; LABEL]);

impl Label {
    pub(crate) fn new(text: &str) -> Self {
        let mut label = [0; LABEL];
        for (to, from) in label.iter_mut().zip(text.bytes()) {
            *to = from;
        }
        Self(label)
    }
}

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64_STANDARD.decode(text).map_err(D::Error::custom)?;
        bytes.try_into().map(Self).map_err(|_| D::Error::custom("a label has 40 bytes"))
    }
}

/// Where an object came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Origin(pub(crate) u8);

impl Origin {
    pub(crate) const GENERATED: Self = Self(0x01);
    pub(crate) const IMPORTED: Self = Self(0x02);
    const WRAPPED: u8 = 0x10;

    /// The same, having come in under a wrap key.
    pub(crate) const fn unwrapped(self) -> Self {
        Self(self.0 & (Self::GENERATED.0 | Self::IMPORTED.0) | Self::WRAPPED)
    }
}

/// What a client says of an object it wants made: the first 53 bytes of every such command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish {
    pub(crate) id: u16,
    pub(crate) label: Label,
    pub(crate) domains: u16,
    pub(crate) capabilities: Capabilities,
    pub(crate) algorithm: Algorithm,
}

impl Wish {
    /// Reads a wish for an object of this type.
    pub(crate) fn read(fields: &mut Fields<'_>, kind: Kind) -> Result<Self, DeviceError> {
        let id = fields.u16()?;
        let label = Label(fields.array()?);
        let domains = fields.u16()?;
        let capabilities = Capabilities(fields.u64()?);
        let algorithm = Algorithm::try_from(fields.u8()?)?;
        if algorithm.fits(kind) {
            Ok(Self { id, label, domains, capabilities, algorithm })
        } else {
            Err(DeviceError::InvalidData)
        }
    }
}

/// An object. No `Debug`: it holds its body.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Object {
    pub(crate) kind: Kind,
    pub(crate) id: u16,
    pub(crate) algorithm: Algorithm,
    pub(crate) label: Label,
    pub(crate) domains: u16,
    pub(crate) capabilities: Capabilities,
    pub(crate) delegated: Capabilities,
    pub(crate) sequence: u8,
    pub(crate) origin: Origin,
    /// In the layout in which it travels under a wrap key; `commands/envelope.rs` says which that is.
    pub(crate) body: Secret,
}

impl Object {
    /// An object as wished for, still without a sequence number.
    pub(crate) fn new(kind: Kind, wish: &Wish, origin: Origin, body: &[u8]) -> Self {
        Self {
            kind,
            id: wish.id,
            algorithm: wish.algorithm,
            label: wish.label,
            domains: wish.domains,
            capabilities: wish.capabilities,
            delegated: Capabilities::NONE,
            sequence: 0,
            origin,
            body: Secret::new(body),
        }
    }

    /// The same with delegated capabilities.
    pub(crate) fn delegating(self, delegated: Capabilities) -> Self {
        Self { delegated, ..self }
    }

    /// The length the device reports: of the body, with delegated capabilities where there are some.
    pub(crate) fn length(&self) -> u16 {
        if self.algorithm == Algorithm::Ed25519 {
            return ED25519_LENGTH;
        }
        let delegated = if self.kind.delegates() { 8 } else { 0 };
        // A body fits a message.
        u16::try_from(self.body.expose().len() + delegated).unwrap_or(u16::MAX)
    }

    /// The answer to GET OBJECT INFO.
    pub(crate) fn info(&self) -> Vec<u8> {
        let mut info = self.head(self.length());
        info.extend_from_slice(&self.delegated.0.to_be_bytes());
        info
    }

    /// What object information and wrapped objects have in common, 58 bytes.
    pub(crate) fn head(&self, length: u16) -> Vec<u8> {
        let mut head = Vec::with_capacity(66);
        head.extend_from_slice(&self.capabilities.0.to_be_bytes());
        head.extend_from_slice(&self.id.to_be_bytes());
        head.extend_from_slice(&length.to_be_bytes());
        head.extend_from_slice(&self.domains.to_be_bytes());
        head.extend_from_slice(&[
            self.kind.into(),
            self.algorithm.into(),
            self.sequence,
            self.origin.0,
        ]);
        head.extend_from_slice(&self.label.0);
        head
    }
}
