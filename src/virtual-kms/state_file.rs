//! The state on disk: one JSON file for its owner alone, replaced whole before a request is answered.

use crate::world::World;
use keyferry_console::{Exit, Failure, files};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Most bytes of a state file.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// The file, and what stands in it.
pub(crate) struct StateFile {
    path: PathBuf,
    written: Zeroizing<Vec<u8>>,
}

impl StateFile {
    /// Reads the state, or nothing where the file is not there yet.
    pub(crate) fn open(path: PathBuf) -> Result<(Self, Option<World>), Failure> {
        if path.symlink_metadata().is_err() {
            files::must_be_free(&path)?;
            return Ok((Self { path, written: Zeroizing::default() }, None));
        }
        let written = Zeroizing::new(files::read_capped(&path, MAX_BYTES)?);
        let state = serde_json::from_slice(&written).map_err(|error| {
            let what = format!("{} is no state of this service", path.display());
            Failure::new(Exit::File, "state-file", what)
                .because(error)
                .hint("name another file, or move that one away")
        })?;
        Ok((Self { path, written }, Some(state)))
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
}
