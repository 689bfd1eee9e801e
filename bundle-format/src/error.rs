//! Why a bundle, or a part of one, is refused.

use crate::identifiers::{Holder, Role, Timestamp};
use crate::key::KeyId;

/// A value that breaks the grammar or the rules of the field it stands in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct FieldError {
    /// The field's path in the payload, such as `targets[0].key`.
    pub field: String,
    /// What is wrong with its value.
    pub problem: String,
}

impl FieldError {
    /// Names the field and what is wrong with it.
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }
}

/// The two JSON texts of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The envelope: the file itself.
    Envelope,
    /// What the envelope's `payload` decodes to.
    Payload,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Envelope => "envelope",
            Self::Payload => "payload",
        })
    }
}

/// Why a bundle is refused. Every message says which field, signature or limit it is about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The file is larger than a bundle may be.
    #[error("{size} bytes, more than the {limit} bytes a bundle may have")]
    Oversize {
        /// The file's size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The bytes are not the strict JSON of SPEC.md section 2.
    #[error("{part} is not strict JSON: {problem}")]
    Json {
        /// Which of the two.
        part: Part,
        /// The fault, with the member's path or the line and column.
        problem: String,
    },
    /// A member of the envelope is missing or malformed.
    #[error("envelope member {0}")]
    Envelope(FieldError),
    /// The envelope means what it should, but is not written byte for byte as SPEC.md section 3 says.
    #[error("the envelope is not in its canonical form: {0}")]
    NotCanonical(String),
    /// The payload type is another kind than the one expected here.
    #[error("payload type is `{found}`, expected `{expected}`")]
    WrongKind {
        /// The type this place asks for.
        expected: String,
        /// The type the envelope names.
        found: String,
    },
    /// A field of the payload breaks its grammar or its rules.
    #[error("payload field {0}")]
    Field(FieldError),
    /// A signature by a key nobody enrolled.
    #[error("signature {index} is by key {key_id}, which is not enrolled")]
    UnknownSigner {
        /// Position in `signatures`, from 0.
        index: usize,
        /// The key id the signature names.
        key_id: KeyId,
    },
    /// A signature that does not verify under the key it names.
    #[error("signature {index}, by {holder}, does not verify")]
    BadSignature {
        /// Position in `signatures`, from 0.
        index: usize,
        /// Who is enrolled with that key.
        holder: Holder,
    },
    /// Two signatures by one key.
    #[error("signature {index} repeats the key of {holder}")]
    RepeatedSigner {
        /// Position in `signatures`, from 0.
        index: usize,
        /// Who is enrolled with that key.
        holder: Holder,
    },
    /// A signature by a key outside the time the policy gives it.
    #[error("{holder}'s key is not valid at {created}, when the bundle says it was made")]
    OutsideValidity {
        /// Who is enrolled with that key.
        holder: Holder,
        /// When the bundle says it was made.
        created: Timestamp,
    },
    /// The reader asked for no signature at all, which is never enough.
    #[error("nothing says who must sign it")]
    NoQuorum,
    /// Too few distinct people of a role signed.
    #[error("{role} needs {needed} distinct holder(s), got {}{}", name_all(.counted), name_revoked(.revoked))]
    QuorumShort {
        /// The role whose quorum is short.
        role: Role,
        /// The threshold.
        needed: u8,
        /// The distinct holders counted.
        counted: Vec<Holder>,
        /// Those whose signatures do not count, because their keys were revoked by then.
        revoked: Vec<Holder>,
    },
}

impl Error {
    /// The stable name of SPEC.md section 11, which test vectors expect.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Oversize { .. } => "oversize",
            Self::Json { part: Part::Envelope, .. } => "envelope-json",
            Self::Json { part: Part::Payload, .. } => "payload-json",
            Self::Envelope(_) => "envelope-member",
            Self::NotCanonical(_) => "not-canonical",
            Self::WrongKind { .. } => "wrong-kind",
            Self::Field(_) => "payload-field",
            Self::UnknownSigner { .. } => "unknown-signer",
            Self::BadSignature { .. } => "bad-signature",
            Self::RepeatedSigner { .. } => "repeated-signer",
            Self::OutsideValidity { .. } => "outside-validity",
            Self::NoQuorum => "no-quorum",
            Self::QuorumShort { .. } => "quorum-short",
        }
    }

    /// Whether only signatures are missing: nothing was read beyond the signatures, but not enough people of a role signed it.
    #[must_use]
    pub fn is_quorum_short(&self) -> bool {
        matches!(self, Self::QuorumShort { .. })
    }
}

impl From<FieldError> for Error {
    fn from(error: FieldError) -> Self {
        Self::Field(error)
    }
}

fn name_all(holders: &[Holder]) -> String {
    if holders.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<&str> = holders.iter().map(Holder::as_str).collect();
    format!("{} ({})", names.len(), names.join(", "))
}

fn name_revoked(holders: &[Holder]) -> String {
    if holders.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = holders.iter().map(Holder::as_str).collect();
    format!("; a revoked key does not count: {}", names.join(", "))
}
