//! Values that break the grammar of their identifier. Each stands in a bundle that is otherwise sound.

use super::Kit;
use super::cast::{hsm, officers, operator, sealed, spoil, text};
use super::story::{backup, plan, policy, request, transcript};
use super::vector::{Refusing, Trust, Vector};
use keyferry_bundle::Kind;
use keyferry_bundle::kinds::payload_type;

const GROUP: &str = "identifiers";
/// Rows of: name, what stands in the sound payload, what is put there, the field at fault, a comment.
pub(crate) type Rows<'a> = &'a [(&'a str, &'a str, &'a str, &'a str, &'a str)];

pub(crate) fn add(kit: &mut Kit) {
    times(kit);
    bytes(kit);
    in_policy(kit);
    in_transcript(kit);
}

pub(crate) struct Sound {
    pub(crate) kind: Kind,
    pub(crate) text: String,
    pub(crate) trust: Trust,
    pub(crate) signers: &'static [&'static str],
}

pub(crate) fn of_plan() -> Sound {
    Sound { kind: Kind::Plan, text: text(&plan()), trust: officers(), signers: &["alice", "bob"] }
}

pub(crate) fn of_request() -> Sound {
    Sound { kind: Kind::Request, text: text(&request()), trust: operator(), signers: &["oscar"] }
}

pub(crate) fn rows(kit: &mut Kit, sound: &Sound, rows: Rows<'_>) {
    for (name, from, to, field, comment) in rows {
        add_one(kit, sound, name, from, to, field, comment, true);
    }
}

#[expect(clippy::too_many_arguments, reason = "a row of a table")]
fn add_one(
    kit: &mut Kit,
    sound: &Sound,
    name: &str,
    from: &str,
    to: &str,
    field: &str,
    comment: &str,
    schema: bool,
) {
    let payload = spoil(&sound.text, from, to);
    let bundle = sealed(&payload_type(sound.kind), payload.as_bytes(), sound.signers);
    let trust = sound.trust.clone();
    let vector = Vector::refused("payload-field", sound.kind, trust, bundle, comment).field(field);
    kit.add(GROUP, name, if schema { vector.schema(Refusing::Payload) } else { vector });
}

fn times(kit: &mut Kit) {
    let created = "\"created\":\"2026-11-03T08:00:00Z\"";
    for (name, to, schema, comment) in [
        ("time-offset", "2026-11-03T08:00:00+00:00", true, "an offset for Z"),
        ("time-fraction", "2026-11-03T08:00:00.0Z", true, "a fraction of a second"),
        ("time-lower-case", "2026-11-03t08:00:00z", true, "lower-case letters"),
        ("time-blank", "2026-11-03 08:00:00Z", true, "a space for T"),
        ("time-no-seconds", "2026-11-03T08:00Z", true, "no seconds"),
        ("time-24", "2026-11-03T24:00:00Z", true, "hour 24"),
        ("time-leap-second", "2026-12-31T23:59:60Z", true, "second 60"),
        ("time-month-13", "2026-13-01T08:00:00Z", true, "month 13"),
        ("time-day-0", "2026-11-00T08:00:00Z", true, "day 0"),
        ("time-30-february", "2026-02-30T08:00:00Z", false, "30 February"),
        ("time-29-february", "2026-02-29T08:00:00Z", false, "29 February in a common year"),
        (
            "time-29-february-2100",
            "2100-02-29T08:00:00Z",
            false,
            "29 February in 2100, a common year",
        ),
        ("time-1999", "1999-12-31T23:59:59Z", true, "before 2000"),
        ("time-2200", "2200-01-01T00:00:00Z", true, "after 2199"),
        ("time-empty", "", true, "an empty text"),
    ] {
        let to = format!("\"created\":\"{to}\"");
        add_one(kit, &of_plan(), name, created, &to, "created", comment, schema);
    }
}

fn bytes(kit: &mut Kit) {
    let key = String::from(request().targets.remove(0).wrapping_public_key);
    let field = "targets[0].wrapping_public_key";
    let sound = of_request();
    let url = key.replace('+', "-").replace('/', "_");
    assert_ne!(key, url);
    rows(
        kit,
        &sound,
        &[
            ("base64-empty", &key, "", field, "no bytes"),
            (
                "base64-no-padding",
                &key,
                &format!("{}AA", &key[..key.len() - 4]),
                field,
                "base64 without padding",
            ),
            (
                "base64-url-safe",
                &key,
                &url,
                field,
                "the URL-safe alphabet: inside a payload there is one alphabet",
            ),
            (
                "base64-line-feed",
                &key,
                &format!("{}\\n{}", &key[..64], &key[64..]),
                field,
                "a line feed, as PEM has",
            ),
            ("base64-pem", &key, "-----BEGIN PUBLIC KEY-----", field, "PEM"),
        ],
    );
    let stray = format!("{}AB==", &key[..key.len() - 4]);
    add_one(
        kit,
        &sound,
        "base64-trailing-bits",
        &key,
        &stray,
        field,
        "stray bits before the padding",
        false,
    );
}

fn in_policy(kit: &mut Kit) {
    let sound = Sound {
        kind: Kind::Policy,
        text: text(&policy()),
        trust: Trust::FirstPolicy,
        signers: &["alice", "bob"],
    };
    let carla = String::from(policy().custodians.remove(0).recipient);
    rows(
        kit,
        &sound,
        &[
            ("text-escape", "Keyferry testkit", "Keyferry\\u001b[31m", "name", "a terminal escape"),
            ("text-letter", "Keyferry testkit", "Keyferr\u{ff}", "name", "a letter beyond ASCII"),
            ("text-empty", "Keyferry testkit", "", "name", "an empty text"),
            ("text-too-long", "Keyferry testkit", &"x".repeat(257), "name", "257 characters"),
            (
                "recipient-upper-case",
                &carla,
                &carla.to_uppercase(),
                "custodians[0].recipient",
                "an upper-case recipient",
            ),
            (
                "recipient-short",
                &carla,
                &carla[..61],
                "custodians[0].recipient",
                "a recipient of 61 characters",
            ),
            (
                "recipient-ssh",
                &carla,
                "ssh-ed25519 AAAA",
                "custodians[0].recipient",
                "an SSH recipient",
            ),
            (
                "recipient-letter-b",
                &carla,
                &carla.replacen('3', "b", 1),
                "custodians[0].recipient",
                "a letter that Bech32 does not have",
            ),
            (
                "threshold-256",
                "\"online_operator\":{\"threshold\":1",
                "\"online_operator\":{\"threshold\":256",
                "roles.online_operator.threshold",
                "a threshold beyond a byte",
            ),
            (
                "key-algorithm-unknown",
                "\"holder\":\"oscar\",\"algorithm\":\"ed25519\"",
                "\"holder\":\"oscar\",\"algorithm\":\"rsa\"",
                "keys[4].algorithm",
                "an algorithm that bundles are not signed with",
            ),
        ],
    );
    let sound =
        Sound { kind: Kind::Backup, text: text(&backup()), trust: hsm(), signers: &["hsm-1"] };
    rows(
        kit,
        &sound,
        &[(
            "generation-string",
            "\"generation\":1",
            "\"generation\":\"1\"",
            "generation",
            "a generation as a string",
        )],
    );
}

fn in_transcript(kit: &mut Kit) {
    let sound = Sound {
        kind: Kind::Transcript,
        text: text(&transcript()),
        trust: hsm(),
        signers: &["hsm-1"],
    };
    let said = "Ceremony payments-2026 (rehearsal)";
    rows(
        kit,
        &sound,
        &[
            ("line-escape", said, "\\u001b[31m", "lines[1].text", "a terminal escape"),
            ("line-feed", said, "one\\ntwo", "lines[1].text", "two lines in one"),
            ("line-letter", said, "\u{ff}", "lines[1].text", "a letter beyond ASCII"),
            ("line-too-long", said, &"x".repeat(1025), "lines[1].text", "1,025 characters"),
            (
                "line-kind-unknown",
                "\"kind\":\"secret\"",
                "\"kind\":\"password\"",
                "lines[0].kind",
                "a kind of line that is none",
            ),
            ("ended-unknown", "\"done\"", "\"killed\"", "ended", "an end that is none"),
        ],
    );
}
