//! `keyferry-offline status`: where a ceremony stands, by the room's memory and the folder. No HSM is asked.

use crate::room::Room;
use keyferry_bundle::kinds::Operation;
use keyferry_bundle::{Digest, Plan, TargetName, Verified};
use keyferry_ceremony::ledger::Ledger;
use keyferry_console::args::CeremonyArgs;
use keyferry_console::{Ceremony, Failure, Name, Screen, fingerprint, shell};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Which ceremony.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: keyferry-offline status /media/usb/payments-2026 --room /media/ceremony/room"
)]
pub(crate) struct Args {
    #[command(flatten)]
    ceremony: CeremonyArgs,

    /// Folder of the room's memory
    #[arg(long, value_name = "DIR")]
    room: PathBuf,
}

pub(crate) fn run(args: &Args, screen: &Screen) -> Result<(), Failure> {
    let ceremony = Ceremony::open(&args.ceremony)?;
    let device = ceremony.device()?;
    let plan = ceremony.plan(&device)?;
    let room = Room::open(&args.room, device.body().serial)?;
    let ledger = room.ledger();
    let begun = begun(ledger, &plan);
    screen.result(format!("plan {}, {}: {begun}", plan.body().counter, plan.body().ceremony))?;
    let mut requests = Vec::new();
    for counter in 1..=ceremony.newest_request() {
        if !ceremony.has(&Name::Request(counter)) {
            continue;
        }
        let request = ceremony.request(&device, &plan, counter)?;
        let state = request_state(ledger, &plan, request.digest());
        let here = ceremony.has(&Name::Response(counter));
        let response = if here { "its response is here" } else { "no response is here" };
        screen.result(format!("request {counter}: {state}; {response}"))?;
        requests.push(json!({ "request": counter, "state": state, "response": here }));
    }
    let mut materials: Vec<Value> = Vec::new();
    for material in plan.body().materials() {
        let (name, keys) = (&material.leader.name, material.targets.len());
        let (state, check) = material_state(ledger, &plan, name);
        let shown = check.map_or_else(String::new, |it| format!("  {}", fingerprint::hex(&it)));
        screen.result(format!("key material {name}, for {keys} key(s): {state}{shown}"))?;
        materials.push(json!({
            "name": name,
            "object_id": material.leader.object_id,
            "targets": keys,
            "state": state,
            "check_value": check,
        }));
    }
    let next = next(args, &ceremony, ledger, &plan);
    screen.result(format!("next: {next}"))?;
    screen.json(&json!({
        "plan": plan.digest(),
        "counter": plan.body().counter,
        "state": begun,
        "requests": requests,
        "materials": materials,
        "next": next,
    }))
}

fn begun(ledger: &Ledger, plan: &Verified<Plan>) -> &'static str {
    if ledger.has_given_up(plan) {
        "given up"
    } else if ledger.has_answered(plan) {
        "answered"
    } else if ledger.has_begun(plan) {
        "begun"
    } else {
        "not begun"
    }
}

fn request_state(ledger: &Ledger, plan: &Verified<Plan>, request: Digest) -> &'static str {
    let entry = ledger.plans.iter().find(|entry| entry.plan == plan.digest());
    let known = entry.and_then(|entry| entry.requests.iter().find(|it| it.request == request));
    match known.map(|known| known.answered) {
        None => "not begun",
        Some(false) => "begun, not answered",
        Some(true) => "answered",
    }
}

/// What the room remembers of a key material. It is noted just before it is stored: only what comes after it tells that it was.
fn material_state(
    ledger: &Ledger,
    plan: &Verified<Plan>,
    name: &TargetName,
) -> (&'static str, Option<Digest>) {
    if plan.body().operation == Operation::Reimport {
        let leader = plan.body().target(name);
        let pin = leader.and_then(|leader| leader.material.as_ref()).map(|pin| pin.check_value);
        let answered = ledger.has_answered(plan);
        return (if answered { "answered" } else { "to be in the HSM, by the plan" }, pin);
    }
    let Some(remembered) = ledger.may_have_stored(plan, name) else { return ("not begun", None) };
    let check = remembered.check_value();
    let entry = ledger.plans.iter().find(|entry| entry.plan == plan.digest());
    let last = entry.and_then(|entry| entry.targets.last());
    let state = if ledger.has_answered(plan) {
        "answered"
    } else if last.is_some_and(|last| last.name == *name) {
        "about to be stored, or stored"
    } else {
        "in the HSM"
    };
    (state, check)
}

/// What to run next, and where.
fn next(args: &Args, ceremony: &Ceremony, ledger: &Ledger, plan: &Verified<Plan>) -> String {
    let newest = ceremony.newest_request();
    let room = |command: &str| {
        let (folder, room) = (shell(&args.ceremony.folder), shell(&args.room));
        format!("keyferry-offline {command} {folder} --room {room}")
    };
    if ledger.has_given_up(plan) {
        return "nothing: it was given up; the next plan follows it".to_owned();
    }
    if ledger.unanswered(plan).is_some() {
        return room("resume");
    }
    let answered = ledger.answered_up_to(plan);
    if newest > answered {
        let again = ledger.has_answered(plan);
        return room(if again { "rewrap" } else { "respond" });
    }
    if newest == 0 {
        return "on the bastion: keyferry-online fetch".to_owned();
    }
    if ceremony.has(&Name::Response(newest)) {
        format!(
            "witnesses sign {}; then, on the bastion: keyferry-online import",
            Name::Response(newest)
        )
    } else {
        format!(
            "find {}; if it is lost, on the bastion: keyferry-online fetch --again",
            Name::Response(newest)
        )
    }
}
