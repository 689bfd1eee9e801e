//! Many targets as the person reads them before they confirm: two lines a key material, one a key.

use super::accepted::Accepted;
use super::preflight::Stored;
use super::summary::{copies, expiry, fate};
use keyferry_bundle::Plan;
use keyferry_bundle::kinds::PlannedMaterial;
use keyferry_ceremony::backup;
use keyferry_console::Screen;

/// Up to so many targets each has its own table.
const FEW: usize = 8;

/// Whether a plan has more targets than anybody reads one by one.
pub(super) fn are_many(plan: &Plan) -> bool {
    plan.targets.len() > FEW
}

/// What differs from key to key; what all have is said once. The digests of the wrapping public keys are in the request, whose own was
/// shown.
pub(super) fn show(accepted: &Accepted, stored: &Stored, screen: &Screen) {
    let plan = accepted.plan.body();
    let materials = plan.materials();
    screen.heading(format!("{} targets, {} key materials", plan.targets.len(), materials.len()));
    for material in &materials {
        material_of(material, stored, screen);
    }
    let copied = plan
        .targets
        .iter()
        .map(|target| backup::recipients(accepted.ceremony.policy().body(), plan, target))
        .max_by_key(Vec::len);
    let shares = accepted.device.body().shares.is_some();
    copies(&copied.unwrap_or_default(), shares, screen);
}

fn material_of(material: &PlannedMaterial<'_>, stored: &Stored, screen: &Screen) {
    let leader = material.leader;
    screen.say(format!(
        "{}  {:?}, {}, {}, {}, domains {}",
        leader.object_id,
        leader.label.as_str(),
        leader.key_spec,
        leader.key_usage,
        leader.kept_as,
        leader.domains
    ));
    screen.say(format!("  {}", fate(leader, stored.get(&leader.name))));
    let row = |name: &str, rest: String| (name.to_owned(), rest);
    let rows: Vec<_> = material
        .targets
        .iter()
        .map(|target| row(target.name.as_str(), format!("{}, {}", target.key, expiry(target))))
        .collect();
    screen.table(&rows);
}
