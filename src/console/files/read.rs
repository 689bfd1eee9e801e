//! Reading: once, with a cap, regular files only.

use crate::{Exit, Failure};
use rustix::fs::OFlags;
use std::fs::OpenOptions;
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Reads a bundle: at most the bytes a bundle may have.
///
/// # Errors
/// As [`read_capped`].
pub fn read_bundle(path: &Path) -> Result<Vec<u8>, Failure> {
    read_capped(path, keyferry_bundle::envelope::MAX_BYTES)
}

/// Reads a regular file of at most `limit` bytes, once. A symbolic link in the last place is refused.
///
/// # Errors
/// [`Exit::File`] when it is missing, no regular file, or larger.
pub fn read_capped(path: &Path, limit: usize) -> Result<Vec<u8>, Failure> {
    let fail = |because: String| {
        Failure::new(Exit::File, "file-unreadable", format!("{} cannot be read", path.display()))
            .because(because)
    };
    let flags = (OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK).bits();
    let file = OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path).map_err(
        |error| match error.raw_os_error() {
            Some(code) if code == rustix::io::Errno::LOOP.raw_os_error() => {
                fail("it is a symbolic link".to_owned())
            }
            _ => fail(error.to_string()),
        },
    )?;
    let found = file.metadata().map_err(|error| fail(error.to_string()))?;
    if !found.is_file() {
        return Err(fail("it is no regular file".to_owned()));
    }
    let cap = u64::try_from(limit).unwrap_or(u64::MAX);
    if found.len() > cap {
        return Err(fail(format!("it has {} bytes, more than {limit}", found.len())));
    }
    let mut bytes = Vec::with_capacity(limit.min(65_536));
    file.take(cap.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| fail(error.to_string()))?;
    if bytes.len() > limit {
        return Err(fail(format!("it has more than {limit} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_is_capped_and_wants_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, b"four").unwrap();
        assert!(read_capped(&path, 3).unwrap_err().because[0].contains("4 bytes, more than 3"));
        assert!(read_capped(folder.path(), 3).is_err());
        assert!(read_capped(&folder.path().join("b"), 3).is_err());
        assert_eq!(read_capped(&path, 4).unwrap(), b"four");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(read_capped(&link, 9).unwrap_err().because[0].contains("symbolic link"));
    }
}
