//! Rotation on demand (AWS KMS developer guide, "Rotate AWS KMS keys", "Perform on-demand key rotation").

use super::incoming::Incoming;
use super::key::{Key, Origin};
use super::material::{Announced, ImportType};
use crate::clock::Time;
use crate::refusal::{Kind, Refusal};

/// How often a key can be rotated on demand.
pub(crate) const MOST: usize = 25;

impl Key {
    /// How often it was rotated.
    pub(crate) fn rotations(&self) -> usize {
        self.materials.iter().filter(|material| material.rotated.is_some()).count()
    }

    /// Makes the key material that waits the current one; a key of the service's own makes its next. `arn` is for messages.
    pub(crate) fn rotate(&mut self, now: Time, arn: &str) -> Result<(), Refusal> {
        if self.origin == Origin::AwsKms {
            let new = Announced { import_type: Some(ImportType::New), ..Announced::default() };
            self.import(Incoming::generate(self.spec)?, new, arn)?;
        }
        let waiting = self.materials.iter_mut().find(|m| m.pending_rotation && m.bytes.is_some());
        let Some(material) = waiting else {
            let message = format!("No available key material pending rotation for the key: {arn}.");
            return Err(Kind::InvalidState.with(message));
        };
        material.pending_rotation = false;
        material.rotated = Some(now);
        Ok(())
    }
}
