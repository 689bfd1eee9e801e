//! Accepting a piece of the HSM's log.

mod compare;

pub use compare::{Compared, Disagreement, compare};

use crate::hsm_log::{Account, Declared, Finding, Scene, Weight, follow};
use crate::links::{refers, same, same_environment, with_hsm};
use crate::{Refusal, hsm_log};
use keyferry_bundle::kinds::{LogHead, PlannedMaterial, ResponseTarget};
use keyferry_bundle::{Device, Kind, Log, Plan, Policy, Unverified, Upkeep, Verified};

const KIND: Kind = Kind::Log;

/// Accepts a log bundle: signed by the HSM, of this device bundle, and with entries that follow each other. The first one begins at the
/// device's anchor, if it says where it begins.
///
/// # Errors
/// The first rule it breaks.
pub fn accept(
    policy: &Verified<Policy>,
    device: &Verified<Device>,
    bytes: &[u8],
) -> Result<Verified<Log>, Refusal> {
    let required = with_hsm(KIND, policy, device, &[])?;
    let log = Unverified::<Log>::from_slice(bytes)
        .and_then(|log| log.verify(&required))
        .map_err(Refusal::bundle(KIND))?;
    same_environment(policy, &log)?;
    let body = log.body();
    refers(KIND, "device", body.device, device.digest())?;
    same(KIND, "serial", &body.serial, &device.body().serial, "the device bundle")?;
    if body.counter == 1
        && let Some(from) = body.from
    {
        same_head(from, device.body().log_anchor, "the device bundle")?;
    }
    follow(body.from, body.entries())
        .map_err(|broken| Refusal::link(KIND, "entries", broken.to_string()))?;
    Ok(log)
}

/// Whether one log continues another: its counter is one more, it names it, and it begins where the other ends.
///
/// # Errors
/// The first rule it breaks.
pub fn continues(log: &Verified<Log>, before: &Verified<Log>) -> Result<(), Refusal> {
    let (body, earlier) = (log.body(), before.body());
    if earlier.counter.checked_add(1) != Some(body.counter) {
        let problem = format!("is {}, the log before has {}", body.counter, earlier.counter);
        return Err(Refusal::link(KIND, "counter", problem));
    }
    if body.previous != Some(before.digest()) {
        return Err(Refusal::link(KIND, "previous", "is not the digest of the log before"));
    }
    match (body.from, last(earlier)) {
        (Some(from), Some(head)) => same_head(from, head, "the log before"),
        (None, _) | (_, None) => Ok(()),
    }
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What the HSM counted and did not log.
    Unlogged,
    /// The entries, one by one.
    Entries,
    /// How often the HSM was started.
    Starts,
    /// What was done with each target's key material.
    Targets,
}

/// What the entries of a response say of its plan's key materials.
#[must_use]
pub fn declared(plan: &Plan, entries: &[ResponseTarget]) -> Vec<Declared> {
    let of = |material: PlannedMaterial<'_>| {
        let name = &material.leader.name;
        let made = entries.iter().find(|entry| entry.name == *name)?.made;
        let (targets, kept_as) = (material.targets.len(), material.leader.kept_as);
        Some(Declared { target: name.clone(), targets, made, kept_as })
    };
    plan.materials().into_iter().filter_map(of).collect()
}

/// Everything to say of an accepted log: what was done, held against the plan that it is of, what the response says that names it, and the
/// records of what was done outside of ceremonies.
#[must_use]
pub fn findings(
    device: &Device,
    plan: Option<&Plan>,
    upkeeps: &[&Upkeep],
    declared: &[Declared],
    log: &Log,
) -> Vec<(Part, Finding)> {
    let entries = follow(log.from, log.entries()).unwrap_or_default();
    let scene = Scene { device, plan, upkeeps, from_anchor: log.counter == 1 };
    let account = Account { scene, entries: &entries, declared };
    let of = |part: Part| move |finding| (part, finding);
    std::iter::once((Part::Unlogged, unlogged(log)))
        .chain(account.entries().into_iter().map(of(Part::Entries)))
        .chain(std::iter::once((Part::Starts, account.starts())))
        .chain(account.targets().into_iter().map(of(Part::Targets)))
        .collect()
}

fn unlogged(log: &Log) -> Finding {
    let (boots, sessions) = (log.unlogged_boots, log.unlogged_authentications);
    let (weight, text) = if (boots, sessions) == (0, 0) {
        let text = "the HSM counts no start and no session that it did not log".to_owned();
        (Weight::Sound, text)
    } else {
        let counts = format!("the HSM counts {boots} starts and {sessions} sessions");
        (Weight::Wrong, format!("{counts} that it did not log"))
    };
    Finding { weight, text }
}

/// The last entry of a log.
#[must_use]
pub fn last(log: &Log) -> Option<LogHead> {
    log.entries().last().map(|bytes| hsm_log::Entry::decode(bytes).head())
}

fn same_head(found: LogHead, expected: LogHead, whose: &str) -> Result<(), Refusal> {
    if found == expected {
        return Ok(());
    }
    let problem = format!(
        "begins after entry {} with digest {}, but {whose} ends with entry {} and {}",
        found.number, found.digest, expected.number, expected.digest
    );
    Err(Refusal::link(KIND, "from", problem))
}
