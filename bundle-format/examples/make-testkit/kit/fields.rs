//! Values that break the grammar of their identifier. Each stands in a bundle that is otherwise sound.

use super::Kit;
use super::cast::{hsm, officers, operator, sealed, spoil, text};
use super::story::{backup, plan, policy, receipt, request};
use super::vector::{Refusing, Trust, Vector};
use keyferry_bundle::Kind;
use keyferry_bundle::kinds::payload_type;

const GROUP: &str = "identifiers";
/// Rows of: name, what stands in the sound payload, what is put there, the field at fault, a comment.
type Rows<'a> = &'a [(&'a str, &'a str, &'a str, &'a str, &'a str)];

pub(crate) fn add(kit: &mut Kit) {
    names(kit);
    arns(kit);
    times(kit);
    words(kit);
    bytes(kit);
    in_policy(kit);
}

struct Sound {
    kind: Kind,
    text: String,
    trust: Trust,
    signers: &'static [&'static str],
}

fn of_plan() -> Sound {
    Sound { kind: Kind::Plan, text: text(&plan()), trust: officers(), signers: &["alice", "bob"] }
}

fn of_request() -> Sound {
    Sound { kind: Kind::Request, text: text(&request()), trust: operator(), signers: &["oscar"] }
}

fn rows(kit: &mut Kit, sound: &Sound, rows: Rows<'_>) {
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

fn names(kit: &mut Kit) {
    let (long, label) = ("x".repeat(33), "x".repeat(65));
    rows(
        kit,
        &of_plan(),
        &[
            (
                "ceremony-upper-case",
                "payments-2026",
                "Payments-2026",
                "ceremony",
                "an upper-case letter",
            ),
            ("ceremony-too-long", "payments-2026", &label, "ceremony", "65 characters"),
            (
                "ceremony-hyphen-first",
                "payments-2026",
                "-payments",
                "ceremony",
                "a hyphen first, as in an option",
            ),
            (
                "target-name-path",
                "\"name\":\"payments\"",
                "\"name\":\"../payments\"",
                "targets[0].name",
                "a path",
            ),
            (
                "target-name-too-long",
                "\"name\":\"payments\"",
                &format!("\"name\":\"{long}\""),
                "targets[0].name",
                "33 characters",
            ),
            (
                "target-name-empty",
                "\"name\":\"payments\"",
                "\"name\":\"\"",
                "targets[0].name",
                "an empty name",
            ),
            (
                "label-escape",
                "payments 2026",
                "\\u001b[2J",
                "targets[0].label",
                "a terminal escape",
            ),
            ("label-empty", "payments 2026", "", "targets[0].label", "an empty label"),
            (
                "holder-look-alike",
                "[\"carla\"]",
                "[\"c\u{430}rla\"]",
                "custodians[0]",
                "a Cyrillic letter that looks like a",
            ),
            (
                "holder-direction",
                "[\"carla\"]",
                "[\"car\\u202ela\"]",
                "custodians[0]",
                "a bidirectional control",
            ),
            ("holder-dot-last", "[\"carla\"]", "[\"carla.\"]", "custodians[0]", "a dot last"),
            (
                "object-id-decimal",
                "\"0x0a01\"",
                "\"2561\"",
                "targets[0].object_id",
                "a decimal object id",
            ),
            (
                "object-id-number",
                "\"0x0a01\"",
                "2561",
                "targets[0].object_id",
                "an object id as a number",
            ),
            (
                "object-id-upper-case",
                "\"0x0a01\"",
                "\"0x0A01\"",
                "targets[0].object_id",
                "an upper-case object id",
            ),
            (
                "object-id-short",
                "\"0x0a01\"",
                "\"0xa01\"",
                "targets[0].object_id",
                "an object id of three digits",
            ),
            ("domains-0", "\"domains\":1", "\"domains\":0", "targets[0].domains", "no domain"),
            (
                "domains-17-bits",
                "\"domains\":1",
                "\"domains\":65536",
                "targets[0].domains",
                "a domain that no device has",
            ),
        ],
    );
}

fn arns(kit: &mut Kit) {
    let arn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let field = "targets[0].key";
    let swap = |from: &str, to: &str| arn.replace(from, to);
    rows(
        kit,
        &of_plan(),
        &[
            (
                "arn-alias",
                arn,
                &swap("key/1234abcd-12ab-34cd-56ef-1234567890ab", "alias/payments"),
                field,
                "an alias, which can be moved",
            ),
            (
                "arn-alias-in-key",
                arn,
                &swap("1234abcd-12ab-34cd-56ef-1234567890ab", "payments"),
                field,
                "a key id that is none",
            ),
            (
                "arn-upper-case-id",
                arn,
                &swap("1234abcd", "1234ABCD"),
                field,
                "an upper-case key id",
            ),
            (
                "arn-mrk-short",
                arn,
                &swap("1234abcd-12ab-34cd-56ef-1234567890ab", "mrk-1234"),
                field,
                "a multi-Region key id that is too short",
            ),
            (
                "arn-account-short",
                arn,
                &swap("111122223333", "11112222333"),
                field,
                "an account of eleven digits",
            ),
            ("arn-account-empty", arn, &swap("111122223333", ""), field, "no account"),
            (
                "arn-region",
                arn,
                &swap("eu-central-1", "eu-central"),
                field,
                "a region without a number",
            ),
            (
                "arn-region-zero",
                arn,
                &swap("eu-central-1", "eu-central-01"),
                field,
                "a region with a leading zero",
            ),
            (
                "arn-partition",
                arn,
                &swap("arn:aws:", "arn:amazon:"),
                field,
                "a partition that is none",
            ),
            ("arn-service", arn, &swap(":kms:", ":s3:"), field, "another service"),
            ("arn-more-parts", arn, &(arn.to_owned() + ":x"), field, "a seventh part"),
            (
                "arn-key-id-alone",
                arn,
                "1234abcd-12ab-34cd-56ef-1234567890ab",
                field,
                "a key id without its ARN",
            ),
        ],
    );
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

fn words(kit: &mut Kit) {
    rows(
        kit,
        &of_plan(),
        &[
            (
                "environment-unknown",
                "\"rehearsal\"",
                "\"staging\"",
                "environment",
                "a third environment",
            ),
            (
                "environment-upper-case",
                "\"rehearsal\"",
                "\"Rehearsal\"",
                "environment",
                "an upper-case letter",
            ),
            (
                "operation-unknown",
                "\"import\"",
                "\"delete\"",
                "operation",
                "an operation that this version does not have",
            ),
            (
                "key-spec-unknown",
                "SYMMETRIC_DEFAULT",
                "AES_256",
                "targets[0].key_spec",
                "a key spec that KMS does not have",
            ),
            (
                "algorithm-pkcs1",
                "RSAES_OAEP_SHA_256",
                "RSAES_PKCS1_V1_5",
                "targets[0].wrapping_algorithm",
                "PKCS #1 v1.5, which AWS withdrew",
            ),
            (
                "wrapping-key-1024",
                "RSA_2048",
                "RSA_1024",
                "targets[0].wrapping_key_spec",
                "a 1024-bit wrapping key",
            ),
            (
                "expiration-unknown",
                "KEY_MATERIAL_DOES_NOT_EXPIRE",
                "NEVER",
                "targets[0].expiration.model",
                "an expiration model that KMS does not have",
            ),
            (
                "digest-upper-case",
                "\"counter\":1",
                &format!("\"counter\":2,\"previous\":\"{}\"", "A".repeat(64)),
                "previous",
                "an upper-case digest",
            ),
            (
                "digest-short",
                "\"counter\":1",
                &format!("\"counter\":2,\"previous\":\"{}\"", "a".repeat(63)),
                "previous",
                "a digest of 63 digits",
            ),
        ],
    );
    let endpoint = "https://kms.eu-central-1.amazonaws.com";
    rows(
        kit,
        &of_request(),
        &[
            (
                "endpoint-scheme",
                endpoint,
                "ftp://kms.eu-central-1.amazonaws.com",
                "endpoint",
                "another scheme",
            ),
            (
                "endpoint-user",
                endpoint,
                "https://user:secret@example.com",
                "endpoint",
                "credentials in an endpoint",
            ),
            ("endpoint-query", endpoint, "https://example.com/?token=1", "endpoint", "a query"),
            (
                "endpoint-two-segments",
                endpoint,
                "https://example.com/a/b",
                "endpoint",
                "two path segments",
            ),
            ("endpoint-no-host", endpoint, "https:///kms", "endpoint", "no host"),
            (
                "account-spaces",
                "\"account\":\"111122223333\"",
                "\"account\":\"1111 2222 3333\"",
                "account",
                "an account written in groups",
            ),
            (
                "account-number",
                "\"account\":\"111122223333\"",
                "\"account\":111122223333",
                "account",
                "an account as a number",
            ),
        ],
    );
    let sound = Sound {
        kind: Kind::Receipt,
        text: text(&receipt()),
        trust: operator(),
        signers: &["oscar"],
    };
    rows(
        kit,
        &sound,
        &[(
            "outcome-unknown",
            "\"imported\"",
            "\"failed\"",
            "targets[0].outcome",
            "an outcome that is none",
        )],
    );
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
