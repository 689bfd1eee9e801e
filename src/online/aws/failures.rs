//! The SDK's errors, sorted by what they mean for the state of KMS.

use super::sent::Sent;
use crate::kms::CallError;
use aws_sdk_kms::config::http::HttpResponse;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use std::error::Error;
use std::io::ErrorKind;

/// Codes that mean "later": none of these calls was carried out.
pub(super) const THROTTLED: &[&str] = &[
    "ThrottlingException",
    "Throttling",
    "ThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "RequestThrottled",
    "SlowDown",
];

/// An answer of the 4xx kind is a refusal; one of the 5xx kind, a broken answer and silence say nothing.
pub(super) fn call_error<E>(error: &SdkError<E, HttpResponse>, sent: &Sent) -> CallError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    if let SdkError::ServiceError(context) = error {
        let status = context.raw().status().as_u16();
        let code = context.err().code().unwrap_or("no error code").to_owned();
        let message = context.err().message().unwrap_or("no message").to_owned();
        return if THROTTLED.contains(&code.as_str()) || status == 429 {
            CallError::Throttled(message)
        } else if (400..500).contains(&status) {
            CallError::Refused { code, message }
        } else {
            CallError::NoAnswer(format!("HTTP status {status}: {code}: {message}"))
        };
    }
    let story = match sent.url() {
        Some(url) => format!("{url}: {}", story(error)),
        None => story(error),
    };
    if sent.transmitted() && !never_connected(error) {
        CallError::NoAnswer(story)
    } else {
        CallError::NotSent(story)
    }
}

/// A connection that never came about carried nothing. The HTTP client says so in words only; should it change them, such a call
/// counts as unanswered, which is the careful side.
pub(super) fn never_connected(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(cause) = next {
        let refused = cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|io| io.kind() == ErrorKind::ConnectionRefused);
        if refused || cause.to_string() == "client error (Connect)" {
            return true;
        }
        next = cause.source();
    }
    false
}

/// The whole chain in one line, each text once.
pub(super) fn story(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        let text = cause.to_string();
        if !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
        next = cause.source();
    }
    texts.join(": ")
}
