//! `keyferry-offline abort`: a plan that nobody answered is given up, and what it left in the HSM is deleted.

use super::record::{self, Done, Written};
use super::restore::delete_object;
use super::{Accepted, held, inventory, log};
use crate::hsm_access::{HsmArgs, hsm_failed};
use crate::isolation;
use crate::respond::keeping::purpose_of;
use crate::respond::preflight;
use crate::room::{Room, RoomArgs};
use crate::transcript::Run;
use keyferry_bundle::kinds::{InventoryEntry, KeptAs, Target, UpkeepObject, Work};
use keyferry_bundle::{Base64, Digest, ObjectId, Plan, TargetName, Text, Verified};
use keyferry_ceremony::ledger::{Ledger, Memory};
use keyferry_console::args::CeremonyArgs;
use keyferry_console::ceremony::{pinned_history, refused};
use keyferry_console::{Ceremony, Exit, Failure, Name, Person, Screen, fingerprint};
use keyferry_hsm::Hsm;

/// Which plan is given up.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: keyferry-offline --hsm usb:12345678 abort /media/usb/payments-2026 --room /media/ceremony/room --reason \"the KMS key is the wrong one\""
)]
pub(crate) struct Args {
    #[command(flatten)]
    ceremony: CeremonyArgs,

    #[command(flatten)]
    memory: RoomArgs,

    /// Why, or on whose word: it stands in the record
    #[arg(long, value_name = "TEXT")]
    reason: Option<Text>,
}

pub(crate) fn run(
    args: &Args,
    access: &HsmArgs,
    person: &Person,
    screen: &Screen,
) -> Result<(), Failure> {
    screen.record();
    let ceremony = Ceremony::open(&args.ceremony)?;
    let history = pinned_history(args.ceremony.trust.trust.as_deref())?;
    let accepted = Accepted::new(history, ceremony.policy().clone(), ceremony.device()?)?;
    let plan = ceremony.plan(&accepted.device)?;
    isolation::check(accepted.policy.body().environment, access.allow_network, screen)?;
    let device = accepted.device.body();
    let mut room = args.memory.open(device.serial)?;
    let answered = |name: &&Name| matches!(name, Name::Response(_) | Name::Receipt(_));
    if let Some(answered) = ceremony.names().iter().find(answered) {
        return Err(too_late(&plan).because(format!("{answered} is here")));
    }
    let memory = if args.memory.new_room { Memory::New } else { Memory::Kept };
    room.ledger().may_give_up(memory, &plan).map_err(|refusal| {
        if room.ledger().has_answered(&plan) {
            too_late(&plan).caused_by(&refusal)
        } else {
            refused(Name::Plan, &refusal)
        }
    })?;
    super::must_be_free(&room, ceremony.folder())?;
    let hsm = access.open(device.serial, device.credentials.ceremony, person, screen)?;
    room.remember(Ledger::session_opened)?;
    let mut about = Vec::new();
    let mut work =
        Abort { args, access, accepted: &accepted, plan: &plan, hsm: &hsm, person, screen };
    let outcome = work.run(&mut room, &ceremony, &mut about);
    let run = Run {
        hsm: &hsm,
        policy: &accepted.policy,
        device: &accepted.device,
        room: &mut room,
        folder: ceremony.folder(),
        screen,
        about,
    };
    record::end(run, outcome)
}

fn too_late(plan: &Verified<Plan>) -> Failure {
    let what = format!("plan {} cannot be given up any more", plan.body().counter);
    Failure::new(Exit::Refused, "answered", what)
        .hint("its key material may be on its way to KMS: finish it with `keyferry-online import`; then delete the key material in KMS, `keyferry-online delete-material`, and the object, where it is not wanted")
}

struct Abort<'a> {
    args: &'a Args,
    access: &'a HsmArgs,
    accepted: &'a Accepted,
    plan: &'a Verified<Plan>,
    hsm: &'a dyn Hsm,
    person: &'a Person,
    screen: &'a Screen,
}

/// What the plan left.
struct Left {
    target: TargetName,
    object_id: ObjectId,
    kept_as: KeptAs,
    /// Whether it still is in the HSM.
    there: bool,
    check_value: Digest,
    public_key: Option<Base64>,
}

impl Left {
    fn deleted(target: &Target, check_value: Digest) -> Self {
        let (object_id, kept_as) = (target.object_id, target.kept_as);
        let target = target.name.clone();
        Self { target, object_id, kept_as, there: false, check_value, public_key: None }
    }
}

impl Abort<'_> {
    fn run(
        &mut self,
        room: &mut Room,
        ceremony: &Ceremony,
        about: &mut Vec<Digest>,
    ) -> Result<Written, Failure> {
        let device = self.accepted.device.body();
        let ids: Vec<ObjectId> =
            self.plan.body().targets.iter().map(|target| target.object_id).collect();
        preflight::check_identity(self.hsm, device, &self.accepted.public, &ids)?;
        let left = self.left(room)?;
        self.show(&left);
        self.person.confirm(
            self.screen,
            "Give this plan up, and delete what it left?",
            self.plan.body().ceremony.as_str(),
        )?;
        let administration = if left.iter().any(|left| left.there) {
            let key = device.credentials.administration;
            Some(self.access.open(device.serial, key, self.person, self.screen)?)
        } else {
            None
        };
        // First: nothing of it is answered from here on, whatever comes.
        room.remember(|ledger| ledger.give_up(self.plan))?;
        let mut objects = Vec::new();
        for left in left {
            if let Some(administration) = administration.as_ref().filter(|_| left.there) {
                log::make_room(self.hsm, self.accepted, room, 3)?;
                delete_object(administration, left.kept_as, left.object_id)?;
            }
            objects.push(UpkeepObject {
                object_id: left.object_id,
                kept_as: left.kept_as,
                check_value: left.check_value,
                public_key: left.public_key,
                wrapped: None,
                source: None,
                attestation: None,
            });
        }
        let done = Done {
            work: Work::Abort,
            plan: Some(self.plan.digest()),
            reason: self.args.reason.clone(),
            objects,
        };
        let folder = ceremony.folder();
        let written = record::write(self.hsm, self.accepted, room, folder, done, Vec::new())?;
        about.push(written.upkeep.digest());
        record::show(&written, "The plan is given up; the next plan follows it", self.screen)?;
        Ok(written)
    }

    /// What is in the HSM under the plan's ids and is its own. A stranger's object there is none of its business.
    fn left(&self, room: &mut Room) -> Result<Vec<Left>, Failure> {
        let mut all = Vec::new();
        let there = inventory::read(self.hsm)?;
        for material in self.plan.body().materials() {
            let target = material.leader;
            let entry = InventoryEntry {
                kind: inventory::kind(target.kept_as),
                object_id: target.object_id,
            };
            let Some(remembered) = room.ledger().may_have_stored(self.plan, &target.name) else {
                continue;
            };
            if !there.contains(&entry) {
                // A run that was cut off has deleted it, and its record is still to be made.
                let deleted = remembered.check_value();
                if let Some(check_value) =
                    deleted.filter(|_| room.ledger().is_being_given_up(self.plan))
                {
                    all.push(Left::deleted(target, check_value));
                }
                continue;
            }
            let object = self
                .hsm
                .object(purpose_of(target.kept_as).kind(), target.object_id)
                .map_err(|error| hsm_failed(&error))?
                .ok_or_else(|| Failure::bug("an object that is listed is not there"))?;
            log::make_room(self.hsm, self.accepted, room, held::entries(target.kept_as))?;
            let held = held::look(self.hsm, &object, target.kept_as)?;
            remembered.confirm(held.check_value).map_err(|other| {
                Failure::new(Exit::Refused, "other-material", "the HSM holds other key material")
                    .because(other)
                    .hint("stop: somebody put it there; it is not this plan's to delete")
            })?;
            all.push(Left {
                target: target.name.clone(),
                object_id: target.object_id,
                kept_as: target.kept_as,
                there: true,
                check_value: held.check_value,
                public_key: held.public_key,
            });
        }
        Ok(all)
    }

    fn show(&self, left: &[Left]) {
        let plan = self.plan.body();
        self.screen
            .heading(format!("Plan {}, {}, is about to be given up", plan.counter, plan.ceremony));
        self.screen.say("None of its requests was answered. It can never be answered afterwards.");
        if left.is_empty() {
            self.screen.say("It left nothing in the HSM.");
        }
        for left in left {
            let fate =
                if left.there { "is deleted" } else { "was deleted by a run that was cut off" };
            self.screen.table(&[
                ("target", left.target.to_string()),
                ("object", format!("{}, {}: {fate}", left.object_id, left.kept_as)),
                ("check value", fingerprint::hex(&left.check_value)),
            ]);
        }
    }
}
