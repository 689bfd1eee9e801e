//! A transcript, held against the device bundle beside it and the transcript before it.

use super::{envelope, misnamed};
use keyferry_bundle::{Device, Kind, Policy, Transcript, Verified};
use keyferry_ceremony::{Countersigned, device, transcript};
use keyferry_console::ceremony::refused;
use keyferry_console::{Exit, Failure, Name, files};
use std::path::Path;

/// The transcript, and what is worth telling of it. `init` leaves one in a folder that is no ceremony's: the device bundle must be
/// there, nothing else is looked at.
pub(super) fn open(
    policy: &Verified<Policy>,
    path: &Path,
    name: &str,
    bytes: &[u8],
) -> Result<(Transcript, Vec<String>), Failure> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let device = files::read_bundle(&folder.join(Name::Device.to_string()))?;
    let device = device::accept(policy, &device, Countersigned::Required)
        .map_err(|refusal| refused(Name::Device, &refusal))?;
    let found =
        transcript::accept(policy, &device, bytes).map_err(|refusal| refused(name, &refusal))?;
    let counter = found.body().counter;
    if Name::parse(name) != Some(Name::Transcript(counter)) {
        return Err(misnamed(name, Kind::Transcript).because(format!("its counter is {counter}")));
    }
    let remark = before(policy, &device, folder, name, found.body())?;
    Ok((found.body().clone(), remark.into_iter().collect()))
}

/// Holds it against the one before, where that is at hand.
fn before(
    policy: &Verified<Policy>,
    device: &Verified<Device>,
    folder: &Path,
    name: &str,
    body: &Transcript,
) -> Result<Option<String>, Failure> {
    let Some(previous) = body.previous else { return Ok(None) };
    let before = Name::Transcript(body.counter.saturating_sub(1)).to_string();
    let path = folder.join(&before);
    if path.symlink_metadata().is_err() {
        return Ok(Some(format!("{before}, which it follows, is not here")));
    }
    let bytes = files::read_bundle(&path)?;
    if envelope(&before, &bytes)?.0.digest() != previous {
        let refused = format!("{name} is not accepted");
        return Err(Failure::new(Exit::Refused, "bundle-refused", refused)
            .because(format!("it follows another transcript than {before}")));
    }
    // It is the very one; another device bundle may have been in force then.
    let Ok(accepted) = transcript::accept(policy, device, &bytes) else {
        return Ok(Some(format!("{before}, which it follows, was not checked")));
    };
    transcript::check_follows(accepted.body(), body).map_err(|refusal| refused(name, &refusal))?;
    Ok(None)
}
