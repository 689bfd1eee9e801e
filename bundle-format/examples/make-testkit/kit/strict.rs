//! Payloads that are signed, but are not the strict JSON of SPEC.md section 2.

use super::Kit;
use super::cast::{operator, sealed, spoil, text};
use super::story::request;
use super::vector::{Refusing, Vector};
use keyferry_bundle::Kind;
use keyferry_bundle::kinds::payload_type;

const GROUP: &str = "strict-json";

fn refused(expect: &str, payload: &[u8], comment: &str) -> Vector {
    let bundle = sealed(&payload_type(Kind::Request), payload, &["oscar"]);
    Vector::refused(expect, Kind::Request, operator(), bundle, comment)
}

pub(crate) fn add(kit: &mut Kit) {
    whole(kit);
    tokens(kit);
    shapes(kit);
}

fn whole(kit: &mut Kit) {
    let sound = text(&request()).into_bytes();
    let mut add = |name: &str, payload: &[u8], says: &str, comment: &str| {
        kit.add(GROUP, name, refused("payload-json", payload, comment).says(says));
    };
    add("empty", b"", "EOF", "an empty payload");
    add("white-space", b" \n", "EOF", "white space alone");
    add(
        "top-array",
        &[b"[", sound.as_slice(), b"]"].concat(),
        "an object at the top",
        "the payload in an array",
    );
    add(
        "top-array-of-values",
        b"[\"rehearsal\",1]",
        "an object at the top",
        "the members' values as an array, which some readers take for the object",
    );
    add("top-string", b"\"request\"", "an object at the top", "a string at the top");
    add(
        "byte-order-mark",
        &[b"\xef\xbb\xbf", sound.as_slice()].concat(),
        "expected value",
        "a byte order mark first",
    );
    add(
        "trailing-object",
        &[sound.as_slice(), b"{}"].concat(),
        "trailing characters",
        "a second value",
    );
    add(
        "trailing-comma",
        &[&sound[..sound.len() - 1], b",}"].concat(),
        "trailing comma",
        "a comma after the last member",
    );
    add(
        "trailing-nul",
        &[sound.as_slice(), b"\0"].concat(),
        "trailing characters",
        "a NUL byte at the end",
    );
    add("truncated", &sound[..sound.len() - 1], "EOF", "the last brace is missing");
    add(
        "line-comment",
        &[b"// request\n", sound.as_slice()].concat(),
        "expected value",
        "a line comment",
    );
    add(
        "block-comment",
        &[sound.as_slice(), b"/* */"].concat(),
        "trailing characters",
        "a comment at the end",
    );
    add(
        "form-feed",
        &[b"\x0c", sound.as_slice()].concat(),
        "expected value",
        "a form feed, which is no JSON white space",
    );
}

fn tokens(kit: &mut Kit) {
    let sound = text(&request());
    let mut add = |name: &str, from: &str, to: &str, says: &str, comment: &str| {
        let payload = spoil(&sound, from, to);
        kit.add(GROUP, name, refused("payload-json", payload.as_bytes(), comment).says(says));
    };
    let counter = "\"counter\":1,";
    add(
        "duplicate-member",
        counter,
        "\"counter\":1,\"counter\":1,",
        "duplicate member",
        "a member twice, with equal values",
    );
    add(
        "duplicate-member-other",
        counter,
        "\"counter\":1,\"counter\":2,",
        "duplicate member",
        "a member twice, with other values",
    );
    add(
        "duplicate-member-escaped",
        counter,
        "\"counter\":1,\"c\\u006funter\":1,",
        "duplicate member",
        "a member twice, once with an escape in its name",
    );
    add(
        "duplicate-nested",
        "\"source\":\"api\"",
        "\"source\":\"api\",\"source\":\"console\"",
        "duplicate member",
        "a member of an inner object twice",
    );
    add("null", counter, "\"counter\":null,", "null is not allowed", "null for a number");
    add(
        "null-optional",
        counter,
        "\"counter\":1,\"previous\":null,",
        "null is not allowed",
        "null for a member that may be absent",
    );
    add("float", counter, "\"counter\":1.0,", "not a whole number", "1.0 is not written 1");
    add("exponent", counter, "\"counter\":1e0,", "not a whole number", "1e0 is not written 1");
    add("negative", counter, "\"counter\":-1,", "negative", "a negative number");
    add("negative-zero", counter, "\"counter\":-0,", "not a whole number", "-0");
    add("two-to-53", counter, "\"counter\":9007199254740992,", "above 2^53-1", "2^53");
    add("two-to-64", counter, "\"counter\":18446744073709551616,", "not a whole number", "2^64");
    add("leading-zero", counter, "\"counter\":01,", "invalid number", "a leading zero");
    add("plus-sign", counter, "\"counter\":+1,", "expected value", "a plus sign");
    add("hexadecimal", counter, "\"counter\":0x1,", "expected", "a hexadecimal number");
    add("nan", counter, "\"counter\":NaN,", "expected value", "NaN");
    add("infinity", counter, "\"counter\":Infinity,", "expected value", "Infinity");
    add("single-quotes", "\"api\"", "'api'", "expected value", "a string in single quotes");
    add("bare-name", "\"counter\"", "counter", "key must be a string", "a name without quotes");
    add(
        "too-deep",
        counter,
        &format!("\"counter\":{}1{},", "[".repeat(8), "]".repeat(8)),
        "nested deeper",
        "nine levels",
    );
    add("lone-surrogate", "\"api\"", "\"\\ud800\"", "hex escape", "half of a surrogate pair");
    add(
        "reversed-surrogates",
        "\"api\"",
        "\"\\udc00\\ud800\"",
        "lone leading surrogate",
        "a surrogate pair in the wrong order",
    );
    add(
        "control-character",
        "\"api\"",
        "\"api\n\"",
        "control character",
        "a raw line feed in a string",
    );
    add(
        "bad-escape",
        "\"api\"",
        "\"\\x61pi\"",
        "invalid escape",
        "an escape that JSON does not have",
    );
    let mut raw = |name: &str, bytes: &[u8], comment: &str| {
        let (before, after) = sound.split_once("\"api\"").unwrap();
        let payload = [before.as_bytes(), b"\"", bytes, b"\"", after.as_bytes()].concat();
        kit.add(GROUP, name, refused("payload-json", &payload, comment).says("invalid unicode"));
    };
    raw("invalid-utf-8", b"\xff", "a byte that is no UTF-8");
    raw("overlong-utf-8", b"\xc1\xa1pi", "an overlong form of the letter a");
    raw("surrogate-utf-8", b"\xed\xa0\x80", "a surrogate in UTF-8");
}

fn shapes(kit: &mut Kit) {
    let sound = text(&request());
    let mut add = |name: &str, from: &str, to: &str, field: &str, comment: &str| {
        let payload = spoil(&sound, from, to);
        let vector = refused("payload-field", payload.as_bytes(), comment).field(field);
        kit.add(GROUP, name, vector.schema(Refusing::Payload));
    };
    let counter = "\"counter\":1,";
    add(
        "unknown-member",
        counter,
        "\"counter\":1,\"note\":\"hello\",",
        "note",
        "a member that the kind does not have",
    );
    add(
        "unknown-member-other-case",
        counter,
        "\"counter\":1,\"Counter\":1,",
        "Counter",
        "names are case-sensitive",
    );
    add(
        "unknown-nested",
        "\"source\":\"api\"",
        "\"source\":\"api\",\"note\":1",
        "targets[0].note",
        "an inner member that the kind does not have",
    );
    add("missing-member", counter, "", "$", "a member is missing");
    add("missing-nested", ",\"source\":\"api\"", "", "targets[0]", "an inner member is missing");
    add("string-for-number", counter, "\"counter\":\"1\",", "counter", "a string for a number");
    add("number-for-string", "\"rehearsal\"", "1", "environment", "a number for a string");
    add("boolean-for-number", counter, "\"counter\":true,", "counter", "a boolean for a number");
    add("array-for-word", "\"api\"", "[\"api\"]", "targets[0].source", "an array for a word");
    add("number-too-large", counter, "\"counter\":4294967296,", "counter", "2^32");
    add(
        "counter-at-2-to-53",
        counter,
        "\"counter\":9007199254740991,",
        "counter",
        "2^53-1 is strict JSON, but no counter",
    );
    let (head, rest) = sound.split_once("\"targets\":[{").unwrap();
    let entry = rest.strip_suffix("}]}").unwrap();
    let payload = format!("{head}\"targets\":{{\"0\":{{{entry}}}}}}}");
    let vector = refused("payload-field", payload.as_bytes(), "an object for an array");
    kit.add(GROUP, "object-for-array", vector.field("targets").schema(Refusing::Payload));
    let tree: serde_json::Value = serde_json::from_str(&format!("{{{entry}}}")).unwrap();
    let order = [
        "name",
        "key",
        "wrapping_algorithm",
        "wrapping_key_spec",
        "wrapping_public_key",
        "import_token_sha256",
        "parameters_valid_to",
        "source",
    ];
    let values: Vec<String> = order.iter().map(|name| tree[name].to_string()).collect();
    let payload = format!("{head}\"targets\":[[{}]]}}", values.join(","));
    let comment = "an inner object's values as an array, which some readers take for the object";
    let vector = refused("payload-field", payload.as_bytes(), comment).field("targets[0]");
    kit.add(GROUP, "array-for-object", vector.schema(Refusing::Payload));
}
