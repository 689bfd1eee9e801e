//! Keys that stopped counting.

use super::super::common::{check_at_most, check_distinct};
use super::Policy;
use crate::{FieldError, Holder, KeyId, Requirements, Role, Timestamp, Verified};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A key whose signatures count on no bundle created at or after a date, under the version that says so and under every one before it.
/// That date is what a bundle's maker claims: whoever has the key can claim an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// The key: a person's or an HSM's. It is none of `keys`.
    pub key: KeyId,
    /// From when on; not after the policy's own date.
    pub since: Timestamp,
}

/// The rules of `revoked` alone, `keys` being the ids of the policy's own.
pub(super) fn check(policy: &Policy, keys: &[(KeyId, &Holder)]) -> Result<(), FieldError> {
    check_at_most("revoked", &policy.revoked, 64)?;
    check_distinct("revoked", ".key", policy.revoked.iter().map(|entry| &entry.key))?;
    for (index, Revocation { key, since }) in policy.revoked.iter().enumerate() {
        if keys.iter().any(|(known, _)| known == key) {
            let problem = format!("{key} is still among `keys`");
            return Err(FieldError::new(format!("revoked[{index}].key"), problem));
        }
        if *since > policy.created {
            let problem = format!("{since} is after the policy's created");
            return Err(FieldError::new(format!("revoked[{index}].since"), problem));
        }
    }
    Ok(())
}

/// What version N revoked stays revoked, from the same date or an earlier one: the newest version knows all.
pub(super) fn check_carried(policy: &Policy, before: &Policy) -> Result<(), FieldError> {
    for Revocation { key, since } in &before.revoked {
        let Some(index) = policy.revoked.iter().position(|entry| entry.key == *key) else {
            let problem = format!("lacks {key}, which the policy in force revokes");
            return Err(FieldError::new("revoked", problem));
        };
        if policy.revoked.get(index).is_some_and(|entry| entry.since > *since) {
            let problem = format!("is after {since}, which the policy in force says");
            return Err(FieldError::new(format!("revoked[{index}].since"), problem));
        }
    }
    Ok(())
}

impl Verified<Policy> {
    /// What `roles` ask of a bundle under this version: no key counts that this version revokes, or a later one that is known here.
    /// The HSM's role has no rule here: add it from the device bundle.
    ///
    /// # Errors
    /// When one of `keys` is not a key; a checked policy has none such.
    pub fn requirements(&self, roles: &[Role]) -> Result<Requirements, FieldError> {
        let mut required = self.body().requirements(roles)?;
        required.revoked = self.revoked().cloned().collect();
        Ok(required)
    }

    /// Every revocation that applies under this version: its own, and those of later versions that are known here.
    pub fn revoked(&self) -> impl Iterator<Item = &Revocation> {
        self.body().revoked.iter().chain(self.later())
    }

    /// This version as somebody sees it who knows what later versions revoke.
    #[must_use]
    pub fn knowing(mut self, later: &[Revocation]) -> Self {
        let new = later.iter().filter(|entry| !self.revoked().any(|known| known == *entry));
        let new: Vec<Revocation> = new.cloned().collect();
        self.learn(new);
        self
    }
}
