//! Waiting for KMS: until it is less busy, and until it shows what was done. It is eventually consistent.

use crate::clock::Clock;
use crate::desk::Desk;
use crate::kms::{CallError, KeyDescription, KeyRef, Kms};
use std::time::Duration;

/// Seconds before each look: usually KMS agrees within seconds, seldom minutes (AWS KMS developer guide, "Eventual consistency").
/// Two minutes in all.
const LOOKS: [u64; 11] = [0, 1, 2, 4, 8, 15, 15, 15, 20, 20, 20];
/// Seconds before each repetition of a call that KMS was too busy to take: it changed nothing.
const BUSY: [u64; 6] = [1, 2, 4, 8, 16, 32];

/// Makes a call, and makes it again while KMS is too busy to take it; any other answer comes back at once.
pub(crate) fn patiently<T>(
    clock: &dyn Clock,
    mut call: impl FnMut() -> Result<T, CallError>,
) -> Result<T, CallError> {
    let mut waits = BUSY.iter();
    loop {
        match (call(), waits.next()) {
            (Err(CallError::Throttled(_)), Some(seconds)) => {
                clock.wait(Duration::from_secs(*seconds));
            }
            (answer, _) => return answer,
        }
    }
}

/// Looks until there is something to see. What was said last comes back otherwise.
pub(crate) fn look<T>(
    clock: &dyn Clock,
    mut seen: impl FnMut() -> Result<T, String>,
) -> Result<T, String> {
    let mut last = String::new();
    for seconds in LOOKS {
        clock.wait(Duration::from_secs(seconds));
        match seen() {
            Ok(found) => return Ok(found),
            Err(problem) => last = problem,
        }
    }
    Err(last)
}

/// Looks at a key until `done` has nothing more to say. What it said last comes back otherwise.
pub(crate) fn until(
    desk: Desk<'_>,
    kms: &dyn Kms,
    key: &KeyRef,
    mut done: impl FnMut(&KeyDescription) -> Result<(), String>,
) -> Result<KeyDescription, String> {
    look(desk.clock, || {
        let found = kms.describe_key(key).map_err(|error| format!("DescribeKey: {error}"))?;
        done(&found).map(|()| found)
    })
}
