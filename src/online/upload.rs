//! One target's `ImportKeyMaterial`: made once. Where no answer comes, KMS is looked at; the call is never blindly repeated.

use crate::calls::failed;
use crate::clock::Clock;
use crate::kms::{CallError, ImportType, Imported, KeyRef, KeyState, Kms, Upload};
use crate::lifecycle::{self, Generation, ImportState};
use crate::waiting;
use keyferry_bundle::kinds::{Outcome, ReceiptTarget, ResponseTarget, Target};
use keyferry_bundle::{Digest, KeyMaterialId, KeySpec};
use keyferry_console::{Exit, Failure};

/// Where a target's upload stands before it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is to be made.
    Due,
    /// It is to be made although KMS shows the planned state: KMS takes the same key material again and no other, so its answer is a
    /// proof that is missing.
    Again,
    /// An earlier run has made it, and KMS shows that it took effect.
    TookEffect(Option<KeyMaterialId>),
    /// An earlier run has noted what KMS said.
    Done(Box<ReceiptTarget>),
}

/// How KMS shows that an upload took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// The key is Enabled with the planned expiration.
    ByTheKey,
    /// Its list of generations has this key material with the planned expiration: where a key has several.
    ByItsGeneration,
}

/// What is uploaded.
#[derive(Debug, Clone)]
pub(crate) struct Job<'a> {
    pub(crate) planned: &'a Target,
    pub(crate) answered: &'a ResponseTarget,
    pub(crate) token: Vec<u8>,
    pub(crate) standing: Standing,
    pub(crate) shown: Shown,
    /// What KMS is told of the bytes; symmetric keys only.
    pub(crate) import_type: Option<ImportType>,
    /// What KMS keeps with symmetric key material: the ceremony's name.
    pub(crate) description: Option<String>,
}

impl Job<'_> {
    /// The receipt's entry if all goes well.
    pub(crate) fn hoped(&self) -> ReceiptTarget {
        let mut entry = match &self.standing {
            Standing::Done(said) => said.as_ref().clone(),
            Standing::TookEffect(id) => self.entry(Outcome::Confirmed, id.clone()),
            Standing::Due | Standing::Again => {
                self.entry(Outcome::Imported, self.pinned().cloned())
            }
        };
        let earlier = self.planned.earlier.iter().filter_map(|pin| pin.key_material_id.clone());
        let generations: Vec<KeyMaterialId> = earlier.collect();
        if !generations.is_empty() {
            // What KMS will call the new one, nobody knows yet: any id but those before.
            let any = || Digest::of(self.planned.name.as_str().as_bytes()).to_string().parse().ok();
            let new = entry.key_material_id.clone().or_else(any);
            entry.generations = generations.into_iter().chain(new.clone()).collect();
            entry.key_material_id = new;
        }
        entry
    }

    /// The key material's id by the plan, where KMS knows it under one.
    pub(crate) fn pinned(&self) -> Option<&KeyMaterialId> {
        self.planned.material.as_ref()?.key_material_id.as_ref()
    }

    fn entry(&self, outcome: Outcome, key_material_id: Option<KeyMaterialId>) -> ReceiptTarget {
        ReceiptTarget {
            name: self.planned.name.clone(),
            key: self.planned.key.clone(),
            outcome,
            expiration: self.planned.expiration,
            // AWS KMS gives ids to symmetric key material alone; a receipt of another key has none, whatever else answers.
            key_material_id: key_material_id
                .filter(|_| self.planned.key_spec == KeySpec::SymmetricDefault),
            generations: Vec::new(),
            proof: None,
        }
    }

    fn upload(&self) -> Upload<'_> {
        Upload {
            key: &self.planned.key,
            token: &self.token,
            encrypted_key_material: self.answered.encrypted_key_material.as_bytes(),
            expiration: self.planned.expiration,
            import_type: self.import_type,
            key_material_id: self.pinned(),
            description: self.description.as_deref(),
        }
    }
}

/// Uploads where that is due, and waits until KMS shows it. `say` tells what happens.
pub(crate) fn run(
    kms: &dyn Kms,
    clock: &dyn Clock,
    say: &dyn Fn(String),
    job: &Job<'_>,
) -> Result<ReceiptTarget, Failure> {
    let (outcome, answer) = match &job.standing {
        Standing::Done(said) => return Ok(said.as_ref().clone()),
        Standing::TookEffect(id) => (Outcome::Confirmed, id.clone()),
        Standing::Due | Standing::Again => send(kms, clock, say, job)?,
    };
    let found = look(kms, clock, job, answer.as_ref())
        .map_err(|last| unknown(job, &last).because(how(outcome)))?;
    Ok(job.entry(outcome, answer.or(found)))
}

fn send(
    kms: &dyn Kms,
    clock: &dyn Clock,
    say: &dyn Fn(String),
    job: &Job<'_>,
) -> Result<(Outcome, Option<KeyMaterialId>), Failure> {
    say(format!("Importing into {} ...", job.planned.key));
    let answer = waiting::patiently(clock, || kms.import_key_material(&job.upload()));
    match answer {
        Ok(Imported { key_material_id }) => Ok((Outcome::Imported, key_material_id)),
        Err(error @ CallError::NoAnswer(_)) if job.standing == Standing::Again => {
            // It was as planned before: looking at it proves nothing.
            Err(unknown(job, "no answer came, and the key was enabled already").caused_by(&error))
        }
        Err(error @ CallError::NoAnswer(_)) => {
            say(format!("{error}; looking at the key before anything else is done"));
            Ok((Outcome::Confirmed, None))
        }
        Err(error) => Err(failed("kms:ImportKeyMaterial", &error)),
    }
}

/// Looks until KMS shows the key material as planned; its id comes back. What was seen last comes back otherwise.
fn look(
    kms: &dyn Kms,
    clock: &dyn Clock,
    job: &Job<'_>,
    id: Option<&KeyMaterialId>,
) -> Result<Option<KeyMaterialId>, String> {
    waiting::look(clock, || match job.shown {
        Shown::ByTheKey => by_the_key(kms, job),
        Shown::ByItsGeneration => by_its_generation(kms, job, id.or(job.pinned())),
    })
}

fn by_the_key(kms: &dyn Kms, job: &Job<'_>) -> Result<Option<KeyMaterialId>, String> {
    let found = kms
        .describe_key(&KeyRef::from(&job.planned.key))
        .map_err(|error| format!("DescribeKey: {error}"))?;
    if found.state != KeyState::Enabled {
        return Err(format!("DescribeKey shows it {}", found.state));
    }
    if found.expiration != Some(job.planned.expiration) {
        return Err("DescribeKey shows it Enabled, but not with the planned expiration".to_owned());
    }
    Ok(found.key_material_id)
}

fn by_its_generation(
    kms: &dyn Kms,
    job: &Job<'_>,
    id: Option<&KeyMaterialId>,
) -> Result<Option<KeyMaterialId>, String> {
    let all = lifecycle::generations(kms, &job.planned.key)
        .map_err(|error| format!("ListKeyRotations: {error}"))?;
    let ours = all.iter().find(|generation| match id {
        Some(id) => generation.key_material_id.as_ref() == Some(id),
        None => is_waiting(generation),
    });
    match ours {
        Some(found) if is_as_planned(found, job.planned) => Ok(found.key_material_id.clone()),
        Some(_) => Err("ListKeyRotations does not show it imported as planned".to_owned()),
        None => Err("ListKeyRotations does not show it".to_owned()),
    }
}

/// Whether a generation waits for a rotation.
pub(crate) fn is_waiting(generation: &Generation) -> bool {
    !matches!(generation.material_state.as_deref(), Some("CURRENT" | "NON_CURRENT") | None)
}

/// Whether a generation is in KMS, until when it is to be.
pub(crate) fn is_as_planned(generation: &Generation, planned: &Target) -> bool {
    generation.import_state == Some(ImportState::Imported)
        && generation.expiration == Some(planned.expiration)
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
        "wait a few minutes, then `keyferry-online status {key}` and import again with --resume: it asks KMS before anything is sent",
        key = job.planned.key
    ))
}
