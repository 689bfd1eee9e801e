//! What a command leaves on the medium: all of it, or nothing.

use keyferry_console::files::{self, Mode};
use keyferry_console::{Ceremony, Failure, Name};
use std::path::PathBuf;

/// Files to be written together.
#[derive(Debug, Default)]
pub(crate) struct Outputs {
    files: Vec<(PathBuf, Vec<u8>, Mode)>,
}

impl Outputs {
    /// Adds a file of the ceremony.
    pub(crate) fn add(&mut self, ceremony: &Ceremony, name: &Name, bytes: Vec<u8>, mode: Mode) {
        self.files.push((ceremony.path(name), bytes, mode));
    }

    /// Adds what another command's part made.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.files.append(&mut other.files);
    }

    /// Writes every file, in the order they were added. When one cannot be written, those before it are taken back.
    ///
    /// # Errors
    /// As [`files::write_new`].
    pub(crate) fn write(&self) -> Result<Vec<PathBuf>, Failure> {
        let mut written = Vec::new();
        for (path, bytes, mode) in &self.files {
            if let Err(failure) = files::write_new(path, bytes, *mode) {
                for path in &written {
                    let _ = std::fs::remove_file(path);
                }
                return Err(failure);
            }
            written.push(path.clone());
        }
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_too_many_takes_all_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("taken"), b"before").unwrap();
        let file = |name: &str| (path(name), b"new".to_vec(), Mode::Public);
        let outputs = Outputs { files: vec![file("one"), file("two"), file("taken")] };
        assert_eq!(outputs.write().unwrap_err().code, "file-exists");
        assert!(!path("one").exists() && !path("two").exists());
        assert_eq!(std::fs::read(path("taken")).unwrap(), b"before");
    }
}
