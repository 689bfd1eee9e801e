//! Targets whose key material the HSM holds already.

use super::chosen::{free_name, further};
use super::earlier::Known;
use super::wanted::{Said, Wanted};
use crate::cli::plan::NewArgs;
use keyferry_bundle::KeyArn;
use keyferry_bundle::kinds::{Pin, Target};
use keyferry_console::{Exit, Failure};

/// All keys of the earlier ceremonies, or those that were named, or those of a list; and further ones for the same key material.
pub(super) fn targets(
    args: &NewArgs,
    known: &[Known],
    list: Option<&[Wanted]>,
    said: &Said,
) -> Result<Vec<Target>, Failure> {
    agree(known)?;
    if let Some(list) = list {
        let of = |wanted| of_material(&chosen(known, wanted)?, wanted, known, said);
        return list.iter().map(of).collect();
    }
    let mut targets = Vec::new();
    let picked = picked(args, known)?;
    for key in &picked {
        let name = free_name(&targets, &key.target.name)?;
        let wanted = Wanted {
            name,
            key: key.target.key.clone(),
            object_id: Some(key.target.object_id),
            generation: None,
            said: Said::default(),
        };
        targets.push(of_material(key, &wanted, known, said)?);
    }
    for wanted in args.keys.add.iter().map(further) {
        targets.push(of_material(&chosen(&picked, &wanted)?, &wanted, known, said)?);
    }
    Ok(targets)
}

/// The keys of `--target`, or all.
pub(super) fn picked(args: &NewArgs, known: &[Known]) -> Result<Vec<Known>, Failure> {
    let names = &args.keys.target;
    if let Some(name) = names.iter().find(|name| known.iter().all(|k| k.target.name != **name)) {
        let there: Vec<&str> = known.iter().map(|known| known.target.name.as_str()).collect();
        return Err(Failure::usage(format!("no ceremony of --of has a key named {name}"))
            .because(format!("they have {}", there.join(", "))));
    }
    let wanted = |known: &&Known| names.is_empty() || names.contains(&known.target.name);
    Ok(known.iter().filter(wanted).cloned().collect())
}

/// One object holds one key material.
fn agree(known: &[Known]) -> Result<(), Failure> {
    for (index, one) in known.iter().enumerate() {
        let object = one.target.object_id;
        let differs = |other: &&Known| {
            other.target.object_id == object && other.pin.check_value != one.pin.check_value
        };
        if let Some(other) = known.iter().take(index).find(differs) {
            return Err(Failure::new(
                Exit::Refused,
                "material-differs",
                "no plan is made: two ceremonies disagree",
            )
            .because(format!(
                "object {object} holds the key material of {} in one, and that of {} in another",
                other.target.key, one.target.key
            ))
            .hint("plan a ceremony for each of them"));
        }
    }
    Ok(())
}

/// The key material that a further key is to get.
fn chosen(known: &[Known], wanted: &Wanted) -> Result<Known, Failure> {
    let fits = |known: &&Known| {
        wanted.object_id.is_none_or(|id| known.target.object_id == id)
            && wanted.generation.is_none_or(|generation| known.target.generation == generation)
    };
    let found: Vec<&Known> = known.iter().filter(fits).collect();
    let told = |known: &Known| {
        format!(
            "{} holds generation {} of {}",
            known.target.object_id, known.target.generation, known.target.name
        )
    };
    let Some(first) = found.first() else {
        let failure = Failure::usage(format!(
            "no ceremony of --of has that key material for {}",
            wanted.name
        ));
        let failure = known.iter().take(8).map(told).fold(failure, Failure::because);
        return Err(failure.hint("name the object that holds it: NAME=ARN@OBJECT_ID"));
    };
    if found.iter().any(|other| other.target.object_id != first.target.object_id) {
        let failure = Failure::usage(format!("which key material is {} to get?", wanted.name));
        let failure = found.iter().take(8).map(|known| told(known)).fold(failure, Failure::because);
        return Err(failure.hint(format!("--add {}=ARN@OBJECT_ID says it", wanted.name)));
    }
    Ok((*first).clone())
}

fn of_material(
    before: &Known,
    wanted: &Wanted,
    known: &[Known],
    said: &Said,
) -> Result<Target, Failure> {
    let told = wanted.said.clone().or(said).or(&Said::of(&before.target));
    let object_id = before.target.object_id;
    let mut target = told.target(wanted.name.clone(), wanted.key.clone(), object_id)?;
    target.generation = before.target.generation;
    target.material = Some(pin(before, &wanted.key, known));
    Ok(target)
}

/// What is known of the key material in that key: KMS's id of it is that of one key, whose replicas have the same.
fn pin(before: &Known, key: &KeyArn, known: &[Known]) -> Pin {
    let same = |other: &&Known| other.pin.check_value == before.pin.check_value;
    let own = known.iter().filter(same).find(|other| other.target.key == *key);
    let pin = own.map_or(&before.pin, |own| &own.pin);
    let replica = known.iter().filter(same).find(|other| other.target.key.key_id == key.key_id);
    let id = own.or(replica).and_then(|other| other.pin.key_material_id.clone());
    Pin { key_material_id: id, ..pin.clone() }
}
