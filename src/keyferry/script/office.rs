//! The day before: the paper, the people, the room's host.

use super::act::{Act, Command};
use super::given::Given;
use super::model::{Actor, Part, Place, Row, Step};
use keyferry_bundle::{Digest, Role};
use keyferry_console::{Name, fingerprint};

pub(super) fn parts(given: &Given<'_>) -> Vec<Part> {
    vec![
        Part {
            place: Place::Office,
            heading: "The day before: the plan and the people".to_owned(),
            steps: office(given),
        },
        Part {
            place: Place::Room,
            heading: "The day before: the room's host".to_owned(),
            steps: host(given),
        },
    ]
}

fn office(given: &Given<'_>) -> Vec<Step> {
    let mut steps = vec![pinned(given, Actor::Officer)];
    if given.approval.missing() > 0 {
        let free: Vec<String> = given.approval.free.iter().map(ToString::to_string).collect();
        let text = format!(
            "Officers who have not done so sign the plan: {} more of {}. Then this script is made anew, without --draft.",
            given.approval.missing(),
            Given::list(&free)
        );
        steps.push(Step::new(Actor::Officer, text).acts(given.sign(&Name::Plan, &free)));
    }
    let inspected = Step::new(
        Actor::Officer,
        "The plan in the folder is the plan on this paper. All of its fingerprint is on page 1.",
    );
    steps.push(vouched(
        inspected.act(given.run(Command::Inspect(Name::Plan))),
        "plan",
        given.digest,
    ));
    let signers = signers(given);
    steps.push(
        Step::new(
            Actor::Everybody,
            "Everybody who signs opens their identity once. They type the passphrase themselves.",
        )
        .acts(signers.iter().map(|who| given.run(Command::IdentityShow(who.clone())))),
    );
    if given.copied().next().is_some() {
        let text = "Each custodian knows where the key is that opens their copies (age-keygen -o made it), and that nobody else has it.";
        steps.push(Step::new(Actor::Custodian, text).signed(given.custodians()));
    }
    let carry = Act::Carry { from: Place::Office, to: Place::Bastion, files: given.base() };
    steps.push(Step::new(Actor::Officer, "The ceremony's folder goes to the bastion.").act(carry));
    steps
}

/// Everybody who signs after the plan, once.
fn signers(given: &Given<'_>) -> Vec<String> {
    let mut people = given.people(Role::OnlineOperator);
    for who in given.people(Role::Witness) {
        if !people.contains(&who) {
            people.push(who);
        }
    }
    people
}

fn host(given: &Given<'_>) -> Vec<Step> {
    let mut steps = vec![
        Step::new(
            Actor::RoomOperator,
            "The host is freshly installed, has no network card, one YubiHSM 2 at most, and nothing else on USB but the medium. It has no swap: the command prints nothing.",
        )
        .act(given.run(Command::Host("swapon --show"))),
        Step::new(
            Actor::RoomOperator,
            "The programs are those that two people built independently: both digests are compared whole.",
        )
        .act(given.run(Command::Host("sha256sum keyferry keyferry-offline")))
        .short("keyferry, first eight digits")
        .short("keyferry-offline, first eight digits")
        .long("compared by"),
        pinned(given, Actor::RoomOperator),
    ];
    let memory = given.room.display();
    let text = if given.is_first() {
        format!(
            "No plan was ever begun with this HSM: the folder of the room's memory ({memory}) is the one that init began."
        )
    } else {
        format!(
            "The folder of the room's memory ({memory}) is the one of the last ceremony with this HSM."
        )
    };
    steps.push(Step::new(Actor::RoomOperator, text).long("bag it came from"));
    steps
}

/// The policy that this machine has pinned.
pub(super) fn pinned(given: &Given<'_>, role: Actor) -> Step {
    let step = Step::new(
        role,
        "This machine has pinned the policy that hangs on the wall. All of its fingerprint is on page 1.",
    );
    vouched(step.act(given.run(Command::PolicyShow)), "policy", given.policy.digest())
}

/// What `inspect` marks as verified, and the ends of its fingerprint: all of it is on the first page.
pub(super) fn vouched(step: Step, of: &str, digest: Digest) -> Step {
    let groups = fingerprint::groups(&digest);
    let at = |index: usize| groups.get(index).cloned().unwrap_or_default();
    let last = fingerprint::GROUPS - 1;
    step.see("every line begins with", "VERIFIED").see_all([
        Row::new(
            format!("fingerprint of the {of}, groups 1 and 2"),
            format!("{} {}", at(0), at(1)),
        ),
        Row::new("groups 15 and 16", format!("{} {}", at(last - 1), at(last))),
    ])
}
