//! Which program this is.

use crate::{Exit, Failure};
use keyferry_bundle::Digest;
use std::path::PathBuf;

/// The running program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// What it is called.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The file that it was started from.
    pub file: PathBuf,
    /// Whether it was built without debug assertions.
    pub is_release: bool,
}

impl Program {
    /// The program that is running; its crate gives name and version.
    ///
    /// # Errors
    /// When the operating system does not tell which file it is.
    pub fn running(name: &'static str, version: &'static str) -> Result<Self, Failure> {
        let file = std::env::current_exe().map_err(|error| {
            Failure::new(Exit::File, "own-file", "the program cannot tell which file it is")
                .because(error)
        })?;
        Ok(Self { name, version, file, is_release: !cfg!(debug_assertions) })
    }

    /// The SHA-256 of its file, as `sha256sum` shows it.
    pub(super) fn digest(&self) -> Result<Digest, Failure> {
        let bytes = std::fs::read(&self.file).map_err(|error| {
            Failure::new(Exit::File, "own-file", "the program cannot read its own file")
                .because(format!("{}: {error}", self.file.display()))
                .hint("run it from the file that was compared; it may have been replaced or removed since it was started")
        })?;
        Ok(Digest::of(&bytes))
    }

    /// How it was built.
    pub(super) const fn build(&self) -> &'static str {
        if self.is_release { "release" } else { "debug" }
    }
}
