//! `keyferry-offline restore`: key material put back from copies, and proved to be the same; with `--drill` deleted again afterwards.
//!
//! Whatever can be found wrong is found before the HSM is changed. After a cut the same command goes on: an object that is there, came
//! in under wrap and holds the right key material counts.

use super::record::{self, Done, Written};
use super::sources::{self, KeyCopy};
use super::{Accepted, OfHsm, held, inventory, log};
use crate::hsm_access::{HsmArgs, hsm_failed};
use crate::isolation;
use crate::respond::keeping::{PAGE, purpose_of};
use crate::respond::{preflight, public_wrap_key};
use crate::room::Room;
use crate::transcript::Run;
use keyferry_bundle::kinds::{InventoryEntry, KeptAs, UpkeepObject, Work};
use keyferry_bundle::{Digest, ObjectId};
use keyferry_ceremony::ledger::Ledger;
use keyferry_console::{Exit, Failure, Person, Screen, fingerprint};
use keyferry_hsm::{Error, Feature, Hsm, Object};
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

    /// Prove that the copies can be put back, then delete what was put back
    #[arg(long)]
    drill: bool,

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
    let copies = sources::read(&args.from, &accepted)?;
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
    let (written, transcripts) = run.end(outcome)?;
    screen.json(&serde_json::json!({
        "upkeep": written.path,
        "digest": written.upkeep.digest(),
        "work": written.upkeep.body().work,
        "objects": written.upkeep.body().objects.iter().map(|it| it.object_id).collect::<Vec<_>>(),
        "transcripts": transcripts.as_ref().map(Vec::as_slice).unwrap_or_default(),
    }))?;
    transcripts.map(drop)
}

struct Restore<'a> {
    args: &'a Args,
    access: &'a HsmArgs,
    accepted: &'a Accepted,
    copies: &'a [KeyCopy],
    hsm: &'a dyn Hsm,
    room: &'a mut Room,
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

    /// Looks at everything the work depends on, and changes nothing. Returns what is not there yet.
    fn look(&self, before: &[InventoryEntry]) -> Result<Vec<ObjectId>, Failure> {
        let (hsm, device) = (self.hsm, self.accepted.device.body());
        let ids: Vec<ObjectId> = self.copies.iter().map(|copy| copy.object_id).collect();
        preflight::check_identity(hsm, device, &self.accepted.public, &ids)?;
        let info = hsm.device().map_err(|error| hsm_failed(&error))?;
        let mut missing = Vec::new();
        for copy in self.copies {
            if copy.kept_as == KeptAs::SymmetricKey {
                public_wrap_key::check_free(hsm, copy.object_id)?;
                if !info.has(Feature::RsaWrap) {
                    return Err(Failure::new(
                        Exit::Unchanged,
                        "hsm-firmware",
                        "this HSM's firmware is too old for the copies",
                    )
                    .because(format!(
                        "symmetric key {} cannot be proved on {}",
                        copy.object_id, info.firmware
                    ))
                    .hint("restore it into an HSM with newer firmware"));
                }
            }
            let kind = inventory::kind(copy.kept_as);
            let own = before.iter().find(|entry| {
                entry.object_id == copy.object_id && inventory::is_own(device, entry)
            });
            if let Some(own) = own {
                return Err(taken(copy, format!("the HSM has its own {own}")));
            }
            match before
                .iter()
                .find(|entry| (entry.kind, entry.object_id) == (kind, copy.object_id))
            {
                None => missing.push(copy.object_id),
                Some(_)
                    if self.args.drill && !self.room.ledger().may_be_of_a_drill(copy.object_id) =>
                {
                    return Err(taken(
                        copy,
                        "it is in the HSM, and a drill deletes what it put back".to_owned(),
                    )
                    .hint("do the drill with an HSM that does not have these objects"));
                }
                Some(_) => {
                    let object = self.object(copy)?;
                    fits(copy, &object).map_err(|problem| taken(copy, problem))?;
                }
            }
        }
        self.check_storage(&missing)?;
        Ok(missing)
    }

    fn object(&self, copy: &KeyCopy) -> Result<Object, Failure> {
        let kind = purpose_of(copy.kept_as).kind();
        self.hsm
            .object(kind, copy.object_id)
            .map_err(|error| hsm_failed(&error))?
            .ok_or_else(|| other(copy, "it is not there"))
    }

    /// The store takes every object; a copy is a little longer than what it takes there.
    fn check_storage(&self, missing: &[ObjectId]) -> Result<(), Failure> {
        let needed = self.copies.iter().filter(|copy| missing.contains(&copy.object_id));
        // One more for the ephemeral public key under which a symmetric key is looked at.
        let pages: Vec<usize> =
            needed.map(|copy| copy.export.len().div_ceil(PAGE)).chain([3]).collect();
        let bytes = pages.iter().sum::<usize>() * PAGE;
        let storage = self.hsm.storage().map_err(|error| hsm_failed(&error))?;
        let fits = usize::from(storage.free_objects) >= pages.len()
            && storage.free_bytes as usize >= bytes;
        if fits || missing.is_empty() {
            return Ok(());
        }
        Err(Failure::new(Exit::Unchanged, "hsm-store-full", "the HSM's object store has no room")
            .because(format!(
                "{} object(s) of about {bytes} bytes are needed, {} object(s) and {} bytes are free",
                pages.len(),
                storage.free_objects,
                storage.free_bytes
            ))
            .hint("delete what is not needed, or restore into another HSM"))
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

/// Whether an object of the HSM is what the copy makes, as far as can be told from outside.
fn fits(copy: &KeyCopy, object: &Object) -> Result<(), String> {
    object.serves_as_copy(purpose_of(copy.kept_as))?;
    match &copy.place {
        Some((label, _)) if object.label != label.as_str() => {
            Err(format!("it is labelled {:?}, not {:?}", object.label, label.as_str()))
        }
        Some((_, domains)) if object.domains != *domains => {
            Err(format!("it is in domains {}, not {domains}", object.domains))
        }
        Some(_) | None => Ok(()),
    }
}

fn taken(copy: &KeyCopy, because: String) -> Failure {
    Failure::new(
        Exit::Unchanged,
        "object-id-taken",
        format!("object id {} is taken", copy.object_id),
    )
    .because(because)
    .hint("nothing was changed: find out whose object it is, or restore into another HSM")
}

fn other(copy: &KeyCopy, problem: &str) -> Failure {
    Failure::new(
        Exit::Unknown,
        "other-material",
        format!("object {} is not what was copied", copy.object_id),
    )
    .because(problem)
    .because(copy.path.display())
    .hint("stop: the copy, or the bundle that names it, is not what it says; delete the object with the administration's credential")
}

fn not_taken(copy: &KeyCopy, error: &Error) -> Failure {
    Failure::new(
        Exit::Unchanged,
        "copy-refused",
        format!("the HSM does not take the copy of object {}", copy.object_id),
    )
    .because(copy.path.display())
    .because(error)
    .hint(
        "its wrap key is another than the one that the copy was made under, or the copy is damaged",
    )
}
