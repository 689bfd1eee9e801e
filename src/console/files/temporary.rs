//! What a write makes first: a hidden file beside the target, `.NAME.<16 hexadecimal digits>.part`.

use super::cannot_write;
use super::step::{self, Step};
use crate::Failure;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
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

/// Writes a temporary file for `path` and flushes it. What a run that was cut off left for the same path goes away.
pub(super) fn make(path: &Path, bytes: &[u8], mode: Mode) -> Result<PathBuf, Failure> {
    sweep(path);
    let part = name(path)?;
    fill(&part, bytes, mode).map_err(|error| {
        let _ = unlink(&part);
        let folder = folder_of(path).display();
        cannot_write(path).because(format!("folder {folder}: {error}"))
    })?;
    Ok(part)
}

pub(super) fn fill(path: &Path, bytes: &[u8], mode: Mode) -> std::io::Result<()> {
    let bits = match mode {
        Mode::Public => 0o644,
        Mode::Private => 0o600,
    };
    step::before(Step::Create, path)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(bits).open(path)?;
    if mode == Mode::Private {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    for piece in step::pieces(bytes).into_iter().filter(|piece| !piece.is_empty()) {
        step::before(Step::Write, path)?;
        file.write_all(piece)?;
    }
    step::before(Step::Flush, path)?;
    file.sync_all()
}

pub(super) fn sync_folder(path: &Path) -> std::io::Result<()> {
    step::before(Step::FlushFolder, folder_of(path))?;
    File::open(folder_of(path))?.sync_all()
}

/// Removes a file.
pub(super) fn unlink(path: &Path) -> std::io::Result<()> {
    step::before(Step::Remove, path)?;
    std::fs::remove_file(path)
}

pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

/// The name of the file that a temporary one was to become, if it is one.
pub(crate) fn target_of(name: &str) -> Option<&str> {
    let (target, digits) = name.strip_prefix('.')?.strip_suffix(".part")?.rsplit_once('.')?;
    let plain = digits.len() == 16 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    plain.then_some(target).filter(|target| !target.is_empty())
}

fn sweep(path: &Path) {
    let Ok(entries) = std::fs::read_dir(folder_of(path)) else { return };
    for entry in entries.flatten() {
        let left = entry.file_name().to_str().and_then(target_of).map(str::to_owned);
        if left.is_some_and(|left| path.file_name().is_some_and(|name| name == left.as_str())) {
            let _ = unlink(&entry.path());
        }
    }
}

fn name(path: &Path) -> Result<PathBuf, Failure> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_names_are_told_from_others() {
        let made = name(Path::new("a/response-1.json")).unwrap();
        let made = made.file_name().unwrap().to_str().unwrap().to_owned();
        assert_eq!(target_of(&made), Some("response-1.json"));
        for other in
            ["response-1.json", ".part", ".a.part", ".a.0123.part", ".0123456789abcdef.part"]
        {
            assert_eq!(target_of(other), None, "{other}");
        }
    }
}
