//! Envelopes that mean what they should, but are written otherwise than they must be.

use super::Kit;
use super::cast::{sealed, sign, spoil_bytes};
use super::envelopes::{FORM, GROUP, refused, sound};
use super::story::request;
use super::vector::Refusing;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use keyferry_bundle::Kind;
use keyferry_bundle::envelope::pae;
use keyferry_bundle::kinds::payload_type;

pub(crate) fn add(kit: &mut Kit) {
    alphabets(kit);
    forms(kit);
}

fn alphabets(kit: &mut Kit) {
    // White space until the payload has padding, and the signature a letter that the alphabets write differently.
    let plain = super::cast::text(&request());
    let signature =
        |bytes: &[u8]| STANDARD.encode(sign("oscar", &pae(&payload_type(Kind::Request), bytes)));
    let bytes = (0..64)
        .map(|blanks| (" ".repeat(blanks) + &plain).into_bytes())
        .find(|bytes| bytes.len() % 3 != 0 && signature(bytes).contains(['+', '/']))
        .unwrap();
    let (payload, sig) = (STANDARD.encode(&bytes), signature(&bytes));
    let bundle = sealed(&payload_type(Kind::Request), &bytes, &["oscar"]);
    let url = URL_SAFE.encode(STANDARD.decode(&sig).unwrap());
    let vector = refused(
        FORM,
        spoil_bytes(&bundle, &sig, &url),
        "sig in the URL-safe alphabet: read by DSSE, but not canonical",
    );
    kit.add(GROUP, "sig-url-safe", vector.says("URL-safe").schema(Refusing::Envelope));
    let mut add = |name: &str, from: &str, to: &str, field: &str, comment: &str| {
        let vector =
            refused("envelope-member", spoil_bytes(&bundle, from, to), comment).field(field);
        // Trailing bits and whole groups of junk are beyond a pattern, or not.
        let beyond = name.ends_with("trailing-bits");
        kit.add(GROUP, name, if beyond { vector } else { vector.schema(Refusing::Envelope) });
    };
    let both = format!("{url}-_+/");
    add("sig-mixed-alphabets", &sig, &both, "signatures[0].sig", "both alphabets in one sig");
    add(
        "sig-trailing-bits",
        &sig,
        &next_letter(&sig),
        "signatures[0].sig",
        "stray bits before the padding of sig",
    );
    add(
        "sig-line-feed",
        &sig,
        &(sig[..8].to_owned() + "\\n" + &sig[8..]),
        "signatures[0].sig",
        "a line feed inside sig",
    );
    add(
        "sig-no-padding",
        &sig,
        sig.trim_end_matches('='),
        "signatures[0].sig",
        "sig without padding",
    );
    add(
        "payload-trailing-bits",
        &payload,
        &next_letter(&payload),
        "payload",
        "stray bits before the padding of payload",
    );
    add(
        "payload-no-padding",
        &payload,
        payload.trim_end_matches('='),
        "payload",
        "payload without padding",
    );
    add(
        "payload-more-padding",
        &payload,
        &(payload.clone() + "===="),
        "payload",
        "payload with too much padding",
    );
    add(
        "payload-blank",
        &payload,
        &(payload[..8].to_owned() + " " + &payload[8..]),
        "payload",
        "a space inside payload",
    );
    add(
        "payload-junk",
        &payload,
        &(payload[..8].to_owned() + "*~#!" + &payload[8..]),
        "payload",
        "junk inside payload, which lenient decoders skip",
    );
    add(
        "payload-junk-after-padding",
        &payload,
        &(payload.clone() + "AAAA"),
        "payload",
        "base64 after the padding of payload",
    );

    // A payload with a byte triple that makes `/`: `?` as its third byte.
    let note =
        (0..3).map(|n| " ".repeat(n) + "???").find(|n| STANDARD.encode(n).contains('/')).unwrap();
    let bundle = sealed(&payload_type(Kind::Request), note.as_bytes(), &["oscar"]);
    let (standard, url) = (STANDARD.encode(&note), URL_SAFE.encode(&note));
    let vector = refused(
        FORM,
        spoil_bytes(&bundle, &standard, &url),
        "payload in the URL-safe alphabet (the payload is no JSON, which no reader comes to see)",
    );
    kit.add(GROUP, "payload-url-safe", vector.says("URL-safe").schema(Refusing::Envelope));
}

/// The text with its last letter before the padding replaced by the next of the alphabet: the same bytes to a lenient reader.
fn next_letter(text: &str) -> String {
    let end = text.trim_end_matches('=').len();
    let last = text.as_bytes()[end - 1];
    assert!(last.is_ascii_alphanumeric() && !matches!(last, b'Z' | b'z' | b'9'));
    format!("{}{}{}", &text[..end - 1], char::from(last + 1), &text[end..])
}

fn forms(kit: &mut Kit) {
    let text = String::from_utf8(sound()).unwrap();
    let mut add = |name: &str, bundle: String, comment: &str| {
        kit.add(GROUP, name, refused(FORM, bundle.into_bytes(), comment));
    };
    add("no-final-line-feed", text.trim_end().to_owned(), "no line feed at the end");
    add("two-final-line-feeds", text.clone() + "\n", "two line feeds at the end");
    add("carriage-return", text.trim_end().to_owned() + "\r\n", "CR LF at the end");
    add("leading-blank", format!(" {text}"), "a space first");
    let tree: serde_json::Value = serde_json::from_str(&text).unwrap();
    let (kind, payload, entries) = (&tree["payloadType"], &tree["payload"], &tree["signatures"]);
    let (id, sig) = (&entries[0]["keyid"], &entries[0]["sig"]);
    let signatures = format!("[{{\"keyid\":{id},\"sig\":{sig}}}]");
    add(
        "white-space",
        format!(
            "{{ \"payloadType\": {kind}, \"payload\": {payload}, \"signatures\": {signatures} }}\n"
        ),
        "spaces between tokens",
    );
    add(
        "member-order",
        format!("{{\"payload\":{payload},\"payloadType\":{kind},\"signatures\":{signatures}}}\n"),
        "payload before payloadType, as most DSSE writers do",
    );
    add(
        "signature-member-order",
        format!(
            "{{\"payloadType\":{kind},\"payload\":{payload},\"signatures\":[{{\"sig\":{sig},\"keyid\":{id}}}]}}\n"
        ),
        "sig before keyid",
    );
    add(
        "escaped-slash",
        text.replace("application/", "application\\/"),
        "an escape that is not needed",
    );
    add(
        "escaped-letter",
        text.replace("application/", "applicati\\u006fn/"),
        "a letter as an escape",
    );
    let mut add = |name: &str, from: &str, to: &str, comment: &str| {
        let vector = refused(FORM, spoil_bytes(&sound(), from, to), comment);
        kit.add(GROUP, name, vector.says("not defined by DSSE").schema(Refusing::Envelope));
    };
    add(
        "unknown-member",
        "{\"payloadType\"",
        "{\"note\":\"hello\",\"payloadType\"",
        "a member that DSSE does not define",
    );
    add(
        "unknown-member-escape",
        "{\"payloadType\"",
        "{\"\\u001b[2J\":1,\"payloadType\"",
        "an unknown member with a terminal escape in its name",
    );
    add(
        "unknown-member-in-signature",
        "{\"keyid\"",
        "{\"cert\":\"hello\",\"keyid\"",
        "a signature member that DSSE does not define",
    );
    add(
        "other-case",
        "{\"payloadType\"",
        "{\"payloadtype\":\"text/plain\",\"payloadType\"",
        "member payloadtype beside payloadType",
    );
}
