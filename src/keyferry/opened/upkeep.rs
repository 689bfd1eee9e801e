//! An upkeep, held against the device bundle beside it.

use super::misnamed;
use keyferry_bundle::{Kind, Policy, Upkeep, Verified};
use keyferry_ceremony::draft::{self, Seats};
use keyferry_ceremony::{Countersigned, Refusal, device};
use keyferry_console::ceremony::refused;
use keyferry_console::{Failure, Name, files};
use std::path::Path;

/// The upkeep and who has signed it. The device bundle must be there; its folder may be no ceremony's.
pub(super) fn open(
    policy: &Verified<Policy>,
    path: &Path,
    name: &str,
    bytes: &[u8],
) -> Result<Result<(Upkeep, Seats), Refusal>, Failure> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let device = files::read_bundle(&folder.join(Name::Device.to_string()))?;
    let device = device::accept(policy, &device, Countersigned::Required)
        .map_err(|refusal| refused(Name::Device, &refusal))?;
    let judged = draft::upkeep(policy, &device, bytes);
    if let Ok((body, _)) = &judged
        && Name::parse(name) != Some(Name::Upkeep(body.counter))
    {
        return Err(
            misnamed(name, Kind::Upkeep).because(format!("its counter is {}", body.counter))
        );
    }
    Ok(judged)
}
