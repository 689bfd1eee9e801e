//! What nothing refuses and its makers should have meant.

use super::{Beside, Code, Finding, many, needs_connector};
use crate::draft::Progress;
use crate::hsm_log::CAPACITY;
use crate::wrapping::{Plaintext, plaintext};
use crate::{budget, roots};
use keyferry_bundle::kinds::{PolicyKey, Target};
use keyferry_bundle::{
    Device, Environment, Expiration, Holder, ObjectId, Plan, Policy, Role, Timestamp,
};
use std::collections::BTreeSet;
use std::fmt::Display;

/// Fewer days of life than this deserve a look: a key that is imported again needs another ceremony.
const SOON_DAYS: u16 = 30;
/// Fewer days than this are told of a policy.
const POLICY_DAYS: u16 = 60;
/// Starts of the HSM between two logs where nothing goes wrong: for whoever reads the last one, and in the room.
const STARTS: u8 = 2;

pub(super) fn of(
    policy: &Policy,
    device: &Device,
    plan: &Plan,
    progress: Option<&Progress>,
    now: Timestamp,
    beside: &Beside,
) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(progress.filter(|progress| progress.missing() > 0).map(quorum));
    found.extend(people(policy, now));
    if let Some(end) = policy.expires.filter(|end| {
        // A plan that was made later is refused, and that is told elsewhere.
        *end <= now.plus_days(POLICY_DAYS) && plan.created < *end
    }) {
        let sentence = format!(
            "the policy expires at {end}: this plan stands, the next one needs another version"
        );
        found.push(Finding::remark(Code::PolicyExpires, sentence));
    }
    if plan.environment == Environment::Rehearsal {
        let sentence = "it is for a rehearsal: nothing of it is accepted in production";
        found.push(Finding::remark(Code::Rehearsal, sentence));
    }
    found.extend(order(plan, now, beside));
    found.extend(beside.remarks(device, plan));
    found.extend(many::keys(plan));
    for (index, target) in plan.targets.iter().enumerate() {
        let expiration = &target.expiration;
        let of_target = expiry(&target.name, expiration, plan.created, now);
        found.extend(of_target.map(|f| f.at(format!("targets[{index}].expiration.valid_to"))));
    }
    found.extend(copies(device, plan).map(|sentence| Finding::remark(Code::Copies, sentence)));
    found.extend(attestation(policy, plan));
    found.extend(objects(device, plan));
    found.extend(many::objects(device, plan));
    found.extend(hsm(plan));
    found
}

fn quorum(progress: &Progress) -> Finding {
    let signed = list(&progress.counted, "nobody");
    Finding::remark(
        Code::Quorum,
        format!(
            "{} of {} needed as {} signed: {signed}; {} more of {}",
            progress.counted.len(),
            progress.needed,
            progress.role,
            progress.missing(),
            list(&progress.free, "nobody")
        ),
    )
}

/// Roles that sign later and whose people's keys are not valid now.
fn people(policy: &Policy, now: Timestamp) -> impl Iterator<Item = Finding> {
    let valid = move |key: &PolicyKey| {
        key.valid_from.is_none_or(|from| from <= now) && key.valid_to.is_none_or(|to| now <= to)
    };
    [Role::OnlineOperator, Role::Witness].into_iter().filter_map(move |role| {
        let rule = policy.roles.rule(role)?;
        let counts = |key: &&PolicyKey| {
            let id = key.public_key().and_then(|key| key.id());
            valid(key) && id.is_ok_and(|id| rule.keys.contains(&id))
        };
        let holders: BTreeSet<&Holder> =
            policy.keys.iter().filter(counts).map(|key| &key.holder).collect();
        (holders.len() < usize::from(rule.threshold)).then(|| {
            let sentence = format!(
                "by this machine's clock the keys of {} of the {} people needed as {role} are valid",
                holders.len(),
                rule.threshold
            );
            Finding::remark(Code::KeysExpired, sentence)
        })
    })
}

/// Its place among plans, and in time.
fn order(plan: &Plan, now: Timestamp, beside: &Beside) -> Vec<Finding> {
    let mut found = Vec::new();
    if plan.created > now {
        let sentence =
            format!("it was made at {}, and this machine's clock says {now}", plan.created);
        found.push(Finding::remark(Code::Clock, sentence).at("created"));
    }
    if plan.counter > 1 && beside.previous.is_none() {
        let sentence = format!(
            "it follows plan {}, which is not looked at here: the room begins no plan but the next",
            plan.counter - 1
        );
        found.push(Finding::remark(Code::Previous, sentence).at("previous"));
    }
    found
}

fn expiry(
    name: &dyn Display,
    expiration: &Expiration,
    created: Timestamp,
    now: Timestamp,
) -> Option<Finding> {
    let date = expiration.valid_to.filter(|date| *date > now)?;
    if date < now.plus_days(SOON_DAYS) {
        let sentence = format!(
            "target {name}: KMS deletes the key material at {date}, in less than {SOON_DAYS} days"
        );
        return Some(Finding::remark(Code::ExpiresSoon, sentence));
    }
    (date > created.plus_days(Expiration::MAX_DAYS - 1)).then(|| {
        let sentence = format!(
            "target {name}: {date} is less than a day short of AWS's limit of {} days; a clock that is ahead has the import refused",
            Expiration::MAX_DAYS
        );
        Finding::remark(Code::ExpiryNearLimit, sentence)
    })
}

/// What a plan's officers should know of its copies: custodians can hold raw key material alone, not a private key that the HSM wraps. A
/// wrap key in shares outlives the HSM, and with it every copy under it.
#[must_use]
pub fn copies(device: &Device, plan: &Plan) -> Option<&'static str> {
    if device.shares.is_some() {
        return None;
    }
    let raw = |target: &Target| matches!(plaintext(target.key_spec), Plaintext::Raw(_));
    let (any, all) = (plan.targets.iter().any(raw), plan.targets.iter().all(raw));
    match (any, all, plan.custodians.is_empty()) {
        (true, _, true) => Some("no custodian gets a copy: the key material is lost with the HSM"),
        (false, _, true) => {
            Some("the only copy is under the HSM's wrap key: it is lost with the HSM")
        }
        (_, false, false) => Some(
            "its custodians get nothing of a private key: its only copy is under the HSM's wrap key and lost with the HSM",
        ),
        (_, true, false) => None,
    }
}

fn attestation(policy: &Policy, plan: &Plan) -> Option<Finding> {
    let lacks = |target: &&Target| roots::lack(policy, target.key_spec);
    // In production it is refused.
    let rehearsal = policy.environment == Environment::Rehearsal;
    let bare: Vec<_> = plan.targets.iter().filter(lacks).map(|target| &target.name).collect();
    (rehearsal && !bare.is_empty()).then(|| {
        let sentence = format!(
            "the policy lists no attestation root: nothing shows that the HSM generated {}, and verify --complete will not end in 0",
            list(bare, "")
        );
        Finding::remark(Code::Attestation, sentence)
    })
}

/// Ids that a slip of one digit exchanges, and labels that two objects share.
fn objects(device: &Device, plan: &Plan) -> Vec<Finding> {
    let own = device.own_ids();
    let leaders: Vec<&Target> = plan.materials().iter().map(|material| material.leader).collect();
    let named = leaders.iter().map(|target| (format!("target {}", target.name), target.object_id));
    let all: Vec<(String, ObjectId)> =
        named.chain(own.iter().map(|(field, id)| (format!("the HSM's {field}"), *id))).collect();
    let mut found = Vec::new();
    for (index, (name, id)) in all.iter().enumerate().take(leaders.len()) {
        for (other, next) in all.iter().skip(index + 1) {
            if id.get().abs_diff(next.get()) == 1 {
                let sentence = format!(
                    "{name} has object id {id}, next to {next} of {other}: one digit names the other"
                );
                found.push(Finding::remark(Code::ObjectIds, sentence));
            }
        }
    }
    let mut labels = BTreeSet::new();
    for target in leaders {
        if !labels.insert(&target.label) {
            let sentence = format!(
                "target {} has a label that another target has: {:?}",
                target.name,
                target.label.as_str()
            );
            found.push(Finding::remark(Code::Labels, sentence));
        }
    }
    found
}

/// What the room's HSM and its host have to be ready for.
fn hsm(plan: &Plan) -> Vec<Finding> {
    let mut found = Vec::new();
    let leaders = plan.materials().into_iter().map(|material| material.leader);
    for target in leaders.filter(|target| needs_connector(target.key_spec)) {
        let sentence = format!(
            "target {}: an export of {} does not pass over USB: start yubihsm-connector in the room, without --hsm usb:",
            target.name, target.key_spec
        );
        found.push(Finding::remark(Code::Connector, sentence));
    }
    if plan.boots < STARTS {
        let sentence = format!(
            "it allows {} starts of the HSM since its last log: one to read that log with the auditor's credential and one in the room are {STARTS}",
            plan.boots
        );
        found.push(Finding::remark(Code::Starts, sentence).at("boots"));
    }
    let entries = budget::plan_log_entries(plan);
    if usize::from(entries) > CAPACITY {
        let sentence = format!(
            "it takes up to {entries} entries of a log that holds {CAPACITY}: the room reads and acknowledges the first ones on the way, {} times at least, and a second reader finds the last ones alone",
            usize::from(entries) / CAPACITY
        );
        found.push(Finding::remark(Code::Log, sentence));
    }
    found
}

fn list<T: Display>(values: impl IntoIterator<Item = T>, none: &str) -> String {
    let names: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    if names.is_empty() { none.to_owned() } else { names.join(", ") }
}
