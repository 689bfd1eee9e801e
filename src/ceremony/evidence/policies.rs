//! The versions of the policy: which the folder has, which of them a pin vouches for, and which of them were replaced.

use super::chain::{Chain, Link};
use super::sort::Sorted;
use super::{File, Pins, Report, Trust, sentences};
use crate::{Refusal, roots};
use keyferry_bundle::{
    Device, Kind, Plan, Policy, Timestamp, Unverified, Verified, kinds::Bundle as _,
};

/// Every version in the folder, each after the one before, knowing what any version revokes that is here or pinned.
pub(super) fn find(sorted: &Sorted<'_>, pins: &Pins, report: &mut Report) -> Vec<Link<Policy>> {
    let mut found: Vec<Link<Policy>> = Vec::new();
    let mut left: Vec<&File> = sorted.of(Kind::Policy).collect();
    loop {
        let tried: Vec<Result<Verified<Policy>, Refusal>> =
            left.iter().map(|file| next(found.last(), &file.bytes)).collect();
        let Some(index) = tried.iter().position(Result::is_ok) else {
            for (file, outcome) in left.iter().zip(tried) {
                if let Err(refusal) = outcome {
                    report.refuses_bundle("policy.signed", &file.name, &refusal);
                }
            }
            return overruled(found, pins, report);
        };
        let file = left.remove(index).name.clone();
        if let Some(Ok(bundle)) = tried.into_iter().nth(index) {
            let link = Link { file, bundle, follows: found.len().saturating_sub(1) };
            sentences::policy(&link, report);
            found.push(link);
        }
    }
}

/// The version after one, or the first.
pub(super) fn next(
    current: Option<&Link<Policy>>,
    bytes: &[u8],
) -> Result<Verified<Policy>, Refusal> {
    let refused = |source| Refusal::Bundle { kind: Kind::Policy, source };
    let next = Unverified::<Policy>::from_slice(bytes).map_err(refused)?;
    let next = match current {
        None => next.verify_first(),
        Some(current) => next.verify_successor(&current.bundle),
    }
    .map_err(refused)?;
    roots::check(next.body())?;
    Ok(next)
}

/// Tells each version what the newest of the folder and the newest pinned one revoke: the folder may end before a revocation.
pub(super) fn overruled(
    found: Vec<Link<Policy>>,
    pins: &Pins,
    report: &mut Report,
) -> Vec<Link<Policy>> {
    let newest = found.last().map(|link| link.bundle.body().revoked.clone()).unwrap_or_default();
    let know = |link: Link<Policy>| {
        let bundle = link.bundle.knowing(pins.revoked()).knowing(&newest);
        Link { bundle, ..link }
    };
    let found: Vec<Link<Policy>> = found.into_iter().map(know).collect();
    for link in &found {
        tell_revoked(link, report);
    }
    found
}

/// Which of a version's own keys a later version revokes.
fn tell_revoked(link: &Link<Policy>, report: &mut Report) {
    for key in &link.bundle.body().keys {
        let Ok(id) = key.public_key().and_then(|key| key.id()) else { continue };
        let found = link.bundle.revoked().filter(|entry| entry.key == id);
        if let Some(since) = found.map(|entry| entry.since).min() {
            let sentence = format!(
                "key {id} of {} was revoked later: it counts on no bundle, but for policies, that says it was made at {since} or after",
                key.holder
            );
            report.holds_that("policy.revoked", &link.file, sentence);
        }
    }
}

/// Which of them a pin vouches for: those that are pinned, and with each its predecessors, which it names by digest. Where there are
/// pins, a version that none of them vouches for is refused.
pub(super) fn trust(policies: &[Link<Policy>], pins: &Pins, report: &mut Report) {
    let Some(newest) = policies.last() else {
        return report.refuses("policy.signed", "-", "no policy is there: nothing can be trusted");
    };
    let pinned = policies.iter().rposition(|link| pins.has(link.bundle.digest()));
    let vouched = pinned.map_or(0, |index| index + 1);
    for link in policies.iter().take(vouched) {
        let version = link.bundle.body().version;
        let sentence = if pins.has(link.bundle.digest()) {
            "is the policy that was pinned".to_owned()
        } else {
            "is what the pinned policy names as its predecessor".to_owned()
        };
        let sentence = match pins.newest().filter(|newest| *newest > version) {
            Some(newest) => {
                format!("{sentence}: version {version}, since replaced by version {newest} here")
            }
            None => sentence,
        };
        report.holds_that("policy.pinned", &link.file, sentence);
    }
    if pins.is_empty() {
        let sentence = "is taken from this folder: compare its fingerprint with the one you hold";
        report.leaves_open("policy.pinned", &newest.file, sentence);
    } else {
        for link in policies.iter().skip(vouched) {
            let (version, digest) = (link.bundle.body().version, link.bundle.digest());
            let problem = format!("version {version} with digest {digest} is not pinned here");
            report.refuses("policy.pinned", &link.file, problem);
        }
    }
    let trusted = pinned.and_then(|index| policies.get(index)).unwrap_or(newest);
    let policy = trusted.bundle.body();
    report.trust = Some(Trust {
        name: policy.name.to_string(),
        version: policy.version,
        digest: trusted.bundle.digest(),
        environment: policy.environment,
        pinned: pinned.is_some(),
        newest: pins.newest().unwrap_or(policy.version).max(newest.bundle.body().version),
    });
}

/// The version that replaced that of a device, and when it was made, as far as the folder or the pins tell.
fn successor(chain: &Chain, pins: &Pins, version: u32) -> Option<(u32, Timestamp)> {
    let next = version.checked_add(1)?;
    let here = chain.policies.iter().find(|link| link.bundle.body().version == next);
    let created = here.map(|link| link.bundle.body().created()).or_else(|| pins.created(next))?;
    Some((next, created))
}

/// Says under which version a device bundle was made, and whether another has replaced it.
pub(super) fn replaced(
    chain: &Chain,
    pins: &Pins,
    device: &Link<Device>,
    claim: &'static str,
    report: &mut Report,
) {
    let Ok(policy) = chain.policy_of(device) else { return };
    let version = policy.body().version;
    let sentence = under(policy.body(), successor(chain, pins, version));
    report.holds_that(claim, &device.file, sentence);
}

/// Says under which version a plan was made; one that was made when another version was there is refused.
pub(super) fn in_time(chain: &Chain, pins: &Pins, plan: &Link<Plan>, report: &mut Report) {
    let Ok(policy) = chain.device_of(plan).and_then(|device| chain.policy_of(device)) else {
        return;
    };
    let version = policy.body().version;
    let next = successor(chain, pins, version);
    match crate::policy::made_in_time(policy.body(), plan.bundle.body(), next) {
        Ok(()) => report.holds_that("plan.policy", &plan.file, under(policy.body(), next)),
        Err(refusal) => report.refuses_bundle("plan.policy", &plan.file, &refusal),
    }
}

fn under(policy: &Policy, next: Option<(u32, Timestamp)>) -> String {
    let mut sentence = format!("was made under policy version {}", policy.version);
    if let Some(expires) = policy.expires {
        sentence = format!("{sentence} before it expired at {expires}");
    }
    if let Some((next, _)) = next {
        sentence = format!("{sentence}, replaced by version {next}");
    }
    sentence
}
