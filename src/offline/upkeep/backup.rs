//! `keyferry-offline backup`: a copy of every key material that the HSM holds, under its wrap key, and the record of them.
//!
//! It is complete or refused: whatever the HSM has is the device's own, or is copied. Everything is written at the end, or nothing.

use super::record::{self, Done, Written};
use super::sources::{self, Answered};
use super::{Accepted, OfHsm, held, inventory, log};
use crate::copies;
use crate::hsm_access::{HsmArgs, hsm_failed};
use crate::isolation;
use crate::respond::keeping::purpose_of;
use crate::respond::{preflight, public_wrap_key};
use crate::room::Room;
use crate::transcript::Run;
use keyferry_bundle::kinds::{
    AttestationChain, InventoryEntry, KeptAs, ResponseTarget, UpkeepObject, Work,
};
use keyferry_bundle::{Base64, Digest, ObjectId};
use keyferry_ceremony::ledger::Ledger;
use keyferry_console::files::{self, Mode};
use keyferry_console::{Exit, Failure, Name, Person, Screen};
use keyferry_hsm::{Feature, Hsm, Object, Origin};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// What to copy, and where to.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: keyferry-offline --hsm usb:12345678 backup /media/safe/2026 --device device.json --room /media/ceremony/room /media/usb/payments-2026"
)]
pub(crate) struct Args {
    /// The folder to write, which must not be there
    #[arg(value_name = "OUT")]
    out: PathBuf,

    /// Folders of ceremonies whose key material must be among the copies, the very same
    #[arg(value_name = "CEREMONY")]
    ceremonies: Vec<PathBuf>,

    #[command(flatten)]
    of: OfHsm,
}

pub(crate) fn run(
    args: &Args,
    access: &HsmArgs,
    person: &Person,
    screen: &Screen,
) -> Result<(), Failure> {
    screen.record();
    let accepted = Accepted::read(&args.of)?;
    isolation::check(accepted.policy.body().environment, access.allow_network, screen)?;
    let expected = expected(&args.ceremonies, &accepted)?;
    let device = accepted.device.body();
    let mut room = args.of.memory.open(device.serial)?;
    files::must_be_free(&args.out)?;
    let hsm = access.open(device.serial, device.credentials.ceremony, person, screen)?;
    room.remember(Ledger::session_opened)?;
    let mut about = Vec::new();
    let outcome = (|| {
        let objects = look(&hsm, &accepted, &expected)?;
        show(&accepted, &objects, screen);
        person.confirm(screen, "Copy these?", &device.serial.to_string())?;
        let exporting = access.open(device.serial, device.credentials.backup, person, screen)?;
        let copies = Copies { hsm: &hsm, exporting: &exporting, accepted: &accepted };
        let written = copies.write(args, &mut room, &objects, &expected)?;
        about.push(written.upkeep.digest());
        record::show(&written, "Everything that the HSM holds is copied", screen)?;
        Ok(written)
    })();
    // The transcript lies beside the record; where there is no folder, with whoever ran this.
    let there = args.out.is_dir();
    let folder = if there { args.out.clone() } else { PathBuf::from(".") };
    let run = Run {
        hsm: &hsm,
        policy: &accepted.policy,
        device: &accepted.device,
        room: &mut room,
        folder: &folder,
        screen,
        about,
    };
    record::end(run, outcome)
}

/// Key material that a ceremony left in this HSM, by its response.
struct Expected {
    object_id: ObjectId,
    answered: ResponseTarget,
    folder: PathBuf,
}

fn expected(folders: &[PathBuf], accepted: &Accepted) -> Result<Vec<Expected>, Failure> {
    let mut all = Vec::new();
    for folder in folders {
        let Answered { plan, response, .. } = sources::ceremony(folder, accepted)?;
        let Some(response) = response else { continue };
        for material in plan.body().materials() {
            let name = &material.leader.name;
            let answered = response.body().targets.iter().find(|target| target.name == *name);
            all.extend(answered.map(|answered| Expected {
                object_id: material.leader.object_id,
                answered: answered.clone(),
                folder: folder.clone(),
            }));
        }
    }
    Ok(all)
}

/// Everything in the HSM that is key material; whatever is neither that nor the device's own is named, and refused.
fn look(
    hsm: &dyn Hsm,
    accepted: &Accepted,
    expected: &[Expected],
) -> Result<Vec<(KeptAs, Object)>, Failure> {
    let device = accepted.device.body();
    let all = inventory::read(hsm)?;
    let ids: Vec<ObjectId> = all.iter().map(|entry| entry.object_id).collect();
    preflight::check_identity(hsm, device, &accepted.public, &ids)?;
    let new_enough = hsm.device().map_err(|error| hsm_failed(&error))?.has(Feature::RsaWrap);
    let mut objects = Vec::new();
    let mut taken = BTreeSet::new();
    for entry in all.iter().copied().filter(|entry| !inventory::is_own(device, *entry)) {
        let stranger = |because: String| {
            Failure::new(Exit::Unchanged, "hsm-object", "the HSM holds what cannot be copied")
                .because(format!("{entry}: {because}"))
                .hint("find out whose it is: a backup of this HSM has all that it holds, or it is none")
        };
        let (kept_as, object) = key_material(hsm, entry).map_err(stranger)??;
        if kept_as == KeptAs::SymmetricKey {
            public_wrap_key::check_free(hsm, entry.object_id)?;
            if !new_enough {
                return Err(stranger("this firmware cannot show its check value".to_owned()));
            }
        }
        if !taken.insert(entry.object_id) {
            return Err(stranger("another object has the same id".to_owned()));
        }
        objects.push((kept_as, object));
    }
    if let Some(gone) = expected.iter().find(|expected| !taken.contains(&expected.object_id)) {
        let what = format!("object {} is not in the HSM", gone.object_id);
        return Err(Failure::new(Exit::Unchanged, "material-gone", what)
            .because(format!("{} made it", gone.folder.display()))
            .hint("restore it first: keyferry-offline restore"));
    }
    Ok(objects)
}

/// An object of key material: made here, stored here or put back here, with no capability but to leave under wrap.
fn key_material(
    hsm: &dyn Hsm,
    entry: InventoryEntry,
) -> Result<Result<(KeptAs, Object), Failure>, String> {
    let kept_as =
        inventory::kept_as(entry.kind).ok_or_else(|| "it is no key material".to_owned())?;
    let purpose = purpose_of(kept_as);
    let object = match hsm.object(purpose.kind(), entry.object_id) {
        Ok(object) => object.ok_or_else(|| "it is gone".to_owned())?,
        Err(error) => return Ok(Err(hsm_failed(&error))),
    };
    object.serves(purpose).or_else(|problem| {
        // What differs is said of the object as it would be made, unless it came in under wrap.
        if object.origin == Origin::ImportedWrapped {
            object.serves_as_copy(purpose)
        } else {
            Err(problem)
        }
    })?;
    Ok(Ok((kept_as, object)))
}

fn show(accepted: &Accepted, objects: &[(KeptAs, Object)], screen: &Screen) {
    let device = accepted.device.body();
    screen.heading(format!("A backup of HSM {}, serial {}", device.name, device.serial));
    let row = |(kept_as, object): &(KeptAs, Object)| {
        screen.say(format!("{}  {kept_as}, {:?}, {}", object.id, object.label, object.origin));
    };
    objects.iter().for_each(row);
    if objects.is_empty() {
        screen.say("It holds no key material: the record says so.");
    }
    match &device.shares {
        Some(set) => screen.say(format!(
            "Any {} of {} shares put them back into another HSM.",
            set.threshold,
            set.holders.len()
        )),
        None => screen.warn(
            "the wrap key is in this HSM alone: when it is lost, so is all that these copies hold",
        ),
    }
}

struct Copies<'a> {
    /// The ceremony's credential, which reads and signs.
    hsm: &'a dyn Hsm,
    /// The backup credential, which exports.
    exporting: &'a dyn Hsm,
    accepted: &'a Accepted,
}

impl Copies<'_> {
    fn write(
        &self,
        args: &Args,
        room: &mut Room,
        objects: &[(KeptAs, Object)],
        expected: &[Expected],
    ) -> Result<Written, Failure> {
        let mut files = Vec::new();
        let mut entries = Vec::new();
        for (kept_as, object) in objects {
            log::make_room(self.hsm, self.accepted, room, 4 + held::entries(*kept_as))?;
            let (entry, export) = self.copy(*kept_as, object, expected)?;
            let path = args.out.join(format!("{}.yhw", object.id));
            files.push((path, export, Mode::Private));
            entries.push(entry);
        }
        let device = self.accepted.device.envelope().encode();
        files.push((args.out.join(Name::Device.to_string()), device, Mode::Public));
        let done = Done { work: Work::Backup, plan: None, reason: None, objects: entries };
        files::new_folder(&args.out)?;
        record::write(self.hsm, self.accepted, room, &args.out, done, files).inspect_err(|_| {
            // Ours alone: it was not there a moment ago, and what was written in it is removed again.
            let _ = std::fs::remove_dir(&args.out);
        })
    }

    /// One object: which key material it is, and the copy of it.
    fn copy(
        &self,
        kept_as: KeptAs,
        object: &Object,
        expected: &[Expected],
    ) -> Result<(UpkeepObject, Vec<u8>), Failure> {
        let held = held::look(self.hsm, object, kept_as)?;
        let known = expected.iter().find(|expected| expected.object_id == object.id);
        if let Some(known) = known
            && known.answered.check_value != held.check_value
        {
            let what = format!("object {} is of other key material", object.id);
            return Err(Failure::new(Exit::Refused, "other-material", what)
                .because(format!("{} made another one", known.folder.display()))
                .hint("stop: somebody put it there"));
        }
        let attestation = match known.and_then(|known| known.answered.attestation.clone()) {
            Some(known) => Some(known),
            None if kept_as == KeptAs::AsymmetricKey && object.origin == Origin::Generated => {
                Some(self.attest(object.id)?)
            }
            None => None,
        };
        let wrap_key = self.accepted.device.body().wrap_key;
        let export = self
            .exporting
            .export_wrapped(wrap_key, object.kind, object.id)
            .map_err(|error| hsm_failed(&error))?;
        let text = copies::under_wrap(&export);
        let entry = UpkeepObject {
            object_id: object.id,
            kept_as,
            check_value: held.check_value,
            public_key: held.public_key,
            wrapped: Some(Digest::of(&text)),
            source: None,
            attestation,
        };
        Ok((entry, text))
    }

    fn attest(&self, id: ObjectId) -> Result<AttestationChain, Failure> {
        let certificate = self.hsm.attest(id).map_err(|error| hsm_failed(&error))?;
        let issuer = self.hsm.attestation_certificate().map_err(|error| hsm_failed(&error))?;
        Ok(AttestationChain {
            certificate: Base64::new(certificate).map_err(Failure::bug)?,
            issuers: vec![Base64::new(issuer).map_err(Failure::bug)?],
        })
    }
}
