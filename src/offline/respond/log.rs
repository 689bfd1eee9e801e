//! The HSM's log: read before the work, with room made where it needs some, and sealed into a bundle after it.
//!
//! An entry is acknowledged, and by that deleted in the HSM, only once it is in the room's memory on the medium; and only where its
//! place is needed, so that the last ones stay for a second reader.

use super::accepted::Accepted;
use crate::hsm_access::{hsm_failed, sign, unmakeable};
use crate::room::Room;
use keyferry_bundle::kinds::{Bundle as _, ResponseTarget, Target};
use keyferry_bundle::{Base64, Log, Verified};
use keyferry_ceremony::hsm_log::{Entry, Scene, Weight};
use keyferry_ceremony::ledger::{Ledger, LogGap, LogMemory};
use keyferry_ceremony::{budget, log};
use keyferry_console::ceremony::refused;
use keyferry_console::{Exit, Failure, Name, Person, Screen, clock};
use keyferry_hsm::Hsm;

/// Reads what the HSM logged since it was read last, and changes nothing.
pub(super) fn look(
    hsm: &dyn Hsm,
    accepted: &Accepted,
    room: &Room,
    accept_gap: bool,
    person: &Person,
    screen: &Screen,
) -> Result<LogMemory, Failure> {
    let entries = hsm.log_entries().map_err(|error| hsm_failed(&error))?.entries;
    let mut memory = LogMemory::of(room.ledger().log.clone(), &accepted.device, &entries);
    match read(hsm, &mut memory)? {
        Ok(()) => {}
        Err(gap) if accept_gap => {
            screen.warn(format!("the HSM's log has a gap: {gap}"));
            person.confirm(screen, "Go on without the lost entries?", "gap")?;
            memory.accept_gap();
            read(hsm, &mut memory)?.map_err(lost)?;
        }
        Err(gap) => return Err(lost(gap)),
    }
    check_use(accepted, &memory)?;
    Ok(memory)
}

/// Nobody has used the HSM for anything that neither setting it up nor this plan asks for.
fn check_use(accepted: &Accepted, memory: &LogMemory) -> Result<(), Failure> {
    let scene = Scene {
        device: accepted.device.body(),
        plan: Some(accepted.plan.body()),
        from_anchor: memory.is_first(),
    };
    for bytes in memory.pending() {
        let entry = Entry::decode(bytes);
        if let Err(strange) = scene.deed(&entry.record) {
            return Err(unaccounted(format!("entry {}: {strange}", entry.number)));
        }
    }
    Ok(())
}

fn unaccounted(because: String) -> Failure {
    Failure::new(Exit::Refused, "log-unaccounted", "the HSM's log does not fit this ceremony")
        .because(because)
        .hint("stop: somebody used the HSM for something else; keep it and tell the officers")
}

fn read(hsm: &dyn Hsm, memory: &mut LogMemory) -> Result<Result<(), LogGap>, Failure> {
    let found = hsm.log_entries().map_err(|error| hsm_failed(&error))?;
    let unlogged = (found.unlogged_boots, found.unlogged_authentications);
    Ok(memory.read(&found.entries, unlogged).map(drop))
}

fn lost(gap: LogGap) -> Failure {
    Failure::new(Exit::Refused, "log-gap", "the HSM's log does not continue what was read before")
        .because(gap)
        .hint("find out who acknowledged its log; with --accept-log-gap the ceremony goes on, and every auditor will see the gap")
}

/// Makes room for one more target, and for the end of the ceremony.
pub(super) fn make_room(hsm: &dyn Hsm, room: &mut Room, planned: &Target) -> Result<(), Failure> {
    let device = hsm.device().map_err(|error| hsm_failed(&error))?;
    let needed = budget::of_target(planned) + budget::AT_THE_END;
    if u16::from(device.log_used) + needed <= u16::from(device.log_capacity) {
        return Ok(());
    }
    let mut memory = remembered(room)?;
    read(hsm, &mut memory)?.map_err(lost)?;
    let last = memory.head().ok_or_else(|| Failure::bug("a full log has no entries"))?;
    room.remember(|ledger| ledger.log = Some(memory))?;
    hsm.set_log_index(last.number).map_err(|error| hsm_failed(&error))
}

fn remembered(room: &Room) -> Result<LogMemory, Failure> {
    room.ledger().log.clone().ok_or_else(|| Failure::bug("the log was never read"))
}

/// The log bundle of everything since the one before, whose every entry is accounted for.
pub(super) fn seal(
    hsm: &dyn Hsm,
    accepted: &Accepted,
    room: &mut Room,
    targets: &[ResponseTarget],
) -> Result<(Verified<Log>, Vec<u8>), Failure> {
    let mut memory = remembered(room)?;
    read(hsm, &mut memory)?.map_err(lost)?;
    room.remember(|ledger| ledger.log = Some(memory.clone()))?;
    let Accepted { ceremony, device, plan, .. } = accepted;
    let body = Log {
        environment: ceremony.policy().body().environment,
        device: device.digest(),
        created: clock::now()?,
        serial: device.body().serial,
        counter: 0,
        previous: None,
        plan: Some(plan.digest()),
        from: None,
        entries: Base64::new([0]).map_err(Failure::bug)?,
        unlogged_boots: 0,
        unlogged_authentications: 0,
    };
    let body = memory.next(body).ok_or_else(|| Failure::bug("the HSM logged nothing"))?;
    let declared = log::declared(plan.body(), targets);
    let findings = log::findings(device.body(), Some(plan.body()), &declared, &body);
    if let Some((_, wrong)) = findings.into_iter().find(|(_, found)| found.weight == Weight::Wrong)
    {
        return Err(unaccounted(wrong.text));
    }
    let mut envelope = body.to_envelope().map_err(|error| unmakeable(&error))?;
    sign(hsm, device.body().signing_key.object_id, &accepted.public, &mut envelope)?;
    let bytes = envelope.encode();
    let sealed = log::accept(ceremony.policy(), device, &bytes)
        .map_err(|refusal| refused("the new log bundle", &refusal))?;
    Ok((sealed, bytes))
}

/// The room's memory continues after the log bundle of a response that is on the medium.
pub(super) fn sealed(ledger: &mut Ledger, accepted: &Accepted, bundle: &Verified<Log>) {
    let mut memory = LogMemory::of(ledger.log.take(), &accepted.device, &[]);
    memory.bundled(bundle);
    ledger.log = Some(memory);
}

impl Accepted {
    /// The name of the log bundle beside the response.
    pub(super) fn log_name(&self) -> Name {
        Name::Log(self.request.body().counter)
    }
}
