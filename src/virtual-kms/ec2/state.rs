//! What a Region knows of EBS.

use crate::clock::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The settings and the volumes of one Region.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ebs {
    /// Whether volumes are encrypted when nothing is said.
    pub(super) encrypt_by_default: bool,
    /// The ARN of the key of volumes for which none is named.
    pub(super) default_key: Option<String>,
    /// By id.
    pub(super) volumes: BTreeMap<String, Volume>,
    /// By client token: what was asked for, and the volume that it made.
    pub(super) tokens: BTreeMap<String, (String, String)>,
}

/// A volume.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Volume {
    pub(super) zone: String,
    pub(super) gibibytes: u32,
    pub(super) kind: String,
    pub(super) encrypted: bool,
    /// The key's ARN, or how it was named where there is none such.
    pub(super) key: Option<String>,
    pub(super) created: Time,
    pub(super) tags: BTreeMap<String, String>,
    /// Whether its key could not be used.
    pub(super) failed: bool,
}
