//! The pinned policy.

mod changes;

pub use changes::{Change, Subject, changes};

use crate::{Refusal, roots};
use keyferry_bundle::kinds::RoleRule;
use keyferry_bundle::{
    Digest, Environment, FieldError, Holder, Kind, Plan, Policy, Role, Timestamp, Unverified,
    Verified,
};
use std::collections::BTreeSet;

/// Reads every version of a policy, oldest first, each checked against the one before, and returns them all. What the newest revokes
/// counts under none of them.
///
/// # Errors
/// When there is none, or one of them fails.
pub fn history<B: AsRef<[u8]>>(versions: &[B]) -> Result<Vec<Verified<Policy>>, Refusal> {
    let mut accepted: Vec<Verified<Policy>> = Vec::with_capacity(versions.len());
    for bytes in versions {
        let next = Unverified::<Policy>::from_slice(bytes.as_ref())
            .and_then(|next| match accepted.last() {
                None => next.verify_first(),
                Some(current) => next.verify_successor(current),
            })
            .map_err(Refusal::bundle(Kind::Policy))?;
        roots::check(next.body())?;
        accepted.push(next);
    }
    let Some(newest) = accepted.last() else {
        return Err(Refusal::link(Kind::Policy, "version", "no version is there"));
    };
    // It names every key that a version before it revoked.
    let revoked = newest.body().revoked.clone();
    Ok(accepted.into_iter().map(|policy| policy.knowing(&revoked)).collect())
}

/// The policy in force: the last version, which must be the one that was pinned.
///
/// # Errors
/// When the chain of versions is broken or the last one is not the pinned one.
pub fn in_force<B: AsRef<[u8]>>(
    versions: &[B],
    pin: Option<Digest>,
) -> Result<Verified<Policy>, Refusal> {
    let policy = history(versions)?
        .pop()
        .ok_or_else(|| Refusal::link(Kind::Policy, "version", "no version is there"))?;
    match pin {
        Some(pin) if pin != policy.digest() => Err(Refusal::Link {
            kind: Kind::Policy,
            source: FieldError::new(
                "digest",
                format!("the policy's digest is {}, but {pin} was pinned", policy.digest()),
            ),
        }),
        Some(_) | None => Ok(policy),
    }
}

/// Whether a plan was made while its policy was the newest: before the `next` version, where there is one, by the clocks of those who
/// made them.
///
/// # Errors
/// [`Refusal::Link`] when it was not.
pub fn made_in_time(
    policy: &Policy,
    plan: &Plan,
    next: Option<(u32, Timestamp)>,
) -> Result<(), Refusal> {
    match next {
        Some((version, created)) if plan.created >= created => {
            let problem = format!(
                "is {}, after version {version} replaced version {} of the policy at {created}",
                plan.created, policy.version
            );
            Err(Refusal::link(Kind::Plan, "created", problem))
        }
        Some(_) | None => Ok(()),
    }
}

/// Whether a plan was made before its policy expired, by the clock of whoever made it.
///
/// # Errors
/// [`Refusal::NotAllowed`] when it was not.
pub(crate) fn not_expired(policy: &Policy, plan: &Plan) -> Result<(), Refusal> {
    match policy.expires {
        Some(expires) if plan.created >= expires => {
            let problem = format!(
                "is {}, but version {} of the policy expired at {expires}",
                plan.created, policy.version
            );
            Err(Refusal::not_allowed(Kind::Plan, "created", problem))
        }
        Some(_) | None => Ok(()),
    }
}

/// The people who count in a role, each once, in the order of the policy's keys.
#[must_use]
pub fn holders(policy: &Policy, role: Role) -> Vec<&Holder> {
    let mut holders = Vec::new();
    let Some(counting) = policy.roles.rule(role) else { return holders };
    for key in &policy.keys {
        let id = key.public_key().and_then(|key| key.id());
        if id.is_ok_and(|id| counting.keys.contains(&id)) && !holders.contains(&&key.holder) {
            holders.push(&key.holder);
        }
    }
    holders
}

/// What a policy allows and its makers should have meant: roles of one in production, people in several roles of a ceremony, and private
/// keys that nothing attests.
#[must_use]
pub fn remarks(policy: &Policy) -> Vec<String> {
    let rule = |role: &Role| policy.roles.rule(*role).map(|rule| (*role, rule));
    let roles: Vec<(Role, &RoleRule)> = Role::ALL.iter().filter_map(rule).collect();
    let mut remarks = Vec::new();
    if policy.environment == Environment::Production {
        for (role, _) in roles.iter().filter(|(_, rule)| rule.threshold == 1) {
            remarks.push(format!("one person alone is a quorum of {role}, in production"));
        }
    }
    let holders: BTreeSet<&Holder> = policy.keys.iter().map(|key| &key.holder).collect();
    for holder in holders {
        let sits = |rule: &RoleRule| {
            let keys = policy.keys.iter().filter(|key| key.holder == *holder);
            let mut ids = keys.filter_map(|key| key.public_key().and_then(|key| key.id()).ok());
            ids.any(|id| rule.keys.contains(&id))
        };
        let several: Vec<&str> = roles
            .iter()
            .filter(|(role, rule)| *role != Role::PolicyRoot && sits(rule))
            .map(|(role, _)| role.as_str())
            .collect();
        if several.len() > 1 {
            remarks.push(format!("{holder} counts as {}", several.join(" and as ")));
        }
    }
    let unattested = policy.allowed.key_specs.iter().filter(|spec| roots::lack(policy, **spec));
    let unattested: Vec<&str> = unattested.map(|spec| spec.as_str()).collect();
    if let Some(expires) = policy.expires {
        remarks.push(format!(
            "it expires at {expires}: no plan and no device made from then on is accepted"
        ));
    }
    if !unattested.is_empty() {
        let so = match policy.environment {
            Environment::Production => "no plan for one is accepted in production",
            Environment::Rehearsal => "that the HSM generated one is the witnesses' word",
        };
        let specs = unattested.join(", ");
        remarks.push(format!("{specs} keys are allowed, but no attestation root is listed: {so}"));
    }
    remarks
}
