//! `keyferry-offline restore`: key material put back from copies, and proved to be the same; with `--drill` deleted again afterwards.
//!
//! Whatever can be found wrong is found before the HSM is changed. After a cut the same command goes on: an object that is there, came
//! in under wrap and holds the right key material counts.

use super::look::{fits, not_taken, other};
use super::record::{self, Done, Written};
use super::sources::{self, KeyCopy};
use super::{Accepted, OfHsm, held, inventory, log};
use crate::hsm_access::{HsmArgs, hsm_failed};
use crate::isolation;
use crate::respond::keeping::purpose_of;
use crate::room::Room;
use crate::transcript::Run;
use keyferry_bundle::kinds::{InventoryEntry, KeptAs, UpkeepObject, Work};
use keyferry_bundle::{Digest, ObjectId};
use keyferry_ceremony::ledger::Ledger;
use keyferry_console::{Exit, Failure, Person, Screen, fingerprint};
use keyferry_hsm::{Error, Hsm};
use std::path::PathBuf;

/// What to put back.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: keyferry-offline --hsm usb:87654321 restore /media/usb/payments-2026 --device device.json --room /media/ceremony/room\n\
        Example: keyferry-offline --hsm usb:87654321 restore whole --device device.json --room /media/ceremony/room --drill"
)]
pub(crate) struct Args {
    /// Folders with copies: of earlier ceremonies, or that `keyferry-offline backup` wrote
    #[arg(value_name = "FROM", required = true, num_args = 1..)]
    from: Vec<PathBuf>,

    #[command(flatten)]
    of: OfHsm,

    /// Only the object of this id; once for each [default: all that the folders have]
    #[arg(long, value_name = "ID")]
    object: Vec<ObjectId>,

    /// Prove that the copies can be put back, then delete what was put back
    #[arg(long)]
    pub(super) drill: bool,

    /// Folder for the record and the transcript
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    out: PathBuf,
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
    let copies = chosen(sources::read(&args.from, &accepted)?, &args.object)?;
    let device = accepted.device.body();
    let mut room = args.of.memory.open(device.serial)?;
    super::must_be_free(&room, &args.out)?;
    let hsm = access.open(device.serial, device.credentials.ceremony, person, screen)?;
    room.remember(Ledger::session_opened)?;
    let mut about = Vec::new();
    let mut work = Restore {
        args,
        access,
        accepted: &accepted,
        copies: &copies,
        hsm: &hsm,
        room: &mut room,
        person,
        screen,
        changed: false,
    };
    let outcome = work.run(&mut about);
    let run = Run {
        hsm: &hsm,
        policy: &accepted.policy,
        device: &accepted.device,
        room: &mut room,
        folder: &args.out,
        screen,
        about,
    };
    record::end(run, outcome)
}

/// The copies of these objects; all of them where none is named.
fn chosen(mut copies: Vec<KeyCopy>, objects: &[ObjectId]) -> Result<Vec<KeyCopy>, Failure> {
    let known = |id: &&ObjectId| copies.iter().any(|copy| copy.object_id == **id);
    if let Some(unknown) = objects.iter().find(|id| !known(id)) {
        return Err(Failure::usage(format!("there is no copy of object {unknown}"))
            .because("none of the folders has one"));
    }
    copies.retain(|copy| objects.is_empty() || objects.contains(&copy.object_id));
    Ok(copies)
}

/// A restore, or a drill.
pub(super) struct Restore<'a> {
    pub(super) args: &'a Args,
    access: &'a HsmArgs,
    pub(super) accepted: &'a Accepted,
    pub(super) copies: &'a [KeyCopy],
    pub(super) hsm: &'a dyn Hsm,
    pub(super) room: &'a mut Room,
    person: &'a Person,
    screen: &'a Screen,
    /// Whether this run has put anything into the HSM.
    changed: bool,
}

impl Restore<'_> {
    fn run(&mut self, about: &mut Vec<Digest>) -> Result<Written, Failure> {
        let before = inventory::read(self.hsm)?;
        let missing = self.look(&before)?;
        self.show(&missing);
        let device = self.accepted.device.body();
        let question = if self.args.drill {
            "Put these back, prove them, and delete them again?"
        } else {
            "Put these back?"
        };
        self.person.confirm(self.screen, question, &device.serial.to_string())?;
        let credentials = &device.credentials;
        let open = |key| self.access.open(device.serial, key, self.person, self.screen);
        let backup = if missing.is_empty() { None } else { Some(open(credentials.backup)?) };
        let administration =
            self.args.drill.then(|| open(credentials.administration)).transpose()?;
        // Nobody knows how long the questions stood there.
        let environment = self.accepted.policy.body().environment;
        isolation::check(environment, self.access.allow_network, self.screen)?;
        if self.args.drill {
            let ids = self.copies.iter().map(|copy| copy.object_id);
            self.room.remember(|ledger| ledger.drilling(ids))?;
        }
        let put_back = match &backup {
            Some(backup) => self.put_back(backup, &missing),
            None => Ok(()),
        };
        let proved = put_back.and_then(|()| self.prove());
        // Whatever went wrong: of a drill nothing stays.
        let swept = administration.as_ref().map_or(Ok(()), |hsm| self.delete(hsm, &before));
        let objects = proved.map_err(|failure| self.after_change(failure, swept.is_ok()))?;
        swept.map_err(|failure| self.after_change(failure, false))?;
        let work = if self.args.drill { Work::Drill } else { Work::Restore };
        let done = Done { work, plan: None, reason: None, objects };
        let (hsm, accepted) = (self.hsm, self.accepted);
        let written = record::write(hsm, accepted, self.room, &self.args.out, done, Vec::new())
            .map_err(|failure| self.after_change(failure, self.args.drill))?;
        about.push(written.upkeep.digest());
        let heading = if self.args.drill {
            "The drill is done: the copies can be put back, and nothing of them is in the HSM"
        } else {
            "The key material is in the HSM again"
        };
        record::show(&written, heading, self.screen)?;
        Ok(written)
    }

    fn show(&self, missing: &[ObjectId]) {
        let device = self.accepted.device.body();
        let what = if self.args.drill { "A drill" } else { "A restore" };
        self.screen.heading(format!("{what} with HSM {}, serial {}", device.name, device.serial));
        for copy in self.copies {
            let state = if missing.contains(&copy.object_id) {
                "is put back now"
            } else {
                "is there already: it is proved"
            };
            self.screen.heading(format!("Object {}, {}", copy.object_id, copy.kept_as));
            let mut rows = vec![("key material", state.to_owned())];
            if let Some((label, domains)) = &copy.place {
                rows.push(("label", format!("{:?}, domains {domains}", label.as_str())));
            }
            rows.push(("check value", fingerprint::hex(&copy.check_value)));
            rows.push(("copy", copy.path.display().to_string()));
            self.screen.table(&rows);
        }
    }

    /// Has the HSM import each copy, and looks that it is that object which came in.
    fn put_back(&mut self, backup: &dyn Hsm, missing: &[ObjectId]) -> Result<(), Failure> {
        let wrap_key = self.accepted.device.body().wrap_key;
        for copy in self.copies.iter().filter(|copy| missing.contains(&copy.object_id)) {
            let needed = 2 + held::entries(copy.kept_as);
            log::make_room(self.hsm, self.accepted, self.room, needed)?;
            let mut expected = inventory::read(self.hsm)?;
            match backup.import_wrapped(wrap_key, &copy.export) {
                Ok(()) => self.changed = true,
                Err(error @ Error::Refused { .. }) => return Err(not_taken(copy, &error)),
                Err(error) => {
                    self.changed |= error.leaves_state_unknown();
                    return Err(hsm_failed(&error));
                }
            }
            let kind = inventory::kind(copy.kept_as);
            expected.push(InventoryEntry { kind, object_id: copy.object_id });
            expected.sort_unstable();
            let found = inventory::read(self.hsm)?;
            if let Some(stranger) = found.iter().find(|entry| !expected.contains(entry)) {
                return Err(
                    other(copy, "what came in is another object").because(format!("{stranger}"))
                );
            }
        }
        Ok(())
    }

    /// Each object is there, is what it must be, and holds the key material that the copy was made of.
    fn prove(&mut self) -> Result<Vec<UpkeepObject>, Failure> {
        let mut objects = Vec::new();
        for copy in self.copies {
            let object = self.object(copy)?;
            fits(copy, &object).map_err(|problem| other(copy, &problem))?;
            log::make_room(self.hsm, self.accepted, self.room, held::entries(copy.kept_as))?;
            let held = held::look(self.hsm, &object, copy.kept_as)?;
            if held.check_value != copy.check_value {
                return Err(other(
                    copy,
                    "its check value is not the one of the key material that was copied",
                )
                .because(format!("it is {}, not {}", held.check_value, copy.check_value)));
            }
            if held.public_key != copy.public_key {
                return Err(other(copy, "its public key is not the one that the bundle names"));
            }
            objects.push(UpkeepObject {
                object_id: copy.object_id,
                kept_as: copy.kept_as,
                check_value: held.check_value,
                public_key: held.public_key,
                wrapped: Some(copy.wrapped),
                source: Some(copy.source),
                attestation: copy.attestation.clone(),
            });
        }
        Ok(objects)
    }

    /// Deletes what the drill has put back; the HSM has then what it had before.
    fn delete(
        &mut self,
        administration: &dyn Hsm,
        before: &[InventoryEntry],
    ) -> Result<(), Failure> {
        let ours = |entry: &InventoryEntry| {
            self.copies.iter().any(|copy| {
                (inventory::kind(copy.kept_as), copy.object_id) == (entry.kind, entry.object_id)
            })
        };
        for copy in self.copies {
            log::make_room(self.hsm, self.accepted, self.room, 1)?;
            let kind = purpose_of(copy.kept_as).kind();
            if self.hsm.object(kind, copy.object_id).map_err(|e| hsm_failed(&e))?.is_some() {
                delete_object(administration, copy.kept_as, copy.object_id)?;
                self.changed = true;
            }
        }
        let left = inventory::read(self.hsm)?;
        let expected: Vec<InventoryEntry> =
            before.iter().copied().filter(|entry| !ours(entry)).collect();
        if left == expected {
            return Ok(());
        }
        Err(Failure::new(Exit::Unknown, "drill-left", "the HSM is not as it was before the drill")
            .because(format!("it has {} objects, {} are to be there", left.len(), expected.len())))
    }

    /// A failure after the HSM was changed is not one after which nothing has changed.
    fn after_change(&self, mut failure: Failure, swept: bool) -> Failure {
        if !self.changed || swept {
            return failure;
        }
        if failure.exit == Exit::Unchanged {
            failure.exit = Exit::Unknown;
        }
        if failure.code != "other-material" {
            failure.hint = Some(
                "mend the cause, then run the same command again: it looks first, and puts back what is missing".to_owned(),
            );
        }
        failure
    }
}

/// Deletes an object with the administration's credential.
pub(super) fn delete_object(hsm: &dyn Hsm, kept_as: KeptAs, id: ObjectId) -> Result<(), Failure> {
    match kept_as {
        KeptAs::Opaque => hsm.delete_opaque(id),
        KeptAs::SymmetricKey => hsm.delete_symmetric_key(id),
        KeptAs::AsymmetricKey => hsm.delete_asymmetric_key(id),
    }
    .map_err(|error| hsm_failed(&error))
}
