//! Multi-Region keys (AWS KMS developer guide, "Multi-Region keys"): which Regions have one, and what they share.

use super::key::{Deletion, Key, Origin};
use super::material::Material;
use crate::clock::Time;
use keyferry_bundle::AwsRegion;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A multi-Region key's place among its like. All related keys say the same, [`Self::here`] aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Relation {
    /// The key's own Region.
    pub(crate) here: AwsRegion,
    /// The primary key's Region.
    pub(crate) primary: AwsRegion,
    /// The Regions of the replicas.
    pub(crate) replicas: BTreeSet<AwsRegion>,
}

impl Relation {
    /// Of a primary key that has no replica yet.
    pub(crate) fn primary(here: &AwsRegion) -> Self {
        Self { here: here.clone(), primary: here.clone(), replicas: BTreeSet::new() }
    }

    /// Whether the key is a replica.
    pub(crate) fn is_replica(&self) -> bool {
        self.here != self.primary
    }
}

impl Key {
    /// Shares the primary key's key materials: the list is the same in every Region, the bytes of imported ones and when they expire
    /// are each Region's own.
    pub(crate) fn follow(&mut self, primary: &Self) {
        let mut own = std::mem::take(&mut self.materials);
        let shared = primary.origin == Origin::AwsKms;
        self.materials = primary
            .materials
            .iter()
            .map(|theirs| {
                let ours = own.iter_mut().find(|ours| ours.id == theirs.id);
                let (bytes, valid_to, description) = ours.map_or((None, None, None), |ours| {
                    (ours.bytes.take(), ours.valid_to, ours.description.take())
                });
                Material {
                    id: theirs.id.clone(),
                    bytes: bytes.or_else(|| theirs.bytes.clone().filter(|_| shared)),
                    valid_to,
                    pending_rotation: theirs.pending_rotation,
                    rotated: theirs.rotated,
                    description,
                }
            })
            .collect();
    }

    /// Knows of another replica.
    pub(crate) fn gain_replica(&mut self, region: &AwsRegion) {
        if let Some(relation) = &mut self.relation {
            relation.replicas.insert(region.clone());
        }
    }

    /// Knows that a replica was deleted. A primary key that waited for its last one begins its own waiting period.
    pub(crate) fn lose_replica(&mut self, region: &AwsRegion, at: Time) {
        let Some(relation) = &mut self.relation else { return };
        relation.replicas.remove(region);
        if !relation.replicas.is_empty() || relation.is_replica() {
            return;
        }
        if let Some(Deletion { days, at: end @ None }) = &mut self.deletion {
            *end = Some(at.plus_days(*days));
        }
    }
}
