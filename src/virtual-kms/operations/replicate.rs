//! `ReplicateKey`.

use super::create_key::described;
use super::describe::{Metadata, metadata};
use super::tags::Tag;
use super::usable::must_stay;
use super::{Context, policy, tags};
use crate::keys::{Key, Relation};
use crate::refusal::{Kind, Refusal};
use crate::wire::json::{required, word};
use keyferry_bundle::AwsRegion;
use serde::{Deserialize, Serialize};

/// Input of `ReplicateKey`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Input {
    bypass_policy_lockout_safety_check: Option<bool>,
    description: Option<String>,
    key_id: Option<String>,
    policy: Option<String>,
    replica_region: Option<String>,
    tags: Option<Vec<Tag>>,
}

/// Output of `ReplicateKey`.
#[derive(Serialize)]
pub(super) struct Output {
    #[serde(rename = "ReplicaKeyMetadata")]
    metadata: Metadata,
    #[serde(rename = "ReplicaPolicy")]
    policy: String,
    #[serde(rename = "ReplicaTags")]
    tags: Vec<Tag>,
}

/// Makes a key of the same id in another Region. Imported key material does not come along.
pub(super) fn replicate(context: &mut Context<'_>, input: Input) -> Result<Output, Refusal> {
    let name = required(input.key_id, "keyId")?;
    let region: AwsRegion =
        word("replicaRegion", &required(input.replica_region, "replicaRegion")?)?;
    let primary = context.state.find_by_id(&name)?.clone();
    let arn = context.state.key_arn(&primary.id);
    let relation = primary_relation(&primary, &arn)?;
    must_stay(&primary, &arn)?;
    let account = context.state.account.clone();
    let taken = region == relation.here || relation.replicas.contains(&region);
    if taken || context.world.key_in(&account, &region, &primary.id).is_some() {
        let message = format!("Key {} already exists in Region {region}.", primary.id);
        return Err(Kind::AlreadyExists.with(message));
    }
    let description = described(input.description)?;
    let bypass = input.bypass_policy_lockout_safety_check;
    let policy = policy::given(input.policy, bypass, context.state)?;
    let all_tags = tags::given(input.tags)?;

    context.state.find_mut(&name)?.gain_replica(&region);
    for key in context.world.related(&account, &primary.id) {
        key.gain_replica(&region);
    }
    let mut replicas = relation.replicas.clone();
    replicas.insert(region.clone());
    let mut replica = Key {
        description,
        created: context.now,
        policy: policy.clone(),
        tags: all_tags,
        takes_another: false,
        disabled: false,
        relation: Some(Relation {
            here: region.clone(),
            primary: relation.primary.clone(),
            replicas,
        }),
        materials: Vec::new(),
        ..primary.clone()
    };
    replica.follow(&primary);
    let mut there = context.world.take(&account, &region);
    let metadata = metadata(&there, &replica);
    let tags = tags::listed(&replica.tags);
    there.keys.insert(replica.id.clone(), replica);
    context.world.put(there);
    Ok(Output { metadata, policy, tags })
}

/// What a primary key knows of its like; nothing else can be replicated.
fn primary_relation<'a>(key: &'a Key, arn: &str) -> Result<&'a Relation, Refusal> {
    let unsupported = |because: &str| Kind::UnsupportedOperation.with(format!("{arn} {because}"));
    let relation =
        key.relation.as_ref().ok_or_else(|| unsupported("is not a multi-Region key."))?;
    if relation.is_replica() {
        return Err(unsupported("is a replica key: replicate its primary key."));
    }
    Ok(relation)
}
