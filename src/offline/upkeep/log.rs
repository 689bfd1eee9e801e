//! Room in the HSM's log. What is acknowledged is in the room's memory before; the next ceremony's log bundle has it.

use super::Accepted;
use crate::hsm_access::hsm_failed;
use crate::room::Room;
use keyferry_ceremony::budget;
use keyferry_ceremony::ledger::LogMemory;
use keyferry_console::{Exit, Failure};
use keyferry_hsm::Hsm;

/// Makes room for `needed` entries more, and for the end of the run.
pub(super) fn make_room(
    hsm: &dyn Hsm,
    accepted: &Accepted,
    room: &mut Room,
    needed: u16,
) -> Result<(), Failure> {
    let device = hsm.device().map_err(|error| hsm_failed(&error))?;
    let needed = needed + budget::AT_THE_END;
    if u16::from(device.log_used) + needed <= u16::from(device.log_capacity) {
        return Ok(());
    }
    let found = hsm.log_entries().map_err(|error| hsm_failed(&error))?;
    let known = room.ledger().log.clone();
    let mut memory = LogMemory::of(known, &accepted.device, &found.entries);
    let unlogged = (found.unlogged_boots, found.unlogged_authentications);
    memory.read(&found.entries, unlogged).map_err(|gap| {
        Failure::new(Exit::Refused, "log-gap", "the HSM's log does not continue what was read before")
            .because(gap)
            .hint("find out who acknowledged its log; a ceremony can go on with --accept-log-gap, and then this")
    })?;
    let last = memory.head().ok_or_else(|| Failure::bug("a full log has no entries"))?;
    room.remember(|ledger| ledger.log = Some(memory))?;
    hsm.set_log_index(last.number).map_err(|error| hsm_failed(&error))
}
