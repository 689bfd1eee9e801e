//! A folder of evidence, read whole.

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

/// Reads every file of a folder, or the files named, in the order of their names. Sub-folders are returned by name, unread.
///
/// # Errors
/// [`Exit::File`] when something cannot be read, is a link, or is too large to be evidence.
pub fn read(paths: &[PathBuf]) -> Result<(Vec<Item>, Vec<String>), Failure> {
    let (mut items, mut folders) = (Vec::new(), Vec::new());
    for path in paths {
        if !path.is_dir() {
            items.push(read_item(path)?);
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
                folders.push(entry.file_name().to_string_lossy().into_owned());
            } else {
                items.push(read_item(&entry.path())?);
            }
        }
    }
    if items.len() > MAX_FILES {
        return Err(Failure::new(Exit::File, "too-many-files", "the folder holds too many files")
            .because(format!("{} files, more than {MAX_FILES}", items.len())));
    }
    items.sort_by(|a, b| a.name.cmp(&b.name));
    folders.sort();
    Ok((items, folders))
}

fn read_item(path: &Path) -> Result<Item, Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Item { name, bytes: files::read_bundle(path)? })
}
