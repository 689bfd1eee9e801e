//! Signatures, headers, bodies, and whatever else may come over the wire.

use super::client::{REGION, bytes_of, sign_for};
use super::{Answer, Client};
use crate::clock::Time;
use crate::http::Request;
use crate::refusal::Kind;
use crate::wire::signature::sign;
use proptest::prelude::*;
use serde_json::json;

/// A signed `ListAliases`, changed after it was signed.
fn spoiled(client: &Client, spoil: impl Fn(&mut Request)) -> Answer {
    let mut request = client.signed("ListAliases", b"{}");
    spoil(&mut request);
    client.exchange(&request).unwrap()
}

/// A `ListAliases` that was changed before it was signed for a region and a service.
fn scoped(client: &Client, region: &str, service: &str, change: impl Fn(&mut Request)) -> Answer {
    let mut request = client.unsigned("ListAliases", b"{}");
    change(&mut request);
    sign_for(&mut request, region, service);
    client.exchange(&request).unwrap()
}

fn set(request: &mut Request, name: &str, value: &str) {
    request.headers.retain(|(sent, _)| sent != name);
    request.headers.push((name.to_owned(), value.to_owned()));
}

#[test]
fn a_signature_covers_body_and_headers() {
    let client = Client::new();
    assert_eq!(spoiled(&client, |_| ()).status, 200);
    let invalid = |spoil: &dyn Fn(&mut Request)| {
        assert_eq!(spoiled(&client, spoil).error(), "InvalidSignatureException");
    };
    invalid(&|r| r.body = b"{ }".to_vec().into());
    invalid(&|r| set(r, "x-amz-target", "TrentService.CreateKey"));
    invalid(&|r| set(r, "host", "elsewhere"));
    invalid(&|r| {
        let given = r.header("authorization").unwrap();
        let flipped = if given.ends_with('0') { '1' } else { '0' };
        let changed = format!("{}{flipped}", &given[..given.len() - 1]);
        set(r, "authorization", &changed);
    });
    invalid(&|r| {
        let more =
            r.header("authorization").unwrap().replace(";x-amz-target", ";x-amz-target;x-no");
        set(r, "authorization", &more);
    });
}

#[test]
fn host_date_and_target_must_be_signed() {
    let client = Client::new();
    let answer = |names: &str| {
        let mut request = client.unsigned("ListAliases", b"{}");
        let date: String = request.header("x-amz-date").unwrap().chars().take(8).collect();
        let value = sign(&request, names, [&date, REGION, "kms"], "AKIDANY");
        set(&mut request, "authorization", &value);
        client.exchange(&request).unwrap()
    };
    assert_eq!(answer("host;x-amz-date;x-amz-target").status, 200);
    for names in ["host;x-amz-date", "host;x-amz-target", "x-amz-date;x-amz-target"] {
        assert_eq!(answer(names).error(), "InvalidSignatureException", "{names}");
    }
    let unordered = answer("x-amz-date;host;x-amz-target");
    assert_eq!(unordered.error(), "IncompleteSignatureException");
}

#[test]
fn an_authorization_must_be_there_and_whole() {
    let client = Client::new();
    let missing = client.exchange(&client.unsigned("ListAliases", b"{}")).unwrap();
    assert_eq!(missing.error(), "MissingAuthenticationTokenException");
    assert_eq!(missing.status, 400);
    for given in [
        "Bearer x",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 ",
        "AWS4-HMAC-SHA256 Credential",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request",
        "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, Signature=0, Signature=1, SignedHeaders=a",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, Signature=0, SignedHeaders=a, More=b",
    ] {
        let answer = spoiled(&client, |r| set(r, "authorization", given));
        assert_eq!(answer.error(), "IncompleteSignatureException", "{given}");
    }
    let undated = spoiled(&client, |r| r.headers.retain(|(name, _)| name != "x-amz-date"));
    assert_eq!(undated.error(), "IncompleteSignatureException");
    let twice = spoiled(&client, |r| r.headers.push(("authorization".to_owned(), "x".to_owned())));
    assert_eq!(twice.error(), "MissingAuthenticationTokenException");
}

#[test]
fn scope_and_date_are_this_services() {
    let client = Client::new();
    assert_eq!(scoped(&client, REGION, "kms", |_| ()).status, 200);
    assert_eq!(scoped(&client, "us-east-1", "kms", |_| ()).status, 200, "every Region is served");
    let region = scoped(&client, "nowhere", "kms", |_| ());
    assert_eq!(region.error(), "InvalidSignatureException");
    assert!(region.body.contains("valid region, not 'nowhere'"), "{}", region.body);
    let service = scoped(&client, REGION, "sts", |_| ());
    assert!(service.body.contains("correct service: 'kms'"), "{}", service.body);
    for minutes in [-6, 6] {
        let then = Time::host().plus_millis(minutes * 60_000).to_string();
        let then: String = then.chars().filter(|c| !"-:".contains(*c)).take(15).collect();
        let answer = scoped(&client, REGION, "kms", |r| set(r, "x-amz-date", &format!("{then}Z")));
        assert_eq!(answer.error(), "InvalidSignatureException", "{}", answer.body);
    }
    let words = scoped(&client, REGION, "kms", |r| set(r, "x-amz-date", "yesterday morning"));
    assert_eq!(words.error(), "IncompleteSignatureException");
    let today = Time::host().to_string().replace('-', "");
    let other_day = spoiled(&client, |r| {
        let given = r.header("authorization").unwrap().replace(&today[..8], "20200101");
        set(r, "authorization", &given);
    });
    assert!(other_day.body.contains("Date in Credential scope"), "{}", other_day.body);
}

#[test]
fn a_moved_clock_does_not_spoil_signatures() {
    let client = Client::new();
    client.control("POST", "clock", &json!({ "set": "2031-01-01T00:00:00Z" }));
    client.call("ListAliases", &json!({}));
}

#[test]
fn operations_paths_and_content_types_are_known_or_refused() {
    let client = Client::new();
    for operation in ["CreateGrant", "GetCallerIdentity", "", "createkey"] {
        let answer = client.try_call(operation, &json!({})).unwrap();
        assert_eq!(answer.error(), "UnknownOperationException", "{operation}");
    }
    for (method, target) in [("GET", "/"), ("POST", "/kms"), ("POST", "/?x=1"), ("PUT", "/")] {
        let answer = spoiled(&client, |r| {
            r.method = method.to_owned();
            r.target = target.to_owned();
        });
        assert_eq!(answer.error(), "UnknownOperationException", "{method} {target}");
    }
    let plain = scoped(&client, REGION, "kms", |r| set(r, "content-type", "application/json"));
    assert_eq!(plain.error(), "SerializationException");
    for body in ["", "[]", "null", "{", r#"{"KeyId":"a","KeyId":"a"}"#, r#"{"Nope":1}"#] {
        let request = client.signed("DescribeKey", body.as_bytes());
        assert_eq!(client.exchange(&request).unwrap().error(), "SerializationException", "{body}");
    }
    assert_eq!(client.send(b"hello\r\n\r\n").unwrap().error(), "SerializationException");
}

#[test]
fn sts_tells_the_account() {
    let client = Client::new();
    let ask = |form: &str, service, region| client.sts(form, service, region);
    let form = "Action=GetCallerIdentity&Version=2011-06-15";
    for region in [REGION, "us-east-1"] {
        let answer = ask(form, "sts", region);
        assert_eq!(answer.status, 200);
        assert!(answer.head.contains("Content-Type: text/xml"));
        for part in [
            "<Account>111122223333</Account>",
            "<Arn>arn:aws:iam::111122223333:user/virtual</Arn>",
            "<UserId>",
            "<RequestId>",
        ] {
            assert!(answer.body.contains(part), "{}", answer.body);
        }
    }
    let wrong = ask(form, "kms", REGION);
    assert_eq!(wrong.status, 403);
    assert!(wrong.body.contains("<Code>SignatureDoesNotMatch</Code>"), "{}", wrong.body);
    let other = ask("Action=AssumeRole&Version=2011-06-15", "sts", REGION);
    assert!(other.body.contains("<Code>InvalidAction</Code>"), "{}", other.body);
    client.control(
        "POST",
        "fault",
        &json!({ "operation": "GetCallerIdentity", "kind": "throttle" }),
    );
    assert!(ask(form, "sts", REGION).body.contains("<Code>Throttling</Code>"));
}

#[test]
fn every_refusal_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(names.len(), Kind::ALL.len());
    assert!(names.iter().all(|name| name.ends_with("Exception")));
}

const OPERATIONS: &[&str] = &[
    "CancelKeyDeletion",
    "CreateAlias",
    "CreateKey",
    "Decrypt",
    "DeleteAlias",
    "DeleteImportedKeyMaterial",
    "DescribeKey",
    "Encrypt",
    "GenerateDataKey",
    "GetKeyPolicy",
    "GetParametersForImport",
    "ImportKeyMaterial",
    "ListAliases",
    "ListKeyRotations",
    "ListKeys",
    "ListResourceTags",
    "PutKeyPolicy",
    "ReplicateKey",
    "RotateKeyOnDemand",
    "ScheduleKeyDeletion",
    "TagResource",
    "UpdateAlias",
];

/// Bodies that are nearly right: known members with odd values.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let member = prop::sample::select(vec![
        "KeyId",
        "Plaintext",
        "CiphertextBlob",
        "ImportToken",
        "EncryptedKeyMaterial",
        "ValidTo",
        "Policy",
        "Tags",
        "Limit",
        "Marker",
        "EncryptionContext",
        "AliasName",
        "TargetKeyId",
        "Description",
        "MultiRegion",
        "ReplicaRegion",
        "IncludeKeyMaterial",
        "PendingWindowInDays",
    ]);
    let value = prop_oneof![
        Just(json!(null)),
        any::<i64>().prop_map(|n| json!(n)),
        any::<f64>().prop_map(|n| json!(n)),
        any::<String>().prop_map(|text| json!(text)),
        Just(json!("AAAA")),
        Just(json!([{ "TagKey": "a", "TagValue": "b" }])),
        Just(json!({ "a": "b" })),
        Just(json!(true)),
    ];
    let object = prop::collection::btree_map(member, value, 0..4)
        .prop_map(|members| serde_json::to_vec(&members).unwrap());
    prop_oneof![prop::collection::vec(any::<u8>(), 0..300), object]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// One service takes it all: a request that panicked would be answered with nothing.
    #[test]
    fn no_body_kills_it(inputs in prop::collection::vec((0..OPERATIONS.len(), bodies()), 1..8)) {
        let client = Client::new();
        for (operation, body) in inputs {
            let answer = client.exchange(&client.signed(OPERATIONS[operation], &body));
            let status = answer.map(|answer| answer.status);
            prop_assert!(matches!(status, Some(200 | 400)), "{status:?}");
        }
        client.call("ListAliases", &json!({}));
    }

    #[test]
    fn no_bytes_or_headers_kill_it(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        value in "[ -~]{0,60}",
        which in 0..5_usize,
    ) {
        let client = Client::new();
        let _ = client.send(&bytes);
        let _ = client.send(&[b"POST / HTTP/1.1\r\n", bytes.as_slice(), b"\r\n\r\n"].concat());
        let name = ["authorization", "x-amz-date", "x-amz-target", "content-type", "host"][which];
        let mut request = client.signed("ListAliases", b"{}");
        set(&mut request, name, &value);
        prop_assert!(client.send(&bytes_of(&request)).is_some());
        let path = format!("POST /virtual/{value} HTTP/1.1\r\nConnection: close\r\n\r\n");
        prop_assert!(client.send(path.as_bytes()).is_some());
        client.call("ListAliases", &json!({}));
    }
}
