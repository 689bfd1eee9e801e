//! What people read, line by line.

use super::*;
use keyferry_bundle::ExpirationModel;
use keyferry_bundle::kinds::Revocation;
use keyferry_ceremony::evidence;
use keyferry_ceremony::testing::{Story, time};
use proptest::prelude::*;

fn says(body: &Body, expected: &[&str]) {
    let text = Page::of(body).lines().join("\n");
    for line in expected {
        assert!(text.contains(line), "{line:?} is not in\n{text}");
    }
}

#[test]
fn every_kind_shows_what_is_decided_by_reading_it() {
    let story = Story::sound();
    says(
        &Body::Policy(Box::new(story.policy.clone())),
        &[
            "policy \"Tests\", version 1, for rehearsal",
            "expires                     never",
            "2 of alice, bob",
            "1 of wendy, bob",
            "key of bob",
            "111122223333",
            "eu-central-1",
            "SYMMETRIC_DEFAULT",
            "RSA_2048 or larger",
            "12345678",
        ],
    );
    let mut dated = story.policy.clone();
    dated.expires = Some(time("2027-11-01T00:00:00Z"));
    let key: keyferry_bundle::KeyId = "5".repeat(64).parse().unwrap();
    dated.revoked = vec![Revocation { key: key.clone(), since: dated.created }];
    let key = format!("revoked key                 {key}");
    says(
        &Body::Policy(Box::new(dated)),
        &["2027-11-01T00:00:00Z", &key, "since 2026-11-01T00:00:00Z"],
    );
    says(
        &Body::Device(Box::new(story.device.clone())),
        &["HSM \"hsm-1\"", "12345678", "2.4.1", "0x0100"],
    );
    says(
        &Body::Plan(Box::new(story.plan.clone())),
        &[
            "plan 1 of ceremony \"tests-1\", for rehearsal: import new key material",
            "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "RSAES_OAEP_SHA_256 under RSA_2048",
            "KMS keeps it until somebody deletes it",
            "0x0a01 \"payments\", domains 1",
            "age copies for",
            "nobody",
        ],
    );
    says(
        &Body::Request(Box::new(story.request.clone())),
        &["request 1, for rehearsal", "aws-default", "GetParametersForImport"],
    );
    says(
        &Body::Response(Box::new(story.response.clone())),
        &["off every network", "12345678", "256 bytes"],
    );
    says(
        &Body::Backup(Box::new(story.backup.clone())),
        &["backup of target \"payments\", generation 1", "0x0200"],
    );
    says(&Body::Receipt(Box::new(story.receipt.clone())), &["KMS answered the import"]);
    says(
        &Body::Transcript(Box::new(story.transcript.clone())),
        &[
            "transcript 1 of a run that was done, for rehearsal",
            "keyferry-offline respond tests-1",
            "  secret        Password of authentication key 0x0002",
            "  said          Ceremony tests-1 (rehearsal)",
            "  asked         Generate and wrap this key material?",
            "  answered      tests-1",
        ],
    );
}

#[test]
fn expiry_and_a_network_stand_out() {
    let mut story = Story::sound();
    story.plan.targets[0].expiration = Expiration {
        model: ExpirationModel::Expires,
        valid_to: Some(time("2026-12-01T00:00:00Z")),
    };
    says(&Body::Plan(Box::new(story.plan)), &["KMS deletes it at 2026-12-01T00:00:00Z"]);
    story.response.isolation = keyferry_bundle::kinds::Isolation::Overridden;
    says(&Body::Response(Box::new(story.response)), &["WAS ON A NETWORK"]);
}

#[test]
fn a_report_is_grouped_by_file() {
    let story = Story::sound();
    let mut folder = story.folder();
    folder.retain(|file| file.name != "receipt.json");
    let lines = report_lines(&evidence::examine(&folder, &evidence::Pins::none()));
    let at =
        |line: &str| lines.iter().position(|l| l == line).unwrap_or_else(|| panic!("{lines:#?}"));
    assert!(at("policy-v1.json") < at("device.json"));
    assert!(at("device.json") < at("plan.json"));
    let response = at("response.json");
    assert!(lines[response + 1].starts_with("  PASS       "), "{lines:#?}");
    assert!(
        lines.iter().any(|l| l.starts_with("  NOT SHOWN  has no receipt here [response.imported]"))
    );
    folder[0].bytes[40] ^= 1;
    let lines = report_lines(&evidence::examine(&folder, &evidence::Pins::none()));
    assert!(lines.iter().any(|l| l.starts_with("  FAIL       ")), "{lines:#?}");
}

proptest! {
    #[test]
    fn no_text_starts_a_line_of_its_own(label in any::<String>(), value in any::<String>()) {
        let mut page = Page::new(value.clone());
        page.row(label, &value);
        for line in page.lines() {
            prop_assert!(line.chars().all(|c| matches!(c, ' '..='~')));
        }
        prop_assert!(page.lines().len() <= 2 + value.lines().count());
    }
}
