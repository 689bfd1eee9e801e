//! What a target's key must be like before its upload, and what an earlier run has done already.

use crate::calls::failed;
use crate::journal::Journal;
use crate::keys;
use crate::kms::{ImportType, KeyDescription, KeyState, Kms};
use crate::lifecycle::{self, Generation};
use crate::upload::{Job, Shown, Standing, is_as_planned, is_waiting};
use keyferry_bundle::kinds::{Operation, Plan, Target};
use keyferry_bundle::{KeyMaterialId, KeySpec};
use keyferry_console::{Exit, Failure};

/// KMS shows the planned key material until the planned date; its id, where KMS gives one.
struct AsPlanned(Option<KeyMaterialId>);

/// What is asked of every target of one import.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before<'a> {
    pub(super) plan: &'a Plan,
    pub(super) journal: Option<&'a Journal>,
    /// Whether the operator says that an import was cut off.
    pub(super) resume: bool,
}

impl Before<'_> {
    /// How KMS shows this target's key material: a key with several generations lists them.
    pub(super) fn shown(&self, target: &Target) -> Shown {
        let same_key = |other: &&Target| other.key == target.key;
        let several = self.plan.targets.iter().filter(same_key).count() > 1;
        let symmetric = target.key_spec == KeySpec::SymmetricDefault;
        if symmetric && (several || target.generation > 1) {
            Shown::ByItsGeneration
        } else {
            Shown::ByTheKey
        }
    }

    /// What KMS is told of the bytes.
    pub(super) fn import_type(&self, target: &Target) -> Option<ImportType> {
        if target.key_spec != KeySpec::SymmetricDefault {
            return None;
        }
        let leader = self.plan.leader(target);
        let replica = leader.is_some_and(|leader| {
            leader.name != target.name && leader.key.key_id == target.key.key_id
        });
        match self.plan.operation {
            _ if replica => Some(ImportType::Existing),
            Operation::Rotate => Some(ImportType::New),
            Operation::Reimport if target.material.as_ref()?.key_material_id.is_some() => {
                Some(ImportType::Existing)
            }
            Operation::Import | Operation::Reimport => None,
        }
    }

    /// Looks at a target's key. Sets where its upload stands, and whether KMS shows it as planned already.
    pub(super) fn look(&self, kms: &dyn Kms, job: &mut Job<'_>) -> Result<bool, Failure> {
        let found = keys::planned(kms, job.planned)?;
        let as_planned = self.as_planned(kms, job, &found)?;
        let noted = self.journal.and_then(|journal| journal.of(&job.planned.name));
        // What was noted and is gone again, somebody has deleted meanwhile: it is due once more.
        match (as_planned, noted) {
            (Some(_), Some(said)) => job.standing = Standing::Done(Box::new(said.clone())),
            // The journal says that it was not before: it is this import's work.
            (Some(AsPlanned(id)), None)
                if self.journal.is_some_and(|j| j.shows(&job.planned.name)) =>
            {
                job.standing = Standing::TookEffect(id);
            }
            (Some(_), None) if self.resume || self.plan.operation == Operation::Reimport => {
                job.standing = Standing::Again;
                if job.planned.key_spec == KeySpec::SymmetricDefault {
                    job.import_type = Some(ImportType::Existing);
                }
            }
            (Some(_) | None, _) => self.must_be_ready(job.planned, &found)?,
        }
        Ok(job.standing != Standing::Due)
    }

    /// Whether KMS shows the planned key material until the planned date, and which id it has; to this program's knowledge, since of
    /// other than symmetric keys the date is all there is to see.
    fn as_planned(
        &self,
        kms: &dyn Kms,
        job: &Job<'_>,
        found: &KeyDescription,
    ) -> Result<Option<AsPlanned>, Failure> {
        if job.shown == Shown::ByTheKey {
            let ours = found.state == KeyState::Enabled
                && found.expiration == Some(job.planned.expiration);
            return Ok(ours.then(|| AsPlanned(found.key_material_id.clone())));
        }
        let all = lifecycle::generations(kms, &job.planned.key)
            .map_err(|error| failed("kms:ListKeyRotations", &error))?;
        if self.plan.operation != Operation::Rotate {
            let ours = job.pinned().and_then(|id| {
                all.iter().find(|generation| generation.key_material_id.as_ref() == Some(id))
            });
            let ours = ours.filter(|found| is_as_planned(found, job.planned));
            return Ok(ours.map(|found| AsPlanned(found.key_material_id.clone())));
        }
        let known: Vec<&KeyMaterialId> =
            job.planned.earlier.iter().filter_map(|pin| pin.key_material_id.as_ref()).collect();
        let (before, new): (Vec<&Generation>, Vec<&Generation>) = all
            .iter()
            .partition(|g| g.key_material_id.as_ref().is_some_and(|id| known.contains(&id)));
        must_have_all(job.planned, &before)?;
        match new.as_slice() {
            [] => Ok(None),
            [one] if is_as_planned(one, job.planned) => {
                Ok(Some(AsPlanned(one.key_material_id.clone())))
            }
            [one] if is_waiting(one) => Ok(None),
            _ => Err(unready(
                job.planned,
                "KMS lists key materials that the plan does not know".to_owned(),
            )
            .hint("plan the rotation again, --of every earlier ceremony of this key")),
        }
    }

    fn must_be_ready(&self, target: &Target, found: &KeyDescription) -> Result<(), Failure> {
        match (self.plan.operation, &found.state) {
            (Operation::Import, _) => keys::must_be_pending(target, found),
            (Operation::Reimport, KeyState::PendingImport | KeyState::Enabled)
            | (Operation::Rotate, KeyState::Enabled) => Ok(()),
            (Operation::Rotate, KeyState::PendingImport) => Err(unready(
                target,
                format!("{} is PendingImport: an earlier key material is missing", found.key),
            )
            .hint("import that again first: keyferry plan new --operation reimport --of CEREMONY")),
            (Operation::Reimport | Operation::Rotate, KeyState::Other(state)) => {
                Err(unready(target, format!("{} is {state}", found.key))
                    .hint(format!("aws kms describe-key --key-id {}", found.key)))
            }
        }
    }
}

/// Every earlier generation must be in KMS: a rotation does not mend what is missing.
fn must_have_all(target: &Target, before: &[&Generation]) -> Result<(), Failure> {
    if before.len() != target.earlier.len() {
        let problem = format!(
            "KMS lists {} of the {} earlier key materials that the plan has",
            before.len(),
            target.earlier.len()
        );
        return Err(unready(target, problem)
            .hint("plan the rotation again, --of every earlier ceremony of this key"));
    }
    Ok(())
}

fn unready(target: &Target, because: String) -> Failure {
    let what = format!("target {}: the KMS key is not ready for this", target.name);
    Failure::new(Exit::Unchanged, "not-ready", what).because(because)
}
