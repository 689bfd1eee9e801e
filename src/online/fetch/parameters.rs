//! `GetParametersForImport` for many keys, within KMS's quota.

use crate::calls::failed;
use crate::desk::Desk;
use crate::kms::{KeyRef, Parameters};
use crate::regions::Everywhere;
use crate::waiting;
use keyferry_bundle::AwsRegion;
use keyferry_bundle::kinds::Target;
use keyferry_console::Failure;
use keyferry_console::progress::Progress;
use std::collections::BTreeMap;
use std::time::Duration;

/// AWS KMS developer guide, "Request quotas": once a second, in each account and Region.
const BETWEEN_CALLS: Duration = Duration::from_millis(1100);

/// The parameters of each target, in the plan's order. One call a Region, then the next of each: where `paced`, with a pause between such
/// rounds. Other services than AWS have no such quota; whoever is too busy is asked again.
pub(super) fn all(
    desk: Desk<'_>,
    everywhere: &mut Everywhere<'_>,
    targets: &[Target],
    paced: bool,
) -> Result<Vec<Parameters>, Failure> {
    let mut progress = Progress::new("parameters", targets.len());
    let mut given: BTreeMap<usize, Parameters> = BTreeMap::new();
    for (number, round) in (0..).zip(rounds(targets)) {
        if paced && number > 0 {
            desk.clock.wait(BETWEEN_CALLS);
        }
        for (index, target) in round {
            progress.at(given.len() + 1);
            given.insert(index, one(desk, everywhere, target)?);
        }
    }
    Ok(given.into_values().collect())
}

/// Targets by round: in each, no Region twice.
fn rounds(targets: &[Target]) -> Vec<Vec<(usize, &Target)>> {
    let mut rounds: Vec<Vec<(usize, &Target)>> = Vec::new();
    let mut next: BTreeMap<&AwsRegion, usize> = BTreeMap::new();
    for (index, target) in targets.iter().enumerate() {
        let number = next.entry(&target.key.region).or_default();
        if rounds.len() <= *number {
            rounds.push(Vec::new());
        }
        if let Some(round) = rounds.get_mut(*number) {
            round.push((index, target));
        }
        *number += 1;
    }
    rounds
}

fn one(
    desk: Desk<'_>,
    everywhere: &mut Everywhere<'_>,
    target: &Target,
) -> Result<Parameters, Failure> {
    let (algorithm, spec) = (target.wrapping_algorithm, target.wrapping_key_spec);
    everywhere
        .ask(&KeyRef::from(&target.key), |kms| {
            waiting::patiently(desk.clock, || {
                kms.get_parameters_for_import(&target.key, algorithm, spec)
            })
        })?
        .map_err(|error| failed("kms:GetParametersForImport", &error))
}
