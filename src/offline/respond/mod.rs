//! `keyferry-offline respond`: from a request to a response.
//!
//! Verify -> look at the HSM -> show -> typed confirmation -> per target: random bytes, opaque object, wrapping, copies -> sign ->
//! check one's own work -> write. Nothing in the HSM changes before the person has confirmed, and the room's memory is on the
//! medium before the HSM is asked to change: after a power cut the same command reads back what is there and makes nothing twice.

mod copy;
mod material;
mod preflight;
mod private;
mod raw;
mod summary;
mod take_out;
mod target;

use crate::hsm_access::{HsmArgs, hsm_failed, sign, unmakeable};
use crate::room::Room;
use crate::{copies, isolation};
use keyferry_bundle::kinds::{Bundle as _, Isolation};
use keyferry_bundle::{Device, Kind, Plan, Policy, PublicKey, Request, Response, Serial, Verified};
use keyferry_ceremony::ledger::Memory;
use keyferry_ceremony::{Countersigned, backup, response};
use keyferry_console::args::CeremonyArgs;
use keyferry_console::ceremony::refused;
use keyferry_console::files::Mode;
use keyferry_console::{
    Ceremony, Exit, Failure, Name, Person, Screen, clock, files, fingerprint, shell,
};
use material::Work;
use std::path::{Path, PathBuf};

/// What to answer.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: keyferry-offline --hsm usb:12345678 respond /media/usb/payments-2026 --room /media/ceremony/room"
)]
pub(crate) struct Args {
    #[command(flatten)]
    ceremony: CeremonyArgs,

    /// Folder of the room's memory, kept from ceremony to ceremony: requests answered once are not answered again. It is not
    /// the ceremony's folder
    #[arg(long, value_name = "DIR")]
    room: PathBuf,

    /// Begin a new memory in that folder: for the very first ceremony with this HSM
    #[arg(long)]
    new_room: bool,

    /// Answer the request with this number, not the newest
    #[arg(long, value_name = "N")]
    request: Option<u32>,
}

/// Everything that was verified before the HSM was touched.
pub(crate) struct Accepted {
    pub(crate) ceremony: Ceremony,
    pub(crate) device: Verified<Device>,
    pub(crate) plan: Verified<Plan>,
    pub(crate) request: Verified<Request>,
    /// The requests before it that the folder has, in order.
    earlier: Vec<Verified<Request>>,
    pub(crate) public: PublicKey,
    pub(crate) recipients: Vec<age::x25519::Recipient>,
}

/// The age recipients of the custodians, where any target has bytes to copy.
fn recipients(
    policy: &Verified<Policy>,
    plan: &Verified<Plan>,
) -> Result<Vec<age::x25519::Recipient>, Failure> {
    let targets = plan.body().targets.iter();
    let custodians = targets
        .map(|target| backup::recipients(policy.body(), plan.body(), target))
        .max_by_key(Vec::len);
    copies::recipients(&custodians.unwrap_or_default())
}

impl Accepted {
    fn read(args: &Args) -> Result<Self, Failure> {
        let ceremony = Ceremony::open(&args.ceremony)?;
        refuse_tokens(&ceremony)?;
        let device = ceremony.device()?;
        let plan = ceremony.plan(&device)?;
        let counter = args.request.unwrap_or_else(|| ceremony.newest_request().max(1));
        let request = ceremony.request(&device, &plan, counter)?;
        let earlier = (1..counter)
            .filter(|counter| ceremony.has(&Name::Request(*counter)))
            .map(|counter| ceremony.request(&device, &plan, counter))
            .collect::<Result<_, _>>()?;
        let enrolled = device.body().enrolled().map_err(|error| unmakeable(&error))?;
        let recipients = recipients(ceremony.policy(), &plan)?;
        Ok(Self { ceremony, device, plan, request, earlier, public: enrolled.key, recipients })
    }

    fn response_name(&self) -> Name {
        Name::Response(self.request.body().counter)
    }
}

pub(crate) fn run(
    args: &Args,
    access: &HsmArgs,
    person: &Person,
    screen: &Screen,
) -> Result<(), Failure> {
    let accepted = Accepted::read(args)?;
    let environment = accepted.ceremony.policy().body().environment;
    let isolation = isolation::check(environment, access.allow_network, screen)?;
    let device = accepted.device.body();
    let mut room = open_room(args, device.serial)?;
    if let Some(response) = already_written(&accepted)? {
        room.remember(|ledger| ledger.answered(&accepted.plan, &accepted.request))?;
        screen.say("This request was answered already; nothing was made anew.");
        return finish(&accepted, &response, screen);
    }
    accepted.admit(&room, args.new_room)?;

    let hsm = access.open(device.serial, device.authentication_key, person)?;
    let stored = preflight::look(&hsm, &accepted, &room)?;
    summary::show(&accepted, &stored, &room, isolation, screen)?;
    let ceremony_id = accepted.plan.body().ceremony.as_str();
    person.confirm(screen, "Generate and wrap this key material?", ceremony_id)?;

    room.remember(|ledger| ledger.begin(&accepted.plan, &accepted.request))?;
    let mut work =
        Work { hsm: &hsm, accepted: &accepted, stored: &stored, room: &mut room, changed: false };
    let made = make(&mut work, isolation);
    let changed = work.changed;
    let (response, files) = made.map_err(|failure| after_change(failure, changed))?;
    sweep(&accepted, &stored, screen)?;
    files::write_all_new(&files).map_err(|failure| after_change(failure, changed))?;
    room.remember(|ledger| ledger.answered(&accepted.plan, &accepted.request))?;
    finish(&accepted, &response, screen)
}

fn open_room(args: &Args, serial: Serial) -> Result<Room, Failure> {
    let real = |path: &Path| path.canonicalize().ok();
    let ceremony = real(&args.ceremony.folder);
    if ceremony.is_some() && real(&args.room) == ceremony {
        return Err(Failure::usage("--room is the ceremony's own folder")
            .hint("name a folder that stays in the room from ceremony to ceremony"));
    }
    if args.new_room { Room::begin(&args.room, serial) } else { Room::open(&args.room, serial) }
}

/// An import token has no business here: with it, whoever finds the medium can upload.
fn refuse_tokens(ceremony: &Ceremony) -> Result<(), Failure> {
    match ceremony.names().iter().find(|name| matches!(name, Name::ImportToken(..))) {
        None => Ok(()),
        Some(name) => {
            Err(Failure::new(Exit::Refused, "token-travelled", format!("{name} is here"))
                .because("import tokens stay on the bastion: the room needs only their digests")
                .hint("remove it from the medium; fetch again if anybody else may have seen it"))
        }
    }
}

/// The response, where an earlier run has written it and was cut off before it could remember so.
fn already_written(accepted: &Accepted) -> Result<Option<Verified<Response>>, Failure> {
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

/// Copies that no bundle names, left by a run that was cut off while it wrote: they are made anew.
fn sweep(accepted: &Accepted, stored: &preflight::Stored, screen: &Screen) -> Result<(), Failure> {
    let ceremony = &accepted.ceremony;
    for target in accepted.plan.body().targets.iter().map(|target| &target.name) {
        if !stored.has(target) || ceremony.has(&Name::Backup(target.clone())) {
            continue;
        }
        for name in [Name::WrappedCopy(target.clone()), Name::AgeCopy(target.clone())] {
            if ceremony.has(&name) {
                std::fs::remove_file(ceremony.path(&name)).map_err(|error| {
                    Failure::new(Exit::File, "file-unwritable", format!("{name} is in the way"))
                        .because(error)
                })?;
                screen.say(format!("{name} was left by a run that was cut off: it is made anew."));
            }
        }
    }
    Ok(())
}

impl Accepted {
    fn request_name(&self) -> Name {
        Name::Request(self.request.body().counter)
    }

    /// Asks the room's memory whether this may be answered.
    fn admit(&self, room: &Room, new_room: bool) -> Result<(), Failure> {
        let memory = if new_room { Memory::New } else { Memory::Kept };
        let mut requests = self.earlier.clone();
        requests.push(self.request.clone());
        room.ledger().admit(memory, &self.plan, &requests).map_err(|refusal| {
            let blamed =
                if refusal.kind() == Kind::Plan { Name::Plan } else { self.request_name() };
            refused(blamed, &refusal)
        })
    }
}

/// A file that is to be written.
type NewFile = (PathBuf, Vec<u8>, Mode);

/// Everything that is written, signed and checked, but not on the medium yet.
fn make(
    work: &mut Work<'_>,
    isolation: Isolation,
) -> Result<(Verified<Response>, Vec<NewFile>), Failure> {
    let accepted = work.accepted;
    let mut files = Vec::new();
    let mut targets = Vec::new();
    for planned in &accepted.plan.body().targets {
        let made = target::make(work, planned)?;
        files.extend(made.files);
        targets.push(made.entry);
    }
    let hsm = work.hsm;
    let body = Response {
        environment: accepted.ceremony.policy().body().environment,
        request: accepted.request.digest(),
        plan: accepted.plan.digest(),
        device: accepted.device.digest(),
        created: clock::now()?,
        serial: hsm.device().map_err(|error| hsm_failed(&error))?.serial,
        isolation,
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
    Ok((response, files))
}

/// A failure after key material was stored is not one after which nothing has changed.
fn after_change(mut failure: Failure, changed: bool) -> Failure {
    if changed {
        if failure.exit == Exit::Unchanged {
            failure.exit = Exit::Unknown;
        }
        failure.hint = Some(
            "key material is in the HSM already: mend the cause, then run the same command again; it is read back, not made anew"
                .to_owned(),
        );
    }
    failure
}

fn finish(
    accepted: &Accepted,
    response: &Verified<Response>,
    screen: &Screen,
) -> Result<(), Failure> {
    let path = accepted.ceremony.path(&accepted.response_name());
    screen.heading("The response is written");
    screen.table(&fingerprint::rows(&response.digest()));
    screen.say(format!(
        "Next: each witness signs it: keyferry sign {} --identity FILE",
        shell(&path)
    ));
    screen.result(path.display().to_string())?;
    screen.json(&serde_json::json!({ "response": path, "digest": response.digest() }))
}
