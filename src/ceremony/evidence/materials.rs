//! Which key material a plan names, held against the response that brought it; and which generations a KMS key got.

use super::Report;
use super::chain::{Chain, Link};
use keyferry_bundle::kinds::{Pin, Target};
use keyferry_bundle::{Digest, KeyArn, KeyMaterialId, Plan, Receipt, TargetName};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The claim about key material that a plan names.
pub(super) const CLAIM: &str = "plan.material";

/// What responses brought, by their digests.
pub(super) type Brought = BTreeMap<Digest, Vec<Entry>>;

/// What a response brought to one key.
#[derive(Debug)]
pub(super) struct Entry {
    file: Arc<str>,
    target: TargetName,
    key: KeyArn,
    generation: u32,
    check_value: Digest,
    /// KMS's ids of it, by the receipts of that response.
    ids: Vec<KeyMaterialId>,
}

/// Key material that a plan names.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) file: Arc<str>,
    target: TargetName,
    key: KeyArn,
    /// Which generation of the key it is.
    generation: u32,
    /// Whether the plan only says that it comes before.
    earlier: bool,
    pin: Pin,
}

/// States what is known of all key material that plans here name, and refuses generations that contradict each other.
pub(super) fn state(chain: &Chain, report: &mut Report) {
    let own = |file: &str| Arc::from(file);
    let brought = brought(chain, own);
    for named in named(chain, own) {
        named.state(&brought, report);
    }
    generations(chain, report);
}

/// What the responses here brought.
pub(super) fn brought(chain: &Chain, label: impl Fn(&str) -> Arc<str>) -> Brought {
    let mut brought = Brought::new();
    for (index, link) in chain.responses.iter().enumerate() {
        let Ok(plan) = chain.request_of(link).and_then(|request| chain.plan_of(request)) else {
            continue;
        };
        let file = label(&link.file);
        let entries = link.bundle.body().targets.iter().filter_map(|target| {
            let receipts = chain.receipts.iter().filter(|receipt| receipt.follows == index);
            let said = receipts.flat_map(|receipt| &receipt.bundle.body().targets);
            let said = said.filter(|said| said.name == target.name);
            Some(Entry {
                file: Arc::clone(&file),
                target: target.name.clone(),
                key: target.key.clone(),
                generation: plan.bundle.body().target(&target.name)?.generation,
                check_value: target.check_value,
                ids: said.filter_map(|said| said.key_material_id.clone()).collect(),
            })
        });
        brought.insert(link.bundle.digest(), entries.collect());
    }
    brought
}

/// What the plans here name.
pub(super) fn named(chain: &Chain, label: impl Fn(&str) -> Arc<str>) -> Vec<Named> {
    let of_plan = |link: &Link<Plan>| {
        let file = label(&link.file);
        let of_target = |target: &Target| {
            let named = |generation, earlier, pin: &Pin| Named {
                file: Arc::clone(&file),
                target: target.name.clone(),
                key: target.key.clone(),
                generation,
                earlier,
                pin: pin.clone(),
            };
            let earlier = (1..).zip(&target.earlier);
            let all = earlier.map(|(generation, pin)| named(generation, true, pin));
            let own = target.material.iter().map(|pin| named(target.generation, false, pin));
            all.chain(own).collect::<Vec<Named>>()
        };
        link.bundle.body().targets.iter().flat_map(of_target).collect::<Vec<Named>>()
    };
    chain.plans.iter().flat_map(of_plan).collect()
}

impl Named {
    /// Whether the response that it names is among those.
    pub(super) fn is_settled_by(&self, brought: &Brought) -> bool {
        brought.contains_key(&self.pin.response)
    }

    /// Holds it against the response that it names.
    pub(super) fn state(&self, brought: &Brought, report: &mut Report) {
        let what = format!("target {}: generation {}", self.target, self.generation);
        let Some(entries) = brought.get(&self.pin.response) else {
            let sentence = format!(
                "{what}: the response that brought this key material is not here; its digest is {}",
                self.pin.response
            );
            return report.leaves_open(CLAIM, &self.file, sentence);
        };
        match self.fits(entries) {
            Ok(entry) => {
                let id = match &self.pin.key_material_id {
                    Some(id) if entry.ids.contains(id) => {
                        ", and KMS's id of it that of its receipt"
                    }
                    Some(_) | None => "",
                };
                let sentence = format!(
                    "{what} is the key material of target {} in {}, by its check value{id}",
                    entry.target, entry.file
                );
                report.holds_that(CLAIM, &self.file, sentence);
            }
            Err(problem) => report.refuses(CLAIM, &self.file, format!("{what}: {problem}")),
        }
    }

    fn fits<'a>(&self, entries: &'a [Entry]) -> Result<&'a Entry, String> {
        let file = entries.first().map_or("", |entry| &entry.file);
        let same = || entries.iter().filter(|entry| entry.check_value == self.pin.check_value);
        let any = same().next().ok_or_else(|| format!("{file} brought no such key material"))?;
        let own = |entry: &&Entry| entry.key.key_id == self.key.key_id;
        let Some(first) = same().find(own) else {
            // Without an id of KMS it may be that of another key: two keys can have the same key material.
            return if self.earlier || self.pin.key_material_id.is_some() {
                Err(format!("{file} brought it to another key than {}", self.key))
            } else {
                Ok(any)
            };
        };
        if let Some(other) = same().filter(own).find(|entry| entry.generation != self.generation) {
            return Err(format!("{file} brought it as generation {}", other.generation));
        }
        let mut ids = same().filter(own).flat_map(|entry| &entry.ids);
        if let Some(id) = &self.pin.key_material_id
            && let Some(other) = ids.find(|other| *other != id)
        {
            return Err(format!("its id in KMS is {other} by the receipt of {file}, not {id}"));
        }
        // The key itself before one of its replicas.
        Ok(same().find(|entry| entry.key == self.key).unwrap_or(first))
    }
}

/// Which key material a key got, by a receipt.
#[derive(Debug)]
pub(super) struct Got<'a> {
    pub(super) file: &'a str,
    pub(super) key: &'a KeyArn,
    pub(super) generation: u32,
    pub(super) check_value: Digest,
}

/// What the receipts here say that KMS took.
pub(super) fn got(chain: &Chain) -> Vec<Got<'_>> {
    let of = |link: &'_ Link<Receipt>| {
        let response = chain.responses.get(link.follows)?;
        let plan = chain.request_of(response).and_then(|request| chain.plan_of(request)).ok()?;
        Some((response.bundle.body(), plan.bundle.body()))
    };
    let mut all = Vec::new();
    for link in &chain.receipts {
        let Some((response, plan)) = of(link) else { continue };
        all.extend(link.bundle.body().targets.iter().filter_map(|said| {
            Some(Got {
                file: &link.file,
                key: &said.key,
                generation: plan.target(&said.name)?.generation,
                check_value: response.target(&said.name)?.check_value,
            })
        }));
    }
    all
}

/// The claim that fails where generations of a key contradict each other, and what is wrong.
pub(super) const CONTRADICTED: &str = "receipt.generation";

/// One generation, two key materials.
pub(super) fn other_material(key: &KeyArn, generation: u32, first: &str) -> String {
    format!("{key} got other key material as generation {generation} than {first} says")
}

/// One key material, two generations.
pub(super) fn other_generation(key: &KeyArn, first: &str) -> String {
    format!("{key} got as another generation what it has already, {first} says")
}

fn generations(chain: &Chain, report: &mut Report) {
    let all = got(chain);
    let mut by_generation = BTreeMap::new();
    let mut by_material = BTreeMap::new();
    for found in &all {
        let first = by_generation.entry((found.key, found.generation)).or_insert(found);
        if first.check_value != found.check_value {
            let problem = other_material(found.key, found.generation, first.file);
            report.refuses(CONTRADICTED, found.file, problem);
        }
        let first = by_material.entry((found.key, found.check_value)).or_insert(found);
        if first.generation != found.generation {
            report.refuses(CONTRADICTED, found.file, other_generation(found.key, first.file));
        }
    }
}
