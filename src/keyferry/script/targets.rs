//! The lines of the room's screen about targets: whole where they are few, as tables where they are many.

use super::given::Given;
use super::model::{Actor, Row, Step};
use keyferry_bundle::ExpirationModel;
use keyferry_bundle::kinds::Target;
use keyferry_ceremony::backup;
use keyferry_console::fingerprint;

/// So many targets have a step each.
const FEW: usize = 4;

/// What is compared of each target before the word is typed.
pub(super) fn targets(given: &Given<'_>) -> Vec<Step> {
    if given.plan.targets.len() > FEW {
        return tables(given);
    }
    let step = |target: &Target| {
        let text = format!(
            "Target {}: the room operator reads the screen aloud, a witness compares it with these lines.",
            target.name
        );
        Step::new(Actor::Witness, text).see_all(rows(given, target)).short("parameters valid to")
    };
    given.plan.targets.iter().map(step).collect()
}

/// Every key, and then every key material once.
fn tables(given: &Given<'_>) -> Vec<Step> {
    let plan = given.plan;
    let text = format!(
        "All {} targets: the room operator reads name and key of each aloud, a witness compares them with these lines.",
        plan.targets.len()
    );
    let keys = Step::new(Actor::Witness, text)
        .see_all(plan.targets.iter().map(|target| Row::new(target.name.as_str(), &target.key)))
        .short("earliest parameters valid to");
    let materials = plan.materials();
    let text = format!(
        "The {} key materials of these targets; targets with one object get the same. What they share is compared under each.",
        materials.len()
    );
    let lines = materials.iter().map(|material| {
        let target = material.leader;
        let targets = match material.targets.len() {
            1 => String::new(),
            more => format!(", for {more} targets"),
        };
        let said = format!("{}; {}{targets}", object(target), expiry(target));
        Row::new(target.name.as_str(), said)
    });
    let materials = Step::new(Actor::Witness, text).see_all(lines);
    [keys.in_pages(), materials.in_pages()].concat()
}

/// The objects that must be there before the room begins, where none is made.
pub(super) fn held(given: &Given<'_>) -> Vec<Step> {
    if given.generates() {
        return Vec::new();
    }
    let text = "Nothing is generated: the HSM holds this key material from an earlier ceremony, or it was restored into it from its copies before (keyferry-offline restore).";
    let row = |target: &Target| {
        Row::new(
            target.name.as_str(),
            format!("{}, generation {}", target.object_id, target.generation),
        )
    };
    Step::new(Actor::RoomOperator, text).see_all(given.leaders().map(row)).in_pages()
}

fn expiry(target: &Target) -> String {
    match (target.expiration.model, target.expiration.valid_to) {
        (ExpirationModel::Expires, Some(date)) => format!("expires at {date}"),
        (ExpirationModel::Expires | ExpirationModel::DoesNotExpire, _) => {
            "never expires".to_owned()
        }
    }
}

fn object(target: &Target) -> String {
    format!(
        "{} {:?}, {}, domains {}",
        target.object_id,
        target.label.as_str(),
        target.kept_as,
        target.domains
    )
}

/// A target's lines of the summary, as far as the plan decides them.
fn rows(given: &Given<'_>, target: &Target) -> Vec<Row> {
    let copies: Vec<String> = backup::recipients(given.policy.body(), given.plan, target)
        .iter()
        .map(|custodian| custodian.holder.to_string())
        .collect();
    let mut rows = vec![
        Row::new("KMS key", &target.key),
        Row::new("key spec", format!("{}, {}", target.key_spec, target.key_usage)),
    ];
    rows.extend(material(given, target));
    rows.extend([
        Row::new("HSM object", object(target)),
        Row::new(
            "wrapped by",
            format!("{} under an {} key", target.wrapping_algorithm, target.wrapping_key_spec),
        ),
        Row::new("age copy for", Given::list(&copies)),
    ]);
    rows
}

/// What happens to the key material. Of what is imported again the ends of its check value, which the plan names.
fn material(given: &Given<'_>, target: &Target) -> Vec<Row> {
    let until = format!("in KMS it {}", expiry(target));
    let fate = match &target.material {
        _ if given.was_answered() => {
            "is in the HSM already: it is read back, not made anew".to_owned()
        }
        Some(pin) => {
            let groups = fingerprint::groups(&pin.check_value);
            let at = |index: usize| groups.get(index).cloned().unwrap_or_default();
            let last = fingerprint::GROUPS - 1;
            return vec![
                Row::new("key material", "it is wrapped again if its check value is"),
                Row::new("its groups 1 and 2", format!("{} {}", at(0), at(1))),
                Row::new("its groups 15 and 16", format!("{} {}", at(last - 1), at(last))),
                Row::new("and then", until),
            ];
        }
        None if target.generation > 1 => {
            format!("generation {}, is generated by the HSM now", target.generation)
        }
        None => "is generated by the HSM now".to_owned(),
    };
    vec![Row::new("key material", format!("{fate}; {until}"))]
}
