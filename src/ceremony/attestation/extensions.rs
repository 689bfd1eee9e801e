//! The extensions in which a device speaks: 1.3.6.1.4.1.41482.4.* (Yubico, OIDs of the YubiHSM).

use super::certificate::Certificate;
use super::{ExtensionFault, Fault};
use der::asn1::{BitStringRef, ObjectIdentifier};
use der::{Decode, Tag, Tagged as _};
use std::fmt;

/// An extension that a device writes. Each value is one bare primitive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extension {
    /// Firmware version: OCTET STRING of 3 bytes.
    Firmware,
    /// Serial number: INTEGER.
    Serial,
    /// Where the key came from: BIT STRING of 8 bits.
    Origin,
    /// Domains: BIT STRING of 16 bits.
    Domains,
    /// Capabilities: BIT STRING of 64 bits.
    Capabilities,
    /// Object id: INTEGER.
    ObjectId,
    /// Label: `UTF8String`, empty when the key has none.
    Label,
}

impl Extension {
    /// All that an attestation has.
    pub const ALL: [Self; 7] = [
        Self::Firmware,
        Self::Serial,
        Self::Origin,
        Self::Domains,
        Self::Capabilities,
        Self::ObjectId,
        Self::Label,
    ];

    /// Its object identifier.
    #[must_use]
    pub const fn oid(self) -> ObjectIdentifier {
        ObjectIdentifier::new_unwrap(match self {
            Self::Firmware => "1.3.6.1.4.1.41482.4.1",
            Self::Serial => "1.3.6.1.4.1.41482.4.2",
            Self::Origin => "1.3.6.1.4.1.41482.4.3",
            Self::Domains => "1.3.6.1.4.1.41482.4.4",
            Self::Capabilities => "1.3.6.1.4.1.41482.4.5",
            Self::ObjectId => "1.3.6.1.4.1.41482.4.6",
            Self::Label => "1.3.6.1.4.1.41482.4.9",
        })
    }

    const fn form(self) -> &'static str {
        match self {
            Self::Firmware => "an OCTET STRING of 3 bytes",
            Self::Serial => "an INTEGER of 0 to 4294967295",
            Self::Origin => "a BIT STRING of 8 bits",
            Self::Domains => "a BIT STRING of 16 bits",
            Self::Capabilities => "a BIT STRING of 64 bits",
            Self::ObjectId => "an INTEGER of 0 to 65535",
            Self::Label => "a UTF8String",
        }
    }
}

impl fmt::Display for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Firmware => "firmware",
            Self::Serial => "serial number",
            Self::Origin => "origin",
            Self::Domains => "domains",
            Self::Capabilities => "capabilities",
            Self::ObjectId => "object id",
            Self::Label => "label",
        };
        write!(f, "{name} ({})", self.oid())
    }
}

/// One extension of a certificate.
pub(super) struct Found<'a> {
    certificate: &'a Certificate,
    extension: Extension,
    value: &'a [u8],
}

impl<'a> Found<'a> {
    pub(super) fn in_certificate(
        certificate: &'a Certificate,
        extension: Extension,
    ) -> Result<Self, Fault> {
        let mut values = certificate.extensions(extension.oid());
        let fault = |problem| fault(certificate, extension, problem);
        let value = values.next().ok_or_else(|| fault(ExtensionFault::Missing))?;
        if values.next().is_some() {
            return Err(fault(ExtensionFault::Duplicated));
        }
        Ok(Self { certificate, extension, value })
    }

    /// The value as this type, and nothing after it.
    pub(super) fn decode<T: Decode<'a>>(&self) -> Result<T, Fault> {
        T::from_der(self.value).map_err(|_| {
            let wrapped =
                der::AnyRef::from_der(self.value).is_ok_and(|it| it.tag() == Tag::Sequence);
            self.refuse(if wrapped { ExtensionFault::Wrapped } else { self.form() })
        })
    }

    /// A BIT STRING of exactly `N` bytes.
    pub(super) fn bits<const N: usize>(&self) -> Result<[u8; N], Fault> {
        let bits = self.decode::<BitStringRef<'_>>()?;
        let whole = bits.as_bytes().and_then(|bytes| bytes.try_into().ok());
        whole.ok_or_else(|| self.refuse(self.form()))
    }

    pub(super) const fn form(&self) -> ExtensionFault {
        ExtensionFault::Form(self.extension.form())
    }

    pub(super) fn value(&self, problem: impl Into<String>) -> Fault {
        self.refuse(ExtensionFault::Value(problem.into()))
    }

    pub(super) fn refuse(&self, problem: ExtensionFault) -> Fault {
        fault(self.certificate, self.extension, problem)
    }
}

fn fault(certificate: &Certificate, extension: Extension, problem: ExtensionFault) -> Fault {
    Fault::Extension { certificate: certificate.position(), extension, problem }
}
