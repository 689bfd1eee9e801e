//! The AWS query protocol, as far as STS `GetCallerIdentity` needs it (AWS STS API reference).

use crate::operations::Operation;
use crate::refusal::{Kind, Refusal};
use keyferry_bundle::AccountId;

/// The content type of requests.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
/// The content type of answers.
pub(crate) const XML: &str = "text/xml";

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The operation a form asks for: `Action=GetCallerIdentity&Version=2011-06-15`, in any order, and nothing else.
pub(crate) fn operation(body: &[u8]) -> Result<Operation, Refusal> {
    let text = std::str::from_utf8(body).unwrap_or_default();
    let mut parameters: Vec<&str> = text.split('&').collect();
    parameters.sort_unstable();
    match parameters.as_slice() {
        ["Action=GetCallerIdentity", "Version=2011-06-15"] => Ok(Operation::GetCallerIdentity),
        ["Action=GetCallerIdentity", ..] => {
            Err(Kind::Validation.with("expected Version=2011-06-15 and no other parameter"))
        }
        _ => Err(Kind::UnknownOperation.with("Could not find operation for version 2011-06-15")),
    }
}

/// The one user there is.
pub(crate) fn caller_arn(account: &AccountId) -> String {
    format!("arn:aws:iam::{account}:user/virtual")
}

/// The answer to `GetCallerIdentity`.
pub(crate) fn caller_identity(account: &AccountId, request_id: &str) -> String {
    let arn = caller_arn(account);
    format!(
        "<GetCallerIdentityResponse xmlns=\"{NAMESPACE}\"><GetCallerIdentityResult><Arn>{arn}</Arn>\
         <UserId>AIDAVIRTUALKMS</UserId><Account>{account}</Account></GetCallerIdentityResult>\
         <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>\
         </GetCallerIdentityResponse>\n"
    )
}

/// The body of a refusal.
pub(crate) fn refusal(refusal: &Refusal, request_id: &str) -> String {
    let side = if refusal.kind == Kind::Internal { "Receiver" } else { "Sender" };
    let code = refusal.kind.query_code();
    let message = escape(&refusal.message);
    format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>{side}</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>\n"
    )
}

/// Text for an XML element: markup escaped, control characters (which XML 1.0 cannot carry) left out.
pub(crate) fn escape(text: &str) -> String {
    let kept = text.chars().filter(|c| !c.is_control());
    kept.collect::<String>().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_operation_is_known() {
        let known = operation(b"Version=2011-06-15&Action=GetCallerIdentity");
        assert_eq!(known.unwrap(), Operation::GetCallerIdentity);
        for (body, kind) in [
            (&b""[..], Kind::UnknownOperation),
            (b"\xff", Kind::UnknownOperation),
            (b"Action=AssumeRole&Version=2011-06-15", Kind::UnknownOperation),
            (b"Action=GetCallerIdentity", Kind::Validation),
            (b"Action=GetCallerIdentity&Version=2011-06-15&x=1", Kind::Validation),
        ] {
            assert_eq!(operation(body).unwrap_err().kind, kind, "{}", body.escape_ascii());
        }
    }

    #[test]
    fn messages_are_text_not_markup() {
        let body = refusal(&Kind::Internal.with("a<b>&\u{1b}c"), "r");
        assert!(body.contains("<Message>a&lt;b&gt;&amp;c</Message>"), "{body}");
    }
}
