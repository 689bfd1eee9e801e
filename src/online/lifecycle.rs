//! What KMS says of a key over its life: the generations of its key material, and its siblings in other Regions.

use crate::kms::{CallError, Kms};
use keyferry_bundle::kinds::Expiration;
use keyferry_bundle::{KeyArn, KeyMaterialId, Timestamp};
use std::fmt;

/// A key has at most 25 generations on demand; yearly rotations add one a year. Whoever answers with more pages than this does not end.
const MAX_PAGES: usize = 100;

/// The keys that a multi-Region key is one of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MultiRegion {
    /// The primary.
    pub primary: KeyArn,
    /// Every replica.
    pub replicas: Vec<KeyArn>,
}

impl MultiRegion {
    /// The primary, then every replica.
    pub fn keys(&self) -> impl Iterator<Item = &KeyArn> {
        std::iter::once(&self.primary).chain(&self.replicas)
    }
}

/// Whether a generation's key material is in KMS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportState {
    /// It is.
    Imported,
    /// It is not, or not any more.
    PendingImport,
    /// Any other, by KMS's word.
    Other(String),
}

impl fmt::Display for ImportState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Imported => "IMPORTED",
            Self::PendingImport => "PENDING_IMPORT",
            Self::Other(word) => word,
        })
    }
}

/// One generation of a symmetric key's material (AWS KMS API reference, `RotationsListEntry`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    /// The id of the material, where KMS gives one.
    pub key_material_id: Option<KeyMaterialId>,
    /// Whether it is in KMS; of imported material alone.
    pub import_state: Option<ImportState>,
    /// `CURRENT`, `NON_CURRENT`, `PENDING_ROTATION` or another of KMS's words.
    pub material_state: Option<String>,
    /// When KMS deletes it; of imported material alone.
    pub expiration: Option<Expiration>,
    /// What was said of it when it was imported: the ceremony's name.
    pub description: Option<String>,
    /// When it became the current one by a rotation.
    pub rotated: Option<Timestamp>,
}

/// One answer of `ListKeyRotations`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenerationsPage {
    /// Some generations, in KMS's order.
    pub generations: Vec<Generation>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// Every page of `ListKeyRotations`.
pub(crate) fn generations(kms: &dyn Kms, key: &KeyArn) -> Result<Vec<Generation>, CallError> {
    let (mut all, mut next) = (Vec::new(), None);
    for _ in 0..MAX_PAGES {
        let page = kms.list_key_rotations(key, next.as_deref())?;
        all.extend(page.generations);
        next = page.next;
        if next.is_none() {
            return Ok(all);
        }
    }
    Err(CallError::NoAnswer(format!("ListKeyRotations goes on after {MAX_PAGES} pages")))
}
