//! What a ceremony is to do. Officers make it and a ceremony-officer quorum signs it. It holds no secret and no path.

use super::common::{Expiration, check_at_most, check_counter, check_distinct, check_length};
use super::material::{self, Pin, PlannedMaterial};
use super::{Bundle, Kind};
use crate::identifiers::word_type;
use crate::{
    CeremonyId, Digest, Domains, Environment, FieldError, Holder, KeyArn, KeySpec, KeyUsage, Label,
    ObjectId, TargetName, Timestamp, WrappingAlgorithm, WrappingKeySpec,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

word_type!(
    /// What is done.
    Operation {
        /// New key material is generated in the HSM and imported into KMS keys that have none.
        Import = "import",
        /// Key material that the HSM holds already is imported again: where it expired or was deleted, and into further replicas. Nothing
        /// is generated.
        Reimport = "reimport",
        /// New key material is generated in the HSM, imported into KMS keys that have some, and made the current one.
        Rotate = "rotate",
    }
);

word_type!(
    /// As what the HSM keeps key material.
    KeptAs {
        /// Bytes that the ceremony's credential can read back.
        Opaque = "opaque",
        /// An AES key that cannot be read back; firmware 2.3.
        SymmetricKey = "symmetric-key",
        /// A private key that the HSM generated and that leaves it under wrap alone.
        AsymmetricKey = "asymmetric-key",
    }
);

/// A plan's payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// As in the policy.
    pub environment: Environment,
    /// The policy in force.
    pub policy: Digest,
    /// The HSM that is to do it.
    pub device: Digest,
    /// When its maker says it was made.
    pub created: Timestamp,
    /// The ceremony's name.
    pub ceremony: CeremonyId,
    /// 1, 2, 3, … among the plans for this serial number, over every policy and device bundle. The room begins them in this order.
    #[schemars(range(min = 1, max = u32::MAX))]
    pub counter: u32,
    /// The digest of the plan before; absent in plan 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Digest>,
    /// What is done to every target.
    pub operation: Operation,
    /// The keys, 1 to 256, in the order in which they are worked on. Those with one `object_id` get the same key material.
    #[schemars(length(min = 1, max = Plan::MAX_TARGETS))]
    pub targets: Vec<Target>,
    /// Custodians of the policy who get an age copy of every target; may be empty.
    #[schemars(length(max = 16), extend("uniqueItems" = true))]
    pub custodians: Vec<Holder>,
    /// How often the HSM may be started from the log before to this plan's last.
    pub boots: u8,
}

/// One KMS key and the HSM object that holds its key material. Targets of one object share everything but their name, their key, how the
/// material travels there and when it expires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Its name in this plan.
    pub name: TargetName,
    /// The KMS key.
    pub key: KeyArn,
    /// Its spec.
    pub key_spec: KeySpec,
    /// What KMS does with it.
    pub key_usage: KeyUsage,
    /// Whether it is a multi-Region key; must fit the key id.
    pub multi_region: bool,
    /// How the material travels.
    pub wrapping_algorithm: WrappingAlgorithm,
    /// The kind of wrapping public key to ask for.
    pub wrapping_key_spec: WrappingKeySpec,
    /// When KMS deletes the material.
    pub expiration: Expiration,
    /// Where the HSM keeps the material; must be free where it is generated.
    pub object_id: ObjectId,
    /// As what.
    pub kept_as: KeptAs,
    /// The object's label.
    pub label: Label,
    /// The object's domains.
    pub domains: Domains,
    /// Which key material of this KMS key it is: 1 for the first, 2 after its first rotation, ….
    #[schemars(range(min = 1, max = Target::MAX_GENERATION))]
    pub generation: u32,
    /// Which key material it must be; there just where none is generated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<Pin>,
    /// The generations before this one, from 1 on; there just where a key is rotated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 25))]
    pub earlier: Vec<Pin>,
}

impl Target {
    /// The last generation: a key can be rotated 25 times (AWS KMS developer guide, "Perform on-demand key rotation").
    pub const MAX_GENERATION: u32 = 26;
}

impl Plan {
    /// The most targets.
    pub const MAX_TARGETS: usize = 256;

    /// The key materials, each with its targets, in the order of their first ones.
    #[must_use]
    pub fn materials(&self) -> Vec<PlannedMaterial<'_>> {
        material::of(&self.targets)
    }

    /// The first target of the key material that a target gets: it gives the key material its name.
    #[must_use]
    pub fn leader(&self, target: &Target) -> Option<&Target> {
        self.targets.iter().find(|first| first.object_id == target.object_id)
    }

    /// The target of that name.
    #[must_use]
    pub fn target(&self, name: &TargetName) -> Option<&Target> {
        self.targets.iter().find(|target| target.name == *name)
    }
}

impl Bundle for Plan {
    const KIND: Kind = Kind::Plan;

    fn environment(&self) -> Environment {
        self.environment
    }

    fn created(&self) -> Timestamp {
        self.created
    }

    fn check(&self) -> Result<(), FieldError> {
        check_counter("counter", self.counter, self.previous.as_ref())?;
        check_length("targets", &self.targets, Self::MAX_TARGETS)?;
        check_distinct("targets", ".name", self.targets.iter().map(|t| &t.name))?;
        material::check(self.operation, &self.targets)?;
        check_at_most("custodians", &self.custodians, 16)?;
        check_distinct("custodians", "", &self.custodians)?;
        for (index, target) in self.targets.iter().enumerate() {
            let field = format!("targets[{index}]");
            target.expiration.check(&format!("{field}.expiration"), self.created)?;
            if target.multi_region != target.key.key_id.is_multi_region() {
                let problem = "does not fit the key id: multi-Region key ids begin with mrk-";
                return Err(FieldError::new(format!("{field}.multi_region"), problem));
            }
        }
        Ok(())
    }
}
