//! What the person reads before they confirm. Everything on it was verified.

use super::accepted::Accepted;
use super::held::Held;
use super::many;
use super::preflight::Stored;
use crate::room::Room;
use keyferry_bundle::kinds::{Isolation, Made, Operation, RequestTarget, Target};
use keyferry_bundle::{Custodian, Digest, ExpirationModel, Plan, Signer, TargetName};
use keyferry_ceremony::backup;
use keyferry_console::{Failure, Screen, clock, fingerprint};

fn names(signers: &[Signer]) -> String {
    signers.iter().map(|signer| signer.holder.as_str()).collect::<Vec<_>>().join(", ")
}

pub(super) fn show(
    accepted: &Accepted,
    stored: &Stored,
    room: &Room,
    isolation: Isolation,
    screen: &Screen,
) -> Result<(), Failure> {
    let policy = accepted.ceremony.policy().body();
    let (device, plan) = (accepted.device.body(), accepted.plan.body());
    let request = accepted.request.body();
    screen.heading(format!("Ceremony {} ({})", plan.ceremony, policy.environment));
    screen.table(&[
        ("policy", format!("{:?} version {}", policy.name.as_str(), policy.version)),
        ("HSM", format!("{}, serial {}", device.name, device.serial)),
        ("plan", format!("{}, approved by {}", plan.counter, names(accepted.plan.signers()))),
        ("request", format!("{}, by {}", request.counter, names(accepted.request.signers()))),
        ("fetched from", format!("{} by account {}", request.endpoint, request.account)),
        ("this host", isolation_told(isolation).to_owned()),
        ("this room", memory_told(room)),
    ]);
    screen.say("The request:");
    screen.table(&fingerprint::rows(&accepted.request.digest()));
    if many::are_many(plan) {
        many::show(accepted, stored, screen);
    }
    for planned in plan.targets.iter().filter(|_| !many::are_many(plan)) {
        if let Some(asked) = request.target(&planned.name) {
            target(planned, asked, stored.get(leader_name(plan, planned)), screen);
            copies(&backup::recipients(policy, plan, planned), device.shares.is_some(), screen);
        }
    }
    let now = clock::now()?;
    if let Some(late) = request.targets.iter().find(|target| target.parameters_valid_to < now) {
        screen.warn(format!(
            "by this host's clock ({now}) the parameters of {} expired at {}",
            late.name, late.parameters_valid_to
        ));
    }
    Ok(())
}

fn target(planned: &Target, asked: &RequestTarget, held: Option<&Held>, screen: &Screen) {
    let expiry = expiry(planned);
    let material = fate(planned, held);
    screen.heading(format!("Target {}", planned.name));
    screen.table(&[
        ("KMS key", planned.key.to_string()),
        ("key spec", format!("{}, {}", planned.key_spec, planned.key_usage)),
        ("key material", format!("{material}; in KMS it {expiry}")),
        (
            "HSM object",
            format!(
                "{} {:?}, {}, domains {}",
                planned.object_id,
                planned.label.as_str(),
                planned.kept_as,
                planned.domains
            ),
        ),
        (
            "wrapped by",
            format!("{} under an {} key", planned.wrapping_algorithm, asked.wrapping_key_spec),
        ),
        ("its SHA-256", fingerprint::hex(&Digest::of(asked.wrapping_public_key.as_bytes()))),
        ("parameters", format!("valid to {} by AWS's clock", asked.parameters_valid_to)),
    ]);
}

/// What the person confirms.
pub(super) fn question(accepted: &Accepted) -> String {
    let plan = accepted.plan.body();
    match plan.operation {
        Operation::Import => "Generate and wrap this key material?".to_owned(),
        Operation::Reimport => "Wrap this key material again?".to_owned(),
        Operation::Rotate => match plan.targets.as_slice() {
            [first, rest @ ..] if rest.iter().all(|t| t.generation == first.generation) => {
                format!("Generate and wrap generation {} of this key material?", first.generation)
            }
            _ => "Generate and wrap these generations of key material?".to_owned(),
        },
    }
}

/// When KMS deletes it.
pub(super) fn expiry(planned: &Target) -> String {
    match (planned.expiration.model, planned.expiration.valid_to) {
        (ExpirationModel::Expires, Some(date)) => format!("expires at {date}"),
        (ExpirationModel::Expires | ExpirationModel::DoesNotExpire, _) => {
            "never expires".to_owned()
        }
    }
}

/// What happens to a key material.
pub(super) fn fate(planned: &Target, held: Option<&Held>) -> String {
    match held {
        Some(Held::Stored(_)) => "is in the HSM already: it is read back, not made anew".to_owned(),
        Some(Held::Known(known)) if known.made == Made::Restored => format!(
            "is in the HSM, restored from a copy: it is wrapped again if its check value is {}",
            fingerprint::hex(&known.check_value)
        ),
        Some(Held::Known(known)) => format!(
            "is in the HSM: it is wrapped again if its check value is {}",
            fingerprint::hex(&known.check_value)
        ),
        None if planned.generation > 1 => {
            format!("generation {}, is generated by the HSM now", planned.generation)
        }
        None => "is generated by the HSM now".to_owned(),
    }
}

/// The name of the key material that a target gets.
fn leader_name<'a>(plan: &'a Plan, target: &'a Target) -> &'a TargetName {
    plan.leader(target).map_or(&target.name, |leader| &leader.name)
}

/// Who gets a copy that survives the HSM.
pub(super) fn copies(custodians: &[Custodian], in_shares: bool, screen: &Screen) {
    let names: Vec<&str> = custodians.iter().map(|custodian| custodian.holder.as_str()).collect();
    if names.is_empty() {
        screen.table(&[("age copy for", "nobody")]);
        if !in_shares {
            screen.warn("its only copy is under the HSM's wrap key: it is lost with the HSM");
        }
    } else {
        screen.table(&[("age copy for", names.join(", "))]);
    }
}

const fn isolation_told(isolation: Isolation) -> &'static str {
    match isolation {
        Isolation::Isolated => "off every network",
        Isolation::Overridden => "ON A NETWORK, the check is overridden",
    }
}

fn memory_told(room: &Room) -> String {
    match room.ledger().plans.last() {
        None => "remembers no ceremony with this HSM".to_owned(),
        Some(last) => {
            let answered = last.requests.iter().filter(|request| request.answered).count();
            format!("last began plan {} and answered {answered} request(s) of it", last.counter)
        }
    }
}
