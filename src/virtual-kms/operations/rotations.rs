//! `ListKeyRotations`. Oldest first, whose order AWS does not tell.

use super::Context;
use super::page::{Wanted, page};
use crate::clock::Time;
use crate::keys::material::Material;
use crate::keys::spec::is_symmetric;
use crate::keys::{Key, Origin};
use crate::refusal::{Kind, Refusal};
use crate::wire::json::{required, violated};
use keyferry_bundle::{AwsRegion, ExpirationModel, KeyMaterialId, KmsKeyId};
use serde::{Deserialize, Serialize};
use serde_json::Number;
use std::collections::BTreeMap;

/// Input of `ListKeyRotations`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Input {
    include_key_material: Option<String>,
    key_id: Option<String>,
    limit: Option<u16>,
    marker: Option<String>,
}

/// Output of `ListKeyRotations`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Output {
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
    rotations: Vec<Entry>,
    truncated: bool,
}

/// One key material. AWS leaves out what it does not have.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_model: Option<ExpirationModel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    import_state: Option<&'static str>,
    key_id: KmsKeyId,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_material_description: Option<String>,
    key_material_id: KeyMaterialId,
    key_material_state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rotation_date: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rotation_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_to: Option<Number>,
}

/// Lists what a key rotated to; on request also its first key material and the one that waits.
pub(super) fn list(context: &mut Context<'_>, input: Input) -> Result<Output, Refusal> {
    let name = required(input.key_id, "keyId")?;
    let all = match input.include_key_material.as_deref() {
        None | Some("ROTATIONS_ONLY") => false,
        Some("ALL_KEY_MATERIAL") => true,
        Some(other) => {
            let place = format!("Value '{other}' at 'includeKeyMaterial'");
            return Err(violated(&place, "Member must satisfy enum value set"));
        }
    };
    let key = context.state.find_by_id(&name)?.clone();
    if !is_symmetric(key.spec) {
        let arn = context.state.key_arn(&key.id);
        let message =
            format!("{arn} key spec is {} which is not valid for ListKeyRotations.", key.spec);
        return Err(Kind::UnsupportedOperation.with(message));
    }
    let everywhere = pending_everywhere(context, &key);
    let current = key.current().map(|material| &material.id);
    let numbered: BTreeMap<String, &Material> =
        key.materials.iter().enumerate().map(|(n, m)| (format!("{n:04}"), m)).collect();
    let wanted =
        Wanted { limit: input.limit, marker: input.marker.as_deref(), usual: 100, most: 1000 };
    let page = page(&numbered, &wanted, |_, material| {
        (all || material.rotated.is_some()).then(|| {
            let state = match (material.pending_rotation, current == Some(&material.id)) {
                (true, _) if everywhere => "PENDING_ROTATION",
                (true, _) => "PENDING_MULTI_REGION_IMPORT_AND_ROTATION",
                (false, true) => "CURRENT",
                (false, false) => "NON_CURRENT",
            };
            entry(&key, material, state)
        })
    })?;
    Ok(Output { rotations: page.items, truncated: page.next.is_some(), next_marker: page.next })
}

/// Whether the key material that waits was imported in every Region that has the key.
fn pending_everywhere(context: &mut Context<'_>, key: &Key) -> bool {
    let account = context.state.account.clone();
    let Some(waiting) = key.pending() else { return true };
    let missing = |relative: &Key, region: &AwsRegion| {
        let known = relative.relation.as_ref().is_some_and(|relation| relation.here == *region);
        known && relative.bytes_of(&waiting.id).is_none()
    };
    let Some(relation) = &key.relation else { return true };
    let own = relation.is_replica() && waiting.bytes.is_none();
    let mut others = context.world.related(&account, &key.id);
    !own && !others.any(|other| relation.replicas.iter().any(|region| missing(other, region)))
}

fn entry(key: &Key, material: &Material, state: &'static str) -> Entry {
    let external = key.origin == Origin::External;
    let there = external && material.bytes.is_some();
    Entry {
        expiration_model: there.then_some(match material.valid_to {
            Some(_) => ExpirationModel::Expires,
            None => ExpirationModel::DoesNotExpire,
        }),
        import_state: external.then_some(if there { "IMPORTED" } else { "PENDING_IMPORT" }),
        key_id: key.id.clone(),
        key_material_description: material.description.clone().filter(|_| external),
        key_material_id: material.id.clone(),
        key_material_state: state,
        rotation_date: material.rotated.map(Time::to_wire),
        rotation_type: material.rotated.map(|_| "ON_DEMAND"),
        valid_to: material.valid_to.map(Time::to_wire),
    }
}
