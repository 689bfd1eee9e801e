//! What the AWS console hands out: a zip, or the folder somebody unpacked it into. Nothing is ever unpacked here: two entries are
//! read into memory by their names, with the sizes KMS documents as caps.

use crate::desk::Desk;
use crate::kms::Parameters;
use keyferry_bundle::{KeyArn, Timestamp};
use keyferry_console::{Exit, Failure, clock, files};
use std::io::{Cursor, Read as _};
use std::path::Path;

/// AWS KMS API reference, `GetParametersForImport`: `PublicKey`.
pub(crate) const MAX_PUBLIC_KEY_BYTES: usize = 4096;
/// AWS KMS API reference, `GetParametersForImport`: `ImportToken`.
pub(crate) const MAX_TOKEN_BYTES: usize = 6144;
/// Two such files, a README and the archive's own structures.
const MAX_ZIP_BYTES: usize = 64 * 1024;
/// The console puts three.
const MAX_ENTRIES: usize = 16;
/// How long parameters work, from the moment they are handed out.
const HOURS_24: u16 = 1;

/// The files of one download.
#[derive(Clone, PartialEq, Eq)]
pub struct Download {
    public_key: Vec<u8>,
    token: Vec<u8>,
    /// When they were handed out, as far as files can tell.
    handed_out: Timestamp,
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Download({})", self.handed_out)
    }
}

/// Which of the two files a name is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    PublicKey,
    Token,
}

/// The console's names: since 2023 `WrappingPublicKey.bin` and `ImportToken.bin`, before `wrappingKey_…` and `importToken_…`. A name
/// with a path is no such name.
fn part(name: &str) -> Option<Part> {
    match name {
        "WrappingPublicKey.bin" => Some(Part::PublicKey),
        "ImportToken.bin" => Some(Part::Token),
        _ if name.contains(['/', '\\']) => None,
        _ if name.starts_with("wrappingKey_") => Some(Part::PublicKey),
        _ if name.starts_with("importToken_") => Some(Part::Token),
        _ => None,
    }
}

const fn cap(part: Part) -> usize {
    match part {
        Part::PublicKey => MAX_PUBLIC_KEY_BYTES,
        Part::Token => MAX_TOKEN_BYTES,
    }
}

/// Both files, each exactly once.
#[derive(Default)]
struct Found {
    public_key: Option<Vec<u8>>,
    token: Option<Vec<u8>>,
}

impl Found {
    fn put(&mut self, part: Part, bytes: Vec<u8>) -> Result<(), String> {
        let (place, what) = match part {
            Part::PublicKey => (&mut self.public_key, "wrapping public keys"),
            Part::Token => (&mut self.token, "import tokens"),
        };
        if place.replace(bytes).is_some() {
            return Err(format!("it holds two {what}, and nothing tells which belongs"));
        }
        Ok(())
    }

    fn both(self, handed_out: Timestamp) -> Result<Download, String> {
        let public_key = self.public_key.ok_or("it holds no WrappingPublicKey.bin")?;
        let token = self.token.ok_or("it holds no ImportToken.bin")?;
        Ok(Download { public_key, token, handed_out })
    }
}

impl Download {
    /// Reads a folder or a zip.
    ///
    /// # Errors
    /// [`Exit::File`] when it cannot be read, [`Exit::Refused`] when it is not one download.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let unusable = |because: String| {
            Failure::new(
                Exit::Refused,
                "download",
                format!("{} is not what the console hands out for one key", path.display()),
            )
            .because(because)
            .hint("download wrapping public key and import token again, and give that zip as it is")
        };
        if path.is_dir() {
            return folder(path)?.map_err(unusable);
        }
        let bytes = files::read_capped(path, MAX_ZIP_BYTES)?;
        zip(&bytes, modified(path)?).map_err(unusable)
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Exit::File, "file-unreadable", format!("{} cannot be read", path.display()))
        .because(error)
}

fn modified(path: &Path) -> Result<Timestamp, Failure> {
    let time = path.metadata().and_then(|found| found.modified());
    clock::at(time.map_err(|error| unreadable(path, &error))?)
}

fn folder(path: &Path) -> Result<Result<Download, String>, Failure> {
    let mut found = Found::default();
    let mut newest: Option<Timestamp> = None;
    for entry in std::fs::read_dir(path).map_err(|error| unreadable(path, &error))? {
        let entry = entry.map_err(|error| unreadable(path, &error))?;
        let Some(part) = entry.file_name().to_str().and_then(part) else { continue };
        let file = entry.path();
        let bytes = files::read_capped(&file, cap(part))?;
        newest = newest.max(Some(modified(&file)?));
        if let Err(problem) = found.put(part, bytes) {
            return Ok(Err(problem));
        }
    }
    // Without a file there is nothing to date, and `both` says so.
    let newest = newest.map_or_else(|| modified(path), Ok)?;
    Ok(found.both(newest))
}

/// Reads an archive. Its times carry no zone: they are read as UTC and never count as later than the archive's own file.
fn zip(bytes: &[u8], modified: Timestamp) -> Result<Download, String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| e.to_string())?;
    if archive.len() > MAX_ENTRIES {
        return Err(format!("it holds {} files, where the console puts 3", archive.len()));
    }
    let mut found = Found::default();
    let mut newest: Option<Timestamp> = None;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|e| e.to_string())?;
        let name = entry.name().map_err(|e| e.to_string())?.into_owned();
        let Some(part) = part(&name).filter(|_| entry.is_file()) else { continue };
        newest = newest.max(entry.last_modified().and_then(utc));
        let cap = cap(part);
        let mut content = Vec::new();
        let limit = u64::try_from(cap).unwrap_or(u64::MAX).saturating_add(1);
        entry.take(limit).read_to_end(&mut content).map_err(|e| format!("{name}: {e}"))?;
        if content.len() > cap {
            return Err(format!("{name} has more than {cap} bytes"));
        }
        found.put(part, content)?;
    }
    found.both(newest.map_or(modified, |time| time.min(modified)))
}

fn utc(time: zip::DateTime) -> Option<Timestamp> {
    let (year, month, day) = (time.year(), time.month(), time.day());
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z").parse().ok()
}

/// The download as an answer for `key`. Says what nobody can check about it.
///
/// # Errors
/// When the clock makes no sense.
pub(crate) fn parameters(
    desk: Desk<'_>,
    download: &Download,
    key: &KeyArn,
    given: Option<Timestamp>,
) -> Result<Parameters, Failure> {
    let now = desk.clock.now()?;
    let handed_out = given.unwrap_or(download.handed_out).min(now);
    let valid_to = handed_out.plus_days(HOURS_24);
    desk.screen.heading("Console download");
    desk.screen.table(&[
        ("key", key.to_string()),
        ("handed out", handed_out.to_string()),
        ("works until", valid_to.to_string()),
    ]);
    if given.is_none() {
        desk.screen.warn(
            "the time is what the files say; if it is wrong, give the right one with --downloaded-at",
        );
    }
    desk.screen.warn("AWS was not asked. That the files are for this key, belong together, were made for the plan's wrapping algorithm, and that the key waits for material: only the import will tell.");
    Ok(Parameters {
        key: key.clone(),
        public_key: download.public_key.clone(),
        token: download.token.clone(),
        valid_to,
    })
}

#[cfg(test)]
mod tests;
