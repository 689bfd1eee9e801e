//! `RotateKeyOnDemand`: what was imported becomes the current key material. Asked for once, at the first key of each material; before
//! and after it, KMS's own list decides.

use super::in_part;
use crate::calls::failed;
use crate::desk::Desk;
use crate::kms::{CallError, KeyRef, Kms};
use crate::lifecycle;
use crate::regions::Everywhere;
use crate::upload::is_waiting;
use crate::waiting;
use keyferry_bundle::kinds::{Plan, ReceiptTarget};
use keyferry_bundle::{KeyArn, KeyMaterialId};
use keyferry_console::{Exit, Failure};

/// Rotates every key of the plan, and writes into each entry what KMS then lists.
pub(super) fn all(
    desk: Desk<'_>,
    everywhere: &mut Everywhere<'_>,
    plan: &Plan,
    done: &mut [ReceiptTarget],
    folder: &str,
) -> Result<(), Failure> {
    for material in plan.materials() {
        let name = &material.leader.name;
        let Some(new) = done.iter().find(|entry| entry.name == *name) else { continue };
        let Some(id) = new.key_material_id.clone() else {
            return Err(unknown(&material.leader.key, "KMS gave the new key material no id"));
        };
        let key = material.leader.key.clone();
        let at = KeyRef::from(&key);
        everywhere
            .ask(&at, |kms| rotate(desk, kms, &key, &id))?
            .map_err(|failure| in_part(failure, done, name, folder))?;
    }
    for entry in done.iter_mut() {
        let Some(id) = entry.key_material_id.clone() else { continue };
        let key = entry.key.clone();
        let listed = everywhere.ask(&KeyRef::from(&key), |kms| current(desk, kms, &key, &id))??;
        entry.generations = listed;
    }
    Ok(())
}

/// Rotates where it was not yet.
fn rotate(desk: Desk<'_>, kms: &dyn Kms, key: &KeyArn, id: &KeyMaterialId) -> Result<(), Failure> {
    let found =
        kms.describe_key(&KeyRef::from(key)).map_err(|error| failed("kms:DescribeKey", &error))?;
    if found.key_material_id.as_ref() == Some(id) {
        return Ok(());
    }
    desk.screen.say(format!("Rotating {key} ..."));
    match waiting::patiently(desk.clock, || kms.rotate_key_on_demand(key)) {
        Ok(()) => Ok(()),
        Err(error @ CallError::NoAnswer(_)) => {
            desk.screen.warn(format!("{error}; looking at the key before anything else is done"));
            // Whether it took effect, the look below shows.
            Ok(())
        }
        Err(error) => Err(failed("kms:RotateKeyOnDemand", &error)),
    }
}

/// Waits until the key material is the current one; what was ever current comes back, oldest first.
fn current(
    desk: Desk<'_>,
    kms: &dyn Kms,
    key: &KeyArn,
    id: &KeyMaterialId,
) -> Result<Vec<KeyMaterialId>, Failure> {
    let is_current = |found: &crate::kms::KeyDescription| match &found.key_material_id {
        Some(current) if current == id => Ok(()),
        Some(current) => Err(format!("DescribeKey shows {current} as the current key material")),
        None => Err("DescribeKey shows no current key material".to_owned()),
    };
    waiting::until(desk, kms, &KeyRef::from(key), is_current)
        .map_err(|last| unknown(key, &last))?;
    let all =
        lifecycle::generations(kms, key).map_err(|error| failed("kms:ListKeyRotations", &error))?;
    let ids = all.into_iter().filter(|generation| !is_waiting(generation));
    Ok(ids.filter_map(|generation| generation.key_material_id).collect())
}

fn unknown(key: &KeyArn, seen: &str) -> Failure {
    Failure::new(
        Exit::Unknown,
        "unknown-rotated",
        format!("nobody knows whether {key} was rotated"),
    )
    .because(seen)
    .hint(
        "wait a few minutes, then import again with --resume: it asks KMS before anything is done",
    )
}
