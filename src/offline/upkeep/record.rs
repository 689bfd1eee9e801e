//! The record of an upkeep: made, signed by the HSM, checked, remembered, written.

use super::{Accepted, inventory, name};
use crate::hsm_access::{sign, unmakeable};
use crate::room::Room;
use crate::transcript::Run;
use keyferry_bundle::kinds::{Bundle as _, UpkeepObject, Work};
use keyferry_bundle::{Digest, Text, Upkeep, Verified};
use keyferry_ceremony::{Countersigned, upkeep};
use keyferry_console::ceremony::refused;
use keyferry_console::files::{self, Mode};
use keyferry_console::{Failure, Screen, clock, fingerprint, shell};
use keyferry_hsm::Hsm;
use std::path::{Path, PathBuf};

/// What was done.
pub(super) struct Done {
    pub(super) work: Work,
    pub(super) plan: Option<Digest>,
    pub(super) reason: Option<Text>,
    pub(super) objects: Vec<UpkeepObject>,
}

/// A record that is on the medium.
pub(super) struct Written {
    pub(super) upkeep: Verified<Upkeep>,
    pub(super) path: PathBuf,
}

/// Ends a run, however it went: its transcript, and its answer for programs.
pub(super) fn end(run: Run<'_>, outcome: Result<Written, Failure>) -> Result<(), Failure> {
    let screen = run.screen;
    let (written, transcripts) = run.end(outcome)?;
    let body = written.upkeep.body();
    screen.json(&serde_json::json!({
        "upkeep": written.path,
        "digest": written.upkeep.digest(),
        "work": body.work,
        "objects": body.objects.iter().map(|it| it.object_id).collect::<Vec<_>>(),
        "transcripts": transcripts.as_ref().map(Vec::as_slice).unwrap_or_default(),
    }))?;
    transcripts.map(drop)
}

/// Writes the record into `folder`, after `beside` of the same folder: a record on the medium means that everything it names is there.
pub(super) fn write(
    hsm: &dyn Hsm,
    accepted: &Accepted,
    room: &mut Room,
    folder: &Path,
    done: Done,
    beside: Vec<(PathBuf, Vec<u8>, Mode)>,
) -> Result<Written, Failure> {
    let device = accepted.device.body();
    let place = room.ledger().next_upkeep();
    let place = place.ok_or_else(|| Failure::bug("every upkeep has its number"))?;
    let path = folder.join(name(room)?.to_string());
    let body = Upkeep {
        environment: accepted.policy.body().environment,
        device: accepted.device.digest(),
        created: clock::now()?,
        serial: device.serial,
        counter: place.counter,
        previous: place.previous,
        work: done.work,
        plan: done.plan,
        reason: done.reason,
        objects: done.objects,
        inventory: inventory::read(hsm)?,
    };
    let mut envelope = body.to_envelope().map_err(|error| unmakeable(&error))?;
    sign(hsm, device.signing_key.object_id, &accepted.public, &mut envelope)?;
    let bytes = envelope.encode();
    let upkeep = upkeep::accept(&accepted.policy, &accepted.device, &bytes, Countersigned::NotYet)
        .map_err(|refusal| refused("the new record", &refusal))?;
    room.remember(|ledger| ledger.kept_up(&upkeep))?;
    let mut all = beside;
    all.push((path.clone(), bytes, Mode::Public));
    files::write_all_new(&all)?;
    Ok(Written { upkeep, path })
}

/// Says what is there now and what comes next.
pub(super) fn show(written: &Written, heading: &str, screen: &Screen) -> Result<(), Failure> {
    screen.heading(heading);
    screen.table(&fingerprint::rows(&written.upkeep.digest()));
    screen.say(format!(
        "Next: each witness signs it: keyferry sign {} --identity FILE",
        shell(&written.path)
    ));
    screen.say("It goes into the folder of the HSM's next ceremony, beside the transcripts: it accounts for the HSM's log.");
    screen.result(written.path.display().to_string())
}
