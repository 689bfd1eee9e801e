//! Why a link of the chain is not accepted.

use keyferry_bundle::{Error, FieldError, Kind};

/// Why a bundle is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The bundle itself: its form, its fields or its signatures.
    #[error("the {kind} bundle is refused")]
    Bundle {
        /// Which kind.
        kind: Kind,
        /// What is wrong.
        #[source]
        source: Error,
    },
    /// It does not fit the bundles it belongs with.
    #[error("the {kind} bundle does not fit its chain")]
    Link {
        /// Which kind.
        kind: Kind,
        /// The field, and what it does not fit.
        #[source]
        source: FieldError,
    },
    /// It asks for something the policy does not allow.
    #[error("the {kind} bundle asks for what the policy does not allow")]
    NotAllowed {
        /// Which kind.
        kind: Kind,
        /// The field, and what is allowed.
        #[source]
        source: FieldError,
    },
    /// It was used before, or something later was.
    #[error("the {kind} bundle is a replay")]
    Replay {
        /// Which kind.
        kind: Kind,
        /// The field, and what was used.
        #[source]
        source: FieldError,
    },
}

impl Refusal {
    /// Whether the policy or a quorum is not met, rather than the bundle being wrong.
    #[must_use]
    pub fn is_policy(&self) -> bool {
        match self {
            Self::Bundle { source, .. } => source.is_quorum_short(),
            Self::NotAllowed { .. } => true,
            Self::Link { .. } | Self::Replay { .. } => false,
        }
    }

    /// The kind of the bundle refused.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Bundle { kind, .. }
            | Self::Link { kind, .. }
            | Self::NotAllowed { kind, .. }
            | Self::Replay { kind, .. } => *kind,
        }
    }

    pub(crate) fn bundle(kind: Kind) -> impl Fn(Error) -> Self {
        move |source| Self::Bundle { kind, source }
    }

    pub(crate) fn field(kind: Kind) -> impl Fn(FieldError) -> Self {
        move |source| Self::Bundle { kind, source: Error::Field(source) }
    }

    pub(crate) fn link(kind: Kind, field: &str, problem: impl Into<String>) -> Self {
        Self::Link { kind, source: FieldError::new(field, problem) }
    }

    pub(crate) fn not_allowed(kind: Kind, field: &str, problem: impl Into<String>) -> Self {
        Self::NotAllowed { kind, source: FieldError::new(field, problem) }
    }
}
