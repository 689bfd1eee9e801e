//! What is remembered of key material that was stored.

use keyferry_bundle::{Digest, TargetName, kinds::Made};

/// A target whose material may be in the HSM. All that can be done with it is to hold what is read back against it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an object under the target's id proves nothing until its material is held against this"]
pub struct Remembered {
    target: TargetName,
    check_value: Option<Digest>,
    /// What a response says of it.
    made: Made,
}

/// The object holds other key material than this plan stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("target {target}: the check value is {found}, but {remembered} was stored for this plan")]
pub struct OtherMaterial {
    /// The target.
    pub target: TargetName,
    /// The check value of what was read back.
    pub found: Digest,
    /// The one that is remembered.
    pub remembered: Digest,
}

impl Remembered {
    pub(super) const fn new(target: TargetName, check_value: Option<Digest>, made: Made) -> Self {
        Self { target, check_value, made }
    }

    /// Whose material it is.
    #[must_use]
    pub const fn target(&self) -> &TargetName {
        &self.target
    }

    /// The check value of what was stored, where anybody knew it.
    #[must_use]
    pub const fn check_value(&self) -> Option<Digest> {
        self.check_value
    }

    /// Holds the check value of what was read back against the remembered one; the answer is what a response says of it:
    /// [`Made::Stored`] once a request of the plan was answered, [`Made::Resumed`] before. Where the HSM
    /// was asked for a private key and its answer was lost, none is remembered: that the HSM generated it is all there is to hold.
    ///
    /// # Errors
    /// [`OtherMaterial`] when they differ: somebody put another object there.
    pub fn confirm(&self, found: Digest) -> Result<Made, OtherMaterial> {
        match self.check_value {
            Some(remembered) if remembered != found => {
                Err(OtherMaterial { target: self.target.clone(), found, remembered })
            }
            Some(_) | None => Ok(self.made),
        }
    }
}
