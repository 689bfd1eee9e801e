//! One KMS key and its states (AWS KMS developer guide, "Key states of KMS keys", "Importing key material").

use super::incoming::Incoming;
use super::material::{Announced, ImportType, Material, id};
use super::relation::Relation;
use super::spec::is_symmetric;
use crate::clock::Time;
use crate::refusal::{Kind, Refusal};
use crate::wire::Blob;
use keyferry_bundle::{KeyMaterialId, KeySpec, KeyUsage, KmsKeyId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where key material comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Origin {
    /// The service.
    #[serde(rename = "AWS_KMS")]
    AwsKms,
    /// An import.
    #[serde(rename = "EXTERNAL")]
    External,
}

/// Whether a key can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum KeyState {
    /// It can.
    Enabled,
    /// Somebody disabled it.
    Disabled,
    /// Key material is missing.
    PendingImport,
    /// It will be deleted.
    PendingDeletion,
    /// It will be deleted when its last replica is.
    PendingReplicaDeletion,
}

/// A deletion that was scheduled.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deletion {
    /// The waiting period.
    pub(crate) days: u16,
    /// When it ends; nothing while a replica keeps it from beginning.
    pub(crate) at: Option<Time>,
}

/// One KMS key.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Key {
    pub(crate) id: KmsKeyId,
    pub(crate) spec: KeySpec,
    pub(crate) usage: KeyUsage,
    pub(crate) origin: Origin,
    pub(crate) description: String,
    pub(crate) created: Time,
    /// The key policy, as it was given.
    pub(crate) policy: String,
    pub(crate) tags: BTreeMap<String, String>,
    /// Whether the next key material that comes in is to be taken for another: see [`crate::faults`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) takes_another: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) disabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deletion: Option<Deletion>,
    /// A multi-Region key's place among its like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) relation: Option<Relation>,
    /// Every key material the key ever had, oldest first. The last that does not wait for a rotation is the current one.
    pub(crate) materials: Vec<Material>,
}

impl Key {
    /// The state: key material is missing where any is, those that wait for a rotation aside.
    pub(crate) fn state(&self) -> KeyState {
        match self.deletion {
            Some(Deletion { at: None, .. }) => return KeyState::PendingReplicaDeletion,
            Some(_) => return KeyState::PendingDeletion,
            None => {}
        }
        let mut needed = self.materials.iter().filter(|material| !material.pending_rotation);
        let whole = needed.next().is_some_and(|first| first.bytes.is_some())
            && needed.all(|material| material.bytes.is_some());
        match (whole, self.disabled) {
            (false, _) => KeyState::PendingImport,
            (true, true) => KeyState::Disabled,
            (true, false) => KeyState::Enabled,
        }
    }

    /// Deletes what expired by `now`.
    pub(crate) fn settle(&mut self, now: Time) {
        for material in &mut self.materials {
            if material.valid_to.is_some_and(|valid_to| valid_to <= now) {
                material.bytes = None;
                material.valid_to = None;
            }
        }
    }

    /// The current key material, with or without its bytes.
    pub(crate) fn current(&self) -> Option<&Material> {
        self.materials.iter().rfind(|material| !material.pending_rotation)
    }

    /// The key material that waits for a rotation, with or without its bytes.
    pub(crate) fn pending(&self) -> Option<&Material> {
        self.materials.iter().find(|material| material.pending_rotation)
    }

    /// Whether it is a replica of a key in another Region.
    pub(crate) fn is_replica(&self) -> bool {
        self.relation.as_ref().is_some_and(Relation::is_replica)
    }

    /// The bytes to encrypt under, with their id.
    pub(crate) fn current_bytes(&self) -> Option<(&KeyMaterialId, &Blob)> {
        let current = self.current()?;
        Some((&current.id, current.bytes.as_ref()?))
    }

    /// The bytes of one material.
    pub(crate) fn bytes_of(&self, id: &KeyMaterialId) -> Option<&Blob> {
        self.materials.iter().find(|material| material.id == *id)?.bytes.as_ref()
    }

    /// Takes key material that fits the spec in. `arn` is for messages.
    pub(crate) fn import(
        &mut self,
        incoming: Incoming,
        announced: Announced,
        arn: &str,
    ) -> Result<KeyMaterialId, Refusal> {
        let id = self.id_of(&incoming)?;
        let replica = self.is_replica();
        if announced.import_type == Some(ImportType::New) && replica {
            return Err(incorrect("new key material comes in through the primary key alone"));
        }
        if announced.import_type == Some(ImportType::New) {
            // What waits for a rotation and is gone again makes room.
            self.materials.retain(|m| !m.pending_rotation || m.bytes.is_some());
        }
        let known = self.materials.iter().any(|material| material.id == id);
        let first = self.materials.is_empty();
        let usual = if first && !replica { ImportType::New } else { ImportType::Existing };
        let import_type = announced.import_type.unwrap_or(usual);
        match (import_type, known) {
            (ImportType::New, true) => {
                return Err(incorrect("the key material is already associated with this KMS key"));
            }
            (ImportType::Existing, false) => {
                return Err(incorrect("the key material was never imported into this KMS key"));
            }
            (ImportType::New, false) if !first => self.may_add(&id, arn)?,
            (ImportType::New, false) | (ImportType::Existing, true) => {}
        }
        if announced.material_id.is_some_and(|wanted| wanted != id) {
            return Err(incorrect("the key material has another id than the one specified"));
        }
        if !known {
            self.materials.push(Material {
                id: id.clone(),
                bytes: None,
                valid_to: None,
                pending_rotation: !first,
                rotated: None,
                description: None,
            });
        }
        if let Some(material) = self.materials.iter_mut().find(|material| material.id == id) {
            material.bytes = Some(incoming.bytes);
            material.valid_to = announced.valid_to;
            // What was said before stays where nothing is said now.
            material.description = announced.description.or(material.description.take());
        }
        if self.takes_another {
            return self.exchange(&id);
        }
        Ok(id)
    }

    /// Puts other key material of the same spec in the place of the current one, or, where there is none yet, of the next one.
    pub(crate) fn take_another(&mut self) -> Result<(), Refusal> {
        self.takes_another = true;
        match self.current_bytes().map(|(id, _)| id.clone()) {
            Some(id) => self.exchange(&id).map(drop),
            None => Ok(()),
        }
    }

    fn exchange(&mut self, id: &KeyMaterialId) -> Result<KeyMaterialId, Refusal> {
        let other = Incoming::generate(self.spec)?;
        let other_id = self.id_of(&other)?;
        if let Some(material) = self.materials.iter_mut().find(|material| material.id == *id) {
            material.id = other_id.clone();
            material.bytes = Some(other.bytes);
        }
        self.takes_another = false;
        Ok(other_id)
    }

    fn id_of(&self, incoming: &Incoming) -> Result<KeyMaterialId, Refusal> {
        id(&self.id, incoming.known_by.as_bytes())
            .ok_or_else(|| Kind::Internal.with("a key material id is malformed"))
    }

    /// Whether a second material may come in, to wait for a rotation: one at a time, and for symmetric keys only.
    fn may_add(&self, id: &KeyMaterialId, arn: &str) -> Result<(), Refusal> {
        if !is_symmetric(self.spec) {
            return Err(incorrect("the key material is not what was imported before"));
        }
        match self.pending() {
            None => Ok(()),
            Some(waiting) => Err(Kind::InvalidState.with(format!(
                "New key material (id: {id}) cannot be imported into KMS key {arn}, because another \
                 key material (id: {}) is pending rotation.",
                waiting.id
            ))),
        }
    }

    /// Deletes the bytes of one material, or of the current one. The answer is its id; nothing, if the key never had any.
    pub(crate) fn delete(
        &mut self,
        wanted: Option<&KeyMaterialId>,
    ) -> Result<Option<KeyMaterialId>, Refusal> {
        let found = self.materials.iter_mut().rfind(|material| match wanted {
            Some(id) => material.id == *id,
            None => !material.pending_rotation,
        });
        match (found, wanted) {
            (Some(material), _) => {
                material.bytes = None;
                material.valid_to = None;
                Ok(Some(material.id.clone()))
            }
            (None, None) => Ok(None),
            (None, Some(id)) => {
                Err(Kind::NotFound
                    .with(format!("Key material {id} is not associated with this key")))
            }
        }
    }
}

fn incorrect(because: &str) -> Refusal {
    Kind::IncorrectKeyMaterial.with(because)
}
