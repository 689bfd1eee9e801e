//! Prometheus's text exposition format, version 0.0.4: for each metric its help and type, then one sample for each key.

use super::findings::Finding;
use super::look::Looked;
use crate::kms::{KeyDescription, KeyState};
use keyferry_bundle::Timestamp;
use keyferry_console::{Failure, Screen};
use std::fmt::Write as _;

type Labels<'a> = Vec<(&'static str, &'a str)>;

pub(super) fn write(
    screen: &Screen,
    found: &[(&Looked<'_>, Vec<Finding>)],
    now: Timestamp,
) -> Result<(), Failure> {
    screen.result(document(found, now).trim_end())
}

/// Every metric; a key that could not be described has the first and the last alone.
pub(super) fn document(found: &[(&Looked<'_>, Vec<Finding>)], now: Timestamp) -> String {
    let mut out = String::new();
    let mut metric = Metric { out: &mut out, name: "" };
    metric.begin("keyferry_key_described", "Whether DescribeKey answered for the key.");
    for (key, _) in found {
        metric.sample(&named(key), i64::from(key.found.is_ok()));
    }
    metric.begin("keyferry_key_enabled", "Whether the key is Enabled.");
    for (labels, key) in described(found) {
        metric.sample(&labels, i64::from(key.state == KeyState::Enabled));
    }
    metric.begin("keyferry_key_info", "What KMS says of the key; always 1.");
    for (mut labels, key) in described(found) {
        let state = key.state.to_string();
        labels.extend([("state", state.as_str()), ("key_spec", key.key_spec.as_str())]);
        labels.extend([("key_usage", key.key_usage.as_str()), ("origin", key.origin.as_str())]);
        metric.sample(&labels, 1);
    }
    let expiry = "When KMS deletes the key material, in seconds since 1970; absent where it does not expire.";
    metric.begin("keyferry_key_material_expiry_timestamp_seconds", expiry);
    for (labels, key) in described(found) {
        if let Some(date) = key.expiration.and_then(|expiration| expiration.valid_to) {
            metric.sample(&labels, date.unix_seconds());
        }
    }
    metric.begin("keyferry_key_generation_info", "A generation of the key material; always 1.");
    for (key, _) in found {
        for (index, generation) in key.generations.iter().flatten().enumerate() {
            let number = (index + 1).to_string();
            let id = generation.key_material_id.as_ref().map(ToString::to_string);
            let import = generation.import_state.as_ref().map(ToString::to_string);
            let mut labels = named(key);
            labels.push(("generation", &number));
            labels.push(("key_material_id", id.as_deref().unwrap_or_default()));
            labels.push(("import_state", import.as_deref().unwrap_or_default()));
            let state = generation.material_state.as_deref().unwrap_or_default();
            labels.push(("material_state", state));
            metric.sample(&labels, 1);
        }
    }
    let sibling = "Whether another key of a multi-Region key is Enabled.";
    metric.begin("keyferry_key_sibling_enabled", sibling);
    for (key, _) in found {
        for sibling in &key.siblings {
            let arn = sibling.key.to_string();
            let mut labels = named(key);
            labels.push(("sibling", &arn));
            let enabled =
                sibling.found.as_ref().is_ok_and(|found| found.state == KeyState::Enabled);
            metric.sample(&labels, i64::from(enabled));
        }
    }
    metric.begin(
        "keyferry_key_findings",
        "How many findings of a code `keyferry-online status` has.",
    );
    for (key, findings) in found {
        let mut codes: Vec<&str> = findings.iter().map(|finding| finding.code).collect();
        codes.sort_unstable();
        codes.dedup();
        for code in codes {
            let count = findings.iter().filter(|finding| finding.code == code).count();
            let mut labels = named(key);
            labels.push(("code", code));
            metric.sample(&labels, i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
    metric.begin("keyferry_status_timestamp_seconds", "When these metrics were made.");
    metric.sample(&[], now.unix_seconds());
    out
}

fn named<'a>(key: &Looked<'a>) -> Labels<'a> {
    vec![("name", key.subject.label.as_str()), ("key", key.subject.key.as_str())]
}

fn described<'a>(
    found: &'a [(&Looked<'a>, Vec<Finding>)],
) -> impl Iterator<Item = (Labels<'a>, &'a KeyDescription)> {
    found.iter().filter_map(|(key, _)| Some((named(key), key.found.as_ref().ok()?)))
}

struct Metric<'a> {
    out: &'a mut String,
    name: &'static str,
}

impl Metric<'_> {
    /// All of them are gauges. Writing to a string does not fail.
    fn begin(&mut self, name: &'static str, help: &str) {
        self.name = name;
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        let _ = writeln!(self.out, "# HELP {name} {help}\n# TYPE {name} gauge");
    }

    fn sample(&mut self, labels: &[(&'static str, &str)], value: i64) {
        let pairs: Vec<String> =
            labels.iter().map(|(label, text)| format!("{label}=\"{}\"", escaped(text))).collect();
        let braces =
            if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) };
        let _ = writeln!(self.out, "{}{braces} {value}", self.name);
    }
}

/// A label's value: backslash, double quote and line feed are escaped.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests;
