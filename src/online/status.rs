//! `status`: what KMS says about keys, and how long their material still lives.

use crate::calls::failed;
use crate::chain::Chain;
use crate::desk::Desk;
use crate::kms::{KeyDescription, KeyRef, Kms};
use crate::session;
use keyferry_bundle::{Environment, Timestamp};
use keyferry_console::args::{CeremonyArgs, TrustArg};
use keyferry_console::{Failure, Screen};
use serde_json::json;
use std::path::Path;

/// Days left that deserve a warning: enough to hold a ceremony.
const SOON_DAYS: i64 = 30;
const DAY_SECONDS: i64 = 86_400;

/// Which keys.
#[derive(Debug, Clone, clap::Args)]
pub struct StatusArgs {
    /// Key ids, key ARNs, aliases (alias/NAME), or the folder of one ceremony
    #[arg(required = true, value_name = "KEY|CEREMONY")]
    pub keys: Vec<String>,

    /// Where the pinned policy is, for a ceremony.
    #[command(flatten)]
    pub trust: TrustArg,
}

/// Describes each key.
///
/// # Errors
/// When a folder is no ceremony, or KMS does not answer for one of the keys.
pub fn run(desk: Desk<'_>, kms: &dyn Kms, args: &StatusArgs) -> Result<(), Failure> {
    let (keys, environment) = keys(args)?;
    session::open(desk, kms, environment)?;
    let now = desk.clock.now()?;
    let mut answers = Vec::with_capacity(keys.len());
    for (label, key) in keys {
        let found = kms
            .describe_key(&key)
            .map_err(|error| failed("kms:DescribeKey", &error).because(format!("key {key}")))?;
        text(desk.screen, &label, &found, now)?;
        answers.push(json!({
            "name": label,
            "arn": found.key,
            "state": found.state.to_string(),
            "key_spec": found.key_spec,
            "origin": found.origin,
            "multi_region": found.multi_region,
            "expiration": found.expiration,
            "days_left": days_left(&found, now),
            "key_material_id": found.key_material_id,
        }));
    }
    desk.screen.json(&json!({ "keys": answers }))
}

type Named = Vec<(String, KeyRef)>;

fn keys(args: &StatusArgs) -> Result<(Named, Option<Environment>), Failure> {
    if let [folder] = args.keys.as_slice()
        && Path::new(folder).is_dir()
    {
        let ceremony = CeremonyArgs { folder: folder.into(), trust: args.trust.clone() };
        let chain = Chain::open(&ceremony)?;
        let plan = chain.plan.body();
        let named = |t: &keyferry_bundle::kinds::Target| (t.name.to_string(), KeyRef::from(&t.key));
        return Ok((plan.targets.iter().map(named).collect(), Some(plan.environment)));
    }
    let parse = |text: &String| {
        let key = text.parse().map_err(|problem: String| {
            Failure::usage(format!("{text} is neither a key nor a folder")).because(problem)
        });
        Ok((text.clone(), key?))
    };
    args.keys.iter().map(parse).collect::<Result<_, _>>().map(|keys| (keys, None))
}

/// Whole days until KMS deletes the material; none where it never does.
fn days_left(found: &KeyDescription, now: Timestamp) -> Option<i64> {
    let date = found.expiration?.valid_to?;
    Some((date.unix_seconds() - now.unix_seconds()).div_euclid(DAY_SECONDS))
}

fn text(
    screen: &Screen,
    label: &str,
    found: &KeyDescription,
    now: Timestamp,
) -> Result<(), Failure> {
    let left = days_left(found, now);
    let expiry = match (found.expiration.and_then(|e| e.valid_to), left) {
        (Some(date), Some(days)) => format!("material until {date} ({days} days left)"),
        (_, _) if found.expiration.is_some() => "material does not expire".to_owned(),
        (_, _) => "no expiration stated".to_owned(),
    };
    let region = if found.multi_region { ", multi-Region" } else { "" };
    screen.result(format!(
        "{label}: {} {} origin {}{region}, {expiry}, {}",
        found.state, found.key_spec, found.origin, found.key
    ))?;
    if left.is_some_and(|days| days < SOON_DAYS) {
        screen.warn(format!(
            "{label}: without a new import the key stops working when its material expires"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
