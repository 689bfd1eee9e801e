//! `ListKeys`.

use super::Context;
use super::page::{Wanted, page};
use crate::refusal::Refusal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Input of `ListKeys`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Input {
    limit: Option<u16>,
    marker: Option<String>,
}

/// Output of `ListKeys`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Output {
    keys: Vec<Entry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
    truncated: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    key_arn: String,
    key_id: String,
}

/// Lists the Region's keys, those that wait for their deletion too.
pub(super) fn list(context: &Context<'_>, input: &Input) -> Result<Output, Refusal> {
    let state = &*context.state;
    let named: BTreeMap<String, String> =
        state.keys.keys().map(|id| (id.to_string(), state.key_arn(id))).collect();
    let wanted =
        Wanted { limit: input.limit, marker: input.marker.as_deref(), usual: 100, most: 1000 };
    let page =
        page(&named, &wanted, |id, arn| Some(Entry { key_arn: arn.clone(), key_id: id.clone() }))?;
    Ok(Output { keys: page.items, truncated: page.next.is_some(), next_marker: page.next })
}
