//! What a process that may hold secrets does first.

use crate::{Exit, Failure};
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// No core dumps, and no other process of this user may read this one's memory. Fails closed.
///
/// # Errors
/// When the kernel refuses either.
pub fn harden() -> Result<(), Failure> {
    let fail = |what: &'static str| {
        move |error: rustix::io::Errno| {
            Failure::new(Exit::Unchanged, "harden", what)
                .because(error)
                .hint("run on a host where the process may protect itself")
        }
    };
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })
        .map_err(fail("core dumps could not be switched off"))?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(fail("this process could not be made unreadable to others"))
}
