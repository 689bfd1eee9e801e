//! Putting something in a file's place: a countersigned bundle, a program's own state. Never anything else.

use super::step::{self, Step};
use super::temporary::{self, Mode};
use super::{cannot_write, read_bundle};
use crate::Failure;
use rustix::fs::FlockOperation;
use std::fs::File;
use std::path::Path;

/// Puts a bundle with one more signature in the place of the same bundle without it, atomically: nothing that was signed is lost.
/// Two people who sign at once: the later one is told.
///
/// # Errors
/// [`Exit::File`](crate::Exit::File) when the file is no longer the one that was read, or cannot be written; the old one is then
/// still there.
pub fn countersign(path: &Path, before: &[u8], after: &[u8]) -> Result<(), Failure> {
    let held = File::open(path).map_err(|error| cannot_write(path).because(error))?;
    rustix::fs::flock(&held, FlockOperation::LockExclusive)
        .map_err(|error| cannot_write(path).because(error))?;
    if read_bundle(path)? != before {
        return Err(cannot_write(path)
            .because("somebody changed it meanwhile")
            .hint("run the same command again: it shows the file as it is now"));
    }
    swap(path, after, Mode::Public)
}

/// Replaces a program's own state file atomically. Never for bundles.
///
/// # Errors
/// [`Exit::File`](crate::Exit::File); the old content is then still there.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    swap(path, bytes, Mode::Private)
}

fn swap(path: &Path, bytes: &[u8], mode: Mode) -> Result<(), Failure> {
    let part = temporary::make(path, bytes, mode)?;
    let done = step::before(Step::Place, path)
        .and_then(|()| std::fs::rename(&part, path))
        .and_then(|()| temporary::sync_folder(path));
    done.map_err(|error| {
        let _ = temporary::unlink(&part);
        cannot_write(path).because(error)
    })?;
    match std::fs::read(path) {
        Ok(kept) if kept == bytes => Ok(()),
        Ok(_) => Err(cannot_write(path).because("it reads back differently")),
        Err(error) => Err(cannot_write(path).because(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{names, write_new};
    use super::*;

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
    fn of_many_who_sign_at_once_one_succeeds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.json");
        write_new(&path, b"unsigned", Mode::Public).unwrap();
        let signed = |n: u8| countersign(&path, b"unsigned", &[n; 64]).is_ok();
        let succeeded = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|n| scope.spawn(move || signed(n))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).filter(|ok| *ok).count()
        });
        assert_eq!(succeeded, 1);
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
