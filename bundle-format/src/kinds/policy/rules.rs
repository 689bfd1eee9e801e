//! The rules of a policy, alone and after the version before.

use super::super::common::{check_at_most, check_counter, check_distinct, check_length};
use super::{Policy, RoleRule, revocation};
use crate::envelope::MAX_SIGNATURES;
use crate::kinds::{Bundle, Kind};
use crate::{Environment, Error, FieldError, Holder, KeyId, Timestamp, Unverified, Verified};
use std::collections::BTreeSet;

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
        if let Some(expires) = self.expires.filter(|expires| *expires <= self.created) {
            return Err(FieldError::new("expires", format!("{expires} is not after created")));
        }
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
        revocation::check(self, &known)?;
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
            Ok(policy.signed_by(None)?)
        })
    }

    /// Checks version N+1: policy-root quorums of both versions, the number, the link and the environment, that no key
    /// changed hands (the quorum of version N counts holders as version N knew them) and that what was revoked stays so.
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
            revocation::check_carried(policy, before)?;
            Ok(policy.signed_by(Some(before))?)
        })
    }
}
