//! The page of a piece of the HSM's log.

use super::Page;
use keyferry_bundle::Log;
use keyferry_ceremony::hsm_log::{Entry, NO_KEY, Record, command};

pub(super) fn page(log: &Log) -> Page {
    let mut page = Page::new(format!(
        "log {} of the HSM with serial {}, for {}",
        log.counter, log.serial, log.environment
    ));
    page.row("made", log.created);
    let from = log.from.map_or_else(
        || "a gap: the HSM did not have the entries any more that lead up to it".to_owned(),
        |head| format!("entry {}, digest {}", head.number, head.digest),
    );
    page.row("begins after", from);
    page.row("starts not logged", log.unlogged_boots);
    page.row("sessions not logged", log.unlogged_authentications);
    for bytes in log.entries() {
        let entry = Entry::decode(bytes);
        page.row(format!("entry {}", entry.number), sentence(&entry.record));
    }
    page.row("device", log.device);
    if let Some(plan) = log.plan {
        page.row("plan", plan);
    }
    if let Some(previous) = log.previous {
        page.row("previous", previous);
    }
    page
}

/// An entry in words, without a judgement.
fn sentence(record: &Record) -> String {
    if *record == Record::RESET {
        return "reset".to_owned();
    }
    let mut words = command::name(record.command);
    for (before, id) in [
        ("by authentication key", record.session_key),
        ("of object", record.target),
        ("and", record.second),
    ] {
        if id != NO_KEY && record.command != command::BOOT {
            words = format!("{words} {before} {id:#06x}");
        }
    }
    if record.command != command::BOOT && record.result != record.command | 0x80 {
        words = format!("{words}: refused, error {:#04x}", record.result);
    }
    format!("{words} (tick {})", record.tick)
}
