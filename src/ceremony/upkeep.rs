//! Accepting the record of what was done with an HSM outside of a ceremony.

use crate::Refusal;
use crate::links::{Countersigned, refers, same, same_environment, with_hsm};
use keyferry_bundle::{Device, Kind, Policy, Unverified, Upkeep, Verified};

const KIND: Kind = Kind::Upkeep;

/// Accepts an upkeep: signed by the HSM and, if `countersigned` says so, by the witness quorum; of this device bundle.
///
/// # Errors
/// The first rule it breaks.
pub fn accept(
    policy: &Verified<Policy>,
    device: &Verified<Device>,
    bytes: &[u8],
    countersigned: Countersigned,
) -> Result<Verified<Upkeep>, Refusal> {
    let required = with_hsm(KIND, policy, device, countersigned.roles())?;
    let upkeep = Unverified::<Upkeep>::from_slice(bytes)
        .and_then(|upkeep| upkeep.verify(&required))
        .map_err(Refusal::bundle(KIND))?;
    same_environment(policy, &upkeep)?;
    let body = upkeep.body();
    refers(KIND, "device", body.device, device.digest())?;
    same(KIND, "serial", &body.serial, &device.body().serial, "the device bundle")?;
    Ok(upkeep)
}
