//! The trust policy: whose signatures count, for what. Officers make it, a policy-root quorum signs it, every reader pins it.

use super::common::{Custodian, check_at_most, check_counter, check_distinct, check_length};
use super::{Bundle, Kind};
use crate::envelope::MAX_SIGNATURES;
use crate::{
    AccountId, AwsRegion, Base64, Digest, Enrolled, Environment, Error, FieldError, Holder,
    KeyAlgorithm, KeyId, KeySpec, Partition, PublicKey, Quorum, Requirements, Role, Serial, Text,
    Timestamp, Unverified, Verified, WrappingAlgorithm, WrappingKeySpec,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

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
    /// Every key a person signs with. No key stands there twice.
    #[schemars(length(min = 1, max = 64), extend("uniqueItems" = true))]
    pub keys: Vec<PolicyKey>,
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

    /// What `roles` ask for. The HSM's role has no rule here: add it from the device bundle.
    ///
    /// # Errors
    /// As [`Self::enrolled`].
    pub fn requirements(&self, roles: &[Role]) -> Result<Requirements, FieldError> {
        let quorum = |role: &Role| {
            let rule = self.roles.rule(*role)?;
            Some(Quorum { role: *role, threshold: rule.threshold, keys: rule.keys.clone() })
        };
        Ok(Requirements {
            enrolled: self.enrolled()?,
            quorums: roles.iter().filter_map(quorum).collect(),
        })
    }
}

fn check_role(field: &str, rule: &RoleRule, known: &[(KeyId, &Holder)]) -> Result<(), FieldError> {
    let keys = format!("roles.{field}.keys");
    check_length(&keys, &rule.keys, 64)?;
    check_distinct(&keys, "", &rule.keys)?;
    let mut holders = BTreeSet::new();
    for (index, id) in rule.keys.iter().enumerate() {
        let (_, holder) = known.iter().find(|(known, _)| known == id).ok_or_else(|| {
            FieldError::new(format!("{keys}[{index}]"), format!("{id} is not among `keys`"))
        })?;
        holders.insert(*holder);
    }
    let threshold = format!("roles.{field}.threshold");
    if rule.threshold == 0 {
        return Err(FieldError::new(threshold, "is 0"));
    }
    if usize::from(rule.threshold) > MAX_SIGNATURES {
        let problem = format!("is more than the {MAX_SIGNATURES} signatures of an envelope");
        return Err(FieldError::new(threshold, problem));
    }
    if usize::from(rule.threshold) > holders.len() {
        let problem =
            format!("is {}, but the role has {} holder(s)", rule.threshold, holders.len());
        return Err(FieldError::new(threshold, problem));
    }
    Ok(())
}

impl Bundle for Policy {
    const KIND: Kind = Kind::Policy;

    fn environment(&self) -> Environment {
        self.environment
    }

    fn created(&self) -> Timestamp {
        self.created
    }

    fn check(&self) -> Result<(), FieldError> {
        check_counter("version", self.version, self.previous.as_ref())?;
        check_length("keys", &self.keys, 64)?;
        let enrolled = self.enrolled()?;
        let mut known = Vec::with_capacity(enrolled.len());
        for (index, (entry, key)) in self.keys.iter().zip(&enrolled).enumerate() {
            let field = format!("keys[{index}]");
            let id = key.key.id().map_err(|problem| FieldError::new(field.clone(), problem))?;
            known.push((id, &entry.holder));
            if let (Some(from), Some(to)) = (entry.valid_from, entry.valid_to)
                && to <= from
            {
                return Err(FieldError::new(
                    format!("{field}.valid_to"),
                    "is not after valid_from",
                ));
            }
        }
        check_distinct("keys", ".spki", known.iter().map(|(id, _)| id))?;
        check_role("policy_root", &self.roles.policy_root, &known)?;
        check_role("ceremony_officer", &self.roles.ceremony_officer, &known)?;
        check_role("online_operator", &self.roles.online_operator, &known)?;
        check_role("witness", &self.roles.witness, &known)?;
        let allowed = &self.allowed;
        check_length("allowed.accounts", &allowed.accounts, 64)?;
        check_distinct("allowed.accounts", "", &allowed.accounts)?;
        check_length("allowed.regions", &allowed.regions, 64)?;
        check_distinct("allowed.regions", "", &allowed.regions)?;
        check_length("allowed.key_specs", &allowed.key_specs, 16)?;
        check_distinct("allowed.key_specs", "", &allowed.key_specs)?;
        check_length("allowed.wrapping_algorithms", &allowed.wrapping_algorithms, 4)?;
        check_distinct("allowed.wrapping_algorithms", "", &allowed.wrapping_algorithms)?;
        check_length("devices", &self.devices, 16)?;
        check_distinct("devices", "", &self.devices)?;
        if !self.attestation_roots.is_empty() {
            check_length("attestation_roots", &self.attestation_roots, 8)?;
        }
        check_at_most("custodians", &self.custodians, 16)?;
        check_distinct("custodians", ".holder", self.custodians.iter().map(|c| &c.holder))?;
        check_distinct("custodians", ".recipient", self.custodians.iter().map(|c| &c.recipient))
    }
}

impl Unverified<Policy> {
    /// Checks version 1 against its own policy-root quorum. It shows that the quorum it names signed it, not that it is the
    /// right policy: that is what the pin is for.
    ///
    /// # Errors
    /// When it is no version 1, or a signature or the quorum fails.
    pub fn verify_first(self) -> Result<Verified<Policy>, Error> {
        self.verify_by(|policy| {
            if policy.version != 1 {
                return Err(
                    FieldError::new("version", "is not 1: the version before is needed").into()
                );
            }
            Ok(policy.requirements(&[Role::PolicyRoot])?)
        })
    }

    /// Checks version N+1: policy-root quorums of both versions, the number, the link and the environment, and that no key
    /// changed hands: the quorum of version N counts holders as version N knew them.
    ///
    /// # Errors
    /// When any of them fails.
    pub fn verify_successor(self, current: &Verified<Policy>) -> Result<Verified<Policy>, Error> {
        self.verify_by(|policy| {
            let before = current.body();
            if Some(policy.version) != before.version.checked_add(1) {
                let problem = format!("is {}, after {}", policy.version, before.version);
                return Err(FieldError::new("version", problem).into());
            }
            if policy.previous != Some(current.digest()) {
                return Err(FieldError::new(
                    "previous",
                    "is not the digest of the policy in force",
                )
                .into());
            }
            if policy.environment != before.environment {
                return Err(
                    FieldError::new("environment", "differs from the policy in force").into()
                );
            }
            for (index, key) in policy.keys.iter().enumerate() {
                let known = before.keys.iter().find(|known| known.spki == key.spki);
                if let Some(known) = known.filter(|known| known.holder != key.holder) {
                    let problem = format!("the policy in force gives this key to {}", known.holder);
                    return Err(FieldError::new(format!("keys[{index}].holder"), problem).into());
                }
            }
            let mut required = policy.requirements(&[Role::PolicyRoot])?;
            let old = before.requirements(&[Role::PolicyRoot])?;
            required.quorums.extend(old.quorums);
            required.enrolled.extend(old.enrolled);
            Ok(required)
        })
    }
}
