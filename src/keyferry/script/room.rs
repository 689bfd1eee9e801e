//! The room.

use super::act::{Act, Command, Verify};
use super::given::Given;
use super::model::{Actor, Part, Place, Row, Step};
use super::office::vouched;
use super::targets;
use keyferry_bundle::Role;
use keyferry_console::Name;

pub(super) fn parts(given: &Given<'_>) -> Vec<Part> {
    let part =
        |heading: &str, steps| Part { place: Place::Room, heading: heading.to_owned(), steps };
    vec![
        part("The room: before the HSM is asked", before(given)),
        part("The room: the key material", answer(given)),
        part("The room: witnesses and copies", after(given)),
    ]
}

fn before(given: &Given<'_>) -> Vec<Step> {
    let device = given.device.body();
    let serial = device.serial.to_string();
    let last = serial.get(serial.len().saturating_sub(4)..).unwrap_or(&serial).to_owned();
    let mut steps = vec![
        Step::new(Actor::Everybody, "Everybody who takes part in the room has signed on page 1, and nobody else is here.")
            .short("time")
            .short("people"),
        Step::new(
            Actor::RoomOperator,
            "The host is off every network and has no swap: no network card, nothing up but lo, no line from swapon.",
        )
        .act(given.run(Command::Host("ip -brief link")))
        .act(given.run(Command::Host("swapon --show"))),
        Step::new(
            Actor::RoomOperator,
            "The programs test themselves; each shows the digest of its own file, which is the one that was compared the day before.",
        )
        .act(given.run(Command::Host("keyferry-offline self-test")))
        .act(given.run(Command::Host("keyferry self-test")))
        .see("each ends with", "SELF-TEST PASSED")
        .long("compared by"),
        Step::new(
            Actor::RoomOperator,
            "The HSM comes out of its bag; room operator and a witness each read its serial number from the case; it is attached, alone.",
        )
        .act(Act::Attach)
        .see("serial number", &serial)
        .see("its last four digits", last)
        .short("bag")
        .long("read by, compared by"),
    ];
    if given.takes_connector() {
        steps.push(
            Step::new(
                Actor::RoomOperator,
                "The exports of this ceremony do not pass over USB as keyferry-offline speaks it: the connector runs, in a window of its own.",
            )
            .act(given.run(Command::Host("yubihsm-connector"))),
        );
    }
    steps.push(
        Step::new(Actor::RoomOperator, "The HSM says who it is.")
            .act(given.run(Command::InspectHsm))
            .see("serial", &serial)
            .see("firmware", &device.firmware)
            .short("log entries used"),
    );
    steps.extend(targets::held(given));
    let files = given.asked();
    steps.push(
        Step::new(
            Actor::RoomOperator,
            "The medium is mounted with ro,nosuid,nodev,noexec, holds these files and nothing else, and its folder is copied to the ceremony medium.",
        )
        .act(Act::Carry { from: Place::Medium, to: Place::Room, files })
        .short("bag of the medium"),
    );
    let plan = Step::new(Actor::RoomOperator, "The plan that came is the plan on this paper.");
    steps.push(vouched(plan.act(given.run(Command::Inspect(Name::Plan))), "plan", given.digest));
    steps.push(
        Step::new(
            Actor::RoomOperator,
            "The request that came is the one that was fetched: a witness reads the words from the screen, another compares them with the bag.",
        )
        .act(given.run(Command::Inspect(given.request())))
        .see("every line begins with", "VERIFIED")
        .long("first eight words")
        .long("read by, compared by"),
    );
    steps
}

fn answer(given: &Given<'_>) -> Vec<Step> {
    let (plan, device) = (given.plan, given.device.body());
    let text = format!(
        "The command shows everything before it asks. The password of authentication key {} is typed where it is asked for.",
        device.credentials.ceremony
    );
    let mut steps = vec![
        Step::new(Actor::RoomOperator, text).act(given.run(Command::Respond)).see_all(head(given)),
    ];
    steps.extend(targets::targets(given));
    let witnesses = given.people(Role::Witness);
    let text = format!(
        "Each witness has read the same screen, agrees, and signs here ({} of {}). Then the room operator types the ceremony's name.",
        given.needed(Role::Witness),
        Given::list(&witnesses)
    );
    let word = plan.ceremony.to_string();
    steps.push(
        Step::new(Actor::RoomOperator, text).act(Act::Type(word)).short("time").signed(witnesses),
    );
    steps.push(
        Step::new(
            Actor::RoomOperator,
            "The command has ended without an error, and named the files of the response and of the run's transcript. Anything else goes on an exception sheet first.",
        )
        .see("the response", given.path(&given.response()))
        .short("number of the transcript")
        .long("response, first eight words")
        .short("time"),
    );
    steps
}

/// The head of the summary.
fn head(given: &Given<'_>) -> Vec<Row> {
    let (policy, device, plan) = (given.policy.body(), given.device.body(), given.plan);
    let mut rows = vec![
        Row::new("Ceremony", format!("{} ({})", plan.ceremony, policy.environment)),
        Row::new("policy", format!("{:?} version {}", policy.name.as_str(), policy.version)),
        Row::new("HSM", format!("{}, serial {}", device.name, device.serial)),
        Row::new("plan", format!("{}, approved by {}", plan.counter, given.approved_by())),
        Row::new("request", given.counter()),
        Row::new("this host", "off every network"),
    ];
    let remembered = match plan.counter.checked_sub(1) {
        _ if given.counter() > 1 => format!("last began plan {}", plan.counter),
        None | Some(0) => "remembers no ceremony with this HSM".to_owned(),
        Some(before) => format!("last began plan {before}"),
    };
    rows.push(Row::new("this room", remembered));
    rows
}

fn after(given: &Given<'_>) -> Vec<Step> {
    let witnesses = given.people(Role::Witness);
    let text = format!(
        "Witnesses sign the response, at least {} of {}: each reads what they sign, types their own passphrase and then the word response.",
        given.needed(Role::Witness),
        Given::list(&witnesses)
    );
    let mut written = given.asked();
    written.extend(given.answered());
    written.sort();
    written.dedup();
    let mut steps = vec![
        Step::new(Actor::Witness, text)
            .acts(given.sign(&given.response(), &witnesses))
            .signed(witnesses),
        Step::new(Actor::Witness, "The response is complete, and everything here holds; what is not here yet is the import.")
            .act(given.run(Command::Inspect(given.response())))
            .act(given.run(Command::Verify(Verify::Part)))
            .see("every line of inspect begins with", "VERIFIED")
            .see("verify says", "VERIFIED"),
        Step::new(
            Actor::RoomOperator,
            "The medium takes these files and every transcript-*.json, also those of runs that were declined or failed: everything but the copies, which stay until they are handed over.",
        )
        .act(Act::Carry { from: Place::Room, to: Place::Medium, files: written })
        .short("bag of the medium"),
    ];
    if !given.was_answered() {
        steps.push(copies(given));
    }
    let text = format!(
        "The folder of the room's memory ({}) stays on the ceremony medium, which is bagged.",
        given.room.display()
    );
    steps.push(Step::new(Actor::RoomOperator, text).short("bag of the ceremony medium"));
    steps.push(
        Step::new(
            Actor::RoomOperator,
            "The HSM is taken off and handed to the auditor; the host is switched off.",
        )
        .act(Act::Detach)
        .short("time")
        .signed(given.people(Role::Witness)),
    );
    steps
}

/// The copies and who takes them.
fn copies(given: &Given<'_>) -> Step {
    let mut files: Vec<Name> =
        given.leaders().map(|target| Name::WrappedCopy(target.name.clone())).collect();
    files.extend(given.copied().map(|name| Name::AgeCopy(name.clone())));
    let takers = if given.copied().next().is_some() {
        given.custodians()
    } else {
        vec!["keeper".to_owned()]
    };
    let of_use = match &given.device.body().shares {
        None => "is of use with this HSM alone".to_owned(),
        Some(set) => format!(
            "and any {} shares of that key are the key material: not in one hand",
            set.threshold
        ),
    };
    let text = format!(
        "The copies are handed over in bags. A copy under the HSM's wrap key (.yhw) {of_use}."
    );
    let step = Step::new(Actor::Custodian, text).act(Act::Carry {
        from: Place::Room,
        to: Place::Custodians,
        files,
    });
    takers.iter().fold(step, |step, who| step.short(format!("bag of {who}"))).signed(takers)
}
