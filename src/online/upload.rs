//! One target's `ImportKeyMaterial`: made once. Where no answer comes, `DescribeKey` decides; the call is never blindly repeated.

use crate::calls::failed;
use crate::desk::Desk;
use crate::kms::{CallError, Imported, KeyDescription, KeyRef, KeyState, Kms, Upload};
use keyferry_bundle::KeySpec;
use keyferry_bundle::kinds::{Outcome, ReceiptTarget, ResponseTarget, Target};
use keyferry_console::{Exit, Failure};
use std::time::Duration;

/// Seconds before each look at the key: KMS is eventually consistent, usually within seconds, seldom minutes (AWS KMS developer
/// guide, "Eventual consistency"). Two minutes in all.
const LOOKS: [u64; 11] = [0, 1, 2, 4, 8, 15, 15, 15, 20, 20, 20];
/// Seconds before each repetition of an upload that KMS was too busy to take: it changed nothing.
const BUSY: [u64; 4] = [1, 2, 4, 8];

/// What is uploaded, and what the key was before.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    pub(crate) planned: &'a Target,
    pub(crate) answered: &'a ResponseTarget,
    pub(crate) token: Vec<u8>,
    pub(crate) was: KeyState,
}

impl Job<'_> {
    /// The receipt's entry if all goes well.
    pub(crate) fn hoped(&self) -> ReceiptTarget {
        ReceiptTarget {
            name: self.planned.name.clone(),
            key: self.planned.key.clone(),
            outcome: Outcome::Imported,
            expiration: self.planned.expiration,
            key_material_id: None,
            generations: Vec::new(),
            proof: None,
        }
    }
}

/// Uploads, and waits until KMS shows the key enabled as planned.
pub(crate) fn run(
    desk: Desk<'_>,
    kms: &dyn Kms,
    job: &Job<'_>,
    description: Option<&str>,
) -> Result<ReceiptTarget, Failure> {
    let target = job.planned;
    desk.screen.say(format!("Importing into {} ...", target.key));
    let again = job.was == KeyState::Enabled;
    let upload = Upload {
        key: &target.key,
        token: &job.token,
        encrypted_key_material: job.answered.encrypted_key_material.as_bytes(),
        expiration: target.expiration,
        existing: again && target.key_spec == KeySpec::SymmetricDefault,
        description,
    };
    let (outcome, answer) = match send(desk, kms, &upload) {
        Ok(answer) => (Outcome::Imported, answer),
        Err(error @ CallError::NoAnswer(_)) if again => {
            // It was enabled before: looking at it proves nothing.
            return Err(
                unknown(job, "no answer came, and the key was enabled already").caused_by(&error)
            );
        }
        Err(error @ CallError::NoAnswer(_)) => {
            desk.screen.warn(format!("{error}; looking at the key before anything else is done"));
            (Outcome::Confirmed, Imported { key_material_id: None })
        }
        Err(error) => return Err(failed("kms:ImportKeyMaterial", &error)),
    };
    let found = look(desk, kms, job).map_err(|last| unknown(job, &last).because(how(outcome)))?;
    // AWS KMS gives ids to symmetric key material alone; a receipt of another key has none, whatever else answers.
    let id = answer.key_material_id.or(found.key_material_id);
    Ok(ReceiptTarget {
        outcome,
        key_material_id: id.filter(|_| target.key_spec == KeySpec::SymmetricDefault),
        ..job.hoped()
    })
}

fn send(desk: Desk<'_>, kms: &dyn Kms, upload: &Upload<'_>) -> Result<Imported, CallError> {
    let mut waits = BUSY.iter();
    loop {
        match (kms.import_key_material(upload), waits.next()) {
            (Err(CallError::Throttled(_)), Some(seconds)) => {
                desk.clock.wait(Duration::from_secs(*seconds));
            }
            (answer, _) => return answer,
        }
    }
}

/// Looks until the key is enabled with the planned expiration. What was seen last comes back otherwise.
fn look(desk: Desk<'_>, kms: &dyn Kms, job: &Job<'_>) -> Result<KeyDescription, String> {
    let mut last = String::new();
    for seconds in LOOKS {
        desk.clock.wait(Duration::from_secs(seconds));
        match kms.describe_key(&KeyRef::from(&job.planned.key)) {
            Ok(found) if found.state != KeyState::Enabled => {
                last = format!("DescribeKey shows it {}", found.state);
            }
            Ok(found) if found.expiration == Some(job.planned.expiration) => return Ok(found),
            Ok(_) => "DescribeKey shows it Enabled, but not with the planned expiration"
                .clone_into(&mut last),
            Err(error) => last = format!("DescribeKey: {error}"),
        }
    }
    Err(last)
}

const fn how(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Imported => "KMS had answered that the import succeeded",
        Outcome::Confirmed => "KMS had not answered the import",
    }
}

fn unknown(job: &Job<'_>, seen: &str) -> Failure {
    Failure::new(
        Exit::Unknown,
        "unknown-imported",
        format!("target {}: nobody knows whether the key material was imported", job.planned.name),
    )
    .because(seen)
    .hint(format!(
        "wait a few minutes, then `keyferry-online status {key}`. PendingImport: import again. Enabled: import again with --resume, which uploads the same material once more, and KMS takes no other",
        key = job.planned.key
    ))
}
