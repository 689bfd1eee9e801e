//! The page of a piece of the HSM's log.

use super::Page;
use keyferry_bundle::Log;
use keyferry_ceremony::hsm_log::Entry;

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
        page.row(format!("entry {}", entry.number), entry.record);
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
