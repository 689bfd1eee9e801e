//! The room's memory: which plans and requests of a device were answered. It lives in a folder of the ceremony medium, one file a
//! device, and is written before the HSM is asked to change.

use keyferry_bundle::Serial;
use keyferry_ceremony::ledger::Ledger;
use keyferry_console::{Exit, Failure, files};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The most bytes a ledger may have.
const MAX_BYTES: usize = 1 << 20;

/// Where the memory is.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct RoomArgs {
    /// Folder of the room's memory, kept from run to run: requests answered once are not answered again, and transcripts are
    /// counted. It is not the ceremony's folder
    #[arg(long, value_name = "DIR")]
    pub(crate) room: PathBuf,

    /// Begin a new memory in that folder: for the very first run with this HSM
    #[arg(long)]
    pub(crate) new_room: bool,
}

impl RoomArgs {
    /// Opens the memory of one device, or begins it.
    pub(crate) fn open(&self, serial: Serial) -> Result<Room, Failure> {
        if self.new_room { Room::begin(&self.room, serial) } else { Room::open(&self.room, serial) }
    }
}

/// A ledger and its file.
#[derive(Debug)]
pub struct Room {
    path: PathBuf,
    ledger: Ledger,
}

impl Room {
    /// Opens the memory for one device.
    ///
    /// # Errors
    /// [`Exit::File`] when it is not there, cannot be read, or is damaged: a room without memory would answer old requests again.
    pub fn open(folder: &Path, serial: Serial) -> Result<Self, Failure> {
        let path = Self::file(folder, serial);
        if path.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            return Err(Failure::new(
                Exit::File,
                "no-memory",
                format!("{} holds no memory of HSM {serial}", folder.display()),
            )
            .because("requests that were answered before would be answered again")
            .hint("name the folder of the last ceremony; for the very first one add --new-room"));
        }
        let bytes = files::read_capped(&path, MAX_BYTES)?;
        let ledger = Ledger::decode(&bytes).map_err(|error| {
            Failure::new(Exit::File, "ledger", format!("{} is damaged", path.display()))
                .because(error)
                .hint(
                    "bring the copy from the last ceremony's medium: without it old requests pass",
                )
        })?;
        Ok(Self { path, ledger })
    }

    /// Begins the memory of a device; it is written with the first thing to remember. One that knows of no plan yet has only begun.
    ///
    /// # Errors
    /// [`Exit::File`] when there is one already that knows of a plan, or is damaged, or the folder cannot be made.
    pub fn begin(folder: &Path, serial: Serial) -> Result<Self, Failure> {
        files::make_folders(folder)?;
        let path = Self::file(folder, serial);
        if path.symlink_metadata().is_err() {
            return Ok(Self { path, ledger: Ledger::default() });
        }
        if let Ok(begun) = Self::open(folder, serial)
            && begun.ledger.is_empty()
        {
            return Ok(begun);
        }
        Err(Failure::new(
            Exit::File,
            "memory-there",
            format!("{} remembers HSM {serial} already", folder.display()),
        )
        .hint("leave --new-room out"))
    }

    fn file(folder: &Path, serial: Serial) -> PathBuf {
        folder.join(format!("ledger-{serial}.json"))
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
        let bytes = ledger.encode().map_err(Failure::bug)?;
        files::replace(&self.path, &bytes)?;
        self.ledger = ledger;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_begun_once_and_never_taken_for_empty() {
        let folder = tempfile::tempdir().unwrap();
        let serial = Serial::new(7);
        assert_eq!(Room::open(folder.path(), serial).unwrap_err().code, "no-memory");
        assert!(Room::begin(folder.path(), serial).unwrap().ledger().is_empty());
        std::fs::write(folder.path().join("ledger-7.json"), b"").unwrap();
        assert_eq!(Room::begin(folder.path(), serial).unwrap_err().code, "memory-there");
        assert_eq!(Room::open(folder.path(), serial).unwrap_err().code, "ledger");
        std::fs::write(folder.path().join("ledger-7.json"), b"{\"plans\":[]}").unwrap();
        assert!(Room::begin(folder.path(), serial).is_ok());
        let plan = format!(
            "{{\"plan\":\"{}\",\"counter\":1,\"requests\":[],\"targets\":[]}}",
            "a".repeat(64)
        );
        let memory = format!("{{\"plans\":[{plan}]}}");
        std::fs::write(folder.path().join("ledger-7.json"), memory).unwrap();
        assert_eq!(Room::begin(folder.path(), serial).unwrap_err().code, "memory-there");
        assert!(Room::open(folder.path(), serial).is_ok());
        assert!(Room::begin(folder.path(), Serial::new(8)).is_ok());
    }
}
