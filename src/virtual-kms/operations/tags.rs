//! `TagResource`, `ListResourceTags`, and the tags of `CreateKey`.

use super::Context;
use super::page::{Wanted, page};
use crate::refusal::{Kind, Refusal};
use crate::wire::json::{length, required};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// AWS KMS developer guide, "Quotas": tags of a key.
const MAX_TAGS: usize = 50;

/// A tag.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Tag {
    tag_key: String,
    tag_value: String,
}

/// Input of `TagResource`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct TagInput {
    key_id: Option<String>,
    tags: Option<Vec<Tag>>,
}

/// Input of `ListResourceTags`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListInput {
    key_id: Option<String>,
    limit: Option<u16>,
    marker: Option<String>,
}

/// Output of `ListResourceTags`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListOutput {
    tags: Vec<Tag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
    truncated: bool,
}

/// Adds tags to a key, or changes their values.
pub(super) fn tag(context: &mut Context<'_>, input: TagInput) -> Result<(), Refusal> {
    let name = required(input.key_id, "keyId")?;
    let tags = required(input.tags, "tags")?;
    add(&mut context.state.find_mut(&name)?.tags, tags)
}

/// The tags of a new key.
pub(super) fn given(tags: Option<Vec<Tag>>) -> Result<BTreeMap<String, String>, Refusal> {
    let mut all = BTreeMap::new();
    add(&mut all, tags.unwrap_or_default())?;
    Ok(all)
}

/// Adds tags under AWS's rules.
pub(super) fn add(have: &mut BTreeMap<String, String>, tags: Vec<Tag>) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for tag in tags {
        length("tagKey", tag.tag_key.chars().count(), &(1..=128))?;
        length("tagValue", tag.tag_value.chars().count(), &(0..=256))?;
        if tag.tag_key.starts_with("aws:") {
            let message = "aws:* prefixed system tags are not allowed for this operation.";
            return Err(Kind::Tag.with(message));
        }
        if !seen.insert(tag.tag_key.clone()) {
            return Err(Kind::Tag.with("Duplicate tag keys"));
        }
        have.insert(tag.tag_key, tag.tag_value);
    }
    if have.len() > MAX_TAGS {
        return Err(Kind::Tag.with("Too many tags"));
    }
    Ok(())
}

/// All tags of a key.
pub(super) fn listed(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    let pairs = tags.iter();
    pairs.map(|(key, value)| Tag { tag_key: key.clone(), tag_value: value.clone() }).collect()
}

/// Lists a key's tags.
pub(super) fn list(context: &mut Context<'_>, input: ListInput) -> Result<ListOutput, Refusal> {
    let name = required(input.key_id, "keyId")?;
    let tags = &context.state.find_by_id(&name)?.tags;
    let wanted =
        Wanted { limit: input.limit, marker: input.marker.as_deref(), usual: 50, most: 50 };
    let page = page(tags, &wanted, |key, value| {
        Some(Tag { tag_key: key.clone(), tag_value: value.clone() })
    })?;
    Ok(ListOutput { tags: page.items, truncated: page.next.is_some(), next_marker: page.next })
}
