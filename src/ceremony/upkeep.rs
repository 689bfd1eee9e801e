//! Accepting the record of what was done with an HSM outside of a ceremony.

use crate::Refusal;
use crate::links::{Countersigned, refers, same, same_environment, with_hsm};
use keyferry_bundle::{Device, Kind, Policy, Unverified, Upkeep, Verified};

const KIND: Kind = Kind::Upkeep;

/// Accepts an upkeep: signed by the HSM and, if `countersigned` says so, by the witness quorum; of this device bundle, with custodians
/// that hold shares of its wrap key.
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
    let holders = device.body().shares.as_ref().map_or(&[][..], |set| &set.holders);
    for (index, custodian) in body.custodians.iter().enumerate() {
        if !holders.iter().any(|holder| holder.holder == *custodian) {
            let problem = format!("{custodian} holds no share of this HSM's wrap key");
            return Err(Refusal::link(KIND, &format!("custodians[{index}]"), problem));
        }
    }
    Ok(upkeep)
}
