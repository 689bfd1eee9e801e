//! Every decoder, fed with anything: it never panics, and what it accepts it writes back. One changed byte of a sound bundle is
//! never the same bundle.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    reason = "helpers of tests"
)]
#![allow(dead_code, reason = "of the test vectors, only their reading is used here")]

#[path = "../examples/make-testkit/kit/vector.rs"]
mod vector;

use keyferry_bundle::envelope::Signature;
use keyferry_bundle::{
    Backup, Device, Envelope, Log, Plan, Policy, PublicKey, Receipt, Request, Response, Transcript,
    Unverified, Upkeep, json,
};
use proptest::prelude::*;
use proptest::sample::Index;
use std::sync::LazyLock;
use vector::Vector;

static ACCEPTED: LazyLock<Vec<Vector>> = LazyLock::new(|| {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testkit");
    let groups = ["accepted", "ecdsa"].map(|group| std::fs::read_dir(folder.join(group)).unwrap());
    let vectors: Vec<Vector> = groups
        .into_iter()
        .flatten()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .map(|text| serde_json::from_slice::<Vector>(&text).unwrap())
        .filter(|vector| vector.expect == "accepted")
        .collect();
    assert!(vectors.len() > 8);
    vectors
});

/// Bytes that get further than random ones: pieces of JSON and of envelopes, put together at random.
fn json_like() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just("[".to_owned()),
        Just("]".to_owned()),
        Just(",".to_owned()),
        Just(":".to_owned()),
        Just("null".to_owned()),
        Just("true".to_owned()),
        "\"(payload|payloadType|signatures|keyid|sig|[a-z]|\\\\u00[0-9a-f]{2})\"",
        "-?[0-9]{1,20}(\\.[0-9])?(e[0-9])?",
        "[ \n\t]",
        "[A-Za-z0-9+/=_-]{0,8}",
    ];
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat().into_bytes()),
    ]
}

/// A strict tree's text, and members in whatever order.
fn strict_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(serde_json::Value::from),
        (0..=json::MAX_INTEGER).prop_map(serde_json::Value::from),
        any::<String>().prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..5)
                .prop_map(|members| members.into_iter().collect::<serde_json::Value>()),
        ]
    })
}

fn changed(bytes: &[u8], at: Index, to: u8) -> Option<Vec<u8>> {
    let mut bytes = bytes.to_vec();
    let at = at.index(bytes.len());
    let before = std::mem::replace(&mut bytes[at], to);
    (before != to).then_some(bytes)
}

fn read_as_every_kind(bytes: &[u8]) -> usize {
    let read = [
        Unverified::<Policy>::from_slice(bytes).is_ok(),
        Unverified::<Device>::from_slice(bytes).is_ok(),
        Unverified::<Plan>::from_slice(bytes).is_ok(),
        Unverified::<Request>::from_slice(bytes).is_ok(),
        Unverified::<Response>::from_slice(bytes).is_ok(),
        Unverified::<Backup>::from_slice(bytes).is_ok(),
        Unverified::<Receipt>::from_slice(bytes).is_ok(),
        Unverified::<Log>::from_slice(bytes).is_ok(),
        Unverified::<Transcript>::from_slice(bytes).is_ok(),
        Unverified::<Upkeep>::from_slice(bytes).is_ok(),
    ];
    read.iter().filter(|read| **read).count()
}

proptest! {
    #[test]
    fn trees_are_what_serde_json_reads(bytes in json_like()) {
        if let Ok(tree) = json::tree(&bytes) {
            let plain: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            prop_assert_eq!(serde_json::Value::Object(tree), plain);
        }
    }

    #[test]
    fn strict_trees_are_read_back(value in strict_value()) {
        let text = serde_json::json!({ "a": value }).to_string();
        let tree = json::tree(text.as_bytes()).unwrap();
        prop_assert_eq!(serde_json::Value::Object(tree).to_string(), text);
    }

    #[test]
    fn payloads_never_panic(bytes in json_like()) {
        let _ = json::decode::<Policy>(&bytes);
        let _ = json::decode::<Device>(&bytes);
        let _ = json::decode::<Plan>(&bytes);
        let _ = json::decode::<Request>(&bytes);
        let _ = json::decode::<Response>(&bytes);
        let _ = json::decode::<Backup>(&bytes);
        let _ = json::decode::<Receipt>(&bytes);
        let _ = json::decode::<Log>(&bytes);
        let _ = json::decode::<Transcript>(&bytes);
        let _ = json::decode::<Upkeep>(&bytes);
    }

    #[test]
    fn envelopes_that_are_read_are_written_back(bytes in json_like()) {
        if let Ok((envelope, remarks)) = Envelope::decode(&bytes) {
            prop_assert_eq!(remarks.is_empty(), envelope.encode() == bytes);
            prop_assert_eq!(Envelope::decode_canonical(&envelope.encode()).unwrap(), envelope);
        }
        prop_assert!(read_as_every_kind(&bytes) <= 1);
    }

    #[test]
    fn envelopes_that_are_written_are_read_back(
        payload_type in any::<String>(),
        payload in prop::collection::vec(any::<u8>(), 0..300),
        signatures in prop::collection::vec(("[0-9a-f]{64}", prop::collection::vec(any::<u8>(), 1..=128)), 0..=32),
    ) {
        let mut text = String::from_utf8(Envelope::unsigned(payload_type.clone(), payload.clone()).encode()).unwrap();
        let entries: Vec<String> = signatures
            .iter()
            .map(|(id, bytes)| {
                let sig = String::from(keyferry_bundle::Base64::new(bytes.as_slice()).unwrap());
                format!("{{\"keyid\":\"{id}\",\"sig\":\"{sig}\"}}")
            })
            .collect();
        let end = text.len() - "]}\n".len();
        text.insert_str(end, &entries.join(","));
        let envelope = Envelope::decode_canonical(text.as_bytes()).unwrap();
        prop_assert_eq!(envelope.payload_type(), payload_type);
        prop_assert_eq!(envelope.untrusted_payload(), payload);
        let read: Vec<(String, Vec<u8>)> =
            envelope.signatures().iter().map(|Signature { key_id, bytes }| (key_id.to_string(), bytes.clone())).collect();
        prop_assert_eq!(read, signatures);
    }

    #[test]
    fn keys_are_held_in_their_one_form(
        bytes in prop::collection::vec(any::<u8>(), 0..120),
        vector in any::<Index>(),
        at in any::<Index>(),
        to in any::<u8>(),
        message in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let policies: Vec<&Vector> =
            ACCEPTED.iter().filter(|v| matches!(v.trust, vector::Trust::Requirements { .. })).collect();
        let vector::Trust::Requirements { enrolled, .. } = &policies[vector.index(policies.len())].trust else {
            unreachable!()
        };
        let sound = enrolled[at.index(enrolled.len())].spki.as_bytes();
        let point = &sound[sound.len() - 64.min(sound.len())..];
        for der in [bytes.clone(), changed(sound, at, to).unwrap_or_default()] {
            if let Ok(key) = PublicKey::from_spki_der(&der) {
                prop_assert_eq!(key.to_spki_der().unwrap(), der);
                prop_assert!(!key.verifies(&message, &bytes));
            }
        }
        for point in [point, bytes.as_slice()] {
            let _ = PublicKey::from_p256_point(point);
        }
    }

    #[test]
    fn signatures_never_panic(
        vector in any::<Index>(),
        at in any::<Index>(),
        to in any::<u8>(),
    ) {
        let vector = &ACCEPTED[vector.index(ACCEPTED.len())];
        let envelope = Envelope::decode_canonical(vector.bytes()).unwrap();
        let signature = &envelope.signatures()[at.index(envelope.signatures().len())];
        let vector::Trust::Requirements { enrolled, .. } = &vector.trust else { return Ok(()) };
        for entry in enrolled {
            let key = PublicKey::from_spki_der(entry.spki.as_bytes()).unwrap();
            let own = key.id().unwrap() == signature.key_id;
            prop_assert_eq!(key.verifies(&envelope.pae(), &signature.bytes), own);
            if let Some(other) = changed(&signature.bytes, at, to) {
                prop_assert!(!key.verifies(&envelope.pae(), &other));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn one_changed_byte_is_another_bundle(
        vector in any::<Index>(),
        at in any::<Index>(),
        to in prop_oneof![any::<u8>(), b' '..=b'~'],
    ) {
        let vector = &ACCEPTED[vector.index(ACCEPTED.len())];
        if let Some(bytes) = changed(vector.bytes(), at, to) {
            let outcome = vector.run_on(&bytes);
            prop_assert!(outcome.is_err(), "{}: {:?}", vector.comment, outcome);
        }
    }

    #[test]
    fn one_byte_more_or_less_is_another_bundle(
        vector in any::<Index>(),
        at in any::<Index>(),
        at_the_end in any::<bool>(),
        put in prop::option::of(prop_oneof![any::<u8>(), Just(b'\n'), Just(b' ')]),
    ) {
        let vector = &ACCEPTED[vector.index(ACCEPTED.len())];
        let mut bytes = vector.bytes().to_vec();
        let at = if at_the_end { bytes.len() - 1 } else { at.index(bytes.len()) };
        match put {
            Some(byte) => bytes.insert(at, byte),
            None => drop(bytes.remove(at)),
        }
        let outcome = vector.run_on(&bytes);
        prop_assert!(outcome.is_err(), "{}: {:?}", vector.comment, outcome);
    }
}
