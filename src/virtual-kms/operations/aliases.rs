//! `CreateAlias`, `UpdateAlias`, `DeleteAlias`, `ListAliases`.

use super::Context;
use super::page::{Wanted, page};
use super::usable::must_stay;
use crate::keys::Key;
use crate::keys::spec::is_symmetric;
use crate::refusal::{Kind, Refusal};
use crate::state::{Alias, State};
use crate::wire::json::{length, required};
use keyferry_bundle::KmsKeyId;
use serde::{Deserialize, Serialize};

/// Input of `CreateAlias` and `UpdateAlias`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct TargetInput {
    alias_name: Option<String>,
    target_key_id: Option<String>,
}

/// Input of `DeleteAlias`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DeleteInput {
    alias_name: Option<String>,
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
pub(super) fn create(context: &mut Context<'_>, input: TargetInput) -> Result<(), Refusal> {
    let name = name(input.alias_name)?;
    let target = target(context.state, input.target_key_id)?;
    if context.state.aliases.contains_key(&name) {
        let arn = context.state.arn(&name);
        return Err(
            Kind::AlreadyExists.with(format!("An alias with the name {arn} already exists"))
        );
    }
    let alias = Alias { target, created: context.now, updated: context.now };
    context.state.aliases.insert(name, alias);
    Ok(())
}

/// Has an alias name another key: of the same kind, as on AWS, so that its users can use it.
pub(super) fn update(context: &mut Context<'_>, input: TargetInput) -> Result<(), Refusal> {
    let name = name(input.alias_name)?;
    let target = target(context.state, input.target_key_id)?;
    let old = context.state.find(&name)?;
    let new = context.state.find_by_id(target.as_str())?;
    let kind = |key: &Key| (is_symmetric(key.spec), key.spec.raw_length().is_some(), key.usage);
    if kind(old) != kind(new) {
        return Err(Kind::Validation.with(
            "The alias and its new key must both be symmetric, asymmetric or HMAC, and have the same key usage",
        ));
    }
    let alias = context.state.aliases.get_mut(&name);
    let alias = alias.ok_or_else(|| Kind::Internal.with("an alias that was found is gone"))?;
    (alias.target, alias.updated) = (target, context.now);
    Ok(())
}

/// Takes a name away; the key stays.
pub(super) fn delete(context: &mut Context<'_>, input: DeleteInput) -> Result<(), Refusal> {
    let name = name(input.alias_name)?;
    if context.state.aliases.remove(&name).is_none() {
        let arn = context.state.arn(&name);
        return Err(Kind::NotFound.with(format!("Alias {arn} is not found.")));
    }
    Ok(())
}

/// An alias name under AWS's rules.
fn name(given: Option<String>) -> Result<String, Refusal> {
    let name = required(given, "aliasName")?;
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
    Ok(name)
}

/// The key an alias is to name.
fn target(state: &State, given: Option<String>) -> Result<KmsKeyId, Refusal> {
    let wanted = required(given, "targetKeyId")?;
    if wanted.contains("alias/") {
        return Err(Kind::Validation.with("Aliases must refer to keys. Not aliases"));
    }
    let key = state.find_by_id(&wanted)?;
    must_stay(key, &state.key_arn(&key.id))?;
    Ok(key.id.clone())
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
            last_updated_date: alias.updated.to_wire(),
            target_key_id: alias.target.to_string(),
        })
    })?;
    Ok(ListOutput { aliases: page.items, truncated: page.next.is_some(), next_marker: page.next })
}
