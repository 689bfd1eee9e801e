//! Names, ARNs and words that break their grammar.

use super::Kit;
use super::cast::{operator, text};
use super::fields::{Sound, of_plan, of_request, rows};
use super::story::receipt;
use keyferry_bundle::Kind;

pub(crate) fn add(kit: &mut Kit) {
    names(kit);
    arns(kit);
    words(kit);
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
            (
                "endpoint-console-path",
                endpoint,
                "console/kms",
                "endpoint",
                "the console's name and more",
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
