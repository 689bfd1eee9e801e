//! Why an attestation is refused.

use super::Extension;
use super::certificate::MAX_DER_BYTES;
use keyferry_bundle::Serial;
use std::fmt;

/// A certificate of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// The attestation itself.
    Attestation,
    /// An issuer, counted upwards; 0 is the device's own certificate.
    Issuer(usize),
    /// A root, by its place in the list.
    Root(usize),
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attestation => f.write_str("the attestation"),
            Self::Issuer(0) => f.write_str("the device's certificate"),
            Self::Issuer(index) => write!(f, "issuer {}", index + 1),
            Self::Root(index) => write!(f, "root {}", index + 1),
        }
    }
}

/// Why an attestation is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Too long for any certificate of a chain.
    #[error("{0} has more than {MAX_DER_BYTES} bytes")]
    TooLong(Position),
    /// Not a certificate in DER, or something follows it.
    #[error("{0} is not exactly one X.509 certificate in DER")]
    NotDer(Position),
    /// No issuer, or more than [`MAX_ISSUERS`](super::MAX_ISSUERS).
    #[error("{0} issuers, but a chain has the device's certificate and at most three above it")]
    ChainLength(usize),
    /// A critical extension that is not understood.
    #[error("{0} has the critical extension {1}, which is not understood")]
    Critical(Position, String),
    /// An issuer that may not issue certificates, or not this far down.
    #[error("{0} may not issue a certificate: {1}")]
    MayNotIssue(Position, &'static str),
    /// The certificate was issued in another's name.
    #[error("{child} was issued by \"{named}\", and {issuer} has another name")]
    IssuerName {
        /// What was issued.
        child: Position,
        /// Whom it names.
        named: String,
        /// Who stands above it.
        issuer: Position,
    },
    /// Nobody in the list has the name of the uppermost issuer.
    #[error("the chain ends at \"{0}\", which is no root of the list")]
    UnknownRoot(String),
    /// A signature algorithm or an issuer's key outside of those this program verifies.
    #[error(
        "{0} is not signed with RSASSA-PKCS1-v1_5 (SHA-256, SHA-384, SHA-512) or ECDSA (P-256 with SHA-256)"
    )]
    Algorithm(Position),
    /// The signature does not verify under the issuer's key.
    #[error("the signature of {0} is not that of {1}")]
    Signature(Position, Position),
    /// An extension is not as a device writes it.
    #[error("{certificate}: the extension {extension} {problem}")]
    Extension {
        /// Where it stands.
        certificate: Position,
        /// Which one.
        extension: Extension,
        /// What is wrong.
        problem: ExtensionFault,
    },
    /// The attestation speaks of another device than the certificate of the device that issued it.
    #[error(
        "the attestation speaks of device {attested} and was issued by the certificate of device {issuer}"
    )]
    OtherDevice {
        /// In the attestation.
        attested: Serial,
        /// In the device's certificate.
        issuer: Serial,
    },
}

/// What is wrong with an extension.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExtensionFault {
    /// It is not there.
    #[error("is missing")]
    Missing,
    /// It is there more than once.
    #[error("is there more than once")]
    Duplicated,
    /// Its value is in a SEQUENCE, as crate `yubihsm`'s mock makes it.
    #[error("is wrapped in a SEQUENCE, where a device writes the bare value")]
    Wrapped,
    /// It is not the type it should be, or something follows it.
    #[error("is not exactly {0} in DER")]
    Form(&'static str),
    /// It has the type it should have, and no device gives it this value.
    #[error("has a value that no device gives: {0}")]
    Value(String),
}
