//! The state file: read once, locked while in use, replaced as a whole.

use super::{State, state};
use crate::wire::DeviceError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Only the owner may read what holds keys.
const OWNER_ONLY: u32 = 0o600;
/// More than a full device takes, so that the buffer is never moved.
const ROOM: usize = 512 * 1024;

/// Why the state cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Another service has it.
    #[error("another virtual HSM is using it")]
    InUse,
    /// It is not a state file, or a damaged one.
    #[error("it is not the state of a virtual HSM")]
    Unreadable(#[source] serde_json::Error),
    /// It was written by another version of this program.
    #[error("its version is {0}, and this program knows version {known}", known = state::VERSION)]
    Version(u32),
    /// The system refuses.
    #[error("the system refuses")]
    Io(#[from] io::Error),
    /// No random bytes could be had.
    #[error("no random bytes could be had")]
    NoRandom,
}

/// Where the state is kept.
#[derive(Debug)]
pub(crate) struct StateFile {
    path: PathBuf,
    part: PathBuf,
    /// Held until the service ends, also when it is killed.
    _lock: File,
}

impl StateFile {
    /// Reads the state, or makes that of a new device with this serial, on request a FIPS device.
    pub(crate) fn open(
        path: &Path,
        serial: Option<u32>,
        fips_device: bool,
    ) -> Result<(Self, State), FileError> {
        let file = Self {
            path: path.to_owned(),
            part: beside(path, ".part"),
            _lock: lock(&beside(path, ".lock"))?,
        };
        let state = match std::fs::read(path) {
            Ok(bytes) => {
                let bytes = Zeroizing::new(bytes);
                let head: Head = serde_json::from_slice(&bytes).map_err(FileError::Unreadable)?;
                if head.version != state::VERSION {
                    return Err(FileError::Version(head.version));
                }
                let mut state: State =
                    serde_json::from_slice(&bytes).map_err(FileError::Unreadable)?;
                let forced = state.options.is_forced();
                state.log.boot(forced);
                state
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let serial = serial.map_or_else(state::random_serial, Ok);
                serial
                    .and_then(|serial| State::factory(serial, fips_device))
                    .map_err(|_: DeviceError| FileError::NoRandom)?
            }
            Err(error) => return Err(error.into()),
        };
        file.write(&state)?;
        Ok((file, state))
    }

    /// Replaces the file: a new one beside it, flushed, moved over it, the folder flushed. A kill at any moment leaves one whole state.
    pub(crate) fn write(&self, state: &State) -> io::Result<()> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(ROOM));
        serde_json::to_writer(&mut *bytes, state)?;
        let mut part = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(OWNER_ONLY)
            .open(&self.part)?;
        part.set_permissions(std::fs::Permissions::from_mode(OWNER_ONLY))?;
        part.write_all(&bytes)?;
        part.sync_all()?;
        std::fs::rename(&self.part, &self.path)?;
        File::open(folder_of(&self.path))?.sync_all()
    }
}

/// What every version of the file says.
#[derive(serde::Deserialize)]
struct Head {
    version: u32,
}

fn lock(path: &Path) -> Result<File, FileError> {
    let file =
        OpenOptions::new().write(true).create(true).truncate(false).mode(OWNER_ONLY).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(FileError::InUse),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(suffix);
    folder_of(path).join(name)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_kept_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hsm.json");
        let (file, state) = StateFile::open(&path, Some(12_345_678), false).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, OWNER_ONLY);
        assert!(matches!(StateFile::open(&path, None, false), Err(FileError::InUse)));
        drop(file);
        let (_file, again) = StateFile::open(&path, Some(1), false).unwrap();
        assert_eq!(again.serial, 12_345_678);
        assert_eq!(again.log.len(), state.log.len() + 1);
    }

    #[test]
    fn a_half_written_part_is_no_state() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hsm.json");
        drop(StateFile::open(&path, Some(7), false).unwrap());
        std::fs::write(folder.path().join(".hsm.json.part"), b"{\"ver").unwrap();
        assert_eq!(StateFile::open(&path, None, false).unwrap().1.serial, 7);
    }

    #[test]
    fn other_files_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        std::fs::write(&path, b"not a state").unwrap();
        assert!(matches!(StateFile::open(&path, None, false), Err(FileError::Unreadable(_))));
        assert_eq!(std::fs::read(&path).unwrap(), b"not a state");
        let nowhere = folder.path().join("missing").join("hsm.json");
        assert!(matches!(StateFile::open(&nowhere, None, false), Err(FileError::Io(_))));
    }
}
