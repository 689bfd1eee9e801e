//! A key's status as text and as JSON.

use super::days_until;
use super::findings::Finding;
use super::look::{Looked, Sibling};
use crate::kms::{KeyDescription, KeyState};
use crate::lifecycle::Generation;
use keyferry_bundle::Timestamp;
use keyferry_bundle::kinds::Expiration;
use keyferry_console::screen::Tone;
use keyferry_console::{Failure, Screen};
use serde_json::{Value, json};

/// Whole days until KMS deletes the material; none where it never does.
pub(super) fn days_left(expiration: Option<Expiration>, now: Timestamp) -> Option<i64> {
    Some(days_until(expiration?.valid_to?, now))
}

pub(super) fn text(
    screen: &Screen,
    key: &Looked<'_>,
    findings: &[Finding],
    now: Timestamp,
) -> Result<(), Failure> {
    let label = &key.subject.label;
    if let Ok(found) = &key.found {
        let region = if found.multi_region { ", multi-Region" } else { "" };
        screen.result(format!(
            "{label}: {} {} origin {}{region}, {}, {}",
            found.state,
            found.key_spec,
            found.origin,
            expiry(found, now),
            found.key
        ))?;
        for (index, generation) in key.generations.iter().flatten().enumerate() {
            screen.result(format!(
                "  material {}: {}",
                index + 1,
                of_generation(generation, now)
            ))?;
        }
        for sibling in &key.siblings {
            let kind = if sibling.primary { "primary" } else { "replica" };
            let says = match &sibling.found {
                Ok(found) => format!("{}, {}", found.state, expiry(found, now)),
                Err(failure) => failure.error.clone(),
            };
            screen.result(format!("  {kind} {}: {says}", sibling.key))?;
        }
    }
    for finding in findings {
        let tone = if finding.is_near() { Tone::Caution } else { Tone::Bad };
        screen.tell(tone, format!("{}: {label}: {}", finding.code, finding.text));
    }
    Ok(())
}

fn expiry(found: &KeyDescription, now: Timestamp) -> String {
    match (found.expiration, days_left(found.expiration, now)) {
        (Some(Expiration { valid_to: Some(date), .. }), Some(days)) => {
            format!("material until {date} ({days} days left)")
        }
        (Some(_), _) => "material does not expire".to_owned(),
        (None, _) if found.state == KeyState::PendingImport => "no key material".to_owned(),
        (None, _) => "no expiration stated".to_owned(),
    }
}

fn of_generation(generation: &Generation, now: Timestamp) -> String {
    let id =
        generation.key_material_id.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
    let mut words = vec![id];
    words.extend(generation.material_state.clone());
    words.extend(generation.import_state.as_ref().map(ToString::to_string));
    words.extend(generation.expiration.map(|expiration| {
        match (expiration.valid_to, days_left(Some(expiration), now)) {
            (Some(date), Some(days)) => format!("until {date} ({days} days left)"),
            (_, _) => "does not expire".to_owned(),
        }
    }));
    words.extend(generation.description.as_ref().map(|of| format!("of {of}")));
    words.join(", ")
}

pub(super) fn json(key: &Looked<'_>, findings: &[Finding], now: Timestamp) -> Value {
    let findings: Vec<Value> = findings
        .iter()
        .map(|finding| json!({ "code": finding.code, "text": finding.text }))
        .collect();
    let label = &key.subject.label;
    match &key.found {
        Err(failure) => json!({
            "name": label, "key": key.subject.key.as_str(), "findings": findings,
            "error": { "code": failure.code, "error": failure.error, "because": failure.because },
        }),
        Ok(found) => {
            let generations = key
                .generations
                .as_ref()
                .map(|all| all.iter().map(|one| generation(one, now)).collect::<Vec<_>>());
            let siblings: Vec<Value> = key.siblings.iter().map(|one| sibling(one, now)).collect();
            json!({
                "name": label,
                "arn": found.key,
                "state": found.state.to_string(),
                "key_spec": found.key_spec,
                "key_usage": found.key_usage,
                "origin": found.origin,
                "multi_region": found.multi_region,
                "expiration": found.expiration,
                "days_left": days_left(found.expiration, now),
                "key_material_id": found.key_material_id,
                "generations": generations,
                "siblings": siblings,
                "findings": findings,
            })
        }
    }
}

fn generation(generation: &Generation, now: Timestamp) -> Value {
    json!({
        "key_material_id": generation.key_material_id,
        "import_state": generation.import_state.as_ref().map(ToString::to_string),
        "material_state": generation.material_state,
        "expiration": generation.expiration,
        "days_left": days_left(generation.expiration, now),
        "description": generation.description,
        "rotated": generation.rotated,
    })
}

fn sibling(sibling: &Sibling, now: Timestamp) -> Value {
    match &sibling.found {
        Ok(found) => json!({
            "arn": sibling.key, "primary": sibling.primary, "state": found.state.to_string(),
            "expiration": found.expiration, "days_left": days_left(found.expiration, now),
            "key_material_id": found.key_material_id,
        }),
        Err(failure) => json!({
            "arn": sibling.key, "primary": sibling.primary,
            "error": { "code": failure.code, "error": failure.error, "because": failure.because },
        }),
    }
}
