//! Accepting a transcript, holding it against the one before, and making the parts of one.

mod parts;

#[cfg(test)]
mod tests;

pub use parts::in_parts;

use crate::Refusal;
use crate::links::{refers, same, same_environment, with_hsm};
use keyferry_bundle::{Device, Digest, Kind, Policy, Transcript, Unverified, Verified, json};

const KIND: Kind = Kind::Transcript;

/// Accepts a transcript: signed by the HSM, of this device bundle and serial number.
///
/// # Errors
/// The first rule it breaks.
pub fn accept(
    policy: &Verified<Policy>,
    device: &Verified<Device>,
    bytes: &[u8],
) -> Result<Verified<Transcript>, Refusal> {
    let required = with_hsm(KIND, policy, device, &[])?;
    let transcript = Unverified::<Transcript>::from_slice(bytes)
        .and_then(|transcript| transcript.verify(&required))
        .map_err(Refusal::bundle(KIND))?;
    same_environment(policy, &transcript)?;
    let body = transcript.body();
    refers(KIND, "device", body.device, device.digest())?;
    same(KIND, "serial", &body.serial, &device.body().serial, "the device bundle")?;
    Ok(transcript)
}

/// The rules between a transcript and the one before it: its number is one more, and where a run has several parts, they are of one
/// run and none is left out.
///
/// # Errors
/// The first rule it breaks.
pub fn check_follows(before: &Transcript, after: &Transcript) -> Result<(), Refusal> {
    same(KIND, "serial", &after.serial, &before.serial, "the transcript before")?;
    if before.counter.checked_add(1) != Some(after.counter) {
        let problem = format!("is {}, after transcript {}", after.counter, before.counter);
        return Err(Refusal::link(KIND, "counter", problem));
    }
    if after.part != next_part(before) {
        let problem = format!("is {}, after part {} of {}", after.part, before.part, before.parts);
        return Err(Refusal::link(KIND, "part", problem));
    }
    if after.part > 1 && run(before) != run(after) {
        return Err(Refusal::link(KIND, "part", "is of another run than the part before it"));
    }
    Ok(())
}

/// Which part comes after a transcript: that of the next run, where it is the last of its own.
#[must_use]
pub const fn next_part(before: &Transcript) -> u32 {
    if before.part < before.parts { before.part + 1 } else { 1 }
}

/// Tells the parts of one run from those of any other: the SHA-256 of what they have in common.
#[must_use]
pub fn run_digest(part: &Transcript) -> Digest {
    // A transcript that was read is written again: there is nothing in it that could not be.
    Digest::of(&json::encode(&run(part)).unwrap_or_default())
}

/// What the parts of one run have in common.
fn run(part: &Transcript) -> Transcript {
    Transcript {
        counter: 0,
        previous: None,
        unrecorded: 0,
        part: 0,
        lines: Vec::new(),
        ..part.clone()
    }
}
