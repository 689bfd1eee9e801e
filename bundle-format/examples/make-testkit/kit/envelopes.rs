//! Envelopes that are no envelopes, or not in the canonical form.

use super::Kit;
use super::cast::{operator, sealed, sign, signed, spoil_bytes};
use super::story::{request, stream};
use super::vector::{Refusing, Vector};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyferry_bundle::envelope::{MAX_BYTES, MAX_PAYLOAD_BYTES, MAX_SIGNATURES, pae};
use keyferry_bundle::kinds::payload_type;
use keyferry_bundle::{Kind, json};

pub(crate) const GROUP: &str = "envelope";
const JSON: &str = "envelope-json";
pub(crate) const FORM: &str = "not-canonical";

pub(crate) fn sound() -> Vec<u8> {
    signed(&request(), &["oscar"])
}

pub(crate) fn refused(expect: &str, bundle: Vec<u8>, comment: &str) -> Vector {
    Vector::refused(expect, Kind::Request, operator(), bundle, comment)
}

pub(crate) fn add(kit: &mut Kit) {
    not_json(kit);
    duplicates(kit);
    members(kit);
    limits(kit);
}

fn not_json(kit: &mut Kit) {
    let open = "{\"payloadType\"";
    let with = |to: &str| spoil_bytes(&sound(), open, to);
    let mut add = |name: &str, bundle: Vec<u8>, says: &str, comment: &str| {
        kit.add(GROUP, name, refused(JSON, bundle, comment).says(says));
    };
    add("empty", vec![], "EOF", "no bytes at all");
    add("only-white-space", b" \n".to_vec(), "EOF", "white space alone");
    add(
        "top-array",
        [b"[", sound().as_slice(), b"]"].concat(),
        "an object at the top",
        "the envelope in an array",
    );
    add("top-string", b"\"payload\"\n".to_vec(), "an object at the top", "a string at the top");
    add("top-number", b"1\n".to_vec(), "an object at the top", "a number at the top");
    add("top-null", b"null\n".to_vec(), "null is not allowed", "null at the top");
    add(
        "byte-order-mark",
        [b"\xef\xbb\xbf", sound().as_slice()].concat(),
        "expected value",
        "a byte order mark first",
    );
    add(
        "utf-16",
        sound().iter().flat_map(|byte| [*byte, 0]).collect(),
        "line 1 column 2",
        "UTF-16",
    );
    add(
        "trailing-object",
        [sound().as_slice(), b"{}\n"].concat(),
        "trailing characters",
        "a second value",
    );
    add(
        "trailing-nul",
        [sound().as_slice(), b"\0"].concat(),
        "trailing characters",
        "a NUL byte at the end",
    );
    let cut = sound().len() - 2;
    add("truncated", sound()[..cut].to_vec(), "EOF", "the last brace is missing");
    add("comment", with("/* request */{\"payloadType\""), "expected value", "a comment");
    add("single-quotes", with("{'payloadType'"), "key must be a string", "a name in single quotes");
    add(
        "trailing-comma",
        spoil_bytes(&sound(), "}]}", "}],}"),
        "trailing comma",
        "a comma after the last member",
    );
    add(
        "null-member",
        with("{\"note\":null,\"payloadType\""),
        "null is not allowed",
        "null in an unknown member",
    );
    add(
        "float-member",
        with("{\"note\":0.5,\"payloadType\""),
        "not a whole number",
        "a fraction in an unknown member",
    );
    add(
        "negative-member",
        with("{\"note\":-1,\"payloadType\""),
        "negative",
        "a negative number in an unknown member",
    );
    add(
        "nan-member",
        with("{\"note\":NaN,\"payloadType\""),
        "expected value",
        "NaN in an unknown member",
    );
    let deep = format!("{{\"note\":{}{},\"payloadType\"", "[".repeat(8), "]".repeat(8));
    add("too-deep", with(&deep), "nested deeper", "nine levels in an unknown member");
    let lone = "\"application/vnd.keyferry.request.v1+json\\ud800\"";
    let whole = "\"application/vnd.keyferry.request.v1+json\"";
    add(
        "lone-surrogate",
        spoil_bytes(&sound(), whole, lone),
        "hex escape",
        "half of a surrogate pair in payloadType",
    );
    let mut raw = spoil_bytes(&sound(), whole, "\"application/vnd.keyferry.request.v1+json#\"");
    if let Some(byte) = raw.iter_mut().find(|byte| **byte == b'#') {
        *byte = 0xff;
    }
    add("invalid-utf-8", raw, "invalid unicode", "a byte that is no UTF-8 in payloadType");
    let tab = "\"application/vnd.keyferry.request.v1+json\t\"";
    add(
        "control-character",
        spoil_bytes(&sound(), whole, tab),
        "control character",
        "a raw tab in payloadType",
    );
}

fn duplicates(kit: &mut Kit) {
    let member = |name: &str| -> String {
        let tree: serde_json::Value = serde_json::from_slice(&sound()).unwrap();
        tree[name].to_string()
    };
    let open = "{\"payloadType\"";
    let mut add = |name: &str, from: &str, to: &str, comment: &str| {
        let bundle = spoil_bytes(&sound(), from, to);
        kit.add(GROUP, name, refused(JSON, bundle, comment).says("duplicate member"));
    };
    for (name, escaped) in [
        ("payload", "p\\u0061yload"),
        ("payloadType", "payload\\u0054ype"),
        ("signatures", "\\u0073ignatures"),
    ] {
        let value = member(name);
        let file = name.to_lowercase();
        let twice = format!("{{\"{name}\":{value},\"payloadType\"");
        add(
            &format!("duplicate-{file}"),
            open,
            &twice,
            &format!("member {name} twice, with equal values"),
        );
        let twice = format!("{{\"{escaped}\":{value},\"payloadType\"");
        add(
            &format!("duplicate-{file}-escaped"),
            open,
            &twice,
            &format!("member {name} twice, once with an escape in its name"),
        );
    }
    add(
        "duplicate-payload-other",
        open,
        "{\"payload\":\"e30=\",\"payloadType\"",
        "member payload twice, with other values",
    );
    add(
        "duplicate-unknown",
        open,
        "{\"note\":1,\"note\":1,\"payloadType\"",
        "an unknown member twice",
    );
    add("duplicate-sig", "\"sig\":", "\"sig\":\"AAAA\",\"sig\":", "member sig twice");
    let keyid = format!("\"keyid\":\"{}\",\"keyid\":", "0".repeat(64));
    add("duplicate-keyid", "\"keyid\":", &keyid, "member keyid twice");
}

fn members(kit: &mut Kit) {
    let id = super::cast::id("oscar").to_string();
    let sig = STANDARD.encode(sign("oscar", &signed_bytes()));
    let kind = payload_type(Kind::Request);
    let payload = STANDARD.encode(json::encode(&request()).unwrap());
    let quoted = |text: &str| format!("\"{text}\"");
    let mut add = |name: &str, from: &str, to: &str, field: &str, comment: &str| {
        let vector = refused("envelope-member", spoil_bytes(&sound(), from, to), comment);
        kit.add(GROUP, name, vector.field(field).schema(Refusing::Envelope));
    };
    let kind_member = format!("\"payloadType\":{},", quoted(&kind));
    let payload_member = format!("\"payload\":{},", quoted(&payload));
    let id_member = format!("\"keyid\":{},", quoted(&id));
    let sig_member = format!(",\"sig\":{}", quoted(&sig));
    let all = format!("[{{\"keyid\":\"{id}\",\"sig\":\"{sig}\"}}]");
    add("missing-payloadtype", &kind_member, "", "payloadType", "no member payloadType");
    add("missing-payload", &payload_member, "", "payload", "no member payload");
    add(
        "missing-signatures",
        &format!(",\"signatures\":{all}"),
        "",
        "signatures",
        "no member signatures",
    );
    add(
        "missing-keyid",
        &id_member,
        "",
        "signatures[0].keyid",
        "no member keyid: DSSE lets it be absent, this format does not",
    );
    add("missing-sig", &sig_member, "", "signatures[0].sig", "no member sig");
    add("payloadtype-number", &quoted(&kind), "1", "payloadType", "payloadType is a number");
    add("payload-number", &quoted(&payload), "1", "payload", "payload is a number");
    add("payload-object", &quoted(&payload), "{}", "payload", "payload is JSON instead of base64");
    add("signatures-object", &all, "{}", "signatures", "signatures is an object");
    add(
        "signature-string",
        &all,
        &format!("[{}]", quoted(&sig)),
        "signatures[0]",
        "a signature that is no object",
    );
    add(
        "signature-array",
        &all,
        &format!("[[{},{}]]", quoted(&id), quoted(&sig)),
        "signatures[0]",
        "a signature written as an array",
    );
    add("keyid-number", &quoted(&id), "1", "signatures[0].keyid", "keyid is a number");
    add("keyid-empty", &quoted(&id), "\"\"", "signatures[0].keyid", "keyid is empty");
    add("keyid-short", &id, &id[2..], "signatures[0].keyid", "keyid has 62 digits");
    add("keyid-upper-case", &id, &id.to_uppercase(), "signatures[0].keyid", "keyid in upper case");
    add("sig-number", &quoted(&sig), "1", "signatures[0].sig", "sig is a number");
    add("sig-empty", &sig, "", "signatures[0].sig", "sig is empty");
    let long = spoil_bytes(&sound(), &sig, &STANDARD.encode([0; 129]));
    let vector = refused("envelope-member", long, "a signature of 129 bytes");
    kit.add(GROUP, "sig-too-long", vector.field("signatures[0].sig"));
}

fn signed_bytes() -> Vec<u8> {
    pae(&payload_type(Kind::Request), &json::encode(&request()).unwrap())
}

fn limits(kit: &mut Kit) {
    let mut large = sound();
    large.resize(MAX_BYTES + 1, b'\n');
    kit.add(GROUP, "oversize", refused("oversize", large, "65,537 bytes"));
    let mut at_limit = sound();
    at_limit.resize(MAX_BYTES, b'\n');
    let comment = "65,536 bytes: not too large, but line feeds are no part of the canonical form";
    kit.add(GROUP, "at-size-limit", refused(FORM, at_limit, comment));
    let payload = " ".repeat(MAX_PAYLOAD_BYTES + 1);
    let bundle = sealed(&payload_type(Kind::Request), payload.as_bytes(), &["oscar"]);
    let vector = refused("envelope-member", bundle, "a payload of 384,001 bytes").field("payload");
    kit.add(GROUP, "payload-oversize", vector);
    let entry = |n: usize| {
        let sig = STANDARD.encode(&stream(64 + n)[n..]);
        format!("{{\"keyid\":\"{n:064x}\",\"sig\":\"{sig}\"}}")
    };
    let entries: Vec<String> = (0..=MAX_SIGNATURES).map(entry).collect();
    let head = String::from_utf8(sealed(&payload_type(Kind::Request), b"{}", &[])).unwrap();
    let bundle = head.replace("[]", &format!("[{}]", entries.join(",")));
    let vector =
        refused("envelope-member", bundle.into_bytes(), "33 signatures").field("signatures");
    kit.add(GROUP, "too-many-signatures", vector.schema(Refusing::Envelope));
}
