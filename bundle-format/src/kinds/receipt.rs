//! What KMS said. `keyferry-online import` makes it and an online operator signs it.

use super::common::{Expiration, check_at_most, check_distinct, check_length};
use super::{Bundle, Kind, Plan};
use crate::identifiers::word_type;
use crate::{
    AccountId, Base64, Digest, Endpoint, Environment, FieldError, KeyArn, KeyMaterialId,
    TargetName, Timestamp,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

word_type!(
    /// How the import ended.
    Outcome {
        /// KMS answered the upload.
        Imported = "imported",
        /// No answer came; `DescribeKey` then showed the key enabled with the planned expiration.
        Confirmed = "confirmed",
    }
);

word_type!(
    /// How KMS was asked to show that it holds the key material. Anybody can check [`Self::Signature`] and [`Self::Mac`]; the others are
    /// the operator's word.
    ProofMethod {
        /// KMS signed a message that names the response and a fresh random number: `RSASSA_PKCS1_V1_5_SHA_256`, or ECDSA with the hash of the curve. Anybody can verify it.
        Signature = "signature",
        /// KMS decrypted a fresh plaintext that was encrypted to the attested public key: the operator's word for it.
        Decryption = "decryption",
        /// KMS and an ephemeral key agreed on a secret: the operator's word for it, since whoever has the ephemeral key can compute the
        /// secret without KMS.
        SharedSecret = "shared-secret",
        /// KMS computed the MAC whose hash the room had published. Anybody can compare them.
        Mac = "mac",
        /// KMS decrypted what it had encrypted: the key works. Which key material it is, this does not show.
        RoundTrip = "round-trip",
    }
);

/// A receipt's payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// As in the policy.
    pub environment: Environment,
    /// The response that was uploaded.
    pub response: Digest,
    /// When the operator says it was made.
    pub created: Timestamp,
    /// The account whose credentials uploaded it.
    pub account: AccountId,
    /// The endpoint that answered; never the console.
    pub endpoint: Endpoint,
    /// One entry for every target of the response.
    #[schemars(length(min = 1, max = Plan::MAX_TARGETS))]
    pub targets: Vec<ReceiptTarget>,
}

/// What KMS said about one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiptTarget {
    /// The target's name in the plan.
    pub name: TargetName,
    /// The KMS key.
    pub key: KeyArn,
    /// How the import ended.
    pub outcome: Outcome,
    /// What `DescribeKey` reports afterwards.
    pub expiration: Expiration,
    /// KMS's id of the material, where KMS gives one (symmetric keys).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_material_id: Option<KeyMaterialId>,
    /// Every key material of the KMS key that was ever current, oldest first, as `ListKeyRotations` lists them afterwards. There where a key
    /// was rotated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 26), extend("uniqueItems" = true))]
    pub generations: Vec<KeyMaterialId>,
    /// What shows that KMS holds this key material.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
}

/// A question to KMS about the key material, and the answer (SPEC.md section 9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// How it was asked.
    pub method: ProofMethod,
    /// What was asked: a message or plaintext of the form that SPEC.md section 9 gives, or the ephemeral private key's scalar.
    pub challenge: Base64,
    /// What KMS answered: the signature, MAC, plaintext or shared secret.
    pub answer: Base64,
    /// What `GetPublicKey` answered; for private keys only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<Base64>,
}

impl Bundle for Receipt {
    const KIND: Kind = Kind::Receipt;

    fn environment(&self) -> Environment {
        self.environment
    }

    fn created(&self) -> Timestamp {
        self.created
    }

    fn check(&self) -> Result<(), FieldError> {
        if self.endpoint.is_console() {
            return Err(FieldError::new("endpoint", "is console, which uploads nothing"));
        }
        check_length("targets", &self.targets, Plan::MAX_TARGETS)?;
        check_distinct("targets", ".name", self.targets.iter().map(|t| &t.name))?;
        self.targets.iter().enumerate().try_for_each(|(index, target)| {
            let field = format!("targets[{index}].generations");
            check_at_most(&field, &target.generations, 26)?;
            check_distinct(&field, "", &target.generations)?;
            target.expiration.check_pair(&format!("targets[{index}].expiration"))
        })
    }
}
