//! The targets of a plan, from the command line, a list, or earlier ceremonies.

use super::wanted::{Said, Wanted};
use super::{batch, earlier, reimport, rotate};
use crate::cli::plan::NewArgs;
use crate::cli::values::AddValue;
use crate::opened::Trusted;
use keyferry_bundle::kinds::{Operation, Target};
use keyferry_bundle::{ObjectId, TargetName};
use keyferry_console::Failure;
use std::collections::BTreeSet;

/// The targets; `taken` are object ids that new key material must not get.
pub(super) fn targets(
    args: &NewArgs,
    trusted: &Trusted,
    taken: BTreeSet<ObjectId>,
) -> Result<Vec<Target>, Failure> {
    fits(args)?;
    let list = args.keys.targets.as_deref().map(batch::read).transpose()?;
    let said = Said::by(args);
    match args.operation {
        Operation::Import => import(&list.map_or_else(|| named(args), Ok)?, &said),
        Operation::Reimport => {
            let known = earlier::all(trusted, &args.keys.of)?;
            reimport::targets(args, &known, list.as_deref(), &said)
        }
        Operation::Rotate => {
            let known = earlier::all(trusted, &args.keys.of)?;
            rotate::targets(args, &known, list, &said, taken)
        }
    }
}

/// Options that do not go with the operation.
fn fits(args: &NewArgs) -> Result<(), Failure> {
    let operation = args.operation;
    let (keys, objects) = (&args.keys, &args.objects);
    let generates = operation != Operation::Reimport;
    if (operation == Operation::Import) != keys.of.is_empty() {
        return Err(match operation {
            Operation::Import => {
                Failure::usage("--of names an earlier ceremony, but import brings the first key material")
                    .hint("say what is meant: --operation reimport (the same key material again) or --operation rotate (new key material)")
            }
            Operation::Reimport | Operation::Rotate => {
                Failure::usage(format!("--operation {operation} takes an earlier ceremony"))
                    .hint("name its folder: --of CEREMONY")
            }
        });
    }
    let stray = [
        ("--object-id", !generates && objects.object_id.is_some()),
        ("--keep-as", !generates && objects.keep_as.is_some()),
        ("--label", !generates && objects.label.is_some()),
        ("--domains", !generates && objects.domains.is_some()),
        ("--add", operation == Operation::Rotate && !keys.add.is_empty()),
    ];
    if let Some((option, _)) = stray.iter().find(|(_, given)| *given) {
        return Err(Failure::usage(format!("{option} does not go with --operation {operation}"))
            .hint("the earlier ceremonies of --of say it"));
    }
    if operation == Operation::Rotate && keys.targets.is_none() && objects.object_id.is_none() {
        return Err(Failure::usage("nothing says where the HSM keeps the new key material").hint(
            "give a free object id: --object-id ID; the older key material stays where it is",
        ));
    }
    if operation == Operation::Import && keys.target.len() > 1 {
        return Err(Failure::usage("--target is there more than once")
            .hint("further keys: --add NAME=ARN@OBJECT_ID, or a list: --targets FILE"));
    }
    Ok(())
}

/// The keys of `--target` and `--add`.
fn named(args: &NewArgs) -> Result<Vec<Wanted>, Failure> {
    let objects = &args.objects;
    let (Some(name), Some(key), Some(_)) =
        (args.keys.target.first(), &args.keys.key_arn, objects.object_id)
    else {
        return Err(Failure::usage("nothing names the key, or not all of it")
            .hint("name one with --target, --key-arn and --object-id, or a list with --targets"));
    };
    let mut wanted = vec![Wanted {
        name: name.clone(),
        key: key.clone(),
        object_id: objects.object_id,
        generation: None,
        said: Said::default(),
    }];
    wanted.extend(args.keys.add.iter().map(further));
    Ok(wanted)
}

/// A key of `--add`.
pub(super) fn further(added: &AddValue) -> Wanted {
    Wanted {
        name: added.name.clone(),
        key: added.key.clone(),
        object_id: added.object_id,
        generation: added.generation,
        said: Said::default(),
    }
}

/// New key material for new keys; those with one object id share what the first of them says.
fn import(wanted: &[Wanted], said: &Said) -> Result<Vec<Target>, Failure> {
    let mut targets: Vec<Target> = Vec::new();
    for key in wanted {
        let object_id = key.object_id.ok_or_else(|| {
            Failure::usage(format!("nothing says where the HSM keeps the key material of {}", key.name))
                .hint(format!(
                    "--add {}=ARN@OBJECT_ID: the object id of another key for the same key material, or a free one",
                    key.name
                ))
        })?;
        let leader = targets.iter().find(|target| target.object_id == object_id);
        let told = match leader {
            Some(leader) => key.said.clone().or(&Said::shared_with(leader)).or(said),
            None => key.said.clone().or(said),
        };
        let mut target = told.target(key.name.clone(), key.key.clone(), object_id)?;
        target.generation = key.generation.unwrap_or(1);
        targets.push(target);
    }
    Ok(targets)
}

/// A name that no target has: the one that is wanted, or with a number behind it.
pub(super) fn free_name(targets: &[Target], wanted: &TargetName) -> Result<TargetName, Failure> {
    let free = |name: &TargetName| targets.iter().all(|target| target.name != *name);
    if free(wanted) {
        return Ok(wanted.clone());
    }
    (2..=targets.len().saturating_add(1))
        .filter_map(|number| format!("{wanted}-{number}").parse().ok())
        .find(free)
        .ok_or_else(|| {
            Failure::usage(format!("two keys would be named {wanted}"))
                .hint("give every key a name of its own: --targets FILE")
        })
}
