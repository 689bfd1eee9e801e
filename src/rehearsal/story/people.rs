//! Everybody who signs.

use super::Story;
use crate::cast::{OPERATOR, passphrase};
use crate::stage::Place;
use keyferry_console::Failure;

impl Story<'_> {
    /// Everybody makes an identity, and takes it where they work.
    pub(super) fn people(&self) -> Result<(), Failure> {
        for name in self.cast.signers() {
            let file = format!("{name}.identity");
            self.office.run(name, "keyferry", &["identity", "new", &file], &[&passphrase(name)])?;
        }
        self.stage.hand(Place::Office, Place::Bastion, &format!("{OPERATOR}.identity"))?;
        for witness in self.cast.witnesses() {
            self.stage.hand(Place::Office, Place::Room, &format!("{witness}.identity"))?;
        }
        Ok(())
    }
}
