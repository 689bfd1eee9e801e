//! `keyferry-offline respond`: from a request to a response.
//!
//! Verify -> look at the HSM -> show -> typed confirmation -> per target: random bytes, opaque object, wrapping, copies -> sign ->
//! check one's own work -> write. Nothing in the HSM changes before the person has confirmed, and the room's memory is on the
//! medium before the HSM is asked to change: after a power cut the same command reads back what is there and makes nothing twice.

mod preflight;
mod summary;
mod target;

use crate::hsm_access::{HsmArgs, hsm_failed, sign, unmakeable};
use crate::outputs::Outputs;
use crate::room::Room;
use crate::{copies, isolation};
use keyferry_bundle::kinds::{Bundle as _, Isolation};
use keyferry_bundle::{Device, Plan, PublicKey, Request, Response, Verified};
use keyferry_ceremony::{Countersigned, backup, response};
use keyferry_console::args::CeremonyArgs;
use keyferry_console::ceremony::refused;
use keyferry_console::files::Mode;
use keyferry_console::{Ceremony, Exit, Failure, Name, Person, Screen, clock, files, fingerprint};
use keyferry_hsm::{Hsm, YubiHsm2};
use std::path::PathBuf;

/// What to answer.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: keyferry-offline --hsm usb:12345678 respond /media/usb/payments-2026 --room /media/ceremony/room"
)]
pub(crate) struct Args {
    #[command(flatten)]
    ceremony: CeremonyArgs,

    /// Folder of the room's memory, kept from ceremony to ceremony: requests answered once are not answered again
    #[arg(long, value_name = "DIR")]
    room: PathBuf,

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
    pub(crate) public: PublicKey,
    pub(crate) recipients: Vec<age::x25519::Recipient>,
}

impl Accepted {
    fn read(args: &Args) -> Result<Self, Failure> {
        let ceremony = Ceremony::open(&args.ceremony)?;
        let device = ceremony.device()?;
        let plan = ceremony.plan(&device)?;
        let counter = args.request.unwrap_or_else(|| ceremony.newest_request().max(1));
        let request = ceremony.request(&device, &plan, counter)?;
        let enrolled = device.body().enrolled().map_err(|error| unmakeable(&error))?;
        let custodians = backup::recipients(ceremony.policy().body(), plan.body());
        let recipients = copies::recipients(&custodians)?;
        Ok(Self { ceremony, device, plan, request, public: enrolled.key, recipients })
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
    let mut room = Room::open(&args.room, device.serial)?;
    room.ledger()
        .admit(&accepted.plan, &accepted.request)
        .map_err(|refusal| refused(accepted.request_name(), &refusal))?;
    files::must_be_free(&accepted.ceremony.path(&accepted.response_name()))?;

    let hsm = access.open(device.serial, device.authentication_key, person)?;
    let stored = preflight::look(&hsm, &accepted, &room)?;
    summary::show(&accepted, &stored, isolation, screen)?;
    let ceremony_id = accepted.plan.body().ceremony.as_str();
    person.confirm(screen, "Generate and wrap this key material?", ceremony_id)?;

    room.remember(|ledger| ledger.begin(&accepted.plan, &accepted.request))?;
    let mut changed = false;
    let made = make(&hsm, &accepted, &stored, &mut room, isolation, &mut changed);
    let (response, outputs) = made.map_err(|failure| after_change(failure, changed))?;
    outputs.write().map_err(|failure| after_change(failure, changed))?;
    room.remember(|ledger| ledger.answered(&accepted.plan, &accepted.request))?;
    finish(&accepted, &response, screen)
}

impl Accepted {
    fn request_name(&self) -> Name {
        Name::Request(self.request.body().counter)
    }
}

/// Everything that is written, signed and checked, but not on the medium yet.
fn make(
    hsm: &YubiHsm2,
    accepted: &Accepted,
    stored: &preflight::Stored,
    room: &mut Room,
    isolation: Isolation,
    changed: &mut bool,
) -> Result<(Verified<Response>, Outputs), Failure> {
    let mut outputs = Outputs::default();
    let mut targets = Vec::new();
    for planned in &accepted.plan.body().targets {
        let made = target::make(hsm, accepted, planned, stored, room, changed)?;
        outputs.append(made.files);
        targets.push(made.entry);
    }
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
    outputs.add(&accepted.ceremony, &accepted.response_name(), bytes, Mode::Public);
    Ok((response, outputs))
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
        path.display()
    ));
    screen.result(path.display().to_string())?;
    screen.json(&serde_json::json!({ "response": path, "digest": response.digest() }))
}
