//! Parts of a policy from the options that name them: `policy new` and `policy edit` take the same ones.

use crate::cli::values::{CustodianValue, KeyValue, RoleValue};
use keyferry_bundle::kinds::{PolicyKey, RoleRule};
use keyferry_bundle::{Base64, Custodian, KeyId};
use keyferry_console::identity::read_public_key;
use keyferry_console::{Failure, certificate};
use std::path::Path;

/// A person's key, from its file.
pub(super) fn key(value: &KeyValue) -> Result<PolicyKey, Failure> {
    let key = read_public_key(&value.file)?;
    Ok(PolicyKey {
        holder: value.holder.clone(),
        algorithm: key.algorithm(),
        spki: key.to_spki_der().and_then(Base64::new).map_err(Failure::bug)?,
        valid_from: None,
        valid_to: None,
    })
}

/// The id of an enrolled key.
pub(super) fn id(key: &PolicyKey) -> Result<KeyId, Failure> {
    key.public_key().and_then(|key| key.id()).map_err(Failure::bug)
}

/// A role: all keys of the people whom the option names.
pub(super) fn rule(
    option: &str,
    value: &RoleValue,
    keys: &[PolicyKey],
    adding: &str,
) -> Result<RoleRule, Failure> {
    let mut ids = Vec::new();
    for holder in &value.holders {
        let of_holder = keys.iter().filter(|key| key.holder == *holder);
        let before = ids.len();
        for key in of_holder {
            ids.push(id(key)?);
        }
        if ids.len() == before {
            return Err(Failure::usage(format!("--{option} names {holder}, who has no key here"))
                .hint(format!("add --{adding} {holder}=FILE.pub.pem")));
        }
    }
    Ok(RoleRule { threshold: value.threshold, keys: ids })
}

/// An attestation root, from its file.
pub(super) fn root(path: &Path) -> Result<Base64, Failure> {
    Base64::new(certificate::read(path)?).map_err(Failure::bug)
}

/// A custodian.
pub(super) fn custodian(value: &CustodianValue) -> Custodian {
    Custodian { holder: value.holder.clone(), recipient: value.recipient.clone() }
}
