//! Encrypted key material, brought back. `keyferry-offline respond` makes it; the HSM and the witnesses sign it.

use super::common::{AttestationChain, check_distinct, check_length};
use super::{Bundle, Kind};
use crate::identifiers::word_type;
use crate::{
    Base64, Digest, Environment, FieldError, KeyArn, KeySpec, ObjectId, Serial, TargetName,
    Timestamp, WrappingAlgorithm,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

word_type!(
    /// Whether the room's host was off every network.
    Isolation {
        /// No interface but loopback was up.
        Isolated = "isolated",
        /// The check was overridden; refused in production.
        Overridden = "overridden",
    }
);

word_type!(
    /// Where the key material of this response came from.
    Made {
        /// Drawn from the HSM's random generator for this response.
        Generated = "generated",
        /// Read back from the object that an earlier run of the same plan had stored.
        Stored = "stored",
    }
);

/// A response's payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// As in the policy.
    pub environment: Environment,
    /// The request this answers.
    pub request: Digest,
    /// The plan that asked for it.
    pub plan: Digest,
    /// The device bundle of the HSM.
    pub device: Digest,
    /// When the room says it was made.
    pub created: Timestamp,
    /// The serial number the HSM reported in the session that did it.
    pub serial: Serial,
    /// Whether the host was off every network.
    pub isolation: Isolation,
    /// One entry for every target of the request.
    #[schemars(length(min = 1, max = 16))]
    pub targets: Vec<ResponseTarget>,
}

/// One target's encrypted key material.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResponseTarget {
    /// The target's name in the plan.
    pub name: TargetName,
    /// The KMS key.
    pub key: KeyArn,
    /// Its spec.
    pub key_spec: KeySpec,
    /// How the material is encrypted.
    pub wrapping_algorithm: WrappingAlgorithm,
    /// The SHA-256 of the wrapping public key's DER.
    pub wrapping_public_key_sha256: Digest,
    /// The SHA-256 of the import token that belongs to it.
    pub import_token_sha256: Digest,
    /// The encrypted key material, at most 6,144 bytes (AWS KMS API reference, `ImportKeyMaterial`).
    #[schemars(extend("maxLength" = 8192))]
    pub encrypted_key_material: Base64,
    /// Where the HSM keeps the material.
    pub object_id: ObjectId,
    /// Where the material came from.
    pub made: Made,
    /// Tells this key material from any other (SPEC.md section 9): of raw bytes, HMAC-SHA-256 under them of the ASCII text `keyferry
    /// check value v1`; of a private key, the SHA-256 of its `public_key`.
    pub check_value: Digest,
    /// The public half of a private key: SubjectPublicKeyInfo, DER.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<Base64>,
    /// What the HSM attests about a private key that it generated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<AttestationChain>,
    /// Of an HMAC key, the SHA-256 of the MAC that KMS must answer when it is asked to prove the key (SPEC.md section 9). The MAC itself
    /// stays unknown until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_answer: Option<Digest>,
    /// The backup bundle of this material.
    pub backup: Digest,
}

impl Response {
    /// The entry of that name.
    #[must_use]
    pub fn target(&self, name: &TargetName) -> Option<&ResponseTarget> {
        self.targets.iter().find(|target| target.name == *name)
    }
}

impl Bundle for Response {
    const KIND: Kind = Kind::Response;

    fn environment(&self) -> Environment {
        self.environment
    }

    fn created(&self) -> Timestamp {
        self.created
    }

    fn check(&self) -> Result<(), FieldError> {
        if self.environment == Environment::Production && self.isolation == Isolation::Overridden {
            return Err(FieldError::new("isolation", "is overridden, in production"));
        }
        check_length("targets", &self.targets, 16)?;
        check_distinct("targets", ".name", self.targets.iter().map(|t| &t.name))?;
        check_distinct("targets", ".key", self.targets.iter().map(|t| &t.key))?;
        check_distinct("targets", ".object_id", self.targets.iter().map(|t| t.object_id))?;
        for (index, target) in self.targets.iter().enumerate() {
            let length = target.encrypted_key_material.as_bytes().len();
            if length > 6144 {
                let field = format!("targets[{index}].encrypted_key_material");
                return Err(FieldError::new(field, format!("{length} bytes, more than 6144")));
            }
            if let Some(attestation) = &target.attestation {
                attestation.check(&format!("targets[{index}].attestation"))?;
            }
        }
        Ok(())
    }
}
