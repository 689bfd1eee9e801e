//! A folder of evidence, read whole; the folders in it are not.

use crate::{Exit, Failure, files};
use std::path::{Path, PathBuf};

/// The most files that are read from one folder.
const MAX_FILES: usize = 1024;

/// One file, read.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its name without the folder.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A folder in a folder, unread.
#[derive(Debug, Clone)]
pub struct Folder {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// What was found, in the order of the names.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// Every file, read.
    pub items: Vec<Item>,
    /// Every folder, unread.
    pub folders: Vec<Folder>,
}

/// Reads every file of a folder, or the files named, in the order of their names. Folders in it are not read.
///
/// # Errors
/// [`Exit::File`] when something cannot be read, is a link, or is too large to be evidence.
pub fn read(paths: &[PathBuf]) -> Result<Contents, Failure> {
    let mut found = Contents::default();
    for path in paths {
        if !path.is_dir() {
            found.add(path)?;
            continue;
        }
        let unreadable = |error: std::io::Error| {
            Failure::new(
                Exit::File,
                "file-unreadable",
                format!("{} cannot be read", path.display()),
            )
            .because(error)
        };
        for entry in std::fs::read_dir(path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            if entry.file_type().map_err(unreadable)?.is_dir() {
                let name = entry.file_name().to_string_lossy().into_owned();
                found.folders.push(Folder { name, path: entry.path() });
            } else {
                found.add(&entry.path())?;
            }
        }
    }
    found.items.sort_by(|a, b| a.name.cmp(&b.name));
    found.folders.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

impl Contents {
    fn add(&mut self, path: &Path) -> Result<(), Failure> {
        if self.items.len() == MAX_FILES {
            let failure =
                Failure::new(Exit::File, "too-many-files", "the folder holds too many files");
            return Err(failure.because(format!("more than {MAX_FILES}")));
        }
        self.items.push(read_item(path)?);
        Ok(())
    }
}

fn read_item(path: &Path) -> Result<Item, Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Item { name, bytes: files::read_bundle(path)? })
}
