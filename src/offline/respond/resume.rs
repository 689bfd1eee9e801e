//! `keyferry-offline rewrap` and `resume`: as `respond`, where less may happen.

use super::accepted::Accepted;
use super::preflight::Stored;
use super::{Args, Task};
use crate::hsm_access::HsmArgs;
use crate::room::Room;
use keyferry_bundle::TargetName;
use keyferry_bundle::kinds::Operation;
use keyferry_console::{Ceremony, Exit, Failure, Person, Screen};

/// Answers a later request of a plan with the key material that is there, and generates none.
pub(crate) fn rewrap(
    args: &Args,
    access: &HsmArgs,
    person: &Person,
    screen: &Screen,
) -> Result<(), Failure> {
    super::answer_request(Task::Rewrap, args, access, person, screen)
}

/// Goes on with the request that the room remembers unanswered.
pub(crate) fn resume(
    args: &Args,
    access: &HsmArgs,
    person: &Person,
    screen: &Screen,
) -> Result<(), Failure> {
    let ceremony = Ceremony::open(&args.ceremony)?;
    let device = ceremony.device()?;
    let plan = ceremony.plan(&device)?;
    let room = Room::open(&args.memory.room, device.body().serial)?;
    let Some(counter) = room.ledger().unanswered(&plan) else {
        screen.say("No request of this plan was begun and not answered: nothing is to be resumed.");
        return screen.json(&serde_json::json!({ "resumed": false }));
    };
    if args.request.is_some_and(|asked| asked != counter) {
        return Err(Failure::usage(format!("request {counter} is the one that was begun"))
            .hint("leave --request out"));
    }
    let args = Args { request: Some(counter), ..args.clone() };
    super::run(&args, access, person, screen)
}

/// Refuses before anybody is asked anything, as far as the room's memory tells.
pub(super) fn must_remember(accepted: &Accepted, room: &Room) -> Result<(), Failure> {
    let plan = &accepted.plan;
    if plan.body().operation == Operation::Reimport {
        return Ok(());
    }
    let materials = plan.body().materials();
    let names = materials.iter().map(|material| &material.leader.name);
    refuse(
        &names
            .filter(|name| room.ledger().may_have_stored(plan, name).is_none())
            .collect::<Vec<_>>(),
    )
}

/// Refuses before the work, by what the HSM has.
pub(super) fn must_have(accepted: &Accepted, stored: &Stored) -> Result<(), Failure> {
    let materials = accepted.plan.body().materials();
    let names = materials.iter().map(|material| &material.leader.name);
    refuse(&names.filter(|name| !stored.has(name)).collect::<Vec<_>>())
}

fn refuse(missing: &[&TargetName]) -> Result<(), Failure> {
    let Some(first) = missing.first() else { return Ok(()) };
    let others = missing.len() - 1;
    let what = format!("the key material of target {first} would have to be generated");
    let failure = Failure::new(Exit::Unchanged, "would-generate", what)
        .because("rewrap generates none")
        .hint("where it never was generated, keyferry-offline respond does it; where it was, bring the room's memory and the HSM that has it");
    Err(if others == 0 { failure } else { failure.because(format!("and {others} more")) })
}
