//! `keyferry-offline respond`: from a request to a response.
//!
//! Verify -> look at the HSM -> show -> typed confirmation -> per key material: random bytes, opaque object, wrapping, copies -> sign ->
//! check one's own work -> write -> the transcript. Nothing in the HSM changes before the person has confirmed, and the room's memory is on the
//! medium before the HSM is asked to change: after a power cut the same command reads back what is there and makes nothing twice.

mod accepted;
mod bundles;
mod copy;
mod cut_off;
mod held;
pub(crate) mod keeping;
mod log;
mod many;
mod material;
pub(crate) mod preflight;
mod private;
pub(crate) mod public_wrap_key;
mod raw;
mod reimport;
pub(crate) mod resume;
pub(crate) mod status;
mod summary;
pub(crate) mod take_out;
mod target;

use crate::hsm_access::{HsmArgs, hsm_failed, sign, unmakeable};
use crate::isolation;
use crate::room::{Room, RoomArgs};
use crate::transcript::{self, Run, Written};
use accepted::Accepted;
use keyferry_bundle::kinds::{Bundle as _, Isolation, ResponseTarget};
use keyferry_bundle::{Digest, Log, Response, Serial, Verified};
use keyferry_ceremony::ledger::Ledger;
use keyferry_ceremony::{Countersigned, response};
use keyferry_console::args::CeremonyArgs;
use keyferry_console::ceremony::refused;
use keyferry_console::files::Mode;
use keyferry_console::{Exit, Failure, Person, Progress, Screen, clock, files, fingerprint, shell};
use keyferry_hsm::Hsm;
use material::Work;
use std::path::{Path, PathBuf};

/// What to answer.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example: keyferry-offline --hsm usb:12345678 respond /media/usb/payments-2026 --room /media/ceremony/room"
)]
pub(crate) struct Args {
    #[command(flatten)]
    ceremony: CeremonyArgs,

    #[command(flatten)]
    memory: RoomArgs,

    /// Go on where the HSM's log has a gap, or says what this plan does not account for: every auditor will see it
    #[arg(long)]
    accept_log_gap: bool,

    /// Answer the request with this number, not the newest
    #[arg(long, value_name = "N")]
    request: Option<u32>,
}

/// What may be done to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    /// Whatever the plan asks for.
    Respond,
    /// Nothing is generated.
    Rewrap,
}

pub(crate) fn run(
    args: &Args,
    access: &HsmArgs,
    person: &Person,
    screen: &Screen,
) -> Result<(), Failure> {
    answer_request(Task::Respond, args, access, person, screen)
}

fn answer_request(
    task: Task,
    args: &Args,
    access: &HsmArgs,
    person: &Person,
    screen: &Screen,
) -> Result<(), Failure> {
    screen.record();
    let accepted = Accepted::read(&args.ceremony, args.request)?;
    let environment = accepted.ceremony.policy().body().environment;
    let isolation = isolation::check(environment, access.allow_network, screen)?;
    let device = accepted.device.body();
    let mut room = open_room(args, device.serial)?;
    if let Some(response) = cut_off::already_written(&accepted)? {
        // A memory that is newer than this response learns of it.
        room.remember(|ledger| ledger.begin(&accepted.plan, &accepted.request))?;
        let log = accepted.ceremony.log(&accepted.device, accepted.request.body().counter)?;
        remember_answered(&mut room, &accepted, &log)?;
        screen.say("This request was answered already; nothing was made anew.");
        finish(&accepted, &response, "The response that is here", screen)?;
        return answer_json(&accepted, &response, &Ok(Vec::new()), screen);
    }
    accepted.admit(&room, args.memory.new_room)?;
    if task == Task::Rewrap {
        resume::must_remember(&accepted, &room)?;
    }
    transcript::must_be_free(&room, accepted.ceremony.folder())?;

    let hsm = access.open(device.serial, device.credentials.ceremony, person, screen)?;
    room.remember(Ledger::session_opened)?;
    let mut wrote = Vec::new();
    let mut session =
        Session { task, hsm: &hsm, accepted: &accepted, room: &mut room, wrote: &mut wrote };
    let outcome = answer(&mut session, args, access, isolation, person, screen);
    let run = Run {
        hsm: &hsm,
        policy: accepted.ceremony.policy(),
        device: &accepted.device,
        room: &mut room,
        folder: accepted.ceremony.folder(),
        screen,
        about: wrote,
    };
    let (response, written) = run.end(outcome)?;
    answer_json(&accepted, &response, &written, screen)?;
    written.map(drop)
}

/// A run with the HSM.
struct Session<'a> {
    task: Task,
    hsm: &'a dyn Hsm,
    accepted: &'a Accepted,
    room: &'a mut Room,
    /// The bundles that are on the medium now.
    wrote: &'a mut Vec<Digest>,
}

/// Looks, asks, makes, writes.
fn answer(
    session: &mut Session<'_>,
    args: &Args,
    access: &HsmArgs,
    isolation: Isolation,
    person: &Person,
    screen: &Screen,
) -> Result<Verified<Response>, Failure> {
    let Session { task, hsm, accepted, room, wrote } = session;
    let (hsm, accepted) = (*hsm, *accepted);
    let stored = preflight::look(hsm, accepted, room)?;
    if *task == Task::Rewrap {
        resume::must_have(accepted, &stored)?;
    }
    let log = log::look(hsm, accepted, room, args.accept_log_gap, person, screen)?;
    bundles::check(accepted.plan.body(), log.pending().len())?;
    log::make_room_to_ask(hsm, room, &log)?;
    summary::show(accepted, &stored, room, isolation, screen)?;
    let ceremony_id = accepted.plan.body().ceremony.as_str();
    person.confirm(screen, &summary::question(accepted), ceremony_id)?;

    // Once more: nobody knows how long the question stood there.
    let environment = accepted.ceremony.policy().body().environment;
    let isolation = isolation::check(environment, access.allow_network, screen)?;

    room.remember(|ledger| {
        ledger.begin(&accepted.plan, &accepted.request);
        ledger.log = Some(log);
    })?;
    let mut work = Work {
        hsm,
        accepted,
        stored: &stored,
        room,
        changed: false,
        accept_gap: args.accept_log_gap,
    };
    let made = make(&mut work, isolation);
    let changed = work.changed;
    let answer = made.map_err(|failure| after_change(failure, changed))?;
    let Answer { response, log, files } = answer;
    cut_off::sweep(accepted, &stored, room, screen)?;
    files::write_all_new(&files).map_err(|failure| after_change(failure, changed))?;
    wrote.extend(transcript::digests(&files));
    remember_answered(room, accepted, &log)?;
    finish(accepted, &response, "The response is written", screen)?;
    Ok(response)
}

fn open_room(args: &Args, serial: Serial) -> Result<Room, Failure> {
    let real = |path: &Path| path.canonicalize().ok();
    let inside = real(&args.ceremony.folder).is_some_and(|ceremony| {
        // What of the room's path exists: with --new-room its end does not.
        let folder = &args.memory.room;
        let room = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
        room.ancestors().find_map(real).is_some_and(|room| room.starts_with(ceremony))
    });
    if inside {
        return Err(Failure::usage("--room is the ceremony's own folder, or inside it")
            .hint("name a folder that stays in the room from ceremony to ceremony"));
    }
    args.memory.open(serial)
}

/// Notes both at once: a memory of one without the other would contradict the medium.
fn remember_answered(
    room: &mut Room,
    accepted: &Accepted,
    log: &Verified<Log>,
) -> Result<(), Failure> {
    room.remember(|ledger| {
        ledger.answered(&accepted.plan, &accepted.request);
        log::sealed(ledger, accepted, log);
    })
}

/// What one run makes.
struct Answer {
    response: Verified<Response>,
    log: Verified<Log>,
    files: Vec<NewFile>,
}

/// A file that is to be written.
type NewFile = (PathBuf, Vec<u8>, Mode);

/// Everything that is written, signed and checked, but not on the medium yet.
fn make(work: &mut Work<'_>, isolation: Isolation) -> Result<Answer, Failure> {
    let accepted = work.accepted;
    let mut files = Vec::new();
    let mut targets = Vec::new();
    let planned = &accepted.plan.body().targets;
    let mut space = log::Space::default();
    let materials = accepted.plan.body().materials();
    let mut progress = Progress::new("key material", materials.len());
    for (number, material) in (1..).zip(materials) {
        progress.at(number);
        space.make(work.hsm, work.room, &material)?;
        let made = target::make(work, &material)?;
        files.extend(made.files);
        targets.extend(made.entries);
    }
    drop(progress);
    // Work goes key material by key material; the response has the plan's order.
    let place = |entry: &ResponseTarget| planned.iter().position(|t| t.name == entry.name);
    targets.sort_by_key(place);
    let hsm = work.hsm;
    let (log, log_bytes) = log::seal(hsm, accepted, work.room, &targets, work.accept_gap)?;
    files.push((accepted.ceremony.path(&accepted.log_name()), log_bytes, Mode::Public));
    let body = Response {
        environment: accepted.ceremony.policy().body().environment,
        request: accepted.request.digest(),
        plan: accepted.plan.digest(),
        device: accepted.device.digest(),
        created: clock::now()?,
        serial: hsm.device().map_err(|error| hsm_failed(&error))?.serial,
        isolation,
        log: log.digest(),
        targets,
    };
    let mut envelope = body.to_envelope().map_err(|error| unmakeable(&error))?;
    let signing_key = accepted.device.body().signing_key.object_id;
    sign(hsm, signing_key, &accepted.public, &mut envelope)?;
    let bytes = envelope.encode();
    let response = response::accept(
        accepted.ceremony.policy(),
        &accepted.device,
        &accepted.plan,
        &accepted.request,
        &bytes,
        Countersigned::NotYet,
    )
    .map_err(|refusal| refused("the new response", &refusal))?;
    // Last, so that a response on the medium means that everything it names is there.
    let path = accepted.ceremony.path(&accepted.response_name());
    files.push((path, bytes, Mode::Public));
    Ok(Answer { response, log, files })
}

/// Failures whose own hint says to stop.
const STOP: &[&str] =
    &["read-back", "other-material", "other-wrapping-key", "attestation", "log-unaccounted"];

/// A failure after key material was stored is not one after which nothing has changed.
fn after_change(mut failure: Failure, changed: bool) -> Failure {
    if !changed || STOP.contains(&failure.code) {
        return failure;
    }
    if failure.exit == Exit::Unchanged {
        failure.exit = Exit::Unknown;
    }
    failure.hint = Some(
        "key material is in the HSM already: mend the cause, then run the same command again; it is read back, not made anew"
            .to_owned(),
    );
    failure
}

fn finish(
    accepted: &Accepted,
    response: &Verified<Response>,
    heading: &str,
    screen: &Screen,
) -> Result<(), Failure> {
    let path = accepted.ceremony.path(&accepted.response_name());
    screen.heading(heading);
    screen.table(&fingerprint::rows(&response.digest()));
    screen.say(format!(
        "Next: each witness who has not done so signs it: keyferry sign {} --identity FILE",
        shell(&path)
    ));
    screen.result(path.display().to_string())
}

fn answer_json(
    accepted: &Accepted,
    response: &Verified<Response>,
    written: &Written,
    screen: &Screen,
) -> Result<(), Failure> {
    let path = accepted.ceremony.path(&accepted.response_name());
    let transcripts = written.as_ref().map(Vec::as_slice).unwrap_or_default();
    screen.json(&serde_json::json!({
        "response": path,
        "digest": response.digest(),
        "transcripts": transcripts,
    }))
}
