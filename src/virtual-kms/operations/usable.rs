//! A key that an operation may use now.

use crate::keys::spec::algorithms;
use crate::keys::{Key, KeyState, PrivateKey};
use crate::refusal::{Kind, Refusal};
use crate::state::State;
use crate::wire::Blob;
use keyferry_bundle::{KeyMaterialId, KeyUsage};

/// A key whose usage is the operation's and whose key material is there.
pub(super) struct Usable<'a> {
    /// The key.
    pub(super) key: &'a Key,
    /// Its ARN.
    pub(super) arn: String,
    /// Its current key material's id.
    pub(super) material: &'a KeyMaterialId,
    /// The key material.
    pub(super) bytes: &'a Blob,
}

/// Checks that a key is enabled.
pub(super) fn must_be_enabled(key: &Key, arn: &str) -> Result<(), Refusal> {
    match key.state() {
        KeyState::Enabled => Ok(()),
        KeyState::Disabled => Err(Kind::Disabled.with(format!("{arn} is disabled."))),
        KeyState::PendingImport => {
            Err(Kind::InvalidState.with(format!("{arn} is pending import.")))
        }
        KeyState::PendingDeletion | KeyState::PendingReplicaDeletion => must_stay(key, arn),
    }
}

/// Checks that a key is not to be deleted.
pub(super) fn must_stay(key: &Key, arn: &str) -> Result<(), Refusal> {
    let what = match key.state() {
        KeyState::PendingDeletion => "deletion",
        KeyState::PendingReplicaDeletion => "replica deletion",
        KeyState::Enabled | KeyState::Disabled | KeyState::PendingImport => return Ok(()),
    };
    Err(Kind::InvalidState.with(format!("{arn} is pending {what}.")))
}

impl<'a> Usable<'a> {
    /// Checks a key. The messages are AWS's.
    pub(super) fn new(
        state: &State,
        key: &'a Key,
        usage: KeyUsage,
        operation: &str,
    ) -> Result<Self, Refusal> {
        let arn = state.key_arn(&key.id);
        if key.usage != usage {
            let found = key.usage.as_str();
            let message = format!("{arn} key usage is {found} which is not valid for {operation}.");
            return Err(Kind::InvalidKeyUsage.with(message));
        }
        Self::present(key, arn)
    }

    /// As [`Self::new`], for whatever usage.
    pub(super) fn of_any_usage(state: &State, key: &'a Key) -> Result<Self, Refusal> {
        Self::present(key, state.key_arn(&key.id))
    }

    fn present(key: &'a Key, arn: String) -> Result<Self, Refusal> {
        must_be_enabled(key, &arn)?;
        let missing = || Kind::InvalidState.with(format!("{arn} is pending import."));
        let (material, bytes) = key.current_bytes().ok_or_else(missing)?;
        Ok(Self { key, arn, material, bytes })
    }

    /// Checks that the key has an algorithm. The message is ours.
    pub(super) fn must_have(&self, algorithm: &str) -> Result<(), Refusal> {
        let listed = algorithms(self.key.spec, self.key.usage).unwrap_or_default();
        if listed.contains(&algorithm) {
            return Ok(());
        }
        let message =
            format!("Algorithm {algorithm} is incompatible with key spec {}.", self.key.spec);
        Err(Kind::InvalidKeyUsage.with(message))
    }

    /// The private key that the key material is.
    pub(super) fn private_key(&self) -> Result<PrivateKey, Refusal> {
        PrivateKey::decode(self.key.spec, self.bytes.as_bytes())
            .ok_or_else(|| Kind::Internal.with("a private key does not read back"))
    }
}
