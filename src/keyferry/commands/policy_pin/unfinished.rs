//! Ceremonies that a new version of the policy leaves behind. Nothing of them is verified here: they are told, and nothing rests on it.

use keyferry_bundle::{Digest, Envelope, Plan, Policy, Verified, seal};
use keyferry_console::{Exit, Failure, Name, files};
use std::path::Path;

/// A line for each ceremony in a folder below `folder` that was planned under one of these versions and has no receipt of its newest
/// request.
pub(super) fn under(versions: &[Verified<Policy>], folder: &Path) -> Result<Vec<String>, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::new(Exit::File, "file-unreadable", format!("{} cannot be read", folder.display()))
            .because(error)
            .hint("name the folder that the ceremonies' folders are in")
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let Some(policy) = policy_of(&path) else { continue };
        let version = versions.iter().find(|version| version.digest() == policy);
        if let Some(version) = version.filter(|_| is_open(&path)) {
            found.push(format!(
                "{} is open and was planned under version {}: every program refuses it from now on",
                path.display(),
                version.body().version
            ));
        }
    }
    found.sort();
    Ok(found)
}

/// Which policy the plan in a folder says it is under; nothing where there is no plan that can be read.
fn policy_of(folder: &Path) -> Option<Digest> {
    let bytes = files::read_bundle(&folder.join(Name::Plan.to_string())).ok()?;
    let envelope = Envelope::decode_canonical(&bytes).ok()?;
    seal::claimed::<Plan>(&envelope).ok().map(|plan| plan.policy)
}

/// Whether the newest request has no receipt, or there is no request yet.
fn is_open(folder: &Path) -> bool {
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names: Vec<Name> =
        names.filter_map(|entry| Name::parse(&entry.file_name().to_string_lossy())).collect();
    let counter =
        |name: &Name| if let Name::Request(counter) = name { Some(*counter) } else { None };
    let newest = names.iter().filter_map(counter).max();
    newest.is_none_or(|counter| !names.contains(&Name::Receipt(counter)))
}
