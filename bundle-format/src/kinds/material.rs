//! Which key material a target of a plan gets, and the rules that hold over all targets of one key material.

use super::plan::{Operation, Target};
use crate::{Digest, FieldError, KeyMaterialId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Key material that exists already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// The response that brought it to KMS first, or last.
    pub response: Digest,
    /// Its check value (SPEC.md section 9).
    pub check_value: Digest,
    /// KMS's id of it, by that response's receipt; of symmetric keys only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_material_id: Option<KeyMaterialId>,
}

/// One key material and the targets that get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedMaterial<'a> {
    /// The first of them, whose name is the key material's.
    pub leader: &'a Target,
    /// All of them, in the plan's order.
    pub targets: Vec<&'a Target>,
}

pub(super) fn of(targets: &[Target]) -> Vec<PlannedMaterial<'_>> {
    let mut materials: Vec<PlannedMaterial<'_>> = Vec::new();
    let mut places = BTreeMap::new();
    for target in targets {
        let place = *places.entry(target.object_id).or_insert(materials.len());
        match materials.get_mut(place) {
            Some(material) => material.targets.push(target),
            None => materials.push(PlannedMaterial { leader: target, targets: vec![target] }),
        }
    }
    materials
}

/// The rules over targets: what the operation asks of each, and what those of one object must share.
pub(super) fn check(operation: Operation, targets: &[Target]) -> Result<(), FieldError> {
    let mut leaders: BTreeMap<_, &Target> = BTreeMap::new();
    let mut keys = BTreeMap::new();
    for (index, target) in targets.iter().enumerate() {
        let at = |member: &str| format!("targets[{index}].{member}");
        check_operation(operation, target)
            .map_err(|(field, problem)| FieldError::new(at(field), problem))?;
        if let Some(other) = keys.insert((&target.key, target.generation), &target.name) {
            let problem = format!("is the key of target {other} too, in the same generation");
            return Err(FieldError::new(at("key"), problem));
        }
        if operation != Operation::Reimport
            && let Some(other) = targets.iter().take(index).find(|t| t.key == target.key)
        {
            let problem = format!("is the key of target {} too", other.name);
            return Err(FieldError::new(at("key"), problem));
        }
        let leader = *leaders.entry(target.object_id).or_insert(target);
        shared(leader, target).map_err(|field| {
            let problem = format!(
                "is another one than that of target {}, which has the same object_id",
                leader.name
            );
            FieldError::new(at(field), problem)
        })?;
    }
    Ok(())
}

/// What an operation asks of a target: the member at fault, and the problem.
fn check_operation(operation: Operation, target: &Target) -> Result<(), (&'static str, String)> {
    let generation = target.generation;
    let first = generation == 1;
    if !(1..=Target::MAX_GENERATION).contains(&generation) {
        return Err((
            "generation",
            format!("is {generation}, not 1 to {}", Target::MAX_GENERATION),
        ));
    }
    match (operation, &target.material) {
        (Operation::Import | Operation::Rotate, Some(_)) => {
            return Err(("material", format!("is there, but {operation} generates key material")));
        }
        (Operation::Reimport, None) => {
            return Err(("material", format!("is missing: {operation} generates no key material")));
        }
        (Operation::Import | Operation::Rotate, None) | (Operation::Reimport, Some(_)) => {}
    }
    match operation {
        Operation::Import if !first => {
            Err(("generation", format!("is {generation}, but {operation} brings the first")))
        }
        Operation::Rotate if first => {
            Err(("generation", format!("is 1, but {operation} brings a later one")))
        }
        Operation::Rotate => {
            let found = target.earlier.len();
            if usize::try_from(generation - 1).is_ok_and(|before| before == found) {
                Ok(())
            } else {
                Err(("earlier", format!("has {found} entries, before generation {generation}")))
            }
        }
        Operation::Import | Operation::Reimport if !target.earlier.is_empty() => {
            Err(("earlier", format!("is there, but {operation} rotates nothing")))
        }
        Operation::Import | Operation::Reimport => Ok(()),
    }
}

/// What targets of one object share; the member at fault.
fn shared(leader: &Target, target: &Target) -> Result<(), &'static str> {
    fn same<V: PartialEq>(field: &'static str, one: &V, other: &V) -> Result<(), &'static str> {
        if one == other { Ok(()) } else { Err(field) }
    }
    let known_by = |target: &Target| target.material.as_ref().map(|pin| pin.check_value);
    same("key_spec", &leader.key_spec, &target.key_spec)?;
    same("key_usage", &leader.key_usage, &target.key_usage)?;
    same("kept_as", &leader.kept_as, &target.kept_as)?;
    same("label", &leader.label, &target.label)?;
    same("domains", &leader.domains, &target.domains)?;
    same("generation", &leader.generation, &target.generation)?;
    same("material", &known_by(leader), &known_by(target))
}
