//! The HSM's log: read before the work, with room made where it needs some, and sealed into a bundle after it.
//!
//! An entry is acknowledged, and by that deleted in the HSM, only once it is in the room's memory on the medium; and only where its
//! place is needed, so that the last ones stay for a second reader.

use super::accepted::Accepted;
use crate::hsm_access::{hsm_failed, sign, unmakeable};
use crate::room::Room;
use keyferry_bundle::kinds::{Bundle as _, PlannedMaterial, ResponseTarget};
use keyferry_bundle::{Base64, Log, Verified};
use keyferry_ceremony::hsm_log::{Account, Entry, Scene, Weight};
use keyferry_ceremony::ledger::{Ledger, LogGap, LogMemory};
use keyferry_ceremony::log::Part;
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
    let mut complaints = Vec::new();
    if let Err(gap) = read(hsm, &mut memory)? {
        if !accept_gap {
            return Err(lost(gap));
        }
        complaints.push(format!("it has a gap: {gap}"));
        memory.accept_gap();
        read(hsm, &mut memory)?.map_err(lost)?;
    }
    complaints.extend(unexplained(accepted, &memory));
    match complaints.first() {
        None => return Ok(memory),
        Some(first) if !accept_gap => return Err(unaccounted(first.clone())),
        Some(_) => {}
    }
    for complaint in complaints {
        screen.warn(format!("the HSM's log: {complaint}"));
    }
    person.confirm(screen, "Go on, and have every auditor see this?", "gap")?;
    Ok(memory)
}

/// What neither setting the HSM up nor this plan accounts for: told before the HSM is asked to make anything.
fn unexplained(accepted: &Accepted, memory: &LogMemory) -> Vec<String> {
    let (device, plan) = (accepted.device.body(), accepted.plan.body());
    let upkeeps = accepted.upkeeps();
    let from_anchor = memory.is_first();
    let scene = Scene { device, plan: Some(plan), upkeeps: &upkeeps, from_anchor };
    let entries: Vec<Entry> = memory.pending().iter().map(Entry::decode).collect();
    let strange = entries.iter().find_map(|entry| {
        scene.deed(&entry.record).err().map(|strange| format!("entry {}: {strange}", entry.number))
    });
    let starts = Account { scene, entries: &entries, declared: &[] }.starts();
    let starts = (starts.weight == Weight::Wrong).then_some(starts.text);
    let (boots, sessions) = memory.unlogged();
    let unlogged = ((boots, sessions) != (0, 0))
        .then(|| format!("{boots} starts and {sessions} sessions are not in it"));
    [strange, starts, unlogged].into_iter().flatten().collect()
}

fn unaccounted(because: String) -> Failure {
    Failure::new(Exit::Refused, "log-unaccounted", "the HSM's log does not fit this ceremony")
        .because(because)
        .hint("stop, and find out who did it: an earlier plan that was cut off is finished first. With --accept-log-gap the ceremony goes on, and every auditor will see it")
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

/// Makes room for the question and the end of the run where there is little left: a log that is full lets nothing be signed, and counts
/// sessions that it does not name.
pub(super) fn make_room_to_ask(
    hsm: &dyn Hsm,
    room: &mut Room,
    read: &LogMemory,
) -> Result<(), Failure> {
    let device = hsm.device().map_err(|error| hsm_failed(&error))?;
    let needed = budget::AT_THE_BEGINNING + budget::AT_THE_END;
    if u16::from(device.log_used) + needed <= u16::from(device.log_capacity) {
        return Ok(());
    }
    let Some(last) = read.head() else { return Ok(()) };
    room.remember(|ledger| ledger.log = Some(read.clone()))?;
    hsm.set_log_index(last.number).map_err(|error| hsm_failed(&error))
}

/// How many entries the log can still take, at the least: counted here, so that the HSM is asked only where they may not do.
#[derive(Debug, Default)]
pub(super) struct Space(u16);

impl Space {
    /// Makes room for one more key material, and for the end of the ceremony.
    pub(super) fn make(
        &mut self,
        hsm: &dyn Hsm,
        room: &mut Room,
        material: &PlannedMaterial<'_>,
    ) -> Result<(), Failure> {
        let most = budget::of_material(material);
        let needed = most.saturating_add(budget::AT_THE_END);
        if self.0 < needed {
            self.0 = free(hsm)?;
        }
        if self.0 < needed {
            drain(hsm, room)?;
            self.0 = free(hsm)?;
        }
        // One that an empty log could not take is begun all the same: the HSM says so where it comes to that.
        self.0 = self.0.saturating_sub(most);
        Ok(())
    }
}

fn free(hsm: &dyn Hsm) -> Result<u16, Failure> {
    let device = hsm.device().map_err(|error| hsm_failed(&error))?;
    Ok(u16::from(device.log_capacity.saturating_sub(device.log_used)))
}

/// Remembers what the HSM logged, on the medium, and then acknowledges it.
fn drain(hsm: &dyn Hsm, room: &mut Room) -> Result<(), Failure> {
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
    accept_gap: bool,
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
    let upkeeps = accepted.upkeeps();
    let findings = log::findings(device.body(), Some(plan.body()), &upkeeps, &declared, &body);
    // What was there before the work, a person has accepted; what was done to the targets, nobody can.
    let counts = |part: Part| part == Part::Targets || !accept_gap;
    let wrong =
        findings.into_iter().find(|(part, found)| found.weight == Weight::Wrong && counts(*part));
    if let Some((_, wrong)) = wrong {
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
