//! Files: read once with a cap, written once and never over another.

mod read;
mod step;
mod swap;
pub(crate) mod temporary;
mod write;

pub use read::{read_bundle, read_capped};
pub use swap::{countersign, replace};
pub use temporary::Mode;
pub use write::{
    make_folders, must_be_free, new_folder, remove, write_all_new, write_folder, write_new,
};

use crate::{Exit, Failure};
use std::path::Path;

fn already_there(path: &Path) -> Failure {
    Failure::new(Exit::File, "file-exists", format!("{} is already there", path.display()))
        .because("nothing is ever overwritten")
        .hint("name another file, or move that one away")
}

fn cannot_write(path: &Path) -> Failure {
    Failure::new(Exit::File, "file-unwritable", format!("{} cannot be written", path.display()))
        .hint("check that the folder exists, may be written to, and has room")
}

#[cfg(test)]
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
}
