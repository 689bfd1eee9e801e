//! A policy's page.

use super::{Page, list};
use keyferry_bundle::kinds::RoleRule;
use keyferry_bundle::{Digest, KeyId, Policy, Role};

pub(super) fn page(policy: &Policy) -> Page {
    let mut page = Page::new(format!(
        "policy \"{}\", version {}, for {}",
        policy.name, policy.version, policy.environment
    ));
    page.row("made", policy.created);
    match policy.expires {
        Some(expires) => page.row("expires", expires),
        None => page.row("expires", "never"),
    }
    if let Some(previous) = policy.previous {
        page.row("replaces", previous);
    }
    for role in Role::ALL {
        if let Some(found) = policy.roles.rule(*role) {
            page.row(may(*role), rule(policy, found));
        }
    }
    for key in &policy.keys {
        let id = key.public_key().and_then(|key| key.id());
        let mut value = id.map_or_else(|problem| problem, |id| id.to_string());
        for (word, time) in [("from", key.valid_from), ("until", key.valid_to)] {
            if let Some(time) = time {
                value = format!("{value}\n{word} {time}");
            }
        }
        page.row(format!("key of {}", key.holder), value);
    }
    for entry in &policy.revoked {
        page.row("revoked key", format!("{}\nsince {}", entry.key, entry.since));
    }
    let allowed = &policy.allowed;
    page.row("partition", &allowed.partition);
    page.row("accounts", list(&allowed.accounts));
    page.row("regions", list(&allowed.regions));
    page.row("key specs", list(&allowed.key_specs));
    page.row("wrapping algorithms", list(&allowed.wrapping_algorithms));
    page.row("wrapping public keys", format!("{} or larger", allowed.smallest_wrapping_key));
    page.row("HSM serials", list(&policy.devices));
    for root in &policy.attestation_roots {
        page.row("attestation root", Digest::of(root.as_bytes()));
    }
    if policy.attestation_roots.is_empty() {
        page.row("attestation roots", "none");
    }
    for custodian in &policy.custodians {
        page.row(format!("custodian {}", custodian.holder), &custodian.recipient);
    }
    if policy.custodians.is_empty() {
        page.row("custodians", "nobody");
    }
    page
}

/// What those of a role do.
pub(super) const fn may(role: Role) -> &'static str {
    match role {
        Role::PolicyRoot => "may replace it",
        Role::CeremonyOfficer => "approve plans",
        Role::OnlineOperator => "sign requests, receipts",
        Role::Witness => "witness devices, responses",
        Role::HsmSigner => "sign as the HSM",
    }
}

/// `2 of alice, bob`; somebody with several keys is one person.
fn rule(policy: &Policy, rule: &RoleRule) -> String {
    let holds = |id: &KeyId| {
        let fits = |key: &&keyferry_bundle::kinds::PolicyKey| {
            key.public_key().and_then(|key| key.id()).is_ok_and(|known| known == *id)
        };
        policy.keys.iter().find(fits).map_or_else(|| id.to_string(), |key| key.holder.to_string())
    };
    let mut holders: Vec<String> = Vec::new();
    for holder in rule.keys.iter().map(holds) {
        if !holders.contains(&holder) {
            holders.push(holder);
        }
    }
    format!("{} of {}", rule.threshold, list(&holders))
}
