//! `DescribeKey`, and the key metadata of `CreateKey`.

use super::Context;
use crate::clock::Time;
use crate::keys::spec::{algorithms, is_symmetric};
use crate::keys::{Key, KeyState, Origin, Relation};
use crate::refusal::Refusal;
use crate::state::State;
use crate::wire::json::required;
use keyferry_bundle::{
    AccountId, AwsRegion, ExpirationModel, KeyMaterialId, KeySpec, KeyUsage, KmsKeyId,
};
use serde::{Deserialize, Serialize};
use serde_json::Number;

/// Input of `DescribeKey`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Input {
    key_id: Option<String>,
}

/// Output of `DescribeKey` and `CreateKey`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Output {
    key_metadata: Metadata,
}

/// Key metadata: AWS leaves out what a key does not have.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Metadata {
    #[serde(rename = "AWSAccountId")]
    account: AccountId,
    arn: String,
    creation_date: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_key_material_id: Option<KeyMaterialId>,
    customer_master_key_spec: KeySpec,
    #[serde(skip_serializing_if = "Option::is_none")]
    deletion_date: Option<Number>,
    description: String,
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    encryption_algorithms: Option<&'static [&'static str]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_model: Option<ExpirationModel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_agreement_algorithms: Option<&'static [&'static str]>,
    key_id: KmsKeyId,
    key_manager: &'static str,
    key_spec: KeySpec,
    key_state: KeyState,
    key_usage: KeyUsage,
    #[serde(skip_serializing_if = "Option::is_none")]
    mac_algorithms: Option<&'static [&'static str]>,
    multi_region: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_region_configuration: Option<MultiRegionConfiguration>,
    origin: Origin,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_deletion_window_in_days: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signing_algorithms: Option<&'static [&'static str]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_to: Option<Number>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct MultiRegionConfiguration {
    multi_region_key_type: &'static str,
    primary_key: MultiRegionKey,
    replica_keys: Vec<MultiRegionKey>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct MultiRegionKey {
    arn: String,
    region: AwsRegion,
}

/// Describes a key.
pub(super) fn describe(context: &mut Context<'_>, input: Input) -> Result<Output, Refusal> {
    let name = required(input.key_id, "keyId")?;
    Ok(output(context.state, context.state.find(&name)?))
}

/// What there is to say of a key.
pub(super) fn output(state: &State, key: &Key) -> Output {
    Output { key_metadata: metadata(state, key) }
}

/// The same, bare.
pub(super) fn metadata(state: &State, key: &Key) -> Metadata {
    let listed = |usage| algorithms(key.spec, usage).filter(|_| usage == key.usage);
    let multi_region = key.relation.as_ref().map(|relation| related(state, key, relation));
    // The id outlives the bytes; the expiration goes with them.
    let current = key.current();
    let present = current.filter(|m| m.bytes.is_some() && key.origin == Origin::External);
    let key_state = key.state();
    // AWS tells the date, or, while replicas keep the waiting period from beginning, its length.
    let ends = key.deletion.and_then(|deletion| deletion.at);
    let waits = key.deletion.filter(|deletion| deletion.at.is_none());
    Metadata {
        account: state.account.clone(),
        arn: state.key_arn(&key.id),
        creation_date: key.created.to_wire(),
        current_key_material_id: current
            .filter(|_| is_symmetric(key.spec))
            .map(|material| material.id.clone()),
        customer_master_key_spec: key.spec,
        deletion_date: ends.map(Time::to_wire),
        description: key.description.clone(),
        enabled: key_state == KeyState::Enabled,
        encryption_algorithms: listed(KeyUsage::EncryptDecrypt),
        expiration_model: present.map(|material| match material.valid_to {
            Some(_) => ExpirationModel::Expires,
            None => ExpirationModel::DoesNotExpire,
        }),
        key_agreement_algorithms: listed(KeyUsage::KeyAgreement),
        key_id: key.id.clone(),
        key_manager: "CUSTOMER",
        key_spec: key.spec,
        key_state,
        key_usage: key.usage,
        mac_algorithms: listed(KeyUsage::GenerateVerifyMac),
        multi_region: multi_region.is_some(),
        multi_region_configuration: multi_region,
        origin: key.origin,
        pending_deletion_window_in_days: waits.map(|deletion| deletion.days),
        signing_algorithms: listed(KeyUsage::SignVerify),
        valid_to: present.and_then(|material| material.valid_to).map(Time::to_wire),
    }
}

fn related(state: &State, key: &Key, relation: &Relation) -> MultiRegionConfiguration {
    let of = |region: &AwsRegion| MultiRegionKey {
        arn: state.key_arn_in(region, &key.id),
        region: region.clone(),
    };
    MultiRegionConfiguration {
        multi_region_key_type: if relation.is_replica() { "REPLICA" } else { "PRIMARY" },
        primary_key: of(&relation.primary),
        replica_keys: relation.replicas.iter().map(of).collect(),
    }
}
