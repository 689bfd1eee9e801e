//! AWS JSON 1.1: inputs that are exactly their operation's, and the two shapes of an answer.

use crate::refusal::{Kind, Refusal};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ops::RangeInclusive;
use zeroize::Zeroizing;

/// The content type of requests and answers.
pub(crate) const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// Reads an operation's input. Anything but one object of known members, each once, is refused.
pub(crate) fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    // serde would take an array for a structure.
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Kind::Serialization.with("the body is not a JSON object"));
    }
    serde_json::from_slice(body).map_err(|error| Kind::Serialization.with(error.to_string()))
}

/// Writes an answer.
pub(crate) fn encode(answer: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let body =
        serde_json::to_vec(answer).map_err(|error| Kind::Internal.with(error.to_string()))?;
    Ok(Zeroizing::new(body))
}

/// The body of a refusal.
pub(crate) fn refusal(refusal: &Refusal) -> Vec<u8> {
    serde_json::json!({ "__type": refusal.kind.name(), "message": refusal.message })
        .to_string()
        .into_bytes()
}

/// A member that must be there.
pub(crate) fn required<T>(member: Option<T>, name: &str) -> Result<T, Refusal> {
    member.ok_or_else(|| violated(&format!("Value null at '{name}'"), "Member must not be null"))
}

/// A member's length, in bytes for blobs and in characters for strings.
pub(crate) fn length(
    name: &str,
    length: usize,
    allowed: &RangeInclusive<usize>,
) -> Result<(), Refusal> {
    let place = format!("Value at '{name}'");
    if length < *allowed.start() {
        let least = allowed.start();
        let rule = format!("Member must have length greater than or equal to {least}");
        return Err(violated(&place, &rule));
    }
    if length > *allowed.end() {
        let most = allowed.end();
        return Err(violated(
            &place,
            &format!("Member must have length less than or equal to {most}"),
        ));
    }
    Ok(())
}

/// A member that is one of some words.
pub(crate) fn word<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, Refusal> {
    value.parse().map_err(|_| {
        let place = format!("Value '{value}' at '{name}'");
        violated(&place, "Member must satisfy enum value set")
    })
}

/// A member outside its constraint, in AWS's wording.
pub(crate) fn violated(place: &str, rule: &str) -> Refusal {
    let message =
        format!("1 validation error detected: {place} failed to satisfy constraint: {rule}");
    Kind::Validation.with(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Blob;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase", deny_unknown_fields)]
    struct Input {
        key_id: Option<String>,
        plaintext: Option<Blob>,
    }

    #[test]
    fn only_the_operations_own_members_are_read() {
        let input: Input = decode(br#" {"KeyId":"k","Plaintext":"AQI="}"#).unwrap();
        assert_eq!(input.key_id.as_deref(), Some("k"));
        assert_eq!(input.plaintext.unwrap().as_bytes(), [1, 2]);
        for body in [
            &b""[..],
            b"[]",
            br#"["k",null]"#,
            b"{",
            b"{} {}",
            br#"{"KeyID":"k"}"#,
            br#"{"KeyId":"k","KeyId":"k"}"#,
            br#"{"KeyId":5}"#,
            br#"{"Plaintext":"A"}"#,
            br#"{"Plaintext":"AQI"}"#,
            br#"{"Plaintext":"AQI=\n"}"#,
            b"{\"KeyId\":\"\xff\"}",
        ] {
            let refused = decode::<Input>(body).err().unwrap();
            assert_eq!(refused.kind, Kind::Serialization, "{}", body.escape_ascii());
        }
    }

    #[test]
    fn bounds_are_inclusive() {
        assert!(length("x", 1, &(1..=4)).is_ok() && length("x", 4, &(1..=4)).is_ok());
        assert_eq!(length("x", 0, &(1..=4)).unwrap_err().kind, Kind::Validation);
        assert_eq!(length("x", 5, &(1..=4)).unwrap_err().kind, Kind::Validation);
    }

    proptest! {
        #[test]
        fn no_body_is_out_of_hand(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode::<Input>(&body);
        }
    }
}
