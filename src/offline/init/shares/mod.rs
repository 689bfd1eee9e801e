//! The wrap key in shares. It is drawn from the HSM's generator, split, and put back; nothing is exported under it but a probe before
//! every custodian has proved their share.
//!
//! First run: share files, wrap key, probe, then `shares.json`. As long as that file is not there, the wrap key has wrapped nothing that
//! counts: the next run deletes it and makes another. Later runs read the proofs that came in, and go on when all are there.

mod args;
mod draw;
mod folder;
mod join;
mod probe;

pub(crate) use args::ShareArgs;
pub(super) use folder::Found;
pub(super) use join::Joined;
pub(super) use probe::is_there as probe_is_there;

use crate::copies;
use crate::hsm_access::hsm_failed;
use folder::ShareFolder;
use keyferry_bundle::kinds::ShareSet;
use keyferry_bundle::{Base64, Custodian, Holder, ObjectId, Policy, Serial};
use keyferry_console::files::{self, Mode};
use keyferry_console::{Exit, Failure, Screen};
use keyferry_hsm::{Hsm, KeyMaterial, Place, Purpose};
use keyferry_shares::{SetFile, Split};
use serde_json::json;
use std::path::PathBuf;

/// Where the wrap key comes from.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    /// The HSM generates it.
    Generated,
    /// It is drawn from the HSM and split; what the share folder holds says how far that is.
    Split(&'a Sharing, &'a Found),
    /// It is another HSM's, put together from shares.
    Joined(&'a Joined),
}

/// How a wrap key is split, in words.
pub(super) fn split(set: &ShareSet) -> String {
    in_words(set.threshold, set.holders.iter().map(|one| &one.holder))
}

fn in_words<'a>(threshold: u8, holders: impl Iterator<Item = &'a Holder>) -> String {
    let names: Vec<&str> = holders.map(Holder::as_str).collect();
    format!("{threshold} of {} among {}", names.len(), names.join(", "))
}

/// The HSM still holds the wrap key that was split: it takes back what it exported then.
pub(super) fn hold(hsm: &dyn Hsm, place: &Place, file: &SetFile) -> Result<(), Failure> {
    probe::take_back(hsm, place, file.probe.as_bytes(), &file.shares.id)
}

/// What was asked for: the wrap key of one HSM, `threshold` of the custodians.
pub(super) struct Sharing {
    serial: Serial,
    threshold: u8,
    custodians: Vec<Custodian>,
    /// Whether they were named, or are all of the policy's.
    named: bool,
    recipients: Vec<age::x25519::Recipient>,
    folder: ShareFolder,
}

impl Sharing {
    /// What the command line asks for, with the policy's custodians; none where nothing is to be split.
    pub(super) fn new(
        args: &ShareArgs,
        policy: &Policy,
        serial: Serial,
        screen: &Screen,
    ) -> Result<Option<Self>, Failure> {
        let (Some(threshold), Some(folder)) = (args.shares, &args.share_folder) else {
            return Ok(None);
        };
        let custodians = args.custodians(policy)?;
        let count = custodians.len();
        if !(usize::from(threshold)..=ShareSet::MAX).contains(&count) {
            return Err(Failure::usage("the wrap key cannot be split like this")
                .because(format!("{threshold} shares are to make it, among {count} custodian(s)"))
                .hint("name more custodians, in the policy, or fewer shares with --shares"));
        }
        if usize::from(threshold) == count {
            screen.warn(format!(
                "all {count} shares are needed: with any one of them the wrap key is lost, and every copy under it"
            ));
        }
        let recipients = copies::recipients(&custodians)?;
        let folder = ShareFolder::new(folder);
        let named = args.names_custodians();
        Ok(Some(Self { serial, threshold, custodians, named, recipients, folder }))
    }

    /// What the folder holds. Whatever is in the way is named before anything is done.
    pub(super) fn found(&self) -> Result<Found, Failure> {
        self.folder.found(self)
    }

    /// How the wrap key will be split, in words.
    pub(super) fn plan(&self) -> String {
        in_words(self.threshold, self.custodians.iter().map(|one| &one.holder))
    }

    /// Makes shares and wrap key. On failure the share files that this run wrote are removed: the wrap key they were of, should it be
    /// in the HSM, is deleted by the next run.
    pub(super) fn begin(&self, hsm: &dyn Hsm, place: &Place) -> Result<SetFile, Failure> {
        probe::sweep(hsm, place.id)?;
        if hsm.object(Purpose::SplitWrapKey.kind(), place.id).map_err(|e| hsm_failed(&e))?.is_some()
        {
            hsm.delete_wrap_key(place.id).map_err(|error| hsm_failed(&error))?;
        }
        let (key, split) = draw::split(hsm, self.serial, self.threshold, &self.custodians)?;
        let share_files = self.sealed(&split)?;
        self.folder.make()?;
        files::write_all_new(&share_files)?;
        self.put(hsm, place, &key, split.set).inspect_err(|_| {
            for (path, ..) in &share_files {
                let _ = files::remove(path);
            }
        })
    }

    /// Each share, encrypted to its custodian.
    fn sealed(&self, split: &Split) -> Result<Vec<(PathBuf, Vec<u8>, Mode)>, Failure> {
        let seal = |(share, recipient): (&keyferry_shares::Share, &age::x25519::Recipient)| {
            let text = share.to_text();
            let file = copies::seal(text.as_bytes(), std::slice::from_ref(recipient))?;
            Ok((self.folder.share(share.index(), share.holder()), file, Mode::Private))
        };
        split.shares.iter().zip(&self.recipients).map(seal).collect()
    }

    /// Puts the wrap key in, has the HSM show that it is that one, and writes the public part: from then on the set counts.
    fn put(
        &self,
        hsm: &dyn Hsm,
        place: &Place,
        key: &KeyMaterial,
        shares: ShareSet,
    ) -> Result<SetFile, Failure> {
        hsm.put_wrap_key(place, key).map_err(|error| hsm_failed(&error))?;
        let probe = probe::export(hsm, place, key, &shares.id)?;
        let probe = Base64::new(probe).map_err(Failure::bug)?;
        let file = SetFile { serial: self.serial, shares, probe };
        let bytes = file.encode().map_err(Failure::bug)?;
        files::write_new(&self.folder.set(), &bytes, Mode::Public)?;
        Ok(file)
    }

    /// Says who still has to prove a share, and ends well: nothing else can be done here now.
    pub(super) fn wait(&self, file: &SetFile, screen: &Screen) -> Result<(), Failure> {
        let missing: Vec<_> =
            file.shares.holders.iter().filter(|holder| holder.proof.is_none()).collect();
        screen.heading("The wrap key is split; its custodians prove their shares next");
        screen.table(&[
            ("HSM", self.serial.to_string()),
            ("wrap key", split(&file.shares)),
            ("set", file.shares.id.to_string()),
        ]);
        for holder in &missing {
            let share = self.folder.share(holder.index, &holder.holder);
            screen.say(format!(
                "{}: keyferry share prove {} --identity FILE",
                holder.holder,
                share.display()
            ));
        }
        screen.say(
            "Each takes the share file and shares.json, and brings the proof back. Then run the same command again.",
        );
        screen.result(self.folder.set().display().to_string())?;
        let names: Vec<_> = missing.iter().map(|holder| &holder.holder).collect();
        screen.json(&json!({
            "shares": self.folder.set(),
            "set": file.shares.id,
            "threshold": file.shares.threshold,
            "count": file.shares.holders.len(),
            "waiting_for": names,
        }))
    }

    /// There is a set, and its wrap key is not in the HSM.
    pub(super) fn gone(&self, wrap_key: ObjectId) -> Failure {
        Failure::new(Exit::Unchanged, "wrap-key", "the wrap key that was split is not in the HSM")
            .because(format!("there is no wrap key {wrap_key}, though {} is here", self.folder.set().display()))
            .hint("if the HSM was reset, its shares are void: begin again with another --share-folder")
    }

    /// The set cannot be read any more, and the factory's credential is gone.
    pub(super) fn lost(&self) -> Failure {
        let set = self.folder.set();
        Failure::new(Exit::File, "share-set", format!("{} is not here", set.display()))
            .because("the HSM was set up with a wrap key in shares, and the device bundle names them")
            .hint("bring it and the proofs back; if they are lost and no device bundle was signed yet, reset the HSM and begin again")
    }
}
