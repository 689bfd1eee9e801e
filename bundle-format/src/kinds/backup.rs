//! What copies of one key material exist. `keyferry-offline respond` makes it and the HSM signs it. The copies themselves are
//! files of their own, kept by custodians, that this bundle names by digest.

use super::common::{Custodian, check_distinct, check_length};
use super::{Bundle, Kind};
use crate::{Digest, Environment, FieldError, KeyArn, ObjectId, Serial, TargetName, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A backup's payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// As in the policy.
    pub environment: Environment,
    /// The plan that asked for the material.
    pub plan: Digest,
    /// The device bundle of the HSM.
    pub device: Digest,
    /// When the room says it was made.
    pub created: Timestamp,
    /// The HSM's serial number.
    pub serial: Serial,
    /// The target's name in the plan.
    pub target: TargetName,
    /// The KMS key the material is for.
    pub key: KeyArn,
    /// 1 for the first material of this KMS key, 2 after its first rotation, …: every generation must be kept.
    #[schemars(range(min = 1, max = u32::MAX))]
    pub generation: u32,
    /// The object that was copied.
    pub object_id: ObjectId,
    /// As in the response: HMAC-SHA-256 under the material of `keyferry check value v1`.
    pub check_value: Digest,
    /// The copy under the HSM's wrap key.
    pub wrapped: WrappedCopy,
    /// The copy for custodians, if the plan asked for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<AgeCopy>,
}

/// The object as exported under wrap: base64 text, as `yubihsm-shell -a put-wrapped` reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WrappedCopy {
    /// The wrap key.
    pub wrap_key: ObjectId,
    /// The SHA-256 of the file.
    pub sha256: Digest,
}

/// The material's bytes as an age v1 file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgeCopy {
    /// Whoever can open it, each alone.
    #[schemars(length(min = 1, max = 16), extend("uniqueItems" = true))]
    pub recipients: Vec<Custodian>,
    /// The SHA-256 of the file.
    pub sha256: Digest,
}

impl Bundle for Backup {
    const KIND: Kind = Kind::Backup;

    fn environment(&self) -> Environment {
        self.environment
    }

    fn created(&self) -> Timestamp {
        self.created
    }

    fn check(&self) -> Result<(), FieldError> {
        if self.generation == 0 {
            return Err(FieldError::new("generation", "counts from 1"));
        }
        if let Some(age) = &self.age {
            let field = "age.recipients";
            check_length(field, &age.recipients, 16)?;
            check_distinct(field, ".recipient", age.recipients.iter().map(|c| &c.recipient))?;
        }
        Ok(())
    }
}
