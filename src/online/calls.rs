//! Failed calls, as a person reads them.

use crate::kms::CallError;
use keyferry_console::{Exit, Failure};

/// A call that changes nothing failed, or one of which it is known that it changed nothing.
pub(crate) fn failed(operation: &str, error: &CallError) -> Failure {
    let failure =
        Failure::new(Exit::Unchanged, code(error), format!("{operation} failed")).caused_by(error);
    match hint(error) {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

const fn code(error: &CallError) -> &'static str {
    match error {
        CallError::Refused { .. } => "kms-refused",
        CallError::Throttled(_) => "kms-throttled",
        CallError::NotSent(_) => "kms-not-reached",
        CallError::NoAnswer(_) => "kms-no-answer",
    }
}

/// Error codes: AWS KMS API reference, "Common Errors" and each operation's own.
fn hint(error: &CallError) -> Option<&'static str> {
    let refused = match error {
        CallError::Refused { code, .. } => code.as_str(),
        CallError::Throttled(_) => return Some("wait a minute, then run the command again"),
        CallError::NotSent(_) => {
            return Some(
                "check the credentials (`aws sts get-caller-identity`, `aws sso login`), the endpoint and the network",
            );
        }
        CallError::NoAnswer(_) => return Some("check the network, then run the command again"),
    };
    match refused {
        "ExpiredToken" | "ExpiredTokenException" => {
            Some("the AWS credentials expired: log in again, for example with `aws sso login`")
        }
        "AccessDenied" | "AccessDeniedException" => {
            Some("the key policy and the caller's IAM policies must both be looked at")
        }
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch" => {
            Some("check the credentials: profile, access key, and this host's clock")
        }
        "NotFoundException" => Some("check the key, the region and the account"),
        "ExpiredImportTokenException" | "InvalidImportTokenException" => Some(
            "fetch new parameters with `keyferry-online fetch --again` and have the room answer again",
        ),
        "InvalidCiphertextException" => Some(
            "the encrypted key material does not open under this download's key: fetch again and have the room answer again",
        ),
        "IncorrectKeyMaterialException" => Some(
            "the key once held other material and takes only that again: create a new key, or restore that material's backup",
        ),
        _ => None,
    }
}
