//! An initialised HSM. `keyferry-offline init` makes it; the HSM's new signing key and the witnesses sign it.

use super::common::{AttestationChain, check_length};
use super::{Bundle, Kind, LogHead, ShareSet};
use crate::identifiers::word_type;
use crate::{
    Base64, Digest, Domains, Enrolled, Environment, Error, FieldError, Firmware, Holder,
    KeyAlgorithm, Label, ObjectId, Policy, PublicKey, Quorum, Role, Serial, Timestamp, Unverified,
    Verified,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A device's payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// As in the policy.
    pub environment: Environment,
    /// The policy in force.
    pub policy: Digest,
    /// When the room says it was made.
    pub created: Timestamp,
    /// What people call the device; the holder of its signing key.
    pub name: Holder,
    /// As the device reported it; must be among the policy's.
    pub serial: Serial,
    /// As the device reported it.
    pub firmware: Firmware,
    /// The key that signs bundles: P-256, generated in the device, not exportable.
    pub signing_key: DeviceKey,
    /// The AES-256 wrap key that backups are exported under.
    pub wrap_key: ObjectId,
    /// The authentication keys; the factory's default one is gone.
    pub credentials: Credentials,
    /// The domains of these keys: where ceremonies keep key material. Plans are held against them.
    pub domains: Domains,
    /// What the HSM logs.
    pub audit: Audit,
    /// The log's last entry when `audit` was set: everything after it is in log bundles.
    pub log_anchor: LogHead,
    /// Among whom the wrap key is split, and their proofs; absent where it was generated in the device and never left it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shares: Option<ShareSet>,
}

/// The HSM's authentication keys, each with the capabilities of its work and no others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// Generates, keeps and wraps key material and signs: what ceremonies use.
    pub ceremony: ObjectId,
    /// Exports copies under the wrap key and restores them.
    pub backup: ObjectId,
    /// Reads the log, for an auditor's own eyes.
    pub audit: ObjectId,
    /// Deletes key material.
    pub administration: ObjectId,
}

word_type!(
    /// Whether something is logged or enforced (YubiHSM 2 user guide, options FORCE AUDIT and COMMAND AUDIT).
    AuditSetting {
        /// No.
        Off = "off",
        /// Yes, until it is switched off.
        On = "on",
        /// Yes, until the device is reset.
        Fixed = "fixed",
    }
);

/// What the HSM logs, and whether a full log stops it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// Whether commands fail once the log is full.
    pub force: AuditSetting,
    /// The codes of the commands that are logged until the device is reset, in rising order. SESSION MESSAGE (5) is never one: a full
    /// log could not be read any more.
    #[schemars(length(min = 1, max = 128), extend("uniqueItems" = true))]
    pub fixed: Vec<u8>,
}

/// SESSION MESSAGE, which carries every command of a session.
const SESSION_MESSAGE: u8 = 0x05;

impl Audit {
    fn check(&self) -> Result<(), FieldError> {
        check_length("audit.fixed", &self.fixed, 128)?;
        if !self.fixed.is_sorted_by(|a, b| a < b) {
            return Err(FieldError::new("audit.fixed", "do not rise"));
        }
        if self.fixed.contains(&SESSION_MESSAGE) {
            let problem = "names 5, SESSION MESSAGE: a full log could not be read any more";
            return Err(FieldError::new("audit.fixed", problem));
        }
        Ok(())
    }
}

/// A signing key inside the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceKey {
    /// Where it is.
    pub object_id: ObjectId,
    /// Its label.
    pub label: Label,
    /// SubjectPublicKeyInfo, DER: a named-curve P-256 key.
    pub spki: Base64,
    /// What the device attests about it. Where the policy lists attestation roots, it must be there and lead to one of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<AttestationChain>,
}

impl DeviceKey {
    /// The key itself.
    ///
    /// # Errors
    /// When it is not a P-256 key.
    pub fn public_key(&self) -> Result<PublicKey, String> {
        let key = PublicKey::from_spki_der(self.spki.as_bytes())?;
        match key.algorithm() {
            KeyAlgorithm::EcdsaP256Sha256 => Ok(key),
            KeyAlgorithm::Ed25519 => {
                Err("an HSM signs with P-256, this is an Ed25519 key".to_owned())
            }
        }
    }
}

impl Device {
    /// The ids of the device's own keys, with the fields that name them: no plan may use them.
    #[must_use]
    pub const fn own_ids(&self) -> [(&'static str, ObjectId); 6] {
        [
            ("signing_key.object_id", self.signing_key.object_id),
            ("wrap_key", self.wrap_key),
            ("credentials.ceremony", self.credentials.ceremony),
            ("credentials.backup", self.credentials.backup),
            ("credentials.audit", self.credentials.audit),
            ("credentials.administration", self.credentials.administration),
        ]
    }

    /// The HSM as a signer.
    ///
    /// # Errors
    /// When its signing key is not a key; a checked device has none such.
    pub fn enrolled(&self) -> Result<Enrolled, FieldError> {
        let key = self
            .signing_key
            .public_key()
            .map_err(|problem| FieldError::new("signing_key.spki", problem))?;
        Ok(Enrolled { holder: self.name.clone(), key, valid_from: None, valid_to: None })
    }

    /// The HSM's quorum of one.
    ///
    /// # Errors
    /// As [`Self::enrolled`].
    pub fn quorum(&self) -> Result<Quorum, FieldError> {
        let id = self
            .enrolled()?
            .key
            .id()
            .map_err(|problem| FieldError::new("signing_key.spki", problem))?;
        Ok(Quorum { role: Role::HsmSigner, threshold: 1, keys: vec![id] })
    }
}

impl Bundle for Device {
    const KIND: Kind = Kind::Device;

    fn environment(&self) -> Environment {
        self.environment
    }

    fn created(&self) -> Timestamp {
        self.created
    }

    fn check(&self) -> Result<(), FieldError> {
        self.enrolled()?;
        if let Some(attestation) = &self.signing_key.attestation {
            attestation.check("signing_key.attestation")?;
        }
        self.audit.check()?;
        let mut seen = BTreeSet::new();
        for (field, id) in self.own_ids() {
            if !seen.insert(id) {
                return Err(FieldError::new(field, format!("{id} is another of its keys' id")));
            }
        }
        if let Some(shares) = &self.shares {
            shares.check_proved("shares", self.serial)?;
        }
        Ok(())
    }
}

impl Unverified<Device> {
    /// Checks the device's own signature and the quorums of `roles` under the policy, that the policy knows the serial
    /// number, that it had not expired when the device says it was set up, and that the device's name and its key are nobody's
    /// in the policy.
    ///
    /// # Errors
    /// When any of them fails.
    pub fn verify_under(
        self,
        policy: &Verified<Policy>,
        roles: &[Role],
    ) -> Result<Verified<Device>, Error> {
        self.verify_by(|device| {
            if device.policy != policy.digest() {
                return Err(
                    FieldError::new("policy", "is not the digest of the policy in force").into()
                );
            }
            let mut required = policy.requirements(roles)?;
            let policy = policy.body();
            if let Some(expired) = policy.expires.filter(|expires| device.created >= *expires) {
                let problem = format!("is {}, but the policy expired at {expired}", device.created);
                return Err(FieldError::new("created", problem).into());
            }
            if !policy.devices.contains(&device.serial) {
                let problem = format!("{} is not a device of the policy", device.serial);
                return Err(FieldError::new("serial", problem).into());
            }
            if policy.keys.iter().any(|key| key.holder == device.name) {
                return Err(FieldError::new("name", "is the name of a person in the policy").into());
            }
            if policy.keys.iter().any(|key| key.spki == device.signing_key.spki) {
                let problem = "is the key of a person in the policy";
                return Err(FieldError::new("signing_key.spki", problem).into());
            }
            required.enrolled.push(device.enrolled()?);
            required.quorums.push(device.quorum()?);
            Ok(required)
        })
    }
}
