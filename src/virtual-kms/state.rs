//! What one Region of one account holds.

use crate::clock::Time;
use crate::ec2::Ebs;
use crate::keys::Key;
use crate::refusal::{Kind, Refusal};
use keyferry_bundle::{AccountId, AwsRegion, KmsKeyId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A Region's state.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) account: AccountId,
    pub(crate) region: AwsRegion,
    pub(crate) keys: BTreeMap<KmsKeyId, Key>,
    /// By name, with the prefix `alias/`.
    pub(crate) aliases: BTreeMap<String, Alias>,
    #[serde(default)]
    pub(crate) ebs: Ebs,
}

/// An alias.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Alias {
    pub(crate) target: KmsKeyId,
    pub(crate) created: Time,
    /// When it last got its target.
    pub(crate) updated: Time,
}

impl State {
    /// A Region in which nothing was done yet.
    pub(crate) fn new(account: AccountId, region: AwsRegion) -> Self {
        Self {
            account,
            region,
            keys: BTreeMap::new(),
            aliases: BTreeMap::new(),
            ebs: Ebs::default(),
        }
    }

    /// Whether it holds nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.aliases.is_empty() && self.ebs == Ebs::default()
    }

    /// The ARN of a key, or with `resource` `alias/NAME` of an alias.
    pub(crate) fn arn(&self, resource: &str) -> String {
        format!("{}{resource}", self.arn_prefix())
    }

    /// The ARN of a key.
    pub(crate) fn key_arn(&self, id: &KmsKeyId) -> String {
        self.arn(&format!("key/{id}"))
    }

    /// The ARN of the key of this id in some Region.
    pub(crate) fn key_arn_in(&self, region: &AwsRegion, id: &KmsKeyId) -> String {
        format!("arn:aws:kms:{region}:{}:key/{id}", self.account)
    }

    fn arn_prefix(&self) -> String {
        format!("arn:aws:kms:{}:{}:", self.region, self.account)
    }

    /// The key that a key id, key ARN, alias name or alias ARN names.
    pub(crate) fn find(&self, name: &str) -> Result<&Key, Refusal> {
        let resource = self.resource(name)?;
        if !resource.starts_with("alias/") {
            return self.find_by_id(name);
        }
        let alias = self.aliases.get(resource).and_then(|alias| self.keys.get(&alias.target));
        alias.ok_or_else(|| {
            Kind::NotFound.with(format!("Alias {} is not found.", self.arn(resource)))
        })
    }

    /// The key that a key id or key ARN names. Most operations take no alias.
    pub(crate) fn find_by_id(&self, name: &str) -> Result<&Key, Refusal> {
        let resource = self.resource(name)?;
        let id =
            if resource == name { name } else { resource.strip_prefix("key/").unwrap_or(resource) };
        let id: KmsKeyId =
            id.parse().map_err(|_| Kind::NotFound.with(format!("Invalid keyId '{name}'")))?;
        let missing = || Kind::NotFound.with(format!("Key '{}' does not exist", self.key_arn(&id)));
        self.keys.get(&id).ok_or_else(missing)
    }

    /// As [`Self::find_by_id`], to be changed.
    pub(crate) fn find_mut(&mut self, name: &str) -> Result<&mut Key, Refusal> {
        let id = self.find_by_id(name)?.id.clone();
        let gone = || Kind::Internal.with("a key that was found is gone");
        self.keys.get_mut(&id).ok_or_else(gone)
    }

    /// What of an ARN names the resource; the whole of what is no ARN.
    fn resource<'a>(&self, name: &'a str) -> Result<&'a str, Refusal> {
        if !name.starts_with("arn:") {
            return Ok(name);
        }
        let parts: Vec<&str> = name.splitn(6, ':').collect();
        let &["arn", "aws", "kms", region, account, resource] = parts.as_slice() else {
            return Err(Kind::InvalidArn.with(format!("Invalid arn {name}")));
        };
        if region != self.region.as_str() {
            return Err(Kind::NotFound.with(format!("Invalid arn {region}")));
        }
        if account != self.account.as_str() {
            return Err(Kind::AccessDenied.with(format!(
                "The resource {name} does not exist in this Region, no resource-based policies allow \
                 access, or a resource-based policy explicitly denies access"
            )));
        }
        if !resource.starts_with("key/") && !resource.starts_with("alias/") {
            return Err(Kind::InvalidArn.with(format!("Invalid arn {name}")));
        }
        Ok(resource)
    }
}
