//! The bastion's clock, and waiting by it.

use keyferry_bundle::Timestamp;
use keyferry_console::{Failure, clock};
use std::time::Duration;

/// A clock that can be waited on. Tests have one that does not take time.
pub trait Clock {
    /// What this host believes the time is.
    ///
    /// # Errors
    /// When it cannot be a time.
    fn now(&self) -> Result<Timestamp, Failure>;

    /// Lets so much time pass.
    fn wait(&self, time: Duration);
}

/// The host's.
#[derive(Debug, Clone, Copy)]
pub struct HostClock;

impl Clock for HostClock {
    fn now(&self) -> Result<Timestamp, Failure> {
        clock::now()
    }

    fn wait(&self, time: Duration) {
        std::thread::sleep(time);
    }
}
