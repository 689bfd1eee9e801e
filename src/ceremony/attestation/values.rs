//! What an attestation says.

use super::certificate::Certificate;
use super::extensions::Found;
use super::{Extension, Fault};
use der::asn1::{OctetStringRef, Utf8StringRef};
use keyferry_bundle::{Domains, Firmware, ObjectId, Serial};

/// The longest label a device keeps, in bytes.
const MAX_LABEL: usize = 40;

/// A verified attestation: only [`verify`](super::verify) makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attestation {
    /// The device's firmware version.
    pub firmware: Firmware,
    /// The device's serial number.
    pub serial: Serial,
    /// Where the key came from.
    pub origin: Origin,
    /// The key's domains.
    pub domains: Domains,
    /// What may be done with the key.
    pub capabilities: Capabilities,
    /// The key's object id.
    pub object_id: ObjectId,
    /// The key's label, which may be empty. From the device, so whoever could label the key chose it.
    pub label: String,
    /// The attested key: `SubjectPublicKeyInfo` in DER.
    pub spki: Vec<u8>,
    /// The names of the certificates between the attestation and the root, upwards.
    pub issuers: Vec<String>,
}

/// Where an attested key came from (user guide, "Origin").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The device generated it.
    Generated,
    /// It was put in from outside.
    Imported,
    /// It came back from an export under wrap, so that another copy may be anywhere, whatever it was before.
    ImportedWrapped,
}

/// What may be done with a key: the device's 64-bit mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities(u64);

impl Capabilities {
    /// The mask the device knows.
    #[must_use]
    pub const fn mask(self) -> u64 {
        self.0
    }

    /// Whether the key can leave the device under a wrap key.
    #[must_use]
    pub const fn is_exportable(self) -> bool {
        self.0 >> 0x10 & 1 == 1
    }
}

/// Reads an attestation; the issuers are still unknown.
pub(super) fn read(leaf: &Certificate) -> Result<Attestation, Fault> {
    let found = |extension| Found::in_certificate(leaf, extension);
    let label = found(Extension::Label)?;
    let text = label.decode::<Utf8StringRef<'_>>()?.as_str();
    if text.len() > MAX_LABEL {
        return Err(label.value(format!("{} bytes, more than {MAX_LABEL}", text.len())));
    }
    let (domains, id) = (found(Extension::Domains)?, found(Extension::ObjectId)?);
    Ok(Attestation {
        firmware: firmware(leaf)?,
        serial: serial(leaf)?,
        origin: origin(&found(Extension::Origin)?)?,
        domains: Domains::try_from(u16::from_be_bytes(domains.bits()?))
            .map_err(|problem| domains.value(problem))?,
        capabilities: Capabilities(u64::from_be_bytes(found(Extension::Capabilities)?.bits()?)),
        object_id: ObjectId::new(id.decode()?).map_err(|problem| id.value(problem))?,
        label: text.to_owned(),
        spki: leaf.spki()?,
        issuers: Vec::new(),
    })
}

/// The serial number, which the device's own certificate has too.
pub(super) fn serial(certificate: &Certificate) -> Result<Serial, Fault> {
    Found::in_certificate(certificate, Extension::Serial)?.decode().map(Serial::new)
}

fn firmware(leaf: &Certificate) -> Result<Firmware, Fault> {
    let found = Found::in_certificate(leaf, Extension::Firmware)?;
    let bytes = found.decode::<&OctetStringRef>()?.as_bytes();
    let [major, minor, patch] = bytes else { return Err(found.refuse(found.form())) };
    format!("{major}.{minor}.{patch}").parse().map_err(|problem: String| found.value(problem))
}

/// Bit 0x01 generated or 0x02 imported, and 0x10 once it came in wrapped.
fn origin(found: &Found<'_>) -> Result<Origin, Fault> {
    match found.bits::<1>()? {
        [0x01] => Ok(Origin::Generated),
        [0x02] => Ok(Origin::Imported),
        [0x11 | 0x12] => Ok(Origin::ImportedWrapped),
        [other] => Err(found.value(format!("{other:#04x}"))),
    }
}
