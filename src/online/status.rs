//! `status`: what KMS says about keys, and how long their material still lives.

use crate::calls::failed;
use crate::desk::Desk;
use crate::kms::{KeyDescription, KeyState, Kms};
use crate::session;
use crate::subjects::Subjects;
use keyferry_bundle::Timestamp;
use keyferry_console::{Failure, Screen};
use serde_json::json;

/// Days left that deserve a warning: enough to hold a ceremony.
const SOON_DAYS: i64 = 30;
const DAY_SECONDS: i64 = 86_400;

/// Which keys.
#[derive(Debug, Clone, clap::Args)]
pub struct StatusArgs {
    /// Which keys.
    #[command(flatten)]
    pub subjects: Subjects,
}

/// Describes each key.
///
/// # Errors
/// When a folder is no ceremony, or KMS does not answer for one of the keys.
pub fn run(desk: Desk<'_>, kms: &dyn Kms, args: &StatusArgs) -> Result<(), Failure> {
    let (keys, environment) = args.subjects.read()?;
    session::open(desk, kms, environment)?;
    let now = desk.clock.now()?;
    let mut answers = Vec::with_capacity(keys.len());
    for (label, key) in keys {
        let found = kms
            .describe_key(&key)
            .map_err(|error| failed("kms:DescribeKey", &error).because(format!("key {key}")))?;
        text(desk.screen, &label, &found, now)?;
        answers.push(json!({
            "name": label,
            "arn": found.key,
            "state": found.state.to_string(),
            "key_spec": found.key_spec,
            "origin": found.origin,
            "multi_region": found.multi_region,
            "expiration": found.expiration,
            "days_left": days_left(&found, now),
            "key_material_id": found.key_material_id,
        }));
    }
    desk.screen.json(&json!({ "keys": answers }))
}

/// Whole days until KMS deletes the material; none where it never does.
fn days_left(found: &KeyDescription, now: Timestamp) -> Option<i64> {
    let date = found.expiration?.valid_to?;
    Some((date.unix_seconds() - now.unix_seconds()).div_euclid(DAY_SECONDS))
}

fn text(
    screen: &Screen,
    label: &str,
    found: &KeyDescription,
    now: Timestamp,
) -> Result<(), Failure> {
    let left = days_left(found, now);
    let expiry = match (found.expiration.and_then(|e| e.valid_to), left) {
        (Some(date), Some(days)) => format!("material until {date} ({days} days left)"),
        (_, _) if found.expiration.is_some() => "material does not expire".to_owned(),
        (_, _) if found.state == KeyState::PendingImport => "no key material".to_owned(),
        (_, _) => "no expiration stated".to_owned(),
    };
    let region = if found.multi_region { ", multi-Region" } else { "" };
    screen.result(format!(
        "{label}: {} {} origin {}{region}, {expiry}, {}",
        found.state, found.key_spec, found.origin, found.key
    ))?;
    if left.is_some_and(|days| days < SOON_DAYS) {
        screen.warn(format!(
            "{label}: without a new import the key stops working when its material expires"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
