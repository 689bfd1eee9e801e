//! `CreateAlias`, `ListAliases`.

use super::Context;
use super::page::{Wanted, page};
use crate::refusal::{Kind, Refusal};
use crate::state::Alias;
use crate::wire::json::{length, required};
use serde::{Deserialize, Serialize};

/// Input of `CreateAlias`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CreateInput {
    alias_name: Option<String>,
    target_key_id: Option<String>,
}

/// Input of `ListAliases`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListInput {
    key_id: Option<String>,
    limit: Option<u16>,
    marker: Option<String>,
}

/// Output of `ListAliases`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListOutput {
    aliases: Vec<Entry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
    truncated: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    alias_arn: String,
    alias_name: String,
    creation_date: serde_json::Number,
    last_updated_date: serde_json::Number,
    target_key_id: String,
}

/// Names a key.
pub(super) fn create(context: &mut Context<'_>, input: CreateInput) -> Result<(), Refusal> {
    let name = required(input.alias_name, "aliasName")?;
    length("aliasName", name.len(), &(1..=256))?;
    let rest = name
        .strip_prefix("alias/")
        .ok_or_else(|| Kind::Validation.with("Alias must start with the prefix \"alias/\"."))?;
    if rest.is_empty() || !rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_-".contains(&b)) {
        return Err(Kind::Validation.with("Alias contains invalid characters for an alias"));
    }
    if rest.starts_with("aws/") {
        return Err(Kind::NotAuthorized.with("Aliases that begin with alias/aws/ are AWS's own"));
    }
    let wanted = required(input.target_key_id, "targetKeyId")?;
    if wanted.contains("alias/") {
        return Err(Kind::Validation.with("Aliases must refer to keys. Not aliases"));
    }
    let target = context.state.find_by_id(&wanted)?.id.clone();
    if context.state.aliases.contains_key(&name) {
        let arn = context.state.arn(&name);
        return Err(
            Kind::AlreadyExists.with(format!("An alias with the name {arn} already exists"))
        );
    }
    context.state.aliases.insert(name, Alias { target, created: context.now });
    Ok(())
}

/// Lists aliases, of all keys or of one.
pub(super) fn list(context: &Context<'_>, input: &ListInput) -> Result<ListOutput, Refusal> {
    let state = &*context.state;
    let of = input.key_id.as_deref().map(|name| state.find_by_id(name)).transpose()?;
    let wanted =
        Wanted { limit: input.limit, marker: input.marker.as_deref(), usual: 50, most: 100 };
    let page = page(&state.aliases, &wanted, |name, alias| {
        of.is_none_or(|key| key.id == alias.target).then(|| Entry {
            alias_arn: state.arn(name),
            alias_name: name.clone(),
            creation_date: alias.created.to_wire(),
            last_updated_date: alias.created.to_wire(),
            target_key_id: alias.target.to_string(),
        })
    })?;
    Ok(ListOutput { aliases: page.items, truncated: page.next.is_some(), next_marker: page.next })
}
