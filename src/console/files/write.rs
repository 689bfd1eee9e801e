//! Writing: whole, flushed, read back, and never over anything.

use super::step::{self, Step};
use super::temporary::{self, Mode, fill, sync_folder, unlink};
use super::{already_there, cannot_write};
use crate::{Exit, Failure};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Refuses a path where something is already, or whose folder is not there: before anything is done that would be lost.
///
/// # Errors
/// [`Exit::File`](crate::Exit::File).
pub fn must_be_free(path: &Path) -> Result<(), Failure> {
    if path.symlink_metadata().is_ok() {
        return Err(already_there(path));
    }
    let probe = temporary::make(path, b"", Mode::Private)?;
    let _ = unlink(&probe);
    Ok(())
}

/// Writes a new file: a temporary one beside it, flushed, moved into place where nothing may be yet, the folder flushed, read back and
/// compared. On any failure nothing is left behind.
///
/// # Errors
/// [`Exit::File`](crate::Exit::File).
pub fn write_new(path: &Path, bytes: &[u8], mode: Mode) -> Result<(), Failure> {
    if path.symlink_metadata().is_ok() {
        return Err(already_there(path));
    }
    let part = temporary::make(path, bytes, mode)?;
    let placed = place(&part, path, bytes, mode);
    // Moved, it is there no more.
    if part.symlink_metadata().is_ok() {
        let _ = unlink(&part);
    }
    placed?;
    match sync_folder(path).and_then(|()| std::fs::read(path)) {
        Ok(kept) if kept == bytes => Ok(()),
        Ok(_) => Err(discard(path, "it reads back differently".to_owned())),
        Err(error) => Err(discard(path, error.to_string())),
    }
}

/// Moves without replacing. Where the file system cannot (some network ones), a hard link fails on an existing name too; where it
/// has no links either, an exclusive copy is left.
fn place(part: &Path, path: &Path, bytes: &[u8], mode: Mode) -> Result<(), Failure> {
    step::before(Step::Place, path).map_err(|error| cannot_write(path).because(error))?;
    match renameat_with(CWD, part, CWD, path, RenameFlags::NOREPLACE) {
        Ok(()) => return Ok(()),
        Err(Errno::EXIST) => return Err(already_there(path)),
        Err(Errno::INVAL | Errno::NOSYS) => {}
        Err(error) => return Err(cannot_write(path).because(error)),
    }
    let linked = std::fs::hard_link(part, path).or_else(|error| {
        if error.kind() == ErrorKind::AlreadyExists { Err(error) } else { fill(path, bytes, mode) }
    });
    linked.map_err(|error| {
        if error.kind() == ErrorKind::AlreadyExists {
            already_there(path)
        } else {
            discard(path, error.to_string())
        }
    })
}

/// Writes several new files in order, as [`write_new`] does each. Where one cannot be written, those written before are removed again.
///
/// # Errors
/// [`Exit::File`](crate::Exit::File); then none of them is there.
pub fn write_all_new(files: &[(PathBuf, Vec<u8>, Mode)]) -> Result<(), Failure> {
    for (done, (path, bytes, mode)) in files.iter().enumerate() {
        if let Err(failure) = write_new(path, bytes, *mode) {
            for (path, ..) in files.iter().take(done) {
                let _ = unlink(path);
            }
            return Err(failure);
        }
    }
    Ok(())
}

/// Makes a folder that is not there yet, for its owner alone.
///
/// # Errors
/// [`Exit::File`](crate::Exit::File) when something is there or it cannot be part.
pub fn new_folder(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = step::before(Step::MakeFolder, path)
        .and_then(|()| std::fs::DirBuilder::new().mode(0o700).create(path));
    made.map_err(|error| {
        if error.kind() == ErrorKind::AlreadyExists {
            already_there(path)
        } else {
            cannot_write(path).because(error)
        }
    })
}

/// Makes a folder where there is none yet, and those above it.
///
/// # Errors
/// [`Exit::File`](crate::Exit::File).
pub fn make_folders(path: &Path) -> Result<(), Failure> {
    if path.is_dir() {
        return Ok(());
    }
    let made = step::before(Step::MakeFolder, path).and_then(|()| std::fs::create_dir_all(path));
    made.map_err(|error| cannot_write(path).because(error))
}

/// Removes a file that a run which was cut off has left.
///
/// # Errors
/// [`Exit::File`](crate::Exit::File).
pub fn remove(path: &Path) -> Result<(), Failure> {
    unlink(path).and_then(|()| sync_folder(path)).map_err(|error| {
        Failure::new(Exit::File, "file-unwritable", format!("{} is in the way", path.display()))
            .because(error)
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
            let _ = unlink(file);
        }
        let _ = step::before(Step::Remove, path).and_then(|()| std::fs::remove_dir(path));
    })
}

fn discard(path: &Path, because: String) -> Failure {
    let _ = unlink(path);
    cannot_write(path).because(because)
}

#[cfg(test)]
mod tests {
    use super::super::{names, read_capped};
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_file_is_written_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        must_be_free(&path).unwrap();
        write_new(&path, b"one", Mode::Private).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let again = write_new(&path, b"two", Mode::Public).unwrap_err();
        assert_eq!((again.exit, again.code), (crate::Exit::File, "file-exists"));
        assert_eq!(must_be_free(&path).unwrap_err().code, "file-exists");
        assert_eq!(read_capped(&path, 3).unwrap(), b"one");
        assert_eq!(names(folder.path()), ["a.json"]);
    }

    #[test]
    fn what_was_cut_off_is_swept_away() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join(".a.json.0123456789abcdef.part");
        let other = folder.path().join(".b.json.0123456789abcdef.part");
        std::fs::write(&left, b"half").unwrap();
        std::fs::write(&other, b"half").unwrap();
        write_new(&folder.path().join("a.json"), b"whole", Mode::Public).unwrap();
        assert!(!left.exists() && other.exists());
    }

    #[test]
    fn a_dangling_link_is_in_the_way_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        std::os::unix::fs::symlink("nowhere", &path).unwrap();
        assert_eq!(write_new(&path, b"one", Mode::Public).unwrap_err().code, "file-exists");
    }

    #[test]
    fn what_appears_at_the_last_moment_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (part, path) = (folder.path().join("part"), folder.path().join("a.json"));
        std::fs::write(&part, b"ours").unwrap();
        std::fs::write(&path, b"theirs").unwrap();
        assert_eq!(place(&part, &path, b"ours", Mode::Public).unwrap_err().code, "file-exists");
        assert_eq!(std::fs::read(&path).unwrap(), b"theirs");
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
}
