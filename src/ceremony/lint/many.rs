//! What deserves a look where a plan has many keys, Regions or generations.

use super::{Code, Finding};
use keyferry_bundle::kinds::{Operation, Target};
use keyferry_bundle::{Device, KeyFamily, Plan};
use std::collections::{BTreeMap, BTreeSet};

/// Calls of `GetParametersForImport` a second, in one account and Region (AWS KMS developer guide, "Request quotas").
const CALLS_A_SECOND: usize = 1;
/// Fetching that takes longer is told.
const LONG: usize = 60;
/// What a YubiHSM 2 holds: objects, pages, bytes a page (YubiHSM 2 user guide, "Core concepts" and "Get storage info").
const OBJECTS: usize = 256;
const PAGES: usize = 1024;
const PAGE: usize = 126;
/// Names in one sentence.
const NAMES: usize = 4;

/// Keys in several Regions and in several generations, and how long they take.
pub(super) fn keys(plan: &Plan) -> Vec<Finding> {
    let mut found = Vec::new();
    let regions: BTreeSet<&str> = plan.targets.iter().map(|t| t.key.region.as_str()).collect();
    if regions.len() > 1 {
        let names: Vec<&str> = regions.into_iter().collect();
        let sentence = format!(
            "its keys are in {} Regions, {}: fetch and import ask KMS in each of them",
            names.len(),
            names.join(", ")
        );
        found.push(Finding::remark(Code::SeveralRegions, sentence));
    }
    found.extend(multi_region(plan));
    let mut calls = BTreeMap::new();
    for target in &plan.targets {
        *calls.entry((&target.key.account, &target.key.region)).or_insert(0_usize) += 1;
    }
    let seconds = calls.values().max().map_or(0, |most| most / CALLS_A_SECOND);
    if seconds > LONG {
        let sentence = format!(
            "fetch takes {seconds} seconds: AWS answers one GetParametersForImport a second in an account and Region; the import tokens of all targets end 24 hours after they were fetched"
        );
        found.push(Finding::remark(Code::FetchTime, sentence));
    }
    found.extend(generations(plan));
    found
}

/// Each multi-Region key once: which Region comes first, or that there is but one.
fn multi_region(plan: &Plan) -> Vec<Finding> {
    let mut keys: Vec<Vec<&Target>> = Vec::new();
    for target in plan.targets.iter().filter(|target| target.multi_region) {
        let id = |target: &Target| (target.key.account.clone(), target.key.key_id.clone());
        let same = |key: &&mut Vec<&Target>| key.first().is_some_and(|f| id(f) == id(target));
        match keys.iter_mut().find(same) {
            Some(key) => key.push(target),
            None => keys.push(vec![target]),
        }
    }
    let told = |key: Vec<&Target>| {
        let (first, others) = key.split_first()?;
        let mut others: Vec<&str> = others.iter().map(|t| t.key.region.as_str()).collect();
        others.retain(|region| *region != first.key.region.as_str());
        others.dedup();
        let sentence = if others.is_empty() {
            format!(
                "target {} is a multi-Region key: each replica needs the same key material imported, and only {} is planned",
                first.name, first.key.region
            )
        } else {
            format!(
                "target {} is a multi-Region key whose primary is taken to be in {}; {} follow: if another one is the primary, it comes first",
                first.name,
                first.key.region,
                others.join(", ")
            )
        };
        Some(Finding::remark(Code::MultiRegion, sentence))
    };
    keys.into_iter().filter_map(told).collect()
}

/// KMS decrypts with the key material that encrypted, and a key of several works only while it has all of them.
fn generations(plan: &Plan) -> Option<Finding> {
    let names = |wanted: &dyn Fn(&&Target) -> bool| {
        let names: Vec<&str> =
            plan.targets.iter().filter(wanted).map(|target| target.name.as_str()).collect();
        let more = names.len().saturating_sub(NAMES);
        let mut told = names.into_iter().take(NAMES).collect::<Vec<_>>().join(", ");
        if more > 0 {
            told = format!("{told} and {more} more");
        }
        told
    };
    let sentence = match plan.operation {
        Operation::Import => return None,
        Operation::Rotate => format!(
            "what was encrypted under older key material of {} needs that: keep the copies of every generation, and the objects in the HSM",
            names(&|_| true)
        ),
        Operation::Reimport => {
            let lonely = |target: &&Target| {
                let has = |generation| {
                    let same = |t: &Target| t.key == target.key && t.generation == generation;
                    plan.targets.iter().any(same)
                };
                !(1..target.generation).all(has)
            };
            let told = names(&lonely);
            if told.is_empty() {
                return None;
            }
            format!(
                "not every older generation of {told} is planned: a key works only while KMS has all of its key materials"
            )
        }
    };
    Some(Finding::remark(Code::OlderGenerations, sentence))
}

/// Whether the HSM's store holds what is new, beside its own keys.
pub(super) fn objects(device: &Device, plan: &Plan) -> Option<Finding> {
    if plan.operation == Operation::Reimport {
        return None;
    }
    let materials = plan.materials();
    let objects = materials.len() + device.own_ids().len();
    let pages: usize = materials.iter().map(|m| bytes(m.leader).div_ceil(PAGE)).sum();
    let sentence = if objects > OBJECTS {
        format!(
            "it makes {} objects, and the HSM has {} of its own: a YubiHSM 2 holds {OBJECTS}",
            materials.len(),
            device.own_ids().len()
        )
    } else if pages > PAGES {
        format!(
            "its objects take at least {pages} pages of the HSM's store, which has {PAGES} of {PAGE} bytes"
        )
    } else {
        return None;
    };
    Some(Finding::remark(Code::Store, sentence))
}

/// The fewest bytes that key material takes: of an RSA key its two primes.
fn bytes(target: &Target) -> usize {
    match target.key_spec.family() {
        KeyFamily::Rsa(size) => size.modulus_bits() / 8,
        KeyFamily::Symmetric | KeyFamily::Hmac(_) | KeyFamily::Ecc(_) | KeyFamily::Ed25519 => {
            target.key_spec.raw_length().unwrap_or(32)
        }
    }
}
