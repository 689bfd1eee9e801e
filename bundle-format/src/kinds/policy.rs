//! The trust policy: whose signatures count, for what. Officers make it, a policy-root quorum signs it, every reader pins it.

mod revocation;
mod rules;

pub use revocation::Revocation;

use super::common::Custodian;
use crate::{
    AccountId, AwsRegion, Base64, Digest, Enrolled, Environment, FieldError, Holder, KeyAlgorithm,
    KeyId, KeySpec, Partition, PublicKey, Quorum, Requirements, Role, Serial, Text, Timestamp,
    WrappingAlgorithm, WrappingKeySpec,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A policy's payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Production or rehearsal; every bundle under this policy must say the same.
    pub environment: Environment,
    /// What people call it.
    pub name: Text,
    /// 1, 2, 3, …: each needs the policy-root quorum of its predecessor as well as its own.
    #[schemars(range(min = 1, max = u32::MAX))]
    pub version: u32,
    /// The digest of version N-1; absent in version 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Digest>,
    /// When its maker says it was made.
    pub created: Timestamp,
    /// Devices and plans created at or after this are refused; absent where the policy does not expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Every key a person signs with. No key stands there twice.
    #[schemars(length(min = 1, max = 64), extend("uniqueItems" = true))]
    pub keys: Vec<PolicyKey>,
    /// Keys whose signatures stopped counting, under this version and under every one before it; absent where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 64), extend("uniqueItems" = true))]
    pub revoked: Vec<Revocation>,
    /// Which keys count in which role, and how many holders it takes.
    pub roles: Roles,
    /// What a plan may ask for.
    pub allowed: Allowed,
    /// The serial numbers of the HSMs that may take part.
    #[schemars(length(min = 1, max = 16), extend("uniqueItems" = true))]
    pub devices: Vec<Serial>,
    /// Roots of attestation: X.509 certificates in DER, at most 8; may be empty, and then no attestation is believed.
    #[schemars(length(max = 8))]
    pub attestation_roots: Vec<Base64>,
    /// Who may keep an age copy; may be empty.
    #[schemars(length(max = 16), extend("uniqueItems" = true))]
    pub custodians: Vec<Custodian>,
}

/// One person's public key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyKey {
    /// Who holds it.
    pub holder: Holder,
    /// How it signs; must fit `spki`.
    pub algorithm: KeyAlgorithm,
    /// SubjectPublicKeyInfo, DER.
    pub spki: Base64,
    /// A bundle created before this is refused where this key signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Timestamp>,
    /// A bundle created after this is refused where this key signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Timestamp>,
}

impl PolicyKey {
    /// The key itself.
    ///
    /// # Errors
    /// When `spki` is no key, a weak key, or of another algorithm.
    pub fn public_key(&self) -> Result<PublicKey, String> {
        let key = PublicKey::from_spki_der(self.spki.as_bytes())?;
        if key.algorithm() == self.algorithm {
            Ok(key)
        } else {
            Err(format!("is a key for {}, not {}", key.algorithm(), self.algorithm))
        }
    }
}

/// The roles people can have. The HSM's own role comes with its device bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// May replace this policy.
    pub policy_root: RoleRule,
    /// Approves plans.
    pub ceremony_officer: RoleRule,
    /// Signs requests and receipts.
    pub online_operator: RoleRule,
    /// Countersigns device bundles and responses.
    pub witness: RoleRule,
}

/// Who counts in a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleRule {
    /// The least number of distinct holders.
    #[schemars(range(min = 1, max = 32))]
    pub threshold: u8,
    /// Ids of keys in `keys`.
    #[schemars(length(min = 1, max = 64), extend("uniqueItems" = true))]
    pub keys: Vec<KeyId>,
}

/// What a plan may ask for; anything not listed is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Allowed {
    /// The partition of every key.
    pub partition: Partition,
    /// Accounts.
    #[schemars(length(min = 1, max = 64), extend("uniqueItems" = true))]
    pub accounts: Vec<AccountId>,
    /// Regions.
    #[schemars(length(min = 1, max = 64), extend("uniqueItems" = true))]
    pub regions: Vec<AwsRegion>,
    /// Key specs.
    #[schemars(length(min = 1, max = 16), extend("uniqueItems" = true))]
    pub key_specs: Vec<KeySpec>,
    /// Wrapping algorithms.
    #[schemars(length(min = 1, max = 4), extend("uniqueItems" = true))]
    pub wrapping_algorithms: Vec<WrappingAlgorithm>,
    /// The smallest wrapping public key.
    pub smallest_wrapping_key: WrappingKeySpec,
}

impl Roles {
    /// The rule of a role; none for the HSM's.
    #[must_use]
    pub const fn rule(&self, role: Role) -> Option<&RoleRule> {
        match role {
            Role::PolicyRoot => Some(&self.policy_root),
            Role::CeremonyOfficer => Some(&self.ceremony_officer),
            Role::OnlineOperator => Some(&self.online_operator),
            Role::Witness => Some(&self.witness),
            Role::HsmSigner => None,
        }
    }
}

impl Policy {
    /// Every enrolled key.
    ///
    /// # Errors
    /// When one of `keys` is not a key; a checked policy has none such.
    pub fn enrolled(&self) -> Result<Vec<Enrolled>, FieldError> {
        let enrol = |(index, entry): (usize, &PolicyKey)| {
            let key = entry
                .public_key()
                .map_err(|problem| FieldError::new(format!("keys[{index}].spki"), problem))?;
            Ok(Enrolled {
                holder: entry.holder.clone(),
                key,
                valid_from: entry.valid_from,
                valid_to: entry.valid_to,
            })
        };
        self.keys.iter().enumerate().map(enrol).collect()
    }

    /// What this version asks of a policy: of itself and, where it follows `before`, of the quorum of that one too. A key that this
    /// version revokes still signs it in the quorum of the version before: a quorum of everybody could otherwise revoke nobody.
    ///
    /// # Errors
    /// As [`Self::enrolled`].
    pub fn signed_by(&self, before: Option<&Self>) -> Result<Requirements, FieldError> {
        let mut required = self.requirements(&[Role::PolicyRoot])?;
        if let Some(before) = before {
            let old = before.requirements(&[Role::PolicyRoot])?;
            required.quorums.extend(old.quorums);
            required.enrolled.extend(old.enrolled);
        }
        Ok(required)
    }

    /// What `roles` ask for, whatever is revoked: [`Verified::requirements`] asks for what counts.
    pub(super) fn requirements(&self, roles: &[Role]) -> Result<Requirements, FieldError> {
        let quorum = |role: &Role| {
            let rule = self.roles.rule(*role)?;
            Some(Quorum { role: *role, threshold: rule.threshold, keys: rule.keys.clone() })
        };
        Ok(Requirements {
            enrolled: self.enrolled()?,
            quorums: roles.iter().filter_map(quorum).collect(),
            revoked: Vec::new(),
        })
    }
}
