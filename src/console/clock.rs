//! The host's clock: a claim, never a proof.

use crate::{Exit, Failure};
use keyferry_bundle::Timestamp;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What this host believes the time is.
///
/// # Errors
/// When the clock stands outside the years a bundle can name.
pub fn now() -> Result<Timestamp, Failure> {
    at(host())
}

/// The host's own clock. In a debug build `KEYFERRY_TEST_CLOCK_OFF` puts it forward by so many seconds, or back: what a wrong clock does is
/// tried so. A release build knows nothing of it.
#[must_use]
pub fn host() -> SystemTime {
    #[cfg(debug_assertions)]
    if let Some(off) = std::env::var("KEYFERRY_TEST_CLOCK_OFF").ok().and_then(|it| it.parse().ok())
    {
        let by = Duration::from_secs(i64::unsigned_abs(off));
        let now = SystemTime::now();
        return if off < 0 { now - by } else { now + by };
    }
    SystemTime::now()
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
