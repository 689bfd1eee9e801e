//! The statements: for each action which keys, under which conditions, and why (AWS KMS developer guide, "AWS KMS condition keys").

use super::{Key, Part};
use crate::algorithms::{MacAlgorithm, SigningAlgorithm};
use keyferry_bundle::{ExpirationModel, KeyArn, KeyFamily, KeyUsage};
use serde_json::{Map, Value, json};

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    sid: String,
    pub(super) actions: Vec<&'static str>,
    resources: Vec<KeyArn>,
    /// Operator, condition key, value.
    conditions: Vec<(&'static str, &'static str, String)>,
    pub(super) reason: &'static str,
}

impl Statement {
    fn new(sid: &str, actions: &[&'static str], key: &Key, reason: &'static str) -> Self {
        // A key of the same id whose material KMS made would be another key than the plan means.
        let origin = ("StringEquals", "kms:KeyOrigin", "EXTERNAL".to_owned());
        Self {
            sid: sid.to_owned(),
            actions: actions.to_vec(),
            resources: vec![key.arn.clone()],
            conditions: vec![origin],
            reason,
        }
    }

    fn when(mut self, operator: &'static str, key: &'static str, value: impl Into<String>) -> Self {
        self.conditions.push((operator, key, value.into()));
        self
    }

    pub(super) fn json(&self) -> Value {
        let mut conditions = Map::new();
        for (operator, key, value) in &self.conditions {
            let of = conditions.entry(*operator).or_insert_with(|| json!({}));
            if let Some(of) = of.as_object_mut() {
                of.insert((*key).to_owned(), json!(value));
            }
        }
        json!({
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": self.actions,
            "Resource": self.resources,
            "Condition": conditions,
        })
    }
}

/// All of a role's; keys that are treated alike share them.
pub(super) fn of(part: Part, keys: &[Key], proofs: bool) -> Vec<Statement> {
    let mut all: Vec<Statement> = Vec::new();
    for key in keys {
        for new in of_key(part, key, proofs) {
            let same = |old: &&mut Statement| {
                (&old.actions, &old.conditions) == (&new.actions, &new.conditions)
            };
            match all.iter_mut().find(same) {
                Some(old) if old.resources.contains(&key.arn) => {}
                Some(old) => old.resources.extend(new.resources),
                None => all.push(new),
            }
        }
    }
    // IAM wants each Sid once.
    let sids: Vec<String> = all.iter().map(|statement| statement.sid.clone()).collect();
    for (index, statement) in all.iter_mut().enumerate() {
        let before = sids.iter().take(index).filter(|sid| **sid == statement.sid).count();
        if before > 0 {
            statement.sid = format!("{}{}", statement.sid, before + 1);
        }
    }
    all
}

fn of_key(part: Part, key: &Key, proofs: bool) -> Vec<Statement> {
    let look = |actions: &[&'static str]| {
        let reason = "the key is held against the plan before and after; `status` shows it";
        Statement::new("LookAtKeys", actions, key, reason)
    };
    if part == Part::Fetch {
        let reason = "`fetch`: the wrapping public key and the import token, as planned alone";
        let fetch =
            Statement::new("GetImportParameters", &["kms:GetParametersForImport"], key, reason)
                .when("StringEquals", "kms:WrappingAlgorithm", key.algorithm.as_str())
                .when("StringEquals", "kms:WrappingKeySpec", key.wrapping.as_str());
        return vec![look(&["kms:DescribeKey"]), fetch];
    }
    let mut all = vec![look(&["kms:DescribeKey", "kms:ListKeyRotations"]), import(key)];
    if key.rotates {
        let reason = "a rotation: the key material that was imported becomes the current one";
        all.push(Statement::new("Rotate", &["kms:RotateKeyOnDemand"], key, reason));
    }
    if proofs {
        all.extend(prove(key));
    }
    all
}

fn import(key: &Key) -> Statement {
    let reason = "`import`: the upload, with the planned expiration alone";
    let import = Statement::new("ImportKeyMaterial", &["kms:ImportKeyMaterial"], key, reason);
    let Some(expiration) = key.expiration else { return import };
    let import = import.when("StringEquals", "kms:ExpirationModel", expiration.model.as_str());
    match (expiration.model, expiration.valid_to) {
        // In seconds since 1970, as AWS's own examples write it.
        (ExpirationModel::Expires, Some(date)) => import.when(
            "NumericLessThanEquals",
            "kms:ValidTo",
            format!("{}.0", date.unix_seconds()),
        ),
        (ExpirationModel::Expires, None) | (ExpirationModel::DoesNotExpire, _) => import,
    }
}

/// What the proof of that kind of key calls, under the algorithm it takes.
fn prove(key: &Key) -> Vec<Statement> {
    let public = || {
        let reason = "the proof: KMS's public key must be the one that the HSM attested";
        Statement::new("ReadPublicKey", &["kms:GetPublicKey"], key, reason)
    };
    let proof = |action, reason| Statement::new("Prove", &[action], key, reason);
    match key.usage {
        KeyUsage::SignVerify => {
            let sign = proof("kms:Sign", "the proof: KMS signs a fresh challenge").when(
                "StringEquals",
                "kms:MessageType",
                "RAW",
            );
            let sign = match SigningAlgorithm::of(key.spec) {
                Some(with) => sign.when("StringEquals", "kms:SigningAlgorithm", with.as_str()),
                None => sign,
            };
            vec![public(), sign]
        }
        KeyUsage::GenerateVerifyMac => {
            let mac =
                proof("kms:GenerateMac", "the proof: KMS gives the MAC that the room computed");
            vec![match MacAlgorithm::of(key.spec) {
                Some(with) => mac.when("StringEquals", "kms:MacAlgorithm", with.as_str()),
                None => mac,
            }]
        }
        KeyUsage::KeyAgreement => {
            let reason = "the proof: KMS agrees with a fresh ephemeral key";
            let agree = proof("kms:DeriveSharedSecret", reason).when(
                "StringEquals",
                "kms:KeyAgreementAlgorithm",
                "ECDH",
            );
            vec![public(), agree]
        }
        KeyUsage::EncryptDecrypt if matches!(key.spec.family(), KeyFamily::Symmetric) => {
            let reason =
                "the proof: KMS decrypts what it encrypted, a fresh challenge and nothing else";
            // The context that `prove` sends: no ciphertext of anybody else has it.
            let both = Statement::new("Prove", &["kms:Encrypt", "kms:Decrypt"], key, reason);
            vec![both.when("StringEquals", "kms:EncryptionContext:purpose", "keyferry prove")]
        }
        KeyUsage::EncryptDecrypt => {
            let reason = "the proof: KMS decrypts a fresh challenge; nothing keeps it to that one";
            let decrypt = proof("kms:Decrypt", reason).when(
                "StringEquals",
                "kms:EncryptionAlgorithm",
                "RSAES_OAEP_SHA_256",
            );
            vec![public(), decrypt]
        }
    }
}
