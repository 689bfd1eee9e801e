//! The room's memory: which plans and requests of a device were answered. It lives in a folder of the ceremony medium, one file a
//! device, and is written before the HSM is asked to change.

use keyferry_bundle::Serial;
use keyferry_ceremony::ledger::Ledger;
use keyferry_console::{Exit, Failure, files};
use std::path::{Path, PathBuf};

/// The most bytes a ledger may have.
const MAX_BYTES: usize = 1 << 20;

/// A ledger and its file.
#[derive(Debug)]
pub struct Room {
    path: PathBuf,
    ledger: Ledger,
}

impl Room {
    /// Opens the memory for one device; a device never met before has an empty one.
    ///
    /// # Errors
    /// [`Exit::File`] when the folder or its file cannot be read or made.
    pub fn open(folder: &Path, serial: Serial) -> Result<Self, Failure> {
        std::fs::create_dir_all(folder).map_err(|error| {
            Failure::new(Exit::File, "file-unwritable", "the room's folder cannot be made")
                .because(format!("{}: {error}", folder.display()))
        })?;
        let path = folder.join(format!("ledger-{serial}.json"));
        if path.symlink_metadata().is_err() {
            return Ok(Self { path, ledger: Ledger::default() });
        }
        let bytes = files::read_capped(&path, MAX_BYTES)?;
        let ledger = serde_json::from_slice(&bytes).map_err(|error| {
            Failure::new(Exit::File, "ledger", format!("{} is damaged", path.display()))
                .because(error)
                .hint(
                    "bring the copy from the last ceremony's medium: without it old requests pass",
                )
        })?;
        Ok(Self { path, ledger })
    }

    /// What is remembered.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Remembers something, on the medium before this returns.
    ///
    /// # Errors
    /// [`Exit::File`] when it cannot be written; the old memory then stands.
    pub fn remember(&mut self, change: impl FnOnce(&mut Ledger)) -> Result<(), Failure> {
        let mut ledger = self.ledger.clone();
        change(&mut ledger);
        if ledger == self.ledger {
            return Ok(());
        }
        let bytes = serde_json::to_vec(&ledger).map_err(Failure::bug)?;
        files::replace(&self.path, &bytes)?;
        self.ledger = ledger;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_memory_is_not_taken_for_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let serial = Serial::new(7);
        assert!(Room::open(folder.path(), serial).unwrap().ledger().plans.is_empty());
        std::fs::write(folder.path().join("ledger-7.json"), b"").unwrap();
        assert_eq!(Room::open(folder.path(), serial).unwrap_err().code, "ledger");
        assert!(Room::open(folder.path(), Serial::new(8)).is_ok());
    }
}
