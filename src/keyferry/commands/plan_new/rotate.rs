//! Targets that get new key material, after what they had.

use super::chosen::free_name;
use super::earlier::Known;
use super::reimport::picked;
use super::wanted::{Said, Wanted};
use crate::cli::plan::NewArgs;
use keyferry_bundle::kinds::{Pin, Target};
use keyferry_bundle::{Digest, KeyArn, KeySpec, ObjectId};
use keyferry_console::{Exit, Failure};
use std::collections::{BTreeMap, BTreeSet};

/// The next generation of every key of the earlier ceremonies, or of those that were named, or of those of a list.
pub(super) fn targets(
    args: &NewArgs,
    known: &[Known],
    list: Option<Vec<Wanted>>,
    said: &Said,
    mut taken: BTreeSet<ObjectId>,
) -> Result<Vec<Target>, Failure> {
    taken.extend(known.iter().map(|known| known.target.object_id));
    if let Some(id) = args.objects.object_id.filter(|id| taken.contains(id)) {
        return Err(Failure::usage(format!("{id} is not free: the HSM has an object there"))
            .hint("give a free object id: the older key material stays where it is"));
    }
    let mut targets = Vec::new();
    if let Some(list) = list {
        for wanted in list {
            let object_id = wanted.object_id.ok_or_else(|| Failure::bug("a list without ids"))?;
            let chain = Chain::of(&wanted.key, known)?;
            targets.push(chain.next(wanted, object_id, said)?);
        }
        return Ok(targets);
    }
    let mut ids = Ids { next: args.objects.object_id, taken, given: BTreeMap::new() };
    let mut seen = BTreeSet::new();
    for key in picked(args, known)?.iter().map(|known| &known.target.key) {
        if !seen.insert(key) {
            continue;
        }
        let chain = Chain::of(key, known)?;
        let wanted = Wanted {
            name: free_name(&targets, &chain.last().target.name)?,
            key: key.clone(),
            object_id: None,
            generation: None,
            said: Said::default(),
        };
        let object_id = ids.of(chain.last().pin.check_value)?;
        targets.push(chain.next(wanted, object_id, said)?);
    }
    Ok(targets)
}

/// Every generation of one key so far, the first one first.
struct Chain<'a> {
    before: Vec<&'a Known>,
    last: &'a Known,
}

impl<'a> Chain<'a> {
    fn of(key: &KeyArn, known: &'a [Known]) -> Result<Self, Failure> {
        let mut chain: Vec<&Known> = known.iter().filter(|k| k.target.key == *key).collect();
        chain.sort_by_key(|known| known.target.generation);
        let refuse = |because: String, hint: &str| {
            Failure::new(Exit::Refused, "generations", format!("{key} is not rotated"))
                .because(because)
                .hint(hint.to_owned())
        };
        for (generation, known) in (1_u32..).zip(&chain) {
            if known.target.generation != generation {
                let because = format!(
                    "its generation {generation} is missing: generation {} comes next here",
                    known.target.generation
                );
                return Err(refuse(
                    because,
                    "name the ceremony of every generation: --of CEREMONY",
                ));
            }
            if known.target.key_spec != KeySpec::SymmetricDefault {
                let because =
                    format!("the key material of a {} key never changes", known.target.key_spec);
                return Err(refuse(
                    because,
                    "create a new key, import into that, and move the alias",
                ));
            }
            if known.pin.key_material_id.is_none() {
                let because =
                    format!("the receipt of generation {generation} has no key material id");
                return Err(refuse(
                    because,
                    "fetch, respond and import once more under its plan: the new receipt has it",
                ));
            }
        }
        let Some((last, before)) = chain.split_last() else {
            let because = "no ceremony of --of has it".to_owned();
            return Err(refuse(because, "name the ceremony of every generation: --of CEREMONY"));
        };
        Ok(Self { last: *last, before: before.to_vec() })
    }

    const fn last(&self) -> &'a Known {
        self.last
    }

    /// The target that follows.
    fn next(&self, wanted: Wanted, object_id: ObjectId, said: &Said) -> Result<Target, Failure> {
        let told = wanted.said.or(said).or(&Said::of(&self.last.target));
        let mut target = told.target(wanted.name, wanted.key, object_id)?;
        target.generation = self.last.target.generation.saturating_add(1);
        let all = self.before.iter().chain([&self.last]);
        target.earlier = all.map(|known| known.pin.clone()).collect::<Vec<Pin>>();
        Ok(target)
    }
}

/// Object ids for new key material: keys that had the same get the same.
struct Ids {
    next: Option<ObjectId>,
    taken: BTreeSet<ObjectId>,
    given: BTreeMap<Digest, ObjectId>,
}

impl Ids {
    fn of(&mut self, before: Digest) -> Result<ObjectId, Failure> {
        if let Some(id) = self.given.get(&before) {
            return Ok(*id);
        }
        let first = self.next.ok_or_else(|| Failure::bug("a rotation without an object id"))?;
        let id = (first.get()..u16::MAX)
            .filter_map(|id| ObjectId::new(id).ok())
            .find(|id| !self.taken.contains(id))
            .ok_or_else(|| Failure::usage(format!("no object id from {first} on is free")))?;
        self.taken.insert(id);
        self.given.insert(before, id);
        Ok(id)
    }
}
