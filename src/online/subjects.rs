//! Keys by name, or ceremonies that stand for the keys of their plans.

use crate::chain::Chain;
use crate::kms::KeyRef;
use crate::prove;
use keyferry_bundle::kinds::{Operation, ReceiptTarget, Target};
use keyferry_bundle::{Environment, Timestamp};
use keyferry_console::args::{CeremonyArgs, TrustArg};
use keyferry_console::{Failure, Name};
use std::path::Path;

/// Which keys.
#[derive(Debug, Clone, clap::Args)]
pub struct Subjects {
    /// Key ids, key ARNs, aliases (alias/NAME), or folders of ceremonies
    #[arg(required = true, value_name = "KEY|CEREMONY")]
    pub keys: Vec<String>,

    /// Where the pinned policy is, for ceremonies.
    #[command(flatten)]
    pub trust: TrustArg,
}

/// A key, the name it goes by here, and what ceremonies say of it: one entry for each generation of its key material, in order.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    pub(crate) label: String,
    pub(crate) key: KeyRef,
    pub(crate) expected: Vec<Expected>,
}

/// What the bundles say that KMS holds.
#[derive(Debug, Clone)]
pub(crate) struct Expected {
    pub(crate) operation: Operation,
    pub(crate) planned: Target,
    /// What the newest receipt says, and when it was made; none before an import.
    pub(crate) receipt: Option<(ReceiptTarget, Timestamp)>,
}

impl Subjects {
    /// The keys, and the environment where a ceremony says it: production if one does. Where two ceremonies speak of one generation of a
    /// key, the later receipt counts; a key that is named twice is looked at once.
    pub(crate) fn read(&self) -> Result<(Vec<Subject>, Option<Environment>), Failure> {
        let (mut subjects, mut environment) = (Vec::new(), None);
        for text in &self.keys {
            if Path::new(text).is_dir() {
                let ceremony = CeremonyArgs { folder: text.into(), trust: self.trust.clone() };
                let chain = Chain::open(&ceremony)?;
                let of = chain.plan.body().environment;
                if environment != Some(Environment::Production) {
                    environment = Some(of);
                }
                for subject in of_ceremony(&chain)? {
                    add(&mut subjects, subject);
                }
            } else {
                let key = text.parse().map_err(|problem: String| {
                    Failure::usage(format!("{text} is neither a key nor a folder")).because(problem)
                })?;
                add(&mut subjects, Subject { label: text.clone(), key, expected: Vec::new() });
            }
        }
        Ok((subjects, environment))
    }
}

fn of_ceremony(chain: &Chain) -> Result<Vec<Subject>, Failure> {
    let imported = chain.ceremony.names().iter().any(|name| matches!(name, Name::Receipt(_)));
    let receipt = if imported { Some(prove::imported(chain)?.1) } else { None };
    let operation = chain.plan.body().operation;
    let subject = |target: &Target| {
        let receipt = receipt.as_ref().and_then(|receipt| {
            let entry = receipt.body().targets.iter().find(|entry| entry.name == target.name)?;
            Some((entry.clone(), receipt.body().created))
        });
        Subject {
            label: target.name.to_string(),
            key: KeyRef::from(&target.key),
            expected: vec![Expected { operation, planned: target.clone(), receipt }],
        }
    };
    Ok(chain.plan.body().targets.iter().map(subject).collect())
}

fn add(subjects: &mut Vec<Subject>, new: Subject) {
    let Some(old) = subjects.iter_mut().find(|old| old.key == new.key) else {
        subjects.push(new);
        return;
    };
    for expected in new.expected {
        let generation = expected.planned.generation;
        let made = |one: &Expected| one.receipt.as_ref().map(|(_, created)| *created);
        match old.expected.iter_mut().find(|one| one.planned.generation == generation) {
            Some(one) if made(one) < made(&expected) => *one = expected,
            Some(_) => {}
            None => old.expected.push(expected),
        }
    }
    old.expected.sort_by_key(|one| one.planned.generation);
}

#[cfg(test)]
mod tests;
