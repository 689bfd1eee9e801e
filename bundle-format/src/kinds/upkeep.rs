//! What was done with an HSM outside of a ceremony: copies of everything it holds, a restore, a drill, the end of a plan that is given up.
//! `keyferry-offline` makes it; the HSM and the witnesses sign it. It accounts for what the HSM's log says meanwhile.

use super::common::{AttestationChain, check_at_most, check_counter, check_distinct};
use super::{Bundle, KeptAs, Kind};
use crate::identifiers::word_type;
use crate::{Base64, Digest, Environment, FieldError, ObjectId, Serial, Text, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

word_type!(
    /// What was done.
    Work {
        /// Every key material of the HSM was copied under its wrap key.
        Backup = "backup",
        /// Key material was put back from copies.
        Restore = "restore",
        /// Key material was put back from copies, proved to be the same, and deleted again.
        Drill = "drill",
        /// A plan that nobody had answered was given up, and what it had left in the HSM was deleted.
        Abort = "abort",
    }
);

/// An upkeep's payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Upkeep {
    /// As in the policy.
    pub environment: Environment,
    /// The device bundle of the HSM.
    pub device: Digest,
    /// When the room says it was done.
    pub created: Timestamp,
    /// The HSM's serial number.
    pub serial: Serial,
    /// 1, 2, 3, … among the upkeeps of this serial number.
    #[schemars(range(min = 1, max = u32::MAX))]
    pub counter: u32,
    /// The upkeep before it; absent in the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Digest>,
    /// What was done.
    pub work: Work,
    /// The plan that was given up; there just for [`Work::Abort`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Digest>,
    /// Why, or on whose word, as the operator typed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Text>,
    /// What it was done to: 0 to 256 objects of key material.
    #[schemars(length(max = Upkeep::MAX_OBJECTS))]
    pub objects: Vec<UpkeepObject>,
    /// Every object that the HSM has afterwards.
    #[schemars(length(max = Upkeep::MAX_OBJECTS))]
    pub inventory: Vec<InventoryEntry>,
}

/// An object of key material.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpkeepObject {
    /// Its id.
    pub object_id: ObjectId,
    /// As what the HSM keeps it.
    pub kept_as: KeptAs,
    /// Its check value, computed from what the HSM holds (SPEC.md section 9).
    pub check_value: Digest,
    /// The public half of a private key: SubjectPublicKeyInfo, DER.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<Base64>,
    /// The SHA-256 of the copy under the wrap key: the one that was made, or the one that was put back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrapped: Option<Digest>,
    /// The bundle that names the copy that was put back: a backup, or an upkeep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Digest>,
    /// Of a private key that was put back, what the HSM that generated it attests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<AttestationChain>,
}

word_type!(
    /// What an object of an HSM is (YubiHSM 2 user guide, "Objects").
    InventoryKind {
        /// Bytes.
        Opaque = "opaque",
        /// A credential.
        AuthenticationKey = "authentication-key",
        /// A private key.
        AsymmetricKey = "asymmetric-key",
        /// A wrap key.
        WrapKey = "wrap-key",
        /// An HMAC key.
        HmacKey = "hmac-key",
        /// An SSH certificate template.
        Template = "template",
        /// A Yubico OTP AEAD key.
        OtpAeadKey = "otp-aead-key",
        /// An AES key.
        SymmetricKey = "symmetric-key",
        /// A public key to wrap under.
        PublicWrapKey = "public-wrap-key",
    }
);

/// One object of the HSM, whatever it is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct InventoryEntry {
    /// What it is.
    pub kind: InventoryKind,
    /// Its id.
    pub object_id: ObjectId,
}

impl Upkeep {
    /// The most objects: as many as a YubiHSM 2 holds (user guide, "Core concepts").
    pub const MAX_OBJECTS: usize = 256;
}

impl Bundle for Upkeep {
    const KIND: Kind = Kind::Upkeep;

    fn environment(&self) -> Environment {
        self.environment
    }

    fn created(&self) -> Timestamp {
        self.created
    }

    fn check(&self) -> Result<(), FieldError> {
        check_counter("counter", self.counter, self.previous.as_ref())?;
        match (self.work, self.plan) {
            (Work::Abort, None) => {
                return Err(FieldError::new("plan", "is missing: which plan was given up?"));
            }
            (Work::Backup | Work::Restore | Work::Drill, Some(_)) => {
                return Err(FieldError::new(
                    "plan",
                    format!("is there, but {} is of no plan", self.work),
                ));
            }
            (Work::Abort, Some(_)) | (Work::Backup | Work::Restore | Work::Drill, None) => {}
        }
        check_at_most("objects", &self.objects, Self::MAX_OBJECTS)?;
        check_distinct("objects", ".object_id", self.objects.iter().map(|o| o.object_id))?;
        check_at_most("inventory", &self.inventory, Self::MAX_OBJECTS)?;
        check_distinct("inventory", "", &self.inventory)?;
        for (index, object) in self.objects.iter().enumerate() {
            let at = |member: &str| format!("objects[{index}].{member}");
            let restored = matches!(self.work, Work::Restore | Work::Drill);
            if restored != object.source.is_some() {
                let problem = format!("does not fit: the work is {}", self.work);
                return Err(FieldError::new(at("source"), problem));
            }
            if (self.work == Work::Abort) == object.wrapped.is_some() {
                let problem = format!("does not fit: the work is {}", self.work);
                return Err(FieldError::new(at("wrapped"), problem));
            }
            if let Some(attestation) = &object.attestation {
                attestation.check(&at("attestation"))?;
            }
        }
        Ok(())
    }
}

impl std::fmt::Display for InventoryEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind, self.object_id)
    }
}
