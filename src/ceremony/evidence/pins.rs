//! What the reader trusts before it reads.

use keyferry_bundle::kinds::Revocation;
use keyferry_bundle::{Digest, Policy, Timestamp, Verified};

/// The versions of the policy that somebody pinned.
#[derive(Debug, Clone, Default)]
pub struct Pins {
    versions: Vec<Pinned>,
    /// What the newest of them revokes, which is everything that one of them does.
    revoked: Vec<Revocation>,
}

/// One version.
#[derive(Debug, Clone)]
struct Pinned {
    digest: Digest,
    /// Its number and when it was made, where its bundle is at hand.
    known: Option<(u32, Timestamp)>,
}

impl Pins {
    /// Nothing: the policy is taken from the folder, and the report says so.
    #[must_use]
    pub const fn none() -> Self {
        Self { versions: Vec::new(), revoked: Vec::new() }
    }

    /// One digest, from wherever its reader has it.
    #[must_use]
    pub fn one(digest: Digest) -> Self {
        Self { versions: vec![Pinned { digest, known: None }], revoked: Vec::new() }
    }

    /// Every version that a machine has pinned, oldest first.
    #[must_use]
    pub fn history(versions: &[Verified<Policy>]) -> Self {
        let pinned = |policy: &Verified<Policy>| Pinned {
            digest: policy.digest(),
            known: Some((policy.body().version, policy.body().created)),
        };
        let newest = versions.last().map(|policy| policy.body().revoked.clone());
        Self {
            versions: versions.iter().map(pinned).collect(),
            revoked: newest.unwrap_or_default(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.versions.is_empty()
    }

    pub(super) fn has(&self, digest: Digest) -> bool {
        self.versions.iter().any(|pinned| pinned.digest == digest)
    }

    /// What they revoke.
    pub(super) fn revoked(&self) -> &[Revocation] {
        &self.revoked
    }

    /// The newest version whose number is known.
    pub(super) fn newest(&self) -> Option<u32> {
        self.versions.iter().filter_map(|pinned| pinned.known).map(|(version, _)| version).max()
    }

    /// When that version was made, if it is known.
    pub(super) fn created(&self, version: u32) -> Option<Timestamp> {
        let known = self.versions.iter().filter_map(|pinned| pinned.known);
        known.filter(|(number, _)| *number == version).map(|(_, created)| created).next()
    }
}
