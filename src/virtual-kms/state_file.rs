//! The state on disk: one JSON file for its owner alone, locked while a service runs on it, replaced whole before a request is answered.

use crate::world::World;
use keyferry_console::{Exit, Failure, files};
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Most bytes of a state file.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// The lock is the owner's too.
const OWNER_ONLY: u32 = 0o600;

/// The file, and what stands in it.
pub(crate) struct StateFile {
    path: PathBuf,
    written: Zeroizing<Vec<u8>>,
    /// On a file beside it, because the file itself is replaced. Gone with the process, however that ends.
    lock: Option<File>,
}

impl StateFile {
    /// Reads the state, or nothing where the file is not there yet. One service runs on it at a time.
    pub(crate) fn open(path: PathBuf) -> Result<(Self, Option<World>), Failure> {
        let missing = path.symlink_metadata().is_err();
        if missing {
            files::must_be_free(&path)?;
        }
        let lock = Some(lock(&path)?);
        if missing {
            return Ok((Self { path, written: Zeroizing::default(), lock }, None));
        }
        let written = Zeroizing::new(files::read_capped(&path, MAX_BYTES)?);
        let world = serde_json::from_slice(&written).map_err(|error| {
            let what = format!("{} is no state of this service", path.display());
            Failure::new(Exit::File, "state-file", what)
                .because(error)
                .hint("name another file, or move that one away")
        })?;
        Ok((Self { path, written, lock }, Some(world)))
    }

    /// Writes the state, if it is not what stands there.
    pub(crate) fn save(&mut self, world: &World) -> Result<(), Failure> {
        let bytes = Zeroizing::new(serde_json::to_vec(world).map_err(Failure::bug)?);
        if bytes != self.written {
            files::replace(&self.path, &bytes)?;
            self.written = bytes;
        }
        Ok(())
    }

    /// Lets another service have it.
    pub(crate) fn release(&mut self) {
        self.lock = None;
    }
}

fn lock(state: &Path) -> Result<File, Failure> {
    let mut name = std::ffi::OsString::from(".");
    name.push(state.file_name().unwrap_or_default());
    name.push(".lock");
    let path = state.with_file_name(name);
    let cannot = |because: &dyn std::fmt::Display| {
        let what = format!("{} cannot be locked", state.display());
        Failure::new(Exit::File, "state-file", what).because(because)
    };
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(OWNER_ONLY);
    let file = options.open(&path).map_err(|error| cannot(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::Error(error)) => Err(cannot(&error)),
        Err(TryLockError::WouldBlock) => Err(cannot(&"another virtual KMS runs on it")
            .hint("name another state file, or end the other service")),
    }
}
