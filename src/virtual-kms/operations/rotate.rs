//! `RotateKeyOnDemand`.

use super::Context;
use super::usable::must_be_enabled;
use crate::keys::spec::is_symmetric;
use crate::keys::{Key, MOST_ROTATIONS};
use crate::refusal::{Kind, Refusal};
use crate::wire::json::required;
use serde::{Deserialize, Serialize};

/// Input of `RotateKeyOnDemand`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Input {
    key_id: Option<String>,
}

/// Output of `RotateKeyOnDemand`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Output {
    key_id: String,
}

/// Makes the key material that waits the current one, in every Region that has the key.
pub(super) fn rotate(context: &mut Context<'_>, input: Input) -> Result<Output, Refusal> {
    let name = required(input.key_id, "keyId")?;
    let key = context.state.find_by_id(&name)?;
    let (arn, account) = (context.state.key_arn(&key.id), context.state.account.clone());
    check(key, &arn)?;
    let (id, waiting) = (key.id.clone(), key.pending().map(|material| material.id.clone()));
    let missing =
        |replica: &Key| waiting.as_ref().is_some_and(|waiting| replica.bytes_of(waiting).is_none());
    let lacking = context.world.related(&account, &id).find(|replica| missing(replica));
    if let Some(region) = lacking.and_then(|replica| replica.relation.as_ref()).map(|r| &r.here) {
        return Err(Kind::InvalidState.with(format!(
            "The key material pending rotation of {arn} is not imported into the replica key in {region}."
        )));
    }
    context.state.find_mut(&name)?.rotate(context.now, &arn)?;
    context.share(&id)?;
    Ok(Output { key_id: arn })
}

fn check(key: &Key, arn: &str) -> Result<(), Refusal> {
    if !is_symmetric(key.spec) {
        let message =
            format!("{arn} key spec is {} which is not valid for RotateKeyOnDemand.", key.spec);
        return Err(Kind::UnsupportedOperation.with(message));
    }
    if key.is_replica() {
        let message = format!("{arn} is a replica key: rotate its primary key.");
        return Err(Kind::UnsupportedOperation.with(message));
    }
    must_be_enabled(key, arn)?;
    if key.rotations() >= MOST_ROTATIONS {
        let message =
            format!("{arn} was rotated on demand {MOST_ROTATIONS} times: there are no more.");
        return Err(Kind::LimitExceeded.with(message));
    }
    Ok(())
}
