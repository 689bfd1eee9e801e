//! What a key material that is in the HSM already must be held against before it is wrapped.

use super::material::other_material;
use keyferry_bundle::kinds::{AttestationChain, Made};
use keyferry_bundle::{Digest, TargetName};
use keyferry_ceremony::ledger::Remembered;
use keyferry_console::{Exit, Failure};

/// A key material that is in the HSM, by its first target.
#[derive(Debug)]
pub(super) enum Held {
    /// This plan stored it: the room remembers which it is.
    Stored(Remembered),
    /// An earlier plan left it: this plan says which it is.
    Known(Known),
}

/// A key material that the plan names.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) target: TargetName,
    /// The check value, by the plan.
    pub(super) check_value: Digest,
    /// [`Made::Kept`] or [`Made::Restored`].
    pub(super) made: Made,
    /// Of a private key that was restored, what the HSM that generated it attested.
    pub(super) attestation: Option<AttestationChain>,
}

impl Held {
    /// The name of the key material.
    pub(super) const fn name(&self) -> &TargetName {
        match self {
            Self::Stored(remembered) => remembered.target(),
            Self::Known(known) => &known.target,
        }
    }

    /// Holds the check value of what the HSM has against it; the answer is what a response says of it.
    pub(super) fn confirm(&self, found: Digest) -> Result<Made, Failure> {
        match self {
            Self::Stored(remembered) => {
                remembered.confirm(found).map_err(|other| other_material(&other))
            }
            Self::Known(known) if known.check_value == found => Ok(known.made),
            Self::Known(Known { target, check_value, .. }) => Err(Failure::new(
                Exit::Refused,
                "other-material",
                "the HSM holds other key material",
            )
            .because(format!(
                "target {target}: the check value is {found}, the plan names {check_value}"
            ))
            .hint("stop: nothing was wrapped; find out whose object it is, and restore the right copy into a free id or another HSM")),
        }
    }
}
