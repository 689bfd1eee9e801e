//! Reading what AWS recorded, whatever else is in it.

use super::{Action, Fault, MAX_BYTES, Trail};
use crate::testing::{parse, time};
use proptest::prelude::*;
use serde_json::{Value, json};

const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// An import as AWS records it.
fn import() -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": { "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/bastion/oscar" },
        "eventTime": "2026-11-04T01:59:30Z",
        "eventSource": "kms.amazonaws.com",
        "eventName": "ImportKeyMaterial",
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "192.0.2.7",
        "requestParameters": {
            "keyId": "1234abcd-12ab-34cd-56ef-1234567890ab",
            "validTo": "May 21, 2027, 5:47:45\u{202f}AM",
            "expirationModel": "KEY_MATERIAL_EXPIRES",
            "importType": "NEW_KEY_MATERIAL",
            "keyMaterialDescription": "tests-1"
        },
        "responseElements": { "keyId": KEY, "keyMaterialId": "ab".repeat(32) },
        "eventID": "c0ffee00-0000-4000-8000-000000000001",
        "readOnly": false,
        "resources": [{ "accountId": "111122223333", "type": "AWS::KMS::Key", "ARN": KEY }],
        "recipientAccountId": "111122223333",
        "eventCategory": "Management"
    })
}

fn read(file: &Value) -> Result<Trail, Fault> {
    let mut trail = Trail::default();
    trail.add("trail.json", file.to_string().as_bytes()).map(|()| trail)
}

#[test]
fn an_event_is_read_in_every_wrapping() {
    let event = import();
    let looked_up =
        json!({ "EventName": "ImportKeyMaterial", "CloudTrailEvent": event.to_string() });
    let bridged = json!({ "detail-type": "AWS API Call via CloudTrail", "detail": event });
    let expected = read(&event).unwrap();
    for file in [
        json!({ "Records": [event] }),
        json!([event]),
        json!({ "Events": [looked_up], "NextToken": "x" }),
        bridged.clone(),
        json!([bridged, event]),
    ] {
        assert_eq!(read(&file).unwrap().events(), expected.events(), "{file:#}");
    }
    let digest = keyferry_bundle::Digest::of(event.to_string().as_bytes());
    assert_eq!(expected.files().first().map(|file| file.digest), Some(digest));
    let [event] = expected.events() else { panic!("{expected:#?}") };
    assert_eq!((event.action, event.time), (Action::Import, time("2026-11-04T01:59:30Z")));
    assert_eq!(event.key.to_string(), KEY);
    assert_eq!(event.by.as_deref(), Some("arn:aws:sts::111122223333:assumed-role/bastion/oscar"));
    assert_eq!(event.key_material_id, Some(parse(&"ab".repeat(32))));
    assert_eq!(event.description.as_deref(), Some("tests-1"));
    assert_eq!(event.expiration, Some(parse("KEY_MATERIAL_EXPIRES")));
    assert!(event.valid_to.as_deref().unwrap().starts_with("May 21, 2027"));
    let span = expected.span(&parse("111122223333"), &parse("eu-central-1")).unwrap();
    assert_eq!(span, (event.time, event.time));
    assert_eq!(expected.span(&parse("111122223333"), &parse("eu-west-1")), None);
}

#[test]
fn deletions_are_read_whoever_did_them() {
    let expired = json!({
        "userIdentity": { "accountId": "111122223333", "invokedBy": "AWS Internal" },
        "eventTime": "2026-11-22T19:55:11Z",
        "eventSource": "kms.amazonaws.com",
        "eventName": "DeleteExpiredKeyMaterial",
        "requestParameters": null,
        "responseElements": null,
        "eventID": "c0ffee00-0000-4000-8000-000000000002",
        "resources": [{ "type": "AWS::KMS::Key", "ARN": KEY }],
        "serviceEventDetails": { "keyMaterialId": "cd".repeat(32) }
    });
    let notice = json!({
        "version": "0",
        "id": "c0ffee00-0000-4000-8000-000000000003",
        "detail-type": "KMS Imported Key Material Expiration",
        "account": "111122223333",
        "time": "2026-11-22T19:55:12Z",
        "region": "eu-central-1",
        "resources": [KEY],
        "detail": { "key-id": "1234abcd-12ab-34cd-56ef-1234567890ab" }
    });
    let trail = read(&json!([notice, expired])).unwrap();
    let [first, second] = trail.events() else { panic!("{trail:#?}") };
    assert_eq!((first.action, second.action), (Action::Expire, Action::Expire));
    assert_eq!(first.by.as_deref(), Some("AWS Internal"));
    assert_eq!(first.key_material_id, Some(parse(&"cd".repeat(32))));
}

#[test]
fn what_failed_and_what_is_of_no_interest_is_counted() {
    let mut failed = import();
    failed["errorCode"] = json!("IncorrectKeyMaterialException");
    failed["resources"] = json!(null);
    let other = json!({ "eventSource": "s3.amazonaws.com", "eventName": "ImportKeyMaterial", "new": [1.5, null] });
    let trail = read(&json!({ "Records": [failed, other, import()] })).unwrap();
    let [contents] = trail.files() else { panic!("{trail:#?}") };
    assert_eq!((contents.events, contents.about_material, contents.failed), (3, 1, 1));
    assert_eq!(trail.events().len(), 1);
}

#[test]
fn what_is_no_event_or_lacks_what_it_must_say_is_refused_by_number() {
    let without = |member: &str| {
        let mut event = import();
        event.as_object_mut().unwrap().remove(member);
        read(&json!({ "Records": [import(), event] }))
    };
    for member in ["eventSource", "eventName", "eventTime", "eventID"] {
        assert!(matches!(without(member), Err(Fault::Record(2, _))), "{member}");
    }
    assert!(without("resources").is_ok(), "the answer names the key, too");
    let mut nameless = import();
    nameless["resources"] = json!([]);
    nameless["responseElements"] = json!(null);
    assert!(matches!(read(&nameless), Err(Fault::Record(1, why)) if why.contains("key ARN")));
    assert!(matches!(read(&json!({})), Err(Fault::Record(1, _))));
    for bytes in [&b""[..], b"7", b"{\"Records\":{}}", b"[] []", b"{\"Records\":[{]}", b"[\xff]"] {
        let refused = Trail::default().add("x", bytes);
        assert!(matches!(refused, Err(Fault::NotJson(_))), "{refused:?}");
    }
    let deep = "[".repeat(100_000);
    assert!(matches!(Trail::default().add("x", deep.as_bytes()), Err(Fault::NotJson(_))));
    let large = vec![b' '; MAX_BYTES + 1];
    assert!(matches!(Trail::default().add("x", &large), Err(Fault::Oversize(_))));
}

/// Any JSON, with the names that are looked for more often than chance has them.
fn any_json() -> impl Strategy<Value = Value> {
    let names = "Records|Events|CloudTrailEvent|detail-type|detail|eventSource|eventName|eventTime|eventID|resources|ARN|errorCode|[a-z]{0,3}";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("kms.amazonaws.com")),
        Just(json!("ImportKeyMaterial")),
        Just(json!(KEY)),
    ];
    leaf.prop_recursive(5, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(names, inner, 0..6)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Trail::default().add("x", &bytes);
    }

    #[test]
    fn no_json_panics(file in any_json()) {
        let _ = read(&file);
    }

    #[test]
    fn one_member_of_another_type_is_a_fault_or_passed_over(value in any_json(), place in 0..12_usize) {
        let mut event = import();
        let members = event.as_object_mut().unwrap();
        let name = members.keys().nth(place % members.len()).unwrap().clone();
        members.insert(name, value);
        if let Ok(trail) = read(&event) {
            prop_assert!(trail.events().len() <= 1);
        }
    }

    #[test]
    fn a_cut_file_is_refused(cut in 1..400_usize) {
        let whole = json!({ "Records": [import()] }).to_string();
        let cut = whole.len() - cut.min(whole.len());
        prop_assert!(Trail::default().add("x", &whole.as_bytes()[..cut]).is_err());
    }
}
