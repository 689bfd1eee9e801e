//! A key material, once the HSM has it: what the response says of it.

use super::accepted::Accepted;
use super::preflight::Stored;
use crate::room::Room;
use keyferry_bundle::kinds::{AttestationChain, Made, Operation};
use keyferry_bundle::{Base64, Digest};
use keyferry_console::{Exit, Failure};
use keyferry_hsm::{Hsm, KeyMaterial};

/// What everything about one response works with.
pub(super) struct Work<'a> {
    pub(super) hsm: &'a dyn Hsm,
    pub(super) accepted: &'a Accepted,
    pub(super) stored: &'a Stored,
    pub(super) room: &'a mut Room,
    /// Whether this run has made key material in the HSM: a failure afterwards is not one after which nothing has changed.
    pub(super) changed: bool,
    /// Whether a person has accepted what the HSM's log does not account for.
    pub(super) accept_gap: bool,
}

impl Work<'_> {
    /// Whatever the HSM has or lacks: a plan to import again generates nothing.
    pub(super) fn may_generate(&self) -> Result<(), Failure> {
        match self.accepted.plan.body().operation {
            Operation::Import | Operation::Rotate => Ok(()),
            Operation::Reimport => Err(Failure::bug("nothing is generated to be imported again")),
        }
    }
}

/// A key material, whichever targets get it.
pub(super) struct Material {
    pub(super) made: Made,
    pub(super) check_value: Digest,
    pub(super) public_key: Option<Base64>,
    pub(super) attestation: Option<AttestationChain>,
    /// The bytes, where the host has them, for the custodians' copy.
    pub(super) bytes: Option<KeyMaterial>,
}

/// The object under the target's id is not what this plan stored.
pub(super) fn other_material(because: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::Refused, "other-material", "the HSM holds other key material")
        .because(because)
        .hint("stop: somebody put it there; plan another object id")
}
