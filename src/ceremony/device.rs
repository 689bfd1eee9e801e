//! Accepting an initialised HSM.

use crate::Refusal;
use crate::hsm_log::command::check_audit;
use crate::links::{Countersigned, same_environment};
use crate::proof::signing_key_attested;
use keyferry_bundle::kinds::ShareSet;
use keyferry_bundle::{Device, Kind, Policy, Serial, Unverified, Verified};
use keyferry_shares::verify_proofs;

/// Accepts a device bundle: signed by its own key and, if `countersigned` says so, by the witness quorum; of this policy, of its
/// environment and with a serial number it lists; where the policy lists attestation roots, with a signing key that the HSM attests; where the wrap key
/// is split, with a proof of every share.
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
    if let Some(shares) = &device.body().shares {
        check_shares(policy.body(), device.body().serial, shares)?;
    }
    Ok(device)
}

/// Every share has the proof of a custodian of the policy, and was encrypted to the recipient that the policy enrols. Where the wrap key
/// was split long ago for another HSM, that holds of the names of those who were there: others may have left since.
fn check_shares(policy: &Policy, serial: Serial, shares: &ShareSet) -> Result<(), Refusal> {
    verify_proofs(shares, serial).map_err(|source| Refusal::Link { kind: Kind::Device, source })?;
    for (index, share) in shares.holders.iter().enumerate() {
        let enrolled = policy.custodians.iter().find(|custodian| custodian.holder == share.holder);
        let field = format!("shares.holders[{index}]");
        let refusal = |member: &str, problem: String| {
            Refusal::not_allowed(Kind::Device, &format!("{field}.{member}"), problem)
        };
        match enrolled {
            _ if shares.hsm.is_some() && share.present.is_none() => {}
            None => {
                let problem = format!("{} is not a custodian of the policy", share.holder);
                return Err(refusal("holder", problem));
            }
            Some(custodian) if shares.hsm.is_none() && custodian.recipient != share.recipient => {
                let problem = format!("is not the one that the policy has of {}", share.holder);
                return Err(refusal("recipient", problem));
            }
            Some(_) => {}
        }
    }
    Ok(())
}
