//! SPEC.md speaks of everything there is: every kind, member, word, pattern and limit. That it says the right thing of them is for
//! people to see.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use keyferry_bundle::{
    AccountId, AgeRecipient, AwsRegion, CeremonyId, Digest, Environment, ExpirationModel, Holder,
    KeyAlgorithm, KeySpec, KeyUsage, Kind, Label, ObjectId, Partition, Role, Shown, TargetName,
    Text, WrappingAlgorithm, WrappingKeySpec, envelope, json, kinds, schema,
};
use serde_json::Value;
use std::path::Path;

fn spec() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("SPEC.md")).unwrap()
}

/// Every member's name and every constant in a schema.
fn names(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(members) => {
            for (key, value) in members {
                match (key.as_str(), value) {
                    ("properties", Value::Object(properties)) => {
                        found.extend(properties.keys().cloned());
                    }
                    ("const", Value::String(word)) => found.push(word.clone()),
                    _ => {}
                }
                names(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_member_and_word_is_specified() {
    let spec = spec();
    let mut found = Vec::new();
    names(&schema::envelope(), &mut found);
    for (kind, schema) in schema::all() {
        assert!(spec.contains(&format!("### 7.{} `{kind}`", position(kind))), "{kind}");
        names(&schema, &mut found);
    }
    assert!(found.len() > 100);
    for name in found {
        assert!(spec.contains(&format!("`{name}`")), "`{name}` is not in SPEC.md");
    }
}

fn position(kind: Kind) -> usize {
    let order = [
        Kind::Policy,
        Kind::Device,
        Kind::Plan,
        Kind::Request,
        Kind::Response,
        Kind::Backup,
        Kind::Receipt,
        Kind::Log,
        Kind::Transcript,
        Kind::Upkeep,
    ];
    order.iter().position(|k| *k == kind).unwrap() + 1
}

#[test]
fn every_closed_set_is_specified() {
    fn check<T: std::fmt::Display>(spec: &str, all: &[T]) {
        let words: Vec<String> = all.iter().map(|word| format!("`{word}`")).collect();
        assert!(spec.contains(&words.join(", ")), "{}", words.join(", "));
    }
    let spec = spec();
    check(&spec, Environment::ALL);
    check(&spec, ExpirationModel::ALL);
    check(&spec, KeyAlgorithm::ALL);
    check(&spec, KeySpec::ALL);
    check(&spec, Role::ALL);
    check(&spec, WrappingAlgorithm::ALL);
    check(&spec, WrappingKeySpec::ALL);
    check(&spec, kinds::Operation::ALL);
    check(&spec, kinds::ParametersSource::ALL);
    check(&spec, kinds::Isolation::ALL);
    check(&spec, kinds::Made::ALL);
    check(&spec, kinds::Outcome::ALL);
    check(&spec, kinds::KeptAs::ALL);
    check(&spec, kinds::AuditSetting::ALL);
    check(&spec, kinds::ShareScheme::ALL);
    check(&spec, kinds::ProofMethod::ALL);
    check(&spec, kinds::Ended::ALL);
    check(&spec, kinds::LineKind::ALL);
    check(&spec, kinds::Work::ALL);
    check(&spec, kinds::InventoryKind::ALL);
    check(&spec, KeyUsage::ALL);
}

#[test]
fn every_pattern_and_limit_is_specified() {
    let spec = spec();
    let patterns = [
        AccountId::PATTERN,
        AgeRecipient::PATTERN,
        AwsRegion::PATTERN,
        CeremonyId::PATTERN,
        Digest::PATTERN,
        Holder::PATTERN,
        Label::PATTERN,
        ObjectId::PATTERN,
        Partition::PATTERN,
        Shown::PATTERN,
        TargetName::PATTERN,
        Text::PATTERN,
    ];
    for pattern in patterns {
        assert!(spec.contains(&format!("`{pattern}`")), "{pattern}");
    }
    let grouped = |number: usize| format!("| {},{:03} bytes", number / 1000, number % 1000);
    assert!(spec.contains(&grouped(envelope::MAX_BYTES)));
    assert!(spec.contains(&grouped(envelope::MAX_PAYLOAD_BYTES)));
    assert!(spec.contains(&format!("| signatures | {},", envelope::MAX_SIGNATURES)));
    assert!(spec.contains(&format!("| nesting | {} |", json::MAX_DEPTH)));
    assert_eq!(json::MAX_INTEGER, (1 << 53) - 1);
}
