//! Parts that several kinds share, and the checks they share.

use crate::{AgeRecipient, Base64, ExpirationModel, FieldError, Holder, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// When KMS deletes the key material by itself. A date stands with [`ExpirationModel::Expires`] and only there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expiration {
    /// Whether it expires.
    pub model: ExpirationModel,
    /// When, at most 365 days after the import (AWS KMS API reference, `ImportKeyMaterial`, `ValidTo`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Timestamp>,
}

impl Expiration {
    /// The most days ahead that AWS accepts.
    pub const MAX_DAYS: u16 = 365;

    /// Checks the pair alone.
    ///
    /// # Errors
    /// A date without expiry, or an expiry without a date.
    pub fn check_pair(&self, field: &str) -> Result<(), FieldError> {
        let problem = match (self.model, self.valid_to) {
            (ExpirationModel::DoesNotExpire, None) | (ExpirationModel::Expires, Some(_)) => {
                return Ok(());
            }
            (ExpirationModel::DoesNotExpire, Some(_)) => {
                "a date together with KEY_MATERIAL_DOES_NOT_EXPIRE"
            }
            (ExpirationModel::Expires, None) => "is missing: KEY_MATERIAL_EXPIRES needs a date",
        };
        Err(FieldError::new(format!("{field}.valid_to"), problem))
    }

    /// Checks the pair, and the date against `from`, the earliest moment it can be used.
    ///
    /// # Errors
    /// As [`Self::check_pair`], and a date that is not after `from` or over 365 days after it.
    pub fn check(&self, field: &str, from: Timestamp) -> Result<(), FieldError> {
        self.check_pair(field)?;
        let problem = match self.valid_to {
            Some(date) if date <= from => format!("{date} is not after {from}"),
            Some(date) if date > from.plus_days(Self::MAX_DAYS) => {
                format!("{date} is more than {} days after {from}", Self::MAX_DAYS)
            }
            Some(_) | None => return Ok(()),
        };
        Err(FieldError::new(format!("{field}.valid_to"), problem))
    }
}

/// Somebody who keeps a copy that only their age identity opens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Custodian {
    /// Who.
    pub holder: Holder,
    /// Their age recipient.
    pub recipient: AgeRecipient,
}

/// An attestation and the certificates that lead from it to a root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttestationChain {
    /// The attestation: an X.509 certificate in DER, made by the HSM for this key.
    pub certificate: Base64,
    /// The HSM's own certificate, then whoever issued the one before; the root is left out.
    #[schemars(length(min = 1, max = 4))]
    pub issuers: Vec<Base64>,
}

impl AttestationChain {
    /// Checks how many issuers there are.
    ///
    /// # Errors
    /// None, or more than four.
    pub(super) fn check(&self, field: &str) -> Result<(), FieldError> {
        check_length(&format!("{field}.issuers"), &self.issuers, 4)
    }
}

/// A list's bounds.
pub(super) fn check_length<T>(field: &str, list: &[T], most: usize) -> Result<(), FieldError> {
    match list.len() {
        0 => Err(FieldError::new(field, "is empty")),
        length if length > most => {
            Err(FieldError::new(field, format!("has {length} entries, more than {most}")))
        }
        _ => Ok(()),
    }
}

/// A list that may be empty.
pub(super) fn check_at_most<T>(field: &str, list: &[T], most: usize) -> Result<(), FieldError> {
    if list.is_empty() { Ok(()) } else { check_length(field, list, most) }
}

/// No value twice.
pub(super) fn check_distinct<K: Ord + std::fmt::Display>(
    field: &str,
    member: &str,
    values: impl IntoIterator<Item = K>,
) -> Result<(), FieldError> {
    let mut seen = BTreeSet::new();
    for (index, value) in values.into_iter().enumerate() {
        let at = format!("{field}[{index}]{member}");
        let problem = format!("{value} stands there twice");
        if !seen.insert(value) {
            return Err(FieldError::new(at, problem));
        }
    }
    Ok(())
}

/// A chain position: number 1 has no predecessor, every other has one.
pub(super) fn check_counter<D>(
    field: &str,
    counter: u32,
    previous: Option<&D>,
) -> Result<(), FieldError> {
    match (counter, previous) {
        (0, _) => Err(FieldError::new(field, "counts from 1")),
        (1, Some(_)) => Err(FieldError::new("previous", format!("{field} 1 has no predecessor"))),
        (1, None) | (_, Some(_)) => Ok(()),
        (_, None) => {
            Err(FieldError::new("previous", format!("is missing: {field} is {counter}, not 1")))
        }
    }
}
