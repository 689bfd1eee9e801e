//! `ScheduleKeyDeletion`, `CancelKeyDeletion`, `EnableKey`, `DisableKey`.

use super::Context;
use super::usable::must_stay;
use crate::clock::Time;
use crate::keys::{Deletion, KeyState};
use crate::refusal::{Kind, Refusal};
use crate::wire::json::{required, violated};
use serde::{Deserialize, Serialize};

/// Input of `ScheduleKeyDeletion`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ScheduleInput {
    key_id: Option<String>,
    pending_window_in_days: Option<u16>,
}

/// Output of `ScheduleKeyDeletion`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ScheduleOutput {
    #[serde(skip_serializing_if = "Option::is_none")]
    deletion_date: Option<serde_json::Number>,
    key_id: String,
    key_state: KeyState,
    pending_window_in_days: u16,
}

/// Input of the others.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Input {
    key_id: Option<String>,
}

/// Output of `CancelKeyDeletion`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CancelOutput {
    key_id: String,
}

/// Lets a key be deleted after a waiting period; a primary key's begins when its last replica is gone.
pub(super) fn schedule(
    context: &mut Context<'_>,
    input: ScheduleInput,
) -> Result<ScheduleOutput, Refusal> {
    let name = required(input.key_id, "keyId")?;
    let days = input.pending_window_in_days.unwrap_or(30);
    if !(7..=30).contains(&days) {
        let rule = "Member must be between 7 and 30";
        return Err(violated("Value at 'pendingWindowInDays'", rule));
    }
    let arn = context.state.key_arn(&context.state.find_by_id(&name)?.id);
    let key = context.state.find_mut(&name)?;
    must_stay(key, &arn)?;
    let waits = !key.is_replica() && key.relation.as_ref().is_some_and(|r| !r.replicas.is_empty());
    let at = (!waits).then(|| context.now.plus_days(days));
    key.deletion = Some(Deletion { days, at });
    Ok(ScheduleOutput {
        deletion_date: at.map(Time::to_wire),
        key_id: arn,
        key_state: key.state(),
        pending_window_in_days: days,
    })
}

/// Lets a key stay, disabled.
pub(super) fn cancel(context: &mut Context<'_>, input: Input) -> Result<CancelOutput, Refusal> {
    let name = required(input.key_id, "keyId")?;
    let arn = context.state.key_arn(&context.state.find_by_id(&name)?.id);
    let key = context.state.find_mut(&name)?;
    if key.deletion.take().is_none() {
        return Err(Kind::InvalidState.with(format!("{arn} is not pending deletion.")));
    }
    key.disabled = true;
    Ok(CancelOutput { key_id: arn })
}

/// Enables or disables a key. AWS lets a key without key material be neither.
pub(super) fn set_disabled(
    context: &mut Context<'_>,
    input: Input,
    disabled: bool,
) -> Result<(), Refusal> {
    let name = required(input.key_id, "keyId")?;
    let arn = context.state.key_arn(&context.state.find_by_id(&name)?.id);
    let key = context.state.find_mut(&name)?;
    must_stay(key, &arn)?;
    if key.state() == KeyState::PendingImport {
        return Err(Kind::InvalidState.with(format!("{arn} is pending import.")));
    }
    key.disabled = disabled;
    Ok(())
}
