//! `--targets`: a list of keys in a file. It is read as strictly as a bundle.

use super::wanted::{Said, Wanted};
use crate::cli::values;
use keyferry_bundle::json::{self, DecodeError};
use keyferry_bundle::kinds::KeptAs;
use keyferry_bundle::{
    Expiration, KeyArn, KeySpec, KeyUsage, Label, ObjectId, TargetName, WrappingAlgorithm,
    WrappingKeySpec,
};
use keyferry_console::{Exit, Failure, files};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// One key of the list.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: TargetName,
    key: KeyArn,
    object_id: ObjectId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_spec: Option<KeySpec>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_usage: Option<KeyUsage>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wrapping_algorithm: Option<WrappingAlgorithm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wrapping_key_spec: Option<WrappingKeySpec>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expiration: Option<Expiration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kept_as: Option<KeptAs>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<Label>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    domains: Option<String>,
}

/// Strict JSON begins with an object: the list is read as the one member of one.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    targets: Vec<Entry>,
}

/// Reads the list.
pub(super) fn read(path: &Path) -> Result<Vec<Wanted>, Failure> {
    let bytes = files::read_bundle(path)?;
    decode(&bytes).map_err(|because| {
        Failure::new(
            Exit::Refused,
            "list-refused",
            format!("{} is no list of keys", path.display()),
        )
        .because(because)
        .hint("keyferry plan new --help says what a list of keys holds")
    })
}

fn decode(bytes: &[u8]) -> Result<Vec<Wanted>, String> {
    let whole = [b"{\"targets\":".as_slice(), bytes, b"}"].concat();
    let batch: Batch = json::decode(&whole).map_err(|error| match error {
        DecodeError::NotStrict(fault) => fault,
        DecodeError::Field(field) => field.to_string(),
    })?;
    let wanted = |(index, entry): (usize, Entry)| {
        let domains = entry.domains.as_deref().map(values::domains).transpose();
        Ok(Wanted {
            name: entry.name,
            key: entry.key,
            object_id: Some(entry.object_id),
            generation: None,
            said: Said {
                key_spec: entry.key_spec,
                key_usage: entry.key_usage,
                wrapping_algorithm: entry.wrapping_algorithm,
                wrapping_key_spec: entry.wrapping_key_spec,
                expiration: entry.expiration,
                kept_as: entry.kept_as,
                label: entry.label,
                domains: domains.map_err(|fault| format!("targets[{index}].domains: {fault}"))?,
            },
        })
    };
    batch.targets.into_iter().enumerate().map(wanted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ENTRY: &str = r#""name":"a","key":"arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab","object_id":"0x0a01""#;

    #[test]
    fn a_list_is_read_and_what_is_no_part_of_it_is_named() {
        let list = format!(r#"[{{{ENTRY},"domains":"1,2"}},{{{ENTRY},"key_spec":"HMAC_256"}}]"#);
        let read = decode(list.as_bytes()).unwrap();
        assert_eq!(read[0].said.domains.unwrap().to_string(), "1,2");
        assert_eq!((read.len(), read[1].said.key_spec), (2, Some(KeySpec::Hmac256)));
        for (list, told) in [
            (format!(r#"[{{{ENTRY}}},{{{ENTRY},"colour":"red"}}]"#), "targets[1].colour"),
            (format!(r#"[{{{ENTRY},"domains":"0"}}]"#), "targets[0].domains"),
            (format!(r#"[{{{ENTRY},"name":"b"}}]"#), "name"),
            (format!(r#"[{{{ENTRY},"label":null}}]"#), "null"),
            (format!(r#"[{{{ENTRY}}}],"more":[]"#), "more"),
            (format!("[{{{ENTRY}}}]}} {{"), "trailing"),
            (r#"[{"name":"a"}]"#.to_owned(), "targets[0]"),
            (r#"[{"name":"A"}]"#.to_owned(), "targets[0].name"),
            ("{}".to_owned(), "targets"),
            (String::new(), "expected value"),
        ] {
            let fault = decode(list.as_bytes()).unwrap_err();
            assert!(fault.contains(told), "{list}: {fault}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = decode(&bytes);
        }

        #[test]
        fn a_byte_that_is_changed_is_read_or_refused(at in 0..ENTRY.len(), byte in 0x20_u8..0x7f) {
            let mut entry = ENTRY.as_bytes().to_vec();
            entry[at] = byte;
            let list = [b"[{", entry.as_slice(), b"}]"].concat();
            if let Ok(read) = decode(&list) {
                prop_assert_eq!(read.len(), 1);
            }
        }
    }
}
