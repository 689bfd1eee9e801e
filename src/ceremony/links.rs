//! What every link checks.

use crate::Refusal;
use keyferry_bundle::kinds::{Bundle, Device, Policy};
use keyferry_bundle::{Digest, Kind, Requirements, Role, Verified};
use std::fmt::Display;

/// Whether a bundle that witnesses countersign must already have their signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Countersigned {
    /// The witness quorum must be met: everywhere but in the moment of making.
    Required,
    /// The HSM alone has signed: its maker checks its own work before it asks witnesses.
    NotYet,
}

impl Countersigned {
    pub(crate) const fn roles(self) -> &'static [Role] {
        match self {
            Self::Required => &[Role::Witness],
            Self::NotYet => &[],
        }
    }
}

/// The environment must be the policy's: nothing of a rehearsal is accepted in production, nor the other way round.
pub(crate) fn same_environment<T: Bundle>(
    policy: &Verified<Policy>,
    bundle: &Verified<T>,
) -> Result<(), Refusal> {
    fits_environment(policy, bundle.body())
}

/// As [`same_environment`], for a bundle that is not complete yet.
pub(crate) fn fits_environment<T: Bundle>(
    policy: &Verified<Policy>,
    body: &T,
) -> Result<(), Refusal> {
    let (ours, theirs) = (policy.body().environment, body.environment());
    if ours == theirs {
        return Ok(());
    }
    Err(Refusal::link(T::KIND, "environment", format!("is {theirs}, but the policy is for {ours}")))
}

/// A field that must repeat what an accepted bundle says.
pub(crate) fn same<V: PartialEq + Display>(
    kind: Kind,
    field: &str,
    found: &V,
    expected: &V,
    whose: &str,
) -> Result<(), Refusal> {
    if found == expected {
        return Ok(());
    }
    Err(Refusal::link(kind, field, format!("is {found}, but {whose} has {expected}")))
}

/// A reference to an accepted bundle.
pub(crate) fn refers(kind: Kind, field: &str, found: Digest, to: Digest) -> Result<(), Refusal> {
    if found == to {
        return Ok(());
    }
    Err(Refusal::link(kind, field, format!("names {found}, but the {field} accepted here is {to}")))
}

/// The policy's keys and the HSM's, with the HSM's quorum and those of `roles`.
pub(crate) fn with_hsm(
    kind: Kind,
    policy: &Verified<Policy>,
    device: &Verified<Device>,
    roles: &[Role],
) -> Result<Requirements, Refusal> {
    let mut required = policy.requirements(roles).map_err(Refusal::field(kind))?;
    required.enrolled.push(device.body().enrolled().map_err(Refusal::field(kind))?);
    required.quorums.insert(0, device.body().quorum().map_err(Refusal::field(kind))?);
    Ok(required)
}
