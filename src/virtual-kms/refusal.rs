//! What the service refuses, under AWS's names (AWS KMS API reference, "Common Errors" and each operation's errors).

/// Why, by AWS's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A key of somebody else.
    AccessDenied,
    /// An alias that is taken.
    AlreadyExists,
    /// A key that somebody disabled.
    Disabled,
    /// An import token past its 24 hours.
    ExpiredImportToken,
    /// An `Authorization` header that lacks parts.
    IncompleteSignature,
    /// A ciphertext of another key than the one named.
    IncorrectKey,
    /// Other key material than the key's own, or the key's own where new was announced.
    IncorrectKeyMaterial,
    /// The service's own fault.
    Internal,
    /// An ARN that is none.
    InvalidArn,
    /// A ciphertext or encrypted key material that does not decrypt.
    InvalidCiphertext,
    /// An import token of another key, or not one of ours.
    InvalidImportToken,
    /// A key of another usage.
    InvalidKeyUsage,
    /// A marker that no answer gave.
    InvalidMarker,
    /// A request's signature that does not verify, or over another scope or time.
    InvalidSignature,
    /// A key state that does not allow it.
    InvalidState,
    /// A MAC that does not verify under the key.
    KmsInvalidMac,
    /// A signature that does not verify under the key.
    KmsInvalidSignature,
    /// Too many or too long.
    LimitExceeded,
    /// A key policy that is no policy, or would lock its owner out.
    MalformedPolicy,
    /// No `Authorization` header.
    MissingAuthenticationToken,
    /// A name that AWS keeps for itself.
    NotAuthorized,
    /// No such key, alias or policy.
    NotFound,
    /// A body that is not the operation's input.
    Serialization,
    /// Tags that are not allowed.
    Tag,
    /// Too fast.
    Throttling,
    /// No such operation.
    UnknownOperation,
    /// A parameter or key that the operation does not take.
    UnsupportedOperation,
    /// A member out of its bounds.
    Validation,
}

impl Kind {
    /// Every kind.
    #[cfg(test)]
    pub(crate) const ALL: &'static [Self] = &[
        Self::AccessDenied,
        Self::AlreadyExists,
        Self::Disabled,
        Self::ExpiredImportToken,
        Self::IncompleteSignature,
        Self::IncorrectKey,
        Self::IncorrectKeyMaterial,
        Self::Internal,
        Self::InvalidArn,
        Self::InvalidCiphertext,
        Self::InvalidImportToken,
        Self::InvalidKeyUsage,
        Self::InvalidMarker,
        Self::InvalidSignature,
        Self::InvalidState,
        Self::KmsInvalidMac,
        Self::KmsInvalidSignature,
        Self::LimitExceeded,
        Self::MalformedPolicy,
        Self::MissingAuthenticationToken,
        Self::NotAuthorized,
        Self::NotFound,
        Self::Serialization,
        Self::Tag,
        Self::Throttling,
        Self::UnknownOperation,
        Self::UnsupportedOperation,
        Self::Validation,
    ];

    /// The `__type` of a KMS answer.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessDenied => "AccessDeniedException",
            Self::AlreadyExists => "AlreadyExistsException",
            Self::Disabled => "DisabledException",
            Self::ExpiredImportToken => "ExpiredImportTokenException",
            Self::IncompleteSignature => "IncompleteSignatureException",
            Self::IncorrectKey => "IncorrectKeyException",
            Self::IncorrectKeyMaterial => "IncorrectKeyMaterialException",
            Self::Internal => "KMSInternalException",
            Self::InvalidArn => "InvalidArnException",
            Self::InvalidCiphertext => "InvalidCiphertextException",
            Self::InvalidImportToken => "InvalidImportTokenException",
            Self::InvalidKeyUsage => "InvalidKeyUsageException",
            Self::InvalidMarker => "InvalidMarkerException",
            Self::InvalidSignature => "InvalidSignatureException",
            Self::InvalidState => "KMSInvalidStateException",
            Self::KmsInvalidMac => "KMSInvalidMacException",
            Self::KmsInvalidSignature => "KMSInvalidSignatureException",
            Self::LimitExceeded => "LimitExceededException",
            Self::MalformedPolicy => "MalformedPolicyDocumentException",
            Self::MissingAuthenticationToken => "MissingAuthenticationTokenException",
            Self::NotAuthorized => "NotAuthorizedException",
            Self::NotFound => "NotFoundException",
            Self::Serialization => "SerializationException",
            Self::Tag => "TagException",
            Self::Throttling => "ThrottlingException",
            Self::UnknownOperation => "UnknownOperationException",
            Self::UnsupportedOperation => "UnsupportedOperationException",
            Self::Validation => "ValidationException",
        }
    }

    /// The `Code` of an STS answer, whose protocol has names of its own for these.
    #[must_use]
    pub const fn query_code(self) -> &'static str {
        match self {
            Self::IncompleteSignature => "IncompleteSignature",
            Self::Internal => "InternalFailure",
            Self::InvalidSignature => "SignatureDoesNotMatch",
            Self::MissingAuthenticationToken => "MissingAuthenticationToken",
            Self::Throttling => "Throttling",
            Self::UnknownOperation => "InvalidAction",
            Self::AccessDenied
            | Self::AlreadyExists
            | Self::Disabled
            | Self::ExpiredImportToken
            | Self::IncorrectKey
            | Self::IncorrectKeyMaterial
            | Self::InvalidArn
            | Self::InvalidCiphertext
            | Self::InvalidImportToken
            | Self::InvalidKeyUsage
            | Self::InvalidMarker
            | Self::InvalidState
            | Self::KmsInvalidMac
            | Self::KmsInvalidSignature
            | Self::LimitExceeded
            | Self::MalformedPolicy
            | Self::NotAuthorized
            | Self::NotFound
            | Self::Serialization
            | Self::Tag
            | Self::UnsupportedOperation
            | Self::Validation => "ValidationError",
        }
    }

    /// The HTTP status: 400, 500 for the service's own fault.
    #[must_use]
    pub fn status(self) -> u16 {
        if self == Self::Internal { 500 } else { 400 }
    }

    /// A refusal of this kind.
    #[must_use]
    pub fn with(self, message: impl Into<String>) -> Refusal {
        Refusal { kind: self, message: message.into() }
    }
}

/// A request that is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", kind.name())]
pub struct Refusal {
    /// Why, by AWS's name.
    pub kind: Kind,
    /// Why, in words.
    pub message: String,
}
