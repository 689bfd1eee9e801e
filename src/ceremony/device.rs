//! Accepting an initialised HSM.

use crate::Refusal;
use crate::hsm_log::command::check_audit;
use crate::links::{Countersigned, same_environment};
use crate::proof::signing_key_attested;
use keyferry_bundle::{Device, Kind, Policy, Unverified, Verified};

/// Accepts a device bundle: signed by its own key and, if `countersigned` says so, by the witness quorum; of this policy, of its
/// environment and with a serial number it lists; where the policy lists attestation roots, with a signing key that the HSM attests.
///
/// # Errors
/// The first rule it breaks.
pub fn accept(
    policy: &Verified<Policy>,
    bytes: &[u8],
    countersigned: Countersigned,
) -> Result<Verified<Device>, Refusal> {
    let device = Unverified::<Device>::from_slice(bytes)
        .and_then(|device| device.verify_under(policy, countersigned.roles()))
        .map_err(Refusal::bundle(Kind::Device))?;
    same_environment(policy, &device)?;
    check_audit(device.body()).map_err(|source| Refusal::Link { kind: Kind::Device, source })?;
    signing_key_attested(policy.body(), device.body())
        .map_err(|problem| Refusal::link(Kind::Device, "signing_key.attestation", problem))?;
    Ok(device)
}
