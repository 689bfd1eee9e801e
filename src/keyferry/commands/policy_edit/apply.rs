//! The changes that the options ask for.

use super::super::policy_parts as parts;
use crate::cli::policy::{AllowedArgs, EditArgs};
use crate::cli::values::RevokeValue;
use keyferry_bundle::kinds::{PolicyKey, Revocation, RoleRule};
use keyferry_bundle::{Digest, KeyId, Policy, Timestamp};
use keyferry_ceremony::wrapping;
use keyferry_console::{Failure, Screen};
use std::fmt::Display;

/// Changes the policy as the options say. Removing comes first, so that somebody can get another key or recipient in one step.
pub(super) fn apply(args: &EditArgs, policy: &mut Policy, screen: &Screen) -> Result<(), Failure> {
    if let Some(name) = &args.name {
        policy.name = name.clone();
    }
    if args.no_expiry {
        policy.expires = None;
    }
    policy.expires = args.expires.or(policy.expires);
    let gone = keys(args, policy, screen)?;
    roles(args, policy, &gone)?;
    allowed(&args.allowed, policy)
}

/// Takes keys away and adds others; returns those that went.
fn keys(args: &EditArgs, policy: &mut Policy, screen: &Screen) -> Result<Vec<PolicyKey>, Failure> {
    let mut gone = Vec::new();
    for key in &args.remove_key {
        gone.push(take(policy, key)?.ok_or_else(|| absent("remove-key", key))?);
    }
    for value in &args.revoke_key {
        let taken = take(policy, &value.key)?;
        if taken.is_none() {
            screen.warn(format!(
                "no person of this version has key {}: right for an HSM's, wrong for a person's",
                value.key
            ));
        }
        gone.extend(taken);
        revoke(policy, value)?;
    }
    for value in &args.add_key {
        let key = parts::key(value)?;
        let id = parts::id(&key)?;
        if let Some(known) = policy.keys.iter().find(|known| known.spki == key.spki) {
            return Err(Failure::usage(format!(
                "--add-key: {} has that key already",
                known.holder
            ))
            .because(format!("it is {id}")));
        }
        if let Some(revoked) = policy.revoked.iter().find(|entry| entry.key == id) {
            return Err(Failure::usage("--add-key: that key is revoked")
                .because(format!("{id}, since {}", revoked.since))
                .hint(format!("have {} make another: keyferry identity new", value.holder)));
        }
        policy.keys.push(key);
    }
    Ok(gone)
}

fn take(policy: &mut Policy, id: &KeyId) -> Result<Option<PolicyKey>, Failure> {
    for (index, key) in policy.keys.iter().enumerate() {
        if parts::id(key)? == *id {
            return Ok(Some(policy.keys.remove(index)));
        }
    }
    Ok(None)
}

fn revoke(policy: &mut Policy, value: &RevokeValue) -> Result<(), Failure> {
    let since: Timestamp = value.since.unwrap_or(policy.created);
    match policy.revoked.iter_mut().find(|entry| entry.key == value.key) {
        None => policy.revoked.push(Revocation { key: value.key.clone(), since }),
        Some(known) if since < known.since => known.since = since,
        Some(known) => {
            return Err(Failure::usage("--revoke-key: that key is revoked already")
                .because(format!("{}, since {}", value.key, known.since))
                .hint("an earlier time can be given, not a later one"));
        }
    }
    Ok(())
}

/// Sets roles anew. Of those that stay as they are, none may name a key that went.
fn roles(args: &EditArgs, policy: &mut Policy, gone: &[PolicyKey]) -> Result<(), Failure> {
    let keys = policy.keys.clone();
    let mut stale = Vec::new();
    let mut proposed = Vec::new();
    let roles = &mut policy.roles;
    for (option, value, rule) in [
        ("policy-root", &args.policy_root, &mut roles.policy_root),
        ("ceremony-officer", &args.ceremony_officer, &mut roles.ceremony_officer),
        ("online-operator", &args.online_operator, &mut roles.online_operator),
        ("witness", &args.witness, &mut roles.witness),
    ] {
        if let Some(value) = value {
            *rule = parts::rule(option, value, &keys, "add-key")?;
            continue;
        }
        let mut named = false;
        for key in gone {
            let id = parts::id(key)?;
            if rule.keys.contains(&id) {
                stale.push(format!("{option} names {}'s key {id}", key.holder));
                named = true;
            }
        }
        if named {
            proposed.push(proposal(option, rule, &keys)?);
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    let failure = Failure::usage("a role still names a key that is taken away");
    let failure = stale.into_iter().fold(failure, Failure::because);
    Err(failure.hint(format!("say who is in the role now, such as {}", proposed.join(" "))))
}

/// The option that leaves a role to the people who are left in it.
fn proposal(option: &str, rule: &RoleRule, keys: &[PolicyKey]) -> Result<String, Failure> {
    let mut left: Vec<&str> = Vec::new();
    for key in keys {
        if rule.keys.contains(&parts::id(key)?) && !left.contains(&key.holder.as_str()) {
            left.push(key.holder.as_str());
        }
    }
    let left = if left.is_empty() { "HOLDER".to_owned() } else { left.join(",") };
    Ok(format!("--{option} {}:{left}", rule.threshold))
}

fn allowed(args: &AllowedArgs, policy: &mut Policy) -> Result<(), Failure> {
    let allowed = &mut policy.allowed;
    change("account", &mut allowed.accounts, &args.remove_account, &args.add_account)?;
    change("region", &mut allowed.regions, &args.remove_region, &args.add_region)?;
    change("key-spec", &mut allowed.key_specs, &args.remove_key_spec, &args.add_key_spec)?;
    let (remove, add) = (&args.remove_wrapping_algorithm, &args.add_wrapping_algorithm);
    change("wrapping-algorithm", &mut allowed.wrapping_algorithms, remove, add)?;
    if add.is_empty() {
        for usual in args.add_key_spec.iter().map(|spec| wrapping::usual(*spec)) {
            if !allowed.wrapping_algorithms.contains(&usual) {
                allowed.wrapping_algorithms.push(usual);
            }
        }
    }
    if let Some(smallest) = args.smallest_wrapping_key {
        allowed.smallest_wrapping_key = smallest;
    }
    change("device", &mut policy.devices, &args.remove_device, &args.add_device)?;
    for digest in &args.remove_attestation_root {
        let is = |root: &keyferry_bundle::Base64| Digest::of(root.as_bytes()) == *digest;
        let found = policy.attestation_roots.iter().position(is);
        let index = found.ok_or_else(|| absent("remove-attestation-root", digest))?;
        policy.attestation_roots.remove(index);
    }
    for path in &args.add_attestation_root {
        let root = parts::root(path)?;
        if policy.attestation_roots.contains(&root) {
            return Err(present("add-attestation-root", Digest::of(root.as_bytes())));
        }
        policy.attestation_roots.push(root);
    }
    for holder in &args.remove_custodian {
        let found = policy.custodians.iter().position(|custodian| custodian.holder == *holder);
        let index = found.ok_or_else(|| absent("remove-custodian", holder))?;
        policy.custodians.remove(index);
    }
    for value in &args.add_custodian {
        if policy.custodians.iter().any(|custodian| custodian.holder == value.holder) {
            return Err(present("add-custodian", &value.holder));
        }
        policy.custodians.push(parts::custodian(value));
    }
    Ok(())
}

fn change<V: PartialEq + Clone + Display>(
    option: &str,
    list: &mut Vec<V>,
    remove: &[V],
    add: &[V],
) -> Result<(), Failure> {
    for value in remove {
        let found = list.iter().position(|known| known == value);
        list.remove(found.ok_or_else(|| absent(&format!("remove-{option}"), value))?);
    }
    for value in add {
        if list.contains(value) {
            return Err(present(&format!("add-{option}"), value));
        }
        list.push(value.clone());
    }
    Ok(())
}

fn absent(option: &str, value: impl Display) -> Failure {
    Failure::usage(format!("--{option}: the policy does not have {value}"))
        .hint("`keyferry policy show` shows what it has")
}

fn present(option: &str, value: impl Display) -> Failure {
    Failure::usage(format!("--{option}: the policy has {value} already"))
}
