//! The first page, and the forms at the end.

use super::given::Given;
use super::model::{Actor, Blank, Fingerprint, Part, Row, Script, Seat, Sheet};
use keyferry_bundle::kinds::Target;
use keyferry_bundle::{Plan, Role};

/// How many forms for exceptions are printed with a script.
const SHEETS: u8 = 4;

pub(super) fn script(given: &Given<'_>, parts: Vec<Part>) -> Script {
    let plan = given.plan;
    Script {
        title: format!("Script of ceremony {}", plan.ceremony),
        running: format!(
            "ceremony {}, plan {}; the full fingerprint is on page 1",
            plan.ceremony, plan.counter
        ),
        draft: draft(given),
        facts: facts(given),
        fingerprints: vec![
            Fingerprint { of: "plan", digest: given.digest },
            Fingerprint { of: "policy", digest: given.policy.digest() },
            Fingerprint { of: "device", digest: given.device.digest() },
        ],
        people: people(given),
        targets: targets(given),
        rules: RULES.iter().map(|rule| (*rule).to_owned()).collect(),
        parts,
        sheets: (1..=SHEETS).map(|number| sheet(given, number)).collect(),
    }
}

const RULES: &[&str] = &[
    "Steps are done in their order, by whom they name. Whoever did one ticks its box; whoever compared a value ticks the box of the value.",
    "What the screen shows is compared with this paper letter by letter. Where it differs: stop.",
    "The HSM gets power where a step says so and nowhere else: its log counts each start, and the plan allows so many.",
    "What cannot be done as it is written here goes on an exception sheet before anything else is done.",
    "No password, passphrase, PIN or private key is written on this paper or said aloud: it is typed where a program asks for it, and nowhere else.",
    "NAME.identity stands for the file of that person's signing key, wherever they keep it.",
];

fn draft(given: &Given<'_>) -> Option<String> {
    let missing = given.approval.missing();
    if missing > 0 {
        let free: Vec<String> = given.approval.free.iter().map(ToString::to_string).collect();
        return Some(format!("the plan is not approved: {missing} more of {}", Given::list(&free)));
    }
    given.draft.then(|| "made as a draft; not for the room".to_owned())
}

fn facts(given: &Given<'_>) -> Vec<Row> {
    let (policy, device, plan) = (given.policy.body(), given.device.body(), given.plan);
    vec![
        Row::new("ceremony", format!("{} ({})", plan.ceremony, plan.environment)),
        Row::new("plan", format!("{}, made {}", plan.counter, plan.created)),
        Row::new("operation", operation(plan)),
        Row::new("approved by", given.approved_by()),
        Row::new("policy", format!("\"{}\" version {}", policy.name, policy.version)),
        Row::new(
            "HSM",
            format!("{}, serial {}, firmware {}", device.name, device.serial, device.firmware),
        ),
        Row::new("starts of the HSM", format!("at most {} since its last log", plan.boots)),
        Row::new("this is request", given.counter()),
    ]
}

fn operation(plan: &Plan) -> String {
    let (keys, materials) = (plan.targets.len(), plan.materials().len());
    format!("{}: keys {keys}, key materials {materials}", plan.operation)
}

fn targets(given: &Given<'_>) -> Vec<Row> {
    let row = |target: &Target| {
        let value = format!("{}, object {}", target.key, target.object_id);
        Row::new(format!("target {}", target.name), value)
    };
    given.plan.targets.iter().map(row).collect()
}

fn people(given: &Given<'_>) -> Vec<Seat> {
    let named = |role: Role, actor: Actor| {
        let people = given.people(role);
        Seat {
            actor,
            needed: format!("{} of {}", given.needed(role), Given::list(&people)),
            people: people.into_iter().map(Some).collect(),
        }
    };
    let unnamed =
        |actor, needed: &str| Seat { actor, needed: needed.to_owned(), people: vec![None] };
    let mut seats = vec![
        named(Role::OnlineOperator, Actor::OnlineOperator),
        unnamed(Actor::RoomOperator, "1"),
        named(Role::Witness, Actor::Witness),
    ];
    if given.copied().next().is_some() {
        let custodians = given.custodians();
        seats.push(Seat {
            actor: Actor::Custodian,
            needed: format!("all of {}", Given::list(&custodians)),
            people: custodians.into_iter().map(Some).collect(),
        });
    }
    seats.push(unnamed(Actor::Auditor, "1"));
    seats
}

fn sheet(given: &Given<'_>, number: u8) -> Sheet {
    let long = |label: &str| Blank::Long(label.to_owned());
    let mut blanks = vec![
        Blank::Short("at step".to_owned()),
        Blank::Short("time".to_owned()),
        Blank::Short("exit code".to_owned()),
        long("what happened"),
        long(""),
        long("error, because"),
        long(""),
        long("what was decided"),
        long(""),
        long("who decided"),
        Blank::Short("went on at step".to_owned()),
        Blank::Signed("room operator or online operator".to_owned()),
    ];
    let witnesses = given.people(Role::Witness);
    blanks.extend(witnesses.into_iter().map(|who| Blank::Signed(format!("witness {who}"))));
    Sheet { heading: format!("Exception sheet {number}"), blanks }
}
