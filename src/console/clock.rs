//! The host's clock: a claim, never a proof.

use crate::{Exit, Failure};
use keyferry_bundle::Timestamp;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What this host believes the time is.
///
/// # Errors
/// When the clock stands outside the years a bundle can name.
pub fn now() -> Result<Timestamp, Failure> {
    at(SystemTime::now())
}

/// A file's or another clock's time.
///
/// # Errors
/// As [`now`].
pub fn at(time: SystemTime) -> Result<Timestamp, Failure> {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_unix_seconds(seconds).map_err(|problem| {
        Failure::new(Exit::Usage, "clock", "this host's clock is wrong")
            .because(problem)
            .hint("set it with `date`, then run the command again")
    })
}
