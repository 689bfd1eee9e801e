//! XML as EC2 writes it.

use super::Ec2Refusal;
use crate::wire::query::escape;

/// The content type of answers.
pub(crate) const CONTENT_TYPE: &str = "text/xml;charset=UTF-8";

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const NAMESPACE: &str = "http://ec2.amazonaws.com/doc/2016-11-15/";

/// An element with text in it.
pub(super) fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape(text))
}

/// An element with elements in it.
pub(super) fn nested(name: &str, content: &str) -> String {
    format!("<{name}>{content}</{name}>")
}

/// An answer.
pub(super) fn written(name: &str, content: &str, request_id: &str) -> String {
    let id = element("requestId", request_id);
    format!("{DECLARATION}<{name} xmlns=\"{NAMESPACE}\">{id}{content}</{name}>\n")
}

/// The body of a refusal.
pub(crate) fn refused(refusal: &Ec2Refusal, request_id: &str) -> String {
    let error = element("Code", refusal.code) + &element("Message", &refusal.message);
    let errors = nested("Errors", &nested("Error", &error));
    let id = element("RequestID", request_id);
    format!("{DECLARATION}{}\n", nested("Response", &(errors + &id)))
}
