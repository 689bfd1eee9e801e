//! What AWS recorded, from the files that the auditor brings.

use keyferry_ceremony::cloudtrail::{MAX_BYTES, Trail};
use keyferry_console::{Exit, Failure, files};
use std::path::PathBuf;

/// Reads them all.
///
/// # Errors
/// [`Exit::File`] for a file that cannot be read, [`Exit::Refused`] for one that is no record of AWS's.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Trail, Failure> {
    let mut trail = Trail::default();
    for path in paths {
        let name = path.display().to_string();
        let bytes = files::read_capped(path, MAX_BYTES)?;
        trail.add(&name, &bytes).map_err(|fault| {
            Failure::new(
                Exit::Refused,
                "cloudtrail-unreadable",
                format!("{name} is not what CloudTrail writes"),
            )
            .caused_by(&fault)
            .hint("give log files unpacked (gunzip), or what aws cloudtrail lookup-events prints as JSON")
        })?;
    }
    Ok(trail)
}
