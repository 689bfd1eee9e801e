//! Whether a KMS key is the one the plan means, and ready for it.

use crate::calls::failed;
use crate::kms::{KeyDescription, KeyRef, KeyState, Kms};
use keyferry_bundle::kinds::Target;
use keyferry_console::{Exit, Failure};
use std::fmt::Display;

/// Describes a target's key and refuses one that is not what was planned.
pub(crate) fn planned(kms: &dyn Kms, target: &Target) -> Result<KeyDescription, Failure> {
    let found = kms
        .describe_key(&KeyRef::from(&target.key))
        .map_err(|error| failed("kms:DescribeKey", &error))?;
    same(target, "key", &found.key, &target.key)?;
    same(target, "origin", &found.origin.as_str(), &"EXTERNAL")?;
    same(target, "key spec", &found.key_spec.as_str(), &target.key_spec.as_str())?;
    same(target, "key usage", &found.key_usage.as_str(), &target.key_usage.as_str())?;
    same(target, "multi-Region", &found.multi_region, &target.multi_region)?;
    Ok(found)
}

fn same<V: PartialEq + Display>(
    target: &Target,
    what: &str,
    found: &V,
    planned: &V,
) -> Result<(), Failure> {
    if found == planned {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Unchanged,
        "wrong-key",
        format!("target {}: the KMS key is not as planned", target.name),
    )
    .because(format!("{what}: KMS says {found}, the plan says {planned}"))
    .hint("plan again for the right key, or create one with `keyferry-online create-key`"))
}

/// Refuses a key that is not waiting for key material.
pub(crate) fn must_be_pending(target: &Target, found: &KeyDescription) -> Result<(), Failure> {
    let failure = |because: String, hint: String| {
        Failure::new(
            Exit::Unchanged,
            "not-pending-import",
            format!("target {}: the KMS key is not waiting for key material", target.name),
        )
        .because(because)
        .hint(hint)
    };
    match &found.state {
        KeyState::PendingImport => Ok(()),
        KeyState::Enabled => Err(failure(
            format!("{} is Enabled: it holds key material already", found.key),
            "find out who imported it. If it was this ceremony and its receipt is missing: keyferry-online import CEREMONY --identity FILE --resume".to_owned(),
        )),
        KeyState::Other(state) => Err(failure(
            format!("{} is {state}", found.key),
            format!("aws kms describe-key --key-id {}", found.key),
        )),
    }
}
