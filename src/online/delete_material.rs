//! `delete-material`: takes imported key material out of KMS. What needs the key fails from then on, until the same material is imported
//! again.

use crate::calls::failed;
use crate::desk::Desk;
use crate::kms::{CallError, KeyDescription, KeyRef, KeyState, Kms};
use crate::lifecycle::{self, Generation, ImportState};
use crate::{session, typed, waiting};
use keyferry_bundle::{KeyMaterialId, KeySpec};
use keyferry_console::{Exit, Failure};
use serde_json::json;

/// Whose material.
#[derive(Debug, Clone, clap::Args)]
pub struct DeleteMaterialArgs {
    /// The key: a key id, a key ARN or an alias (alias/NAME)
    #[arg(value_name = "KEY")]
    pub key: KeyRef,

    /// The material of a symmetric key with several [default: the current one]
    #[arg(long, value_name = "ID")]
    pub key_material_id: Option<KeyMaterialId>,

    /// Say what would be deleted, and delete nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Deletes once, and waits until KMS shows it.
///
/// # Errors
/// [`Exit::Unchanged`] for a key without imported material and when KMS refuses, [`Exit::Declined`] when the person does, and
/// [`Exit::Unknown`] when nobody knows whether the material is gone.
pub fn run(desk: Desk<'_>, kms: &dyn Kms, args: &DeleteMaterialArgs) -> Result<(), Failure> {
    session::open(desk, kms, None)?;
    let found = kms.describe_key(&args.key).map_err(|error| failed("kms:DescribeKey", &error))?;
    must_hold_imported(&found)?;
    let generations = generations(kms, &found)?;
    let material = material(args, &found, &generations)?;
    let waits = material.as_ref().filter(|id| waits_for_rotation(&generations, id));
    show(desk, &found, material.as_ref(), waits.is_some());
    let call = format!(
        "call kms:DeleteImportedKeyMaterial: {}{}",
        found.key,
        material.as_ref().map_or_else(String::new, |id| format!(", key material {id}"))
    );
    if args.dry_run {
        return desk.dry_run(&[call]);
    }
    desk.person.confirm(
        desk.screen,
        "Delete this key material?",
        &typed::word(&args.key, &found),
    )?;
    let answered = match kms.delete_imported_key_material(&found.key, material.as_ref()) {
        Ok(()) => true,
        Err(error @ CallError::NoAnswer(_)) => {
            desk.screen.warn(format!("{error}; looking at the key before anything else is said"));
            false
        }
        Err(error) => return Err(failed("kms:DeleteImportedKeyMaterial", &error)),
    };
    let key = KeyRef::from(&found.key);
    let gone = waiting::until(desk, kms, &key, |now| match (waits, &now.state) {
        (Some(id), _) => is_gone(kms, &found, id),
        // A key that lacks one generation waits for it.
        (None, KeyState::PendingImport) => Ok(()),
        (None, state @ (KeyState::Enabled | KeyState::Other(_))) => {
            Err(format!("DescribeKey shows it {state}"))
        }
    })
    .map_err(|last| unknown(&found, &last, answered))?;
    desk.screen.result(format!("{}: {}", found.key, gone.state))?;
    desk.screen.json(&json!({
        "arn": found.key, "key_material_id": material, "state": gone.state.to_string(), "answered": answered,
    }))
}

fn must_hold_imported(found: &KeyDescription) -> Result<(), Failure> {
    if found.origin != "EXTERNAL" {
        let problem = format!("{} has no imported key material", found.key);
        return Err(Failure::new(Exit::Unchanged, "wrong-origin", problem)
            .because(format!("its origin is {}, not EXTERNAL", found.origin))
            .hint("key material that KMS made goes with the key: aws kms schedule-key-deletion"));
    }
    match &found.state {
        KeyState::PendingImport => {
            let problem = format!("{} waits for key material already", found.key);
            Err(Failure::new(Exit::Unchanged, "no-material", problem)
                .because("it is PendingImport")
                .hint("`keyferry-online status KEY` shows which generations are imported"))
        }
        KeyState::Enabled | KeyState::Other(_) => Ok(()),
    }
}

/// KMS lists generations of symmetric keys alone; others have one without an id.
fn generations(kms: &dyn Kms, found: &KeyDescription) -> Result<Vec<Generation>, Failure> {
    if found.key_spec != KeySpec::SymmetricDefault.as_str() {
        return Ok(Vec::new());
    }
    match lifecycle::generations(kms, &found.key) {
        Ok(all) => Ok(all),
        // Without the list KMS itself refuses an id it does not know.
        Err(CallError::Refused { .. }) => Ok(Vec::new()),
        Err(error) => Err(failed("kms:ListKeyRotations", &error)),
    }
}

/// Whether no ciphertext needs it yet: the key stays in use without it.
fn waits_for_rotation(generations: &[Generation], id: &KeyMaterialId) -> bool {
    let of = generations.iter().find(|one| one.key_material_id.as_ref() == Some(id));
    let state = of.and_then(|one| one.material_state.as_deref());
    state.is_some_and(|state| state.starts_with("PENDING"))
}

fn is_gone(kms: &dyn Kms, found: &KeyDescription, id: &KeyMaterialId) -> Result<(), String> {
    let all = lifecycle::generations(kms, &found.key)
        .map_err(|error| format!("ListKeyRotations: {error}"))?;
    let imported = |one: &Generation| {
        one.key_material_id.as_ref() == Some(id)
            && one.import_state.as_ref() == Some(&ImportState::Imported)
    };
    if all.iter().any(imported) {
        return Err(format!("ListKeyRotations shows {id} imported"));
    }
    Ok(())
}

/// The material that was asked for, where the key holds it.
fn material(
    args: &DeleteMaterialArgs,
    found: &KeyDescription,
    generations: &[Generation],
) -> Result<Option<KeyMaterialId>, Failure> {
    let Some(asked) = &args.key_material_id else {
        // Named even then, where KMS names it: a rotation in between must not change what is deleted.
        return Ok(found.key_material_id.clone());
    };
    if found.key_spec != KeySpec::SymmetricDefault.as_str() {
        return Err(Failure::usage(format!("the material of a {} key has no id", found.key_spec))
            .hint("leave out --key-material-id"));
    }
    let known = generations.iter().find(|one| one.key_material_id.as_ref() == Some(asked));
    let imported =
        known.is_some_and(|one| one.import_state.as_ref() != Some(&ImportState::PendingImport));
    if generations.is_empty() || imported {
        return Ok(Some(asked.clone()));
    }
    let problem = format!("{} does not hold that key material", found.key);
    Err(Failure::new(Exit::Unchanged, "other-material", problem)
        .because(format!("{asked} is not among the generations that are imported"))
        .hint("`keyferry-online status KEY` lists them"))
}

fn show(desk: Desk<'_>, found: &KeyDescription, material: Option<&KeyMaterialId>, waits: bool) {
    let id = material.map_or_else(|| "-".to_owned(), ToString::to_string);
    desk.screen.heading("The key");
    desk.screen.table(&[
        ("key", found.key.to_string()),
        ("state", found.state.to_string()),
        ("spec", format!("{}, {}", found.key_spec, found.key_usage)),
        ("multi-Region", if found.multi_region { "yes" } else { "no" }.to_owned()),
        ("key material", id),
    ]);
    if waits {
        desk.screen.say("This key material waits for a rotation: nothing was encrypted under it, and the key stays in use.");
        return;
    }
    desk.screen.warn("from then on every call that uses this key fails, until the same key material is imported again");
    for stops in stops(found) {
        desk.screen.say(format!("  - {stops}"));
    }
    if found.multi_region {
        desk.screen
            .say("  - in this Region alone: the other keys of a multi-Region key hold their own");
    }
    desk.screen.say("  - without a backup that is proved, this is for good: KMS takes no other key material for what this key encrypted");
}

/// What depends on a key of that usage.
fn stops(found: &KeyDescription) -> &'static [&'static str] {
    match found.key_usage.as_str() {
        "ENCRYPT_DECRYPT" if found.key_spec == KeySpec::SymmetricDefault.as_str() => &[
            "whatever was encrypted under the key, or under a data key of it, is not decrypted any more",
            "EBS volumes under it go on where they are attached; they are not attached again, and instances that stop do not start",
            "S3, RDS, Secrets Manager and others fail when they next ask for a data key",
        ],
        "ENCRYPT_DECRYPT" => {
            &["whatever was encrypted under its public key is not decrypted any more"]
        }
        "SIGN_VERIFY" => {
            &["nothing is signed any more; signatures still verify under the public key"]
        }
        "GENERATE_VERIFY_MAC" => &["no MAC is made or verified any more"],
        "KEY_AGREEMENT" => &["no shared secret is derived any more"],
        _ => &[],
    }
}

fn unknown(found: &KeyDescription, last: &str, answered: bool) -> Failure {
    let how = if answered {
        "KMS had answered that the key material was deleted"
    } else {
        "KMS had not answered the deletion"
    };
    Failure::new(Exit::Unknown, "unknown-deleted", "nobody knows whether the key material is gone")
        .because(last)
        .because(how)
        .hint(format!(
            "wait a few minutes, then `keyferry-online status {}` shows whether it is gone",
            found.key
        ))
}

#[cfg(test)]
mod tests;
