//! A wrap key that is split among the custodians.

use super::{Hsm, Story};
use crate::stage::Place;
use keyferry_console::Failure;
use keyferry_console::files;

/// The folder with the shares, on every machine.
pub(super) const FOLDER: &str = "shares";

impl Story<'_> {
    /// The wrap key is split by a first run of `init`, and each custodian proves the share that the room made for them.
    pub(super) fn split(&self, init: &[&str], hsm: &Hsm) -> Result<(), Failure> {
        self.room.run("room", "keyferry-offline", init, &[hsm.casing.serial])?;
        files::new_folder(&self.office.folder.join(FOLDER))?;
        self.stage.hand(Place::Room, Place::Office, &format!("{FOLDER}/shares.json"))?;
        for (number, name) in (1..).zip(self.cast.custodians()) {
            let share = format!("{FOLDER}/share-{number}-{name}.age");
            self.stage.hand(Place::Room, Place::Office, &share)?;
            let identity = format!("{name}.age-identity");
            let prove = ["share", "prove", &share, "--identity", &identity];
            self.office.run(name, "keyferry", &prove, &[])?;
            let proof = format!("{FOLDER}/share-{number}-{name}.proof.json");
            self.stage.hand(Place::Office, Place::Room, &proof)?;
        }
        self.screen
            .say("  carried between the room and the custodians: the shares, and their proofs");
        Ok(())
    }
}
