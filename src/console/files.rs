//! Files: read once with a cap, written once and never over another.

use crate::{Exit, Failure};
use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Who may read a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Everybody, as the umask allows: bundles.
    Public,
    /// The owner: identities, tokens, copies of key material.
    Private,
}

/// Reads a bundle: at most the bytes a bundle may have.
///
/// # Errors
/// As [`read_capped`].
pub fn read_bundle(path: &Path) -> Result<Vec<u8>, Failure> {
    read_capped(path, keyferry_bundle::envelope::MAX_BYTES)
}

/// Reads a regular file of at most `limit` bytes, once. A symbolic link in the last place is refused.
///
/// # Errors
/// [`Exit::File`] when it is missing, no regular file, or larger.
pub fn read_capped(path: &Path, limit: usize) -> Result<Vec<u8>, Failure> {
    let fail = |because: String| {
        Failure::new(Exit::File, "file-unreadable", format!("{} cannot be read", path.display()))
            .because(because)
    };
    let flags = (OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK).bits();
    let file = OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path).map_err(
        |error| match error.raw_os_error() {
            Some(code) if code == rustix::io::Errno::LOOP.raw_os_error() => {
                fail("it is a symbolic link".to_owned())
            }
            _ => fail(error.to_string()),
        },
    )?;
    let found = file.metadata().map_err(|error| fail(error.to_string()))?;
    if !found.is_file() {
        return Err(fail("it is no regular file".to_owned()));
    }
    let cap = u64::try_from(limit).unwrap_or(u64::MAX);
    if found.len() > cap {
        return Err(fail(format!("it has {} bytes, more than {limit}", found.len())));
    }
    let mut bytes = Vec::with_capacity(limit.min(65_536));
    file.take(cap.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| fail(error.to_string()))?;
    if bytes.len() > limit {
        return Err(fail(format!("it has more than {limit} bytes")));
    }
    Ok(bytes)
}

/// Refuses a path where something is already, or whose folder is not there: before anything is done that would be lost.
///
/// # Errors
/// [`Exit::File`].
pub fn must_be_free(path: &Path) -> Result<(), Failure> {
    if path.symlink_metadata().is_ok() {
        return Err(already_there(path));
    }
    let folder = folder_of(path);
    let probe = temporary(path)?;
    let created = create(&probe, Mode::Private);
    let _ = std::fs::remove_file(&probe);
    created.map(drop).map_err(|error| {
        cannot_write(path).because(format!("folder {}: {error}", folder.display()))
    })
}

/// Writes a new file: a temporary one beside it, flushed, linked into place where nothing may be yet, the folder flushed, read
/// back and compared. On any failure nothing is left behind.
///
/// # Errors
/// [`Exit::File`].
pub fn write_new(path: &Path, bytes: &[u8], mode: Mode) -> Result<(), Failure> {
    if path.symlink_metadata().is_ok() {
        return Err(already_there(path));
    }
    let probe = temporary(path)?;
    let placed = fill(&probe, bytes, mode)
        .map_err(|error| cannot_write(path).because(error))
        .and_then(|()| place(&probe, path));
    let _ = std::fs::remove_file(&probe);
    placed?;
    let kept = sync_folder(path).and_then(|()| std::fs::read(path));
    match kept {
        Ok(kept) if kept == bytes => Ok(()),
        Ok(_) => Err(discard(path, "it reads back differently".to_owned())),
        Err(error) => Err(discard(path, error.to_string())),
    }
}

/// Writes several new files in order, as [`write_new`] does each. Where one cannot be written, those written before are removed again.
///
/// # Errors
/// [`Exit::File`]; then none of them is there.
pub fn write_all_new(files: &[(PathBuf, Vec<u8>, Mode)]) -> Result<(), Failure> {
    for (done, (path, bytes, mode)) in files.iter().enumerate() {
        if let Err(failure) = write_new(path, bytes, *mode) {
            for (path, ..) in files.iter().take(done) {
                let _ = std::fs::remove_file(path);
            }
            return Err(failure);
        }
    }
    Ok(())
}

/// Puts a bundle with one more signature in the place of the same bundle without it, atomically: nothing that was signed is lost.
///
/// # Errors
/// [`Exit::File`] when the file is no longer the one that was read, or cannot be written; the old one is then still there.
pub fn countersign(path: &Path, before: &[u8], after: &[u8]) -> Result<(), Failure> {
    if read_bundle(path)? != before {
        return Err(cannot_write(path).because("somebody changed it meanwhile"));
    }
    swap(path, after, Mode::Public)
}

/// Replaces a program's own state file atomically. Never for bundles.
///
/// # Errors
/// [`Exit::File`]; the old content is then still there.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    swap(path, bytes, Mode::Private)
}

fn swap(path: &Path, bytes: &[u8], mode: Mode) -> Result<(), Failure> {
    let probe = temporary(path)?;
    let done = fill(&probe, bytes, mode)
        .and_then(|()| std::fs::rename(&probe, path))
        .and_then(|()| sync_folder(path));
    done.map_err(|error| {
        let _ = std::fs::remove_file(&probe);
        cannot_write(path).because(error)
    })
}

/// Makes a folder that is not there yet, for its owner alone.
///
/// # Errors
/// [`Exit::File`] when something is there or it cannot be made.
pub fn new_folder(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().mode(0o700).create(path).map_err(|error| {
        if error.kind() == ErrorKind::AlreadyExists {
            already_there(path)
        } else {
            cannot_write(path).because(error)
        }
    })
}

/// Makes a new folder with these files in it: all of them, or nothing is there.
///
/// # Errors
/// As [`new_folder`] and [`write_new`].
pub fn write_folder(path: &Path, contents: Vec<(String, Vec<u8>)>) -> Result<(), Failure> {
    let place = |(name, bytes): (String, Vec<u8>)| (path.join(name), bytes, Mode::Public);
    let files: Vec<_> = contents.into_iter().map(place).collect();
    new_folder(path)?;
    let synced = || sync_folder(path).map_err(|error| cannot_write(path).because(error));
    write_all_new(&files).and_then(|()| synced()).inspect_err(|_| {
        // The folder is ours alone: it was not there a moment ago.
        for (file, ..) in &files {
            let _ = std::fs::remove_file(file);
        }
        let _ = std::fs::remove_dir(path);
    })
}

fn create(path: &Path, mode: Mode) -> std::io::Result<File> {
    let bits = match mode {
        Mode::Public => 0o644,
        Mode::Private => 0o600,
    };
    OpenOptions::new().write(true).create_new(true).mode(bits).open(path)
}

fn fill(path: &Path, bytes: &[u8], mode: Mode) -> std::io::Result<()> {
    let mut file = create(path, mode)?;
    if mode == Mode::Private {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    file.write_all(bytes)?;
    file.sync_all()
}

/// A hard link fails where something is already; file systems without links (FAT) get an exclusive copy instead.
fn place(probe: &Path, path: &Path) -> Result<(), Failure> {
    match std::fs::hard_link(probe, path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(already_there(path)),
        Err(_) => {
            let copied = std::fs::read(probe).and_then(|bytes| fill(path, &bytes, Mode::Private));
            copied.map_err(|error| {
                if error.kind() == ErrorKind::AlreadyExists {
                    already_there(path)
                } else {
                    discard(path, error.to_string())
                }
            })
        }
    }
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

fn temporary(path: &Path) -> Result<PathBuf, Failure> {
    let name = path
        .file_name()
        .ok_or_else(|| Failure::usage(format!("{} names no file", path.display())))?;
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(Failure::bug)?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{:016x}.part", u64::from_le_bytes(bytes)));
    Ok(folder_of(path).join(hidden))
}

fn already_there(path: &Path) -> Failure {
    Failure::new(Exit::File, "file-exists", format!("{} is already there", path.display()))
        .because("nothing is ever overwritten")
        .hint("name another file, or move that one away")
}

fn cannot_write(path: &Path) -> Failure {
    Failure::new(Exit::File, "file-unwritable", format!("{} cannot be written", path.display()))
        .hint("check that the folder exists, may be written to, and has room")
}

fn discard(path: &Path, because: String) -> Failure {
    let _ = std::fs::remove_file(path);
    cannot_write(path).because(because)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_file_is_written_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        must_be_free(&path).unwrap();
        write_new(&path, b"one", Mode::Private).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let again = write_new(&path, b"two", Mode::Public).unwrap_err();
        assert_eq!((again.exit, again.code), (Exit::File, "file-exists"));
        assert_eq!(must_be_free(&path).unwrap_err().code, "file-exists");
        assert_eq!(read_capped(&path, 3).unwrap(), b"one");
        assert_eq!(names(folder.path()), ["a.json"]);
    }

    #[test]
    fn a_dangling_link_is_in_the_way_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        std::os::unix::fs::symlink("nowhere", &path).unwrap();
        assert_eq!(write_new(&path, b"one", Mode::Public).unwrap_err().code, "file-exists");
        assert!(read_capped(&path, 9).unwrap_err().because[0].contains("symbolic link"));
    }

    #[test]
    fn reading_is_capped_and_wants_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, b"four").unwrap();
        assert!(read_capped(&path, 3).unwrap_err().because[0].contains("4 bytes, more than 3"));
        assert!(read_capped(folder.path(), 3).is_err());
        assert!(read_capped(&folder.path().join("b"), 3).is_err());
    }

    #[test]
    fn nothing_is_left_where_nothing_can_be_written() {
        let missing = Path::new("/nonexistent-folder/a.json");
        assert_eq!(write_new(missing, b"", Mode::Public).unwrap_err().code, "file-unwritable");
        assert_eq!(must_be_free(missing).unwrap_err().code, "file-unwritable");
    }

    #[test]
    fn several_files_are_written_together_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| (folder.path().join(name), name.into(), Mode::Private);
        write_all_new(&[file("a"), file("b")]).unwrap();
        assert_eq!(write_all_new(&[file("c"), file("b")]).unwrap_err().code, "file-exists");
        let mut left = names(folder.path());
        left.sort();
        assert_eq!(left, ["a", "b"]);
    }

    #[test]
    fn a_signature_is_added_to_the_file_that_was_read_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.json");
        write_new(&path, b"unsigned", Mode::Public).unwrap();
        countersign(&path, b"unsigned", b"signed once").unwrap();
        let late = countersign(&path, b"unsigned", b"signed by another").unwrap_err();
        assert_eq!(late.code, "file-unwritable");
        assert_eq!(std::fs::read(&path).unwrap(), b"signed once");
        assert_eq!(names(folder.path()), ["plan.json"]);
    }

    #[test]
    fn a_folder_is_written_whole_or_not_at_all() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("ceremony");
        let file = |name: &str| (name.to_owned(), name.as_bytes().to_vec());
        let twice = write_folder(&path, vec![file("a"), file("b"), file("a")]).unwrap_err();
        assert_eq!(twice.code, "file-exists");
        assert!(!path.exists());
        write_folder(&path, vec![file("a"), file("b")]).unwrap();
        assert_eq!(std::fs::read(path.join("b")).unwrap(), b"b");
        assert_eq!(write_folder(&path, vec![file("c")]).unwrap_err().code, "file-exists");
        assert!(!path.join("c").exists());
    }

    #[test]
    fn state_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.json");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(names(folder.path()), ["ledger.json"]);
    }
}
