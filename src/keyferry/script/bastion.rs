//! The bastion before the room: the request.

use super::act::{Act, Command};
use super::given::Given;
use super::model::{Actor, Part, Place, Row, Step};
use super::office::pinned;
use keyferry_bundle::Role;
use keyferry_bundle::kinds::Operation;
use keyferry_console::Name;

pub(super) fn parts(given: &Given<'_>) -> Vec<Part> {
    vec![Part {
        place: Place::Bastion,
        heading: "The bastion, at most four hours before the room".to_owned(),
        steps: steps(given),
    }]
}

fn steps(given: &Given<'_>) -> Vec<Step> {
    let by = given.operator();
    let fetch = |dry_run| given.run(Command::Fetch { by: by.clone(), dry_run });
    let mut steps = vec![pinned(given, Actor::OnlineOperator)];
    steps.extend(
        Step::new(Actor::OnlineOperator, waits(given))
            .act(given.run(Command::Status))
            .see_all(given.plan.targets.iter().map(|target| {
                let spec = target.key_spec;
                let said = match given.plan.operation {
                    Operation::Import => format!("PendingImport {spec} origin EXTERNAL"),
                    Operation::Reimport => format!("{spec} origin EXTERNAL"),
                    Operation::Rotate => format!("Enabled {spec} origin EXTERNAL"),
                };
                Row::new(target.name.as_str(), said)
            }))
            .in_pages(),
    );
    steps.extend(
        Step::new(
            Actor::OnlineOperator,
            "What would be asked of AWS: no warning about the endpoint, and these.",
        )
        .act(fetch(true))
        .see_all(aws(given))
        .in_pages(),
    );
    steps.push(
        Step::new(
            Actor::OnlineOperator,
            "The wrapping public keys and import tokens are fetched. They work for 24 hours; the room's answer must be imported before.",
        )
        .act(fetch(false))
        .see("its last line", given.path(&given.request()))
        .short("import before"),
    );
    steps.extend(also_sign(given, &given.request()));
    steps.push(
        Step::new(Actor::OnlineOperator, "The room's own rules accept the request.")
            .act(given.run(Command::Check))
            .see("it ends with", format!("request {} is accepted", given.counter())),
    );
    steps.push(
        Step::new(
            Actor::OnlineOperator,
            "The request's fingerprint is read aloud in words; a second person writes it here and on the medium's bag.",
        )
        .act(given.run(Command::Fingerprint(given.request())))
        .long("first eight words")
        .short("bag of the medium")
        .long("read by, written by"),
    );
    steps.push(
        Step::new(
            Actor::OnlineOperator,
            "The medium takes these files and nothing else. The import tokens stay where they are.",
        )
        .act(Act::Carry { from: Place::Bastion, to: Place::Medium, files: given.asked() }),
    );
    steps
}

/// In which state the keys are before.
const fn waits(given: &Given<'_>) -> &'static str {
    match given.plan.operation {
        Operation::Import => "Each key waits for key material.",
        Operation::Reimport => {
            "Each key is there: Enabled, or PendingImport where its key material expired, was deleted or was never imported."
        }
        Operation::Rotate => "Each key is enabled with the key material that it has.",
    }
}

/// Account, Region and key of every target.
fn aws(given: &Given<'_>) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for target in &given.plan.targets {
        for row in
            [Row::new("account", &target.key.account), Row::new("region", &target.key.region)]
        {
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
    }
    rows.extend(given.plan.targets.iter().map(|target| {
        let (algorithm, spec) = (target.wrapping_algorithm, target.wrapping_key_spec);
        Row::new(target.name.as_str(), format!("{} with {algorithm} under {spec}", target.key))
    }));
    rows
}

/// Where it takes more operators than the one at the keyboard.
pub(super) fn also_sign(given: &Given<'_>, name: &Name) -> Option<Step> {
    let others = given.needed(Role::OnlineOperator).checked_sub(1).filter(|others| *others > 0)?;
    let people = given.people(Role::OnlineOperator);
    let text = format!(
        "{others} more of {} sign {name}; each reads it and types the word.",
        Given::list(&people)
    );
    Some(
        Step::new(Actor::OnlineOperator, text)
            .acts(given.sign(name, &people))
            .signed(people.iter().cloned()),
    )
}
