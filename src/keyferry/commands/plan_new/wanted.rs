//! A key as the command line or a list names it: what is not said is found elsewhere.

use crate::cli::plan::NewArgs;
use keyferry_bundle::kinds::{KeptAs, Target};
use keyferry_bundle::{
    Domains, Expiration, ExpirationModel, KeyArn, KeySpec, KeyUsage, Label, ObjectId, TargetName,
    WrappingAlgorithm, WrappingKeySpec,
};
use keyferry_ceremony::wrapping;
use keyferry_console::Failure;

/// One key.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) name: TargetName,
    pub(super) key: KeyArn,
    pub(super) object_id: Option<ObjectId>,
    pub(super) generation: Option<u32>,
    pub(super) said: Said,
}

/// What may be said of a key, or left out.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    pub(super) key_spec: Option<KeySpec>,
    pub(super) key_usage: Option<KeyUsage>,
    pub(super) wrapping_algorithm: Option<WrappingAlgorithm>,
    pub(super) wrapping_key_spec: Option<WrappingKeySpec>,
    pub(super) expiration: Option<Expiration>,
    pub(super) kept_as: Option<KeptAs>,
    pub(super) label: Option<Label>,
    pub(super) domains: Option<Domains>,
}

impl Said {
    /// What the options say of every key.
    pub(super) fn by(args: &NewArgs) -> Self {
        let expiration = match (args.expiry.valid_to, args.expiry.does_not_expire) {
            (Some(date), _) => {
                Some(Expiration { model: ExpirationModel::Expires, valid_to: Some(date) })
            }
            (None, true) => {
                Some(Expiration { model: ExpirationModel::DoesNotExpire, valid_to: None })
            }
            (None, false) => None,
        };
        Self {
            key_spec: args.keys.key_spec,
            key_usage: args.keys.key_usage,
            wrapping_algorithm: args.keys.wrapping_algorithm,
            wrapping_key_spec: args.keys.wrapping_key_spec,
            expiration,
            kept_as: args.objects.keep_as,
            label: args.objects.label.clone(),
            domains: args.objects.domains,
        }
    }

    /// What is said here, else there.
    pub(super) fn or(self, other: &Self) -> Self {
        Self {
            key_spec: self.key_spec.or(other.key_spec),
            key_usage: self.key_usage.or(other.key_usage),
            wrapping_algorithm: self.wrapping_algorithm.or(other.wrapping_algorithm),
            wrapping_key_spec: self.wrapping_key_spec.or(other.wrapping_key_spec),
            expiration: self.expiration.or(other.expiration),
            kept_as: self.kept_as.or(other.kept_as),
            label: self.label.or_else(|| other.label.clone()),
            domains: self.domains.or(other.domains),
        }
    }

    /// What keys of one key material must share, as that target has it.
    pub(super) fn shared_with(leader: &Target) -> Self {
        Self {
            key_spec: Some(leader.key_spec),
            key_usage: Some(leader.key_usage),
            kept_as: Some(leader.kept_as),
            label: Some(leader.label.clone()),
            domains: Some(leader.domains),
            ..Self::default()
        }
    }

    /// As [`Self::shared_with`], and how the key material traveled.
    pub(super) fn of(before: &Target) -> Self {
        Self {
            wrapping_algorithm: Some(before.wrapping_algorithm),
            wrapping_key_spec: Some(before.wrapping_key_spec),
            ..Self::shared_with(before)
        }
    }

    /// The target of generation 1; what nobody said is as usual for the spec.
    pub(super) fn target(
        self,
        name: TargetName,
        key: KeyArn,
        object_id: ObjectId,
    ) -> Result<Target, Failure> {
        let key_spec = self.key_spec.unwrap_or(KeySpec::SymmetricDefault);
        let label = match self.label {
            Some(label) => label,
            None => name.as_str().parse().map_err(Failure::bug)?,
        };
        let expiration = self.expiration.ok_or_else(|| {
            Failure::usage(format!("nothing says when the key material of {name} expires")).hint(
                "give its expiration in the list, or --valid-to or --does-not-expire for all of it",
            )
        })?;
        Ok(Target {
            multi_region: key.key_id.is_multi_region(),
            name,
            key,
            key_spec,
            key_usage: self.key_usage.unwrap_or_else(|| wrapping::usual_usage(key_spec)),
            wrapping_algorithm: self
                .wrapping_algorithm
                .unwrap_or_else(|| wrapping::usual(key_spec)),
            wrapping_key_spec: self.wrapping_key_spec.unwrap_or(WrappingKeySpec::Rsa4096),
            expiration,
            object_id,
            kept_as: self.kept_as.unwrap_or_else(|| wrapping::usually_kept(key_spec)),
            label,
            domains: self.domains.unwrap_or(Domains::ONE),
            generation: 1,
            material: None,
            earlier: Vec::new(),
        })
    }
}
