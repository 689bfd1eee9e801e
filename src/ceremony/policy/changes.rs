//! What differs between two policies, by people and by names: what whoever signs or pins a new version has to see.

use keyferry_bundle::kinds::{PolicyKey, Revocation, RoleRule};
use keyferry_bundle::{Custodian, Digest, KeyId, Policy, Role};
use std::fmt::Display;

/// What a difference is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The environment, which no version changes.
    Environment,
    /// What people call it.
    Name,
    /// When it expires.
    Expires,
    /// Somebody's key.
    Key,
    /// A key that counts no more.
    Revoked,
    /// How many of a role it takes.
    Threshold(Role),
    /// Who counts in a role.
    Member(Role),
    /// The partition.
    Partition,
    /// An account.
    Account,
    /// A region.
    Region,
    /// A key spec.
    KeySpec,
    /// A wrapping algorithm.
    WrappingAlgorithm,
    /// The smallest wrapping public key.
    SmallestWrappingKey,
    /// An HSM's serial number.
    Device,
    /// An attestation root.
    AttestationRoot,
    /// Somebody who may keep a copy.
    Custodian,
}

/// One difference: what was there, and what is there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What it is about.
    pub subject: Subject,
    /// Whose it is, where it is somebody's: a key's, a seat in a role, a custodian's.
    pub whose: Option<String>,
    /// What was there; nothing where it was added.
    pub from: Option<String>,
    /// What is there now; nothing where it was removed.
    pub to: Option<String>,
}

/// Everything that differs, but for the version, the version before and the date, which always do, and for the order of lists.
#[must_use]
pub fn changes(old: &Policy, new: &Policy) -> Vec<Change> {
    // A member that is added here has to be compared below.
    let Policy {
        environment: _,
        name: _,
        version: _,
        previous: _,
        created: _,
        expires: _,
        keys: _,
        revoked: _,
        roles: _,
        allowed: _,
        devices: _,
        attestation_roots: _,
        custodians: _,
    } = old;
    let mut found = Found::default();
    found.value(Subject::Environment, Some(&old.environment), Some(&new.environment));
    found.value(Subject::Name, Some(&old.name), Some(&new.name));
    found.value(Subject::Expires, old.expires.as_ref(), new.expires.as_ref());
    found.entries(Subject::Key, &keys(old), &keys(new));
    let names = [keys(old), keys(new)].concat();
    found.entries(Subject::Revoked, &revoked(old, &names), &revoked(new, &names));
    for role in Role::ALL {
        if let (Some(before), Some(after)) = (old.roles.rule(*role), new.roles.rule(*role)) {
            let least = (before.threshold, after.threshold);
            found.value(Subject::Threshold(*role), Some(&least.0), Some(&least.1));
            let subject = Subject::Member(*role);
            found.entries(subject, &members(old, before), &members(new, after));
        }
    }
    let (before, after) = (&old.allowed, &new.allowed);
    found.value(Subject::Partition, Some(&before.partition), Some(&after.partition));
    found.list(Subject::Account, &before.accounts, &after.accounts);
    found.list(Subject::Region, &before.regions, &after.regions);
    found.list(Subject::KeySpec, &before.key_specs, &after.key_specs);
    let were = &before.wrapping_algorithms;
    found.list(Subject::WrappingAlgorithm, were, &after.wrapping_algorithms);
    let (least, now) = (before.smallest_wrapping_key, after.smallest_wrapping_key);
    found.value(Subject::SmallestWrappingKey, Some(&least), Some(&now));
    found.list(Subject::Device, &old.devices, &new.devices);
    found.list(Subject::AttestationRoot, &roots(old), &roots(new));
    found.entries(Subject::Custodian, &custodians(old), &custodians(new));
    found.0
}

/// Something of somebody's: what makes it the same in two policies, whose it is, and what is shown of it.
#[derive(Clone)]
struct Entry {
    same: String,
    whose: Option<String>,
    shown: String,
}

#[derive(Default)]
struct Found(Vec<Change>);

impl Found {
    fn value<V: PartialEq + Display>(
        &mut self,
        subject: Subject,
        old: Option<&V>,
        new: Option<&V>,
    ) {
        if old != new {
            let (from, to) = (old.map(ToString::to_string), new.map(ToString::to_string));
            self.0.push(Change { subject, whose: None, from, to });
        }
    }

    fn list<V: PartialEq + Display>(&mut self, subject: Subject, old: &[V], new: &[V]) {
        for gone in old.iter().filter(|value| !new.contains(value)) {
            self.value(subject, Some(gone), None);
        }
        for come in new.iter().filter(|value| !old.contains(value)) {
            self.value(subject, None, Some(come));
        }
    }

    fn entries(&mut self, subject: Subject, old: &[Entry], new: &[Entry]) {
        let find = |entries: &[Entry], entry: &Entry| {
            entries.iter().position(|other| other.same == entry.same)
        };
        for before in old {
            let after = find(new, before).and_then(|index| new.get(index));
            let same = |after: &Entry| after.whose == before.whose && after.shown == before.shown;
            if after.is_some_and(same) {
                continue;
            }
            // Whose it is belongs to what changed where it is another's now.
            let moved = after.is_some_and(|after| after.whose != before.whose);
            let shown = |entry: &Entry| match &entry.whose {
                Some(whose) if moved => format!("{} of {whose}", entry.shown),
                Some(_) | None => entry.shown.clone(),
            };
            self.0.push(Change {
                subject,
                whose: before.whose.clone(),
                from: Some(shown(before)),
                to: after.map(shown),
            });
        }
        for come in new.iter().filter(|entry| find(old, entry).is_none()) {
            let (whose, to) = (come.whose.clone(), Some(come.shown.clone()));
            self.0.push(Change { subject, whose, from: None, to });
        }
    }
}

/// The id of a key, or what is wrong with it.
fn id(key: &PolicyKey) -> String {
    key.public_key().and_then(|key| key.id()).map_or_else(|problem| problem, |id| id.to_string())
}

fn keys(policy: &Policy) -> Vec<Entry> {
    let entry = |key: &PolicyKey| {
        let same = id(key);
        let mut shown = same.clone();
        for (word, time) in [("from", key.valid_from), ("until", key.valid_to)] {
            if let Some(time) = time {
                shown = format!("{shown} {word} {time}");
            }
        }
        Entry { same, whose: Some(key.holder.to_string()), shown }
    };
    policy.keys.iter().map(entry).collect()
}

/// The keys that are revoked; whose they are, `names` may tell.
fn revoked(policy: &Policy, names: &[Entry]) -> Vec<Entry> {
    let entry = |entry: &Revocation| {
        let (same, shown) = (entry.key.to_string(), format!("{} since {}", entry.key, entry.since));
        let known = names.iter().find(|key| key.same == same);
        Entry { whose: known.and_then(|key| key.whose.clone()), same, shown }
    };
    policy.revoked.iter().map(entry).collect()
}

/// The people of a role; each with the keys that count there.
fn members(policy: &Policy, rule: &RoleRule) -> Vec<Entry> {
    let mut found: Vec<Entry> = Vec::new();
    for key in policy.keys.iter().filter(|key| holds(key, &rule.keys)) {
        let (holder, id) = (key.holder.to_string(), id(key));
        match found.iter_mut().find(|entry| entry.same == holder) {
            Some(entry) => entry.shown = format!("{} {id}", entry.shown),
            None => found.push(Entry { same: holder.clone(), whose: Some(holder), shown: id }),
        }
    }
    for entry in &mut found {
        let mut keys: Vec<&str> = entry.shown.split(' ').collect();
        keys.sort_unstable();
        entry.shown = keys.join(", ");
    }
    found
}

fn holds(key: &PolicyKey, ids: &[KeyId]) -> bool {
    key.public_key().and_then(|key| key.id()).is_ok_and(|id| ids.contains(&id))
}

fn roots(policy: &Policy) -> Vec<Digest> {
    policy.attestation_roots.iter().map(|root| Digest::of(root.as_bytes())).collect()
}

fn custodians(policy: &Policy) -> Vec<Entry> {
    let entry = |custodian: &Custodian| {
        let holder = custodian.holder.to_string();
        let shown = custodian.recipient.to_string();
        Entry { same: holder.clone(), whose: Some(holder), shown }
    };
    policy.custodians.iter().map(entry).collect()
}

#[cfg(test)]
mod tests;
