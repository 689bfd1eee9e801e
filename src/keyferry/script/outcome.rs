//! After the room: the second reader of the HSM's log, the bastion, the auditor.

use super::act::{Act, Command, Verify};
use super::bastion::also_sign;
use super::given::Given;
use super::model::{Actor, Part, Place, Row, Step};
use super::office::pinned;
use keyferry_bundle::kinds::Operation;
use keyferry_console::Name;

pub(super) fn parts(given: &Given<'_>) -> Vec<Part> {
    vec![
        Part {
            place: Place::Auditor,
            heading: "The second reader of the HSM's log".to_owned(),
            steps: second_reader(given),
        },
        Part {
            place: Place::Bastion,
            heading: "The bastion: import and proof".to_owned(),
            steps: bastion(given),
        },
        Part { place: Place::Auditor, heading: "The auditor".to_owned(), steps: auditor(given) },
    ]
}

/// The room's host could have made up the log that it read: somebody reads it again, with a credential and a machine of their own.
fn second_reader(given: &Given<'_>) -> Vec<Step> {
    let mut files = given.asked();
    files.extend(given.answered());
    files.sort();
    files.dedup();
    let device = given.device.body();
    let text = format!(
        "The HSM's log is the one that the room wrote. The password of authentication key {} is typed where it is asked for; the room does not know it.",
        device.credentials.audit
    );
    vec![
        pinned(given, Actor::Auditor),
        Step::new(
            Actor::Auditor,
            "The ceremony's folder comes to the auditor's machine, which is off every network too.",
        )
        .act(Act::Carry { from: Place::Medium, to: Place::Auditor, files }),
        Step::new(Actor::Auditor, "The HSM is attached to that machine, alone.")
            .act(Act::Attach)
            .see("serial number", device.serial),
        Step::new(Actor::Auditor, text)
            .act(given.run(Command::AuditLog))
            .see(
                "it says",
                format!("entries of {} are still in the HSM, and are the same", given.log()),
            )
            .see("not logged", "0 starts, 0 sessions")
            .short("entries that are the same"),
        Step::new(Actor::Auditor, "The HSM is taken off and bagged.")
            .act(Act::Detach)
            .short("bag of the HSM")
            .short("time")
            .signed(["auditor".to_owned()]),
    ]
}

const fn imported(given: &Given<'_>) -> &'static str {
    match given.plan.operation {
        Operation::Import | Operation::Reimport => {
            "The operator types the ceremony's name. The key material is imported, and no warning says that the receipt carries no proof."
        }
        Operation::Rotate => {
            "The operator types the ceremony's name. The key material is imported and made the current one; the older ones stay in the key. No warning says that the receipt carries no proof."
        }
    }
}

fn bastion(given: &Given<'_>) -> Vec<Step> {
    let word = given.plan.ceremony.to_string();
    let mut steps = vec![
        Step::new(Actor::OnlineOperator, "What came from the room goes into the ceremony's folder, every transcript-*.json with it.")
            .act(Act::Carry { from: Place::Medium, to: Place::Bastion, files: given.answered() })
            .short("bag of the medium"),
        Step::new(
            Actor::OnlineOperator,
            "Request and response are accepted. The response's words are those that the room wrote down.",
        )
        .act(given.run(Command::Check))
        .see("it says", format!("{} is accepted", given.response()))
        .long("response, first eight words"),
    ];
    steps.extend(
        Step::new(
            Actor::OnlineOperator,
            "The import is begun: the screen names each key and its expiration before it asks. Where those who import may not use the key: with --prove-profile NAME.",
        )
        .act(given.run(Command::Import(given.operator())))
        .see_all(given.plan.targets.iter().map(|target| {
            let date = target.expiration.valid_to;
            let until = date.map_or_else(String::new, |date| format!(" until {date}"));
            let said = format!("{}, {}{until}", target.key, target.expiration.model);
            Row::new(target.name.as_str(), said)
        }))
        .in_pages(),
    );
    steps
        .push(Step::new(Actor::OnlineOperator, imported(given)).act(Act::Type(word)).short("time"));
    steps.extend(also_sign(given, &given.receipt()));
    steps.extend(
        Step::new(
            Actor::OnlineOperator,
            "KMS proves what it holds, to credentials that may use the key.",
        )
        .act(given.run(Command::Prove))
        .see_all(given.target_names().map(|name| Row::new("a line for target", name)))
        .in_pages(),
    );
    steps.push(
        Step::new(Actor::OnlineOperator, "The receipt's fingerprint is written down.")
            .act(given.run(Command::Fingerprint(given.receipt())))
            .long("receipt, first eight words"),
    );
    steps.push(
        Step::new(
            Actor::OnlineOperator,
            "The auditor gets every file of the folder but the import tokens.",
        )
        .act(Act::Carry {
            from: Place::Bastion,
            to: Place::Auditor,
            files: evidence(given),
        }),
    );
    steps
}

/// Everything that the auditor reads.
fn evidence(given: &Given<'_>) -> Vec<Name> {
    let mut files = given.asked();
    files.extend(given.answered());
    files.push(given.receipt());
    files.sort();
    files.dedup();
    files
}

fn auditor(given: &Given<'_>) -> Vec<Step> {
    vec![
        Step::new(
            Actor::Auditor,
            "The evidence is complete and holds. What is NOT SHOWN was left elsewhere on purpose.",
        )
        .act(given.run(Command::Verify(Verify::Complete)))
        .see("it ends with", "VERIFIED")
        .see("exit code", 0)
        .long("NOT SHOWN, and why"),
        Step::new(
            Actor::Auditor,
            "AWS recorded the same: FILES are the log files of the trail, which aws cloudtrail validate-logs has passed.",
        )
        .act(given.run(Command::Verify(Verify::CloudTrail)))
        .see("it ends with", "VERIFIED"),
        Step::new(Actor::Auditor, "The report is written, beside the folder and not in it.")
            .act(given.run(Command::Report)),
        Step::new(
            Actor::Auditor,
            "This paper is complete: each step is ticked or has an exception sheet. It is kept with the evidence.",
        )
        .short("exception sheets used")
        .short("date")
        .signed(["auditor".to_owned()]),
    ]
}
