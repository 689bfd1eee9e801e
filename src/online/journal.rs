//! How far an import is, on the bastion's disk: written before the first upload, after each, and gone once the receipt is there. What it
//! says was done is not done again; what it says nothing of is looked up before it is.

use keyferry_bundle::json::{self, DecodeError};
use keyferry_bundle::kinds::ReceiptTarget;
use keyferry_bundle::{Digest, TargetName};
use keyferry_console::files::{self, Mode};
use keyferry_console::{Exit, Failure};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The most bytes of one.
const MAX_BYTES: usize = 1024 * 1024;

/// What was begun, and what of it is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entries {
    /// The response that is uploaded.
    pub(crate) response: Digest,
    /// Every target that may have been uploaded.
    pub(crate) begun: Vec<Begun>,
    /// What KMS said of those that are done.
    pub(crate) done: Vec<ReceiptTarget>,
}

/// A target, and what KMS showed before anything was uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begun {
    /// Which.
    pub(crate) name: TargetName,
    /// Whether its key had the planned key material and expiration already: then looking at it shows nothing.
    pub(crate) was_as_planned: bool,
}

/// The journal of one import.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    entries: Entries,
}

impl Journal {
    /// The one that is there, if there is one.
    pub(crate) fn read(path: &Path, response: Digest) -> Result<Option<Self>, Failure> {
        if path.symlink_metadata().is_err() {
            return Ok(None);
        }
        let bytes = files::read_capped(path, MAX_BYTES)?;
        let entries: Entries = json::decode(&bytes).map_err(|error| {
            unusable(path).because(match error {
                DecodeError::NotStrict(problem) => problem,
                DecodeError::Field(field) => field.to_string(),
            })
        })?;
        if entries.response != response {
            return Err(unusable(path).because("it is of another response"));
        }
        Ok(Some(Self { path: path.to_owned(), entries }))
    }

    /// Begins one: from now on each of these may have been uploaded.
    pub(crate) fn begin(path: &Path, response: Digest, begun: Vec<Begun>) -> Result<Self, Failure> {
        let entries = Entries { response, begun, done: Vec::new() };
        files::write_new(path, &encode(&entries)?, Mode::Private)?;
        Ok(Self { path: path.to_owned(), entries })
    }

    /// Notes what KMS said of a target.
    pub(crate) fn done(&mut self, target: ReceiptTarget) -> Result<(), Failure> {
        self.entries.done.retain(|known| known.name != target.name);
        self.entries.done.push(target);
        files::replace(&self.path, &encode(&self.entries)?)
    }

    /// What KMS said of a target, if it is done.
    pub(crate) fn of(&self, name: &TargetName) -> Option<&ReceiptTarget> {
        self.entries.done.iter().find(|known| known.name == *name)
    }

    /// Whether looking at a target's key shows if its upload took effect.
    pub(crate) fn shows(&self, name: &TargetName) -> bool {
        self.entries.begun.iter().any(|begun| begun.name == *name && !begun.was_as_planned)
    }

    /// The receipt says it all now.
    pub(crate) fn close(self) -> Result<(), Failure> {
        files::remove(&self.path)
    }
}

fn encode(entries: &Entries) -> Result<Vec<u8>, Failure> {
    json::encode(entries).map_err(Failure::bug)
}

fn unusable(path: &Path) -> Failure {
    Failure::new(Exit::Refused, "journal", format!("{} cannot be used", path.display())).hint(
        "move it away and keep it; then import with --resume, which asks KMS about every target",
    )
}
