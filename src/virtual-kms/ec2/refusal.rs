//! What EC2 refuses, under its codes (EC2 API reference, "Error codes").

use crate::refusal::{Kind, Refusal};

/// What else can go wrong before an operation begins.
const CODES: &[(Kind, &str, u16)] = &[
    (Kind::AccessDenied, "UnauthorizedOperation", 403),
    (Kind::IncompleteSignature, "AuthFailure", 401),
    (Kind::Internal, "InternalError", 500),
    (Kind::InvalidSignature, "AuthFailure", 401),
    (Kind::MissingAuthenticationToken, "AuthFailure", 401),
    (Kind::Throttling, "RequestLimitExceeded", 503),
    (Kind::UnknownOperation, "InvalidAction", 400),
];

/// A request that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ec2Refusal {
    /// Why, by AWS's name.
    pub(crate) code: &'static str,
    /// Why, in words.
    pub(crate) message: String,
    /// The HTTP status.
    pub(crate) status: u16,
}

impl Ec2Refusal {
    /// A request that has a mistake.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), status: 400 }
    }

    /// A parameter that the operation needs.
    pub(super) fn missing(name: &str) -> Self {
        Self::new("MissingParameter", format!("The request must contain the parameter {name}"))
    }

    /// A parameter whose value is none.
    pub(super) fn value(name: &str, value: &str) -> Self {
        let message = format!("Value ({value}) for parameter {name} is invalid.");
        Self::new("InvalidParameterValue", message)
    }

    /// A request that was only tried.
    pub(super) fn dry_run() -> Self {
        let message = "Request would have succeeded, but DryRun flag is set.";
        Self { status: 412, ..Self::new("DryRunOperation", message) }
    }
}

impl From<Refusal> for Ec2Refusal {
    fn from(refusal: Refusal) -> Self {
        let known = CODES.iter().find(|(kind, ..)| *kind == refusal.kind);
        let (_, code, status) =
            known.copied().unwrap_or((refusal.kind, "InvalidParameterValue", 400));
        Self { code, message: refusal.message, status }
    }
}
