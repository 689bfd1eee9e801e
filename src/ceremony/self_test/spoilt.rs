//! Tests spoilt on purpose, so that a test of the project can see each of them fail.

use super::{Check, SelfTest, changed};
use keyferry_bundle::Base64;
use serde_json::Value;

/// What a vector expects, where it has a word.
const WORDS: [&str; 6] =
    ["/expect", "/field", "/says", "/digest", "/signers/0/holder", "/signers/0/keyid"];
/// So many bytes further on is the next byte of a vector's bundle that is changed: each would take minutes.
const STRIDE: usize = 97;

impl SelfTest {
    /// This test with one byte of what it expects, or of what it computes that from, changed: once for each byte. None for a test that
    /// expects no value.
    #[must_use]
    pub fn spoilt(&self) -> Vec<Self> {
        let each = |bytes: &[u8]| -> Vec<Vec<u8>> {
            (0..bytes.len()).map(|index| changed(bytes, index)).collect()
        };
        let checks: Vec<Check> = match &self.check {
            Check::Answer { of, is, made } => {
                let answer = |of: &[u8], is: &[u8]| Check::Answer {
                    of: of.to_vec(),
                    is: is.to_vec(),
                    made: *made,
                };
                let of_others = each(of).into_iter().map(|other| answer(&other, is));
                of_others.chain(each(is).into_iter().map(|other| answer(of, &other))).collect()
            }
            Check::Verdict { on, accepts } => {
                each(on).into_iter().map(|on| Check::Verdict { on, accepts: *accepts }).collect()
            }
            Check::Vector(text) => {
                spoilt_vectors(text).into_iter().map(|text| Check::Vector(text.into())).collect()
            }
            Check::Holds(_) => Vec::new(),
        };
        checks.into_iter().map(|check| Self { check, ..self.clone() }).collect()
    }

    /// Whether it expects a value that can be spoilt.
    #[must_use]
    pub const fn expects_a_value(&self) -> bool {
        !matches!(self.check, Check::Holds(_))
    }
}

/// The vector with another outcome in each byte of its words, and an accepted one with another bundle.
fn spoilt_vectors(text: &str) -> Vec<String> {
    let Ok(vector) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let mut spoilt = Vec::new();
    let mut put = |pointer: &str, value: Value| {
        let mut other = vector.clone();
        if let Some(at) = other.pointer_mut(pointer) {
            *at = value;
            spoilt.push(other.to_string());
        }
    };
    for pointer in WORDS {
        let word = vector.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        for index in 0..word.len() {
            let other = changed(word.as_bytes(), index);
            put(pointer, String::from_utf8_lossy(&other).into_owned().into());
        }
    }
    let accepted = vector.pointer("/expect").and_then(Value::as_str) == Some("accepted");
    let bundle = vector.get("bundle").filter(|_| accepted).cloned().unwrap_or_default();
    if let Ok(bundle) = serde_json::from_value::<Base64>(bundle) {
        let bytes = bundle.as_bytes();
        for index in (0..bytes.len()).step_by(STRIDE) {
            let other = Base64::new(changed(bytes, index)).map(serde_json::to_value);
            put("/bundle", other.ok().and_then(Result::ok).unwrap_or_default());
        }
    }
    spoilt
}
