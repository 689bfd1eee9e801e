//! Looking at a key until it is as it should be: KMS is eventually consistent.

use crate::desk::Desk;
use crate::kms::{KeyDescription, KeyRef, Kms};
use std::time::Duration;

/// Seconds before each look: usually KMS agrees within seconds, seldom minutes (AWS KMS developer guide, "Eventual consistency").
/// Two minutes in all.
const LOOKS: [u64; 11] = [0, 1, 2, 4, 8, 15, 15, 15, 20, 20, 20];

/// Looks until `done` has nothing more to say. What it said last comes back otherwise.
pub(crate) fn until(
    desk: Desk<'_>,
    kms: &dyn Kms,
    key: &KeyRef,
    mut done: impl FnMut(&KeyDescription) -> Result<(), String>,
) -> Result<KeyDescription, String> {
    let mut last = String::new();
    for seconds in LOOKS {
        desk.clock.wait(Duration::from_secs(seconds));
        match kms.describe_key(key) {
            Ok(found) => match done(&found) {
                Ok(()) => return Ok(found),
                Err(problem) => last = problem,
            },
            Err(error) => last = format!("DescribeKey: {error}"),
        }
    }
    Err(last)
}
