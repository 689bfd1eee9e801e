//! What deserves somebody's attention: a key that cannot be used, one that is not as its ceremony left it, and an expiry that is near.

use super::days_until;
use super::look::{Looked, Sibling};
use crate::kms::{KeyDescription, KeyState};
use crate::lifecycle::{Generation, ImportState};
use crate::subjects::Expected;
use keyferry_bundle::kinds::{Expiration, Operation};
use keyferry_bundle::{KeyArn, KeyMaterialId, Timestamp};
use keyferry_console::Failure;
use std::fmt::Display;

/// The only finding about the future.
const NEAR: &str = "expiry-near";

/// One of them. Codes are stable, for scripts and alerts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) code: &'static str,
    pub(super) text: String,
}

impl Finding {
    fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    /// Whether nothing is wrong yet.
    pub(super) fn is_near(&self) -> bool {
        self.code == NEAR
    }
}

/// Everything about one key. `planned` are the keys of every ceremony that was named.
pub(super) fn of(
    key: &Looked<'_>,
    planned: &[&KeyArn],
    now: Timestamp,
    warn_days: i64,
) -> Vec<Finding> {
    let found = match &key.found {
        Ok(found) => found,
        Err(failure) => return vec![Finding::new("unreadable", story(failure))],
    };
    let mut findings = Vec::new();
    let expected = key.subject.expected.as_slice();
    findings.extend(state(expected, found));
    if let Some(newest) = expected.last() {
        planned_so(&mut findings, newest, found);
    }
    if found.state != KeyState::PendingImport {
        material(&mut findings, expected, found, key.generations.as_deref());
    }
    for generation in key.generations.iter().flatten() {
        findings.extend(missing(generation));
    }
    findings.extend(near(found, now, warn_days));
    for sibling in &key.siblings {
        findings.extend(self::sibling(sibling, planned, !expected.is_empty()));
        if let Ok(found) = &sibling.found {
            findings.extend(near(found, now, warn_days).map(|finding| {
                Finding::new(finding.code, format!("{}: {}", sibling.key, finding.text))
            }));
        }
    }
    findings
}

/// A key that waits for its first import is as planned; any other must be in use.
fn state(expected: &[Expected], found: &KeyDescription) -> Option<Finding> {
    let waits = |one: &Expected| one.operation == Operation::Import && one.receipt.is_none();
    let before = !expected.is_empty() && expected.iter().all(waits);
    match &found.state {
        KeyState::Enabled if before => {
            let text = "it is Enabled, but the ceremony has no receipt: who imported what?";
            Some(Finding::new("no-receipt", text))
        }
        KeyState::Enabled => None,
        KeyState::PendingImport if before => None,
        KeyState::PendingImport if found.origin == "EXTERNAL" => {
            let text = "it has no key material (PendingImport): whatever needs it fails";
            Some(Finding::new("unusable", text))
        }
        other @ (KeyState::PendingImport | KeyState::Other(_)) => {
            Some(Finding::new("unusable", format!("it is {other}: whatever needs it fails")))
        }
    }
}

fn differs(code: &'static str, what: &str, said: impl Display, says: impl Display) -> Finding {
    Finding::new(code, format!("{what}: KMS says {says}, the ceremony says {said}"))
}

/// What the plan says of the key itself.
fn planned_so(findings: &mut Vec<Finding>, expected: &Expected, found: &KeyDescription) {
    let plan = &expected.planned;
    let code = "wrong-key";
    if found.key != plan.key {
        findings.push(differs(code, "key", &plan.key, &found.key));
    }
    if found.origin != "EXTERNAL" {
        findings.push(differs(code, "origin", "EXTERNAL", &found.origin));
    }
    if found.key_spec != plan.key_spec.as_str() {
        findings.push(differs(code, "key spec", plan.key_spec, &found.key_spec));
    }
    if found.key_usage != plan.key_usage.as_str() {
        findings.push(differs(code, "key usage", plan.key_usage, &found.key_usage));
    }
    if found.multi_region != plan.multi_region {
        findings.push(differs(code, "multi-Region", plan.multi_region, found.multi_region));
    }
}

/// What the receipts say of its key material.
fn material(
    findings: &mut Vec<Finding>,
    expected: &[Expected],
    found: &KeyDescription,
    generations: Option<&[Generation]>,
) {
    let receipts = || expected.iter().filter_map(|one| Some(&one.receipt.as_ref()?.0));
    for receipt in receipts() {
        let holds = of_material(generations, receipt.key_material_id.as_ref()).or(found.expiration);
        if holds != Some(receipt.expiration) {
            let says = holds.map_or_else(|| "nothing".to_owned(), words);
            let said = words(receipt.expiration);
            findings.push(differs("other-expiration", "expiration", said, says));
        }
    }
    let Some(newest) = receipts().next_back() else { return };
    // The current material is that of the last rotation, or the only one; an older one that was imported again leaves it as it was.
    let current = newest.generations.last().or_else(|| {
        let first = expected.last().is_some_and(|one| one.planned.generation == 1);
        newest.key_material_id.as_ref().filter(|_| first)
    });
    if let (Some(then), Some(now)) = (current, &found.key_material_id)
        && then != now
    {
        findings.push(differs("other-material", "current key material", then, now));
    }
    if newest.generations.is_empty() {
        return;
    }
    for id in generations.into_iter().flatten().filter(|one| was_current(one)) {
        if let Some(id) = &id.key_material_id
            && !newest.generations.contains(id)
        {
            let text = format!("KMS lists the key material {id}, of which no receipt knows");
            findings.push(Finding::new("unknown-generation", text));
        }
    }
}

/// Whether ciphertexts may need it.
fn was_current(generation: &Generation) -> bool {
    matches!(generation.material_state.as_deref(), Some("CURRENT" | "NON_CURRENT") | None)
}

/// When the material of that id expires, where KMS lists it: a key with several generations shows the earliest of all.
fn of_material(
    generations: Option<&[Generation]>,
    id: Option<&KeyMaterialId>,
) -> Option<Expiration> {
    let id = id?;
    generations?.iter().find(|entry| entry.key_material_id.as_ref() == Some(id))?.expiration
}

fn words(expiration: Expiration) -> String {
    expiration.valid_to.map_or_else(|| "never".to_owned(), |date| format!("at {date}"))
}

/// A generation without its material takes the whole key out of use.
fn missing(generation: &Generation) -> Option<Finding> {
    let id =
        generation.key_material_id.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
    match &generation.import_state {
        Some(ImportState::PendingImport) if was_current(generation) => Some(Finding::new(
            "generation-missing",
            format!("the key material {id} is not in KMS: import it again"),
        )),
        Some(_) | None => None,
    }
}

fn near(found: &KeyDescription, now: Timestamp, warn_days: i64) -> Option<Finding> {
    let date = found.expiration?.valid_to?;
    let left = days_until(date, now);
    (found.state == KeyState::Enabled && warn_days > 0 && left < warn_days).then(|| {
        Finding::new(
            NEAR,
            format!("without a new import it stops working at {date}, in {left} days"),
        )
    })
}

fn sibling(sibling: &Sibling, planned: &[&KeyArn], ceremony: bool) -> Option<Finding> {
    let (key, unplanned) = (&sibling.key, !planned.contains(&&sibling.key));
    let found = match &sibling.found {
        Ok(found) => found,
        Err(failure) => {
            return Some(Finding::new("sibling-unreadable", format!("{key}: {}", story(failure))));
        }
    };
    match &found.state {
        KeyState::Enabled if ceremony && unplanned => Some(Finding::new(
            "sibling-unplanned",
            format!("{key} is Enabled, and none of the ceremonies named here imported into it"),
        )),
        KeyState::Enabled => None,
        KeyState::PendingImport => Some(Finding::new(
            "sibling-unusable",
            format!("{key} has no key material: nobody imported into it, or it expired"),
        )),
        other @ KeyState::Other(_) => {
            Some(Finding::new("sibling-unusable", format!("{key} is {other}")))
        }
    }
}

fn story(failure: &Failure) -> String {
    format!("{}: {}", failure.error, failure.because.join(": "))
}

#[cfg(test)]
mod tests;
