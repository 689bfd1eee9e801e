//! What a run that was cut off while it wrote has left on the medium.

use super::accepted::Accepted;
use super::preflight::Stored;
use crate::room::Room;
use keyferry_bundle::{Response, Verified};
use keyferry_ceremony::Countersigned;
use keyferry_console::{Ceremony, Exit, Failure, Name, Screen, files};

/// The response, where an earlier run has written it and was cut off before it could remember so.
pub(super) fn already_written(accepted: &Accepted) -> Result<Option<Verified<Response>>, Failure> {
    let Accepted { ceremony, device, plan, request, .. } = accepted;
    if !ceremony.has(&accepted.response_name()) {
        return Ok(None);
    }
    ceremony.response(device, plan, request, Countersigned::NotYet).map(Some).map_err(|failure| {
        let mut in_the_way = Failure::new(
            Exit::File,
            "file-exists",
            format!("{} is already there", accepted.response_name()),
        )
        .because("it is no response to this request")
        .hint("find out where it comes from, then move it away");
        in_the_way.because.extend(failure.because);
        in_the_way
    })
}

/// Copies that no bundle names, left by a run that was cut off while it wrote: they are made anew. Once a request of the plan was
/// answered there are none such: whatever lies there, some bundle names it.
pub(super) fn sweep(
    accepted: &Accepted,
    stored: &Stored,
    room: &Room,
    screen: &Screen,
) -> Result<(), Failure> {
    let ceremony = &accepted.ceremony;
    // A log bundle without its response.
    if ceremony.has(&accepted.log_name()) {
        remove(ceremony, &accepted.log_name(), screen)?;
    }
    if room.ledger().has_answered(&accepted.plan) {
        return Ok(());
    }
    for target in accepted.plan.body().materials().iter().map(|material| &material.leader.name) {
        if !stored.has(target) || ceremony.has(&Name::Backup(target.clone())) {
            continue;
        }
        for name in [Name::WrappedCopy(target.clone()), Name::AgeCopy(target.clone())] {
            if ceremony.has(&name) {
                remove(ceremony, &name, screen)?;
            }
        }
    }
    Ok(())
}

fn remove(ceremony: &Ceremony, name: &Name, screen: &Screen) -> Result<(), Failure> {
    files::remove(&ceremony.path(name))?;
    screen.say(format!("{name} was left by a run that was cut off: it is made anew."));
    Ok(())
}
