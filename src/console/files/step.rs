//! Every step that changes what is on the medium passes here first. A debug build can be told to end before any of them, or to find the
//! medium full: that is how a power cut at each step is tried. A release build knows nothing of it.
//!
//! | variable | what happens |
//! |---|---|
//! | `KEYFERRY_TEST_CUT_AT=N` | the process aborts just before step N, counted from 1; with 0 each step is told on stderr |
//! | `KEYFERRY_TEST_FULL_AT=N` | from step N on there is no space left on the medium |

use std::io;
use std::path::Path;

/// What is about to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A file is made.
    Create,
    /// Bytes are written to it.
    Write,
    /// What was written goes to the medium.
    Flush,
    /// A file gets its name, in the place of another or of none.
    Place,
    /// The names of a folder go to the medium.
    FlushFolder,
    /// A file or folder is removed.
    Remove,
    /// A folder is made.
    MakeFolder,
}

/// Comes before a step.
#[cfg(not(debug_assertions))]
#[expect(clippy::unnecessary_wraps, reason = "it fails where it is tried")]
pub(super) const fn before(_: Step, _: &Path) -> io::Result<()> {
    Ok(())
}

/// The pieces in which bytes are written: in a debug build two, so that a file can be cut off in its middle.
#[cfg(not(debug_assertions))]
pub(super) const fn pieces(bytes: &[u8]) -> [&[u8]; 1] {
    [bytes]
}

#[cfg(debug_assertions)]
pub(super) use trial::{before, pieces};

#[cfg(debug_assertions)]
mod trial {
    use super::{Path, Step, io};
    use io::Write as _;
    use rustix::io::Errno;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static STEPS: AtomicU64 = AtomicU64::new(0);
    static CUT_AT: OnceLock<Option<u64>> = OnceLock::new();
    static FULL_AT: OnceLock<Option<u64>> = OnceLock::new();

    fn told(cell: &OnceLock<Option<u64>>, name: &str) -> Option<u64> {
        *cell.get_or_init(|| std::env::var(name).ok()?.parse().ok())
    }

    /// Comes before a step.
    pub(in super::super) fn before(step: Step, path: &Path) -> io::Result<()> {
        let number = STEPS.fetch_add(1, Ordering::SeqCst) + 1;
        match told(&CUT_AT, "KEYFERRY_TEST_CUT_AT") {
            Some(0) => {
                let line = format!("durable step {number}: {step:?} {}\n", path.display());
                io::stderr().write_all(line.as_bytes())?;
            }
            Some(cut) if cut == number => std::process::abort(),
            Some(_) | None => {}
        }
        let takes_space = !matches!(step, Step::Place | Step::FlushFolder | Step::Remove);
        match told(&FULL_AT, "KEYFERRY_TEST_FULL_AT") {
            Some(full) if number >= full && takes_space => Err(Errno::NOSPC.into()),
            Some(_) | None => Ok(()),
        }
    }

    /// The pieces in which bytes are written: two, so that a file can be cut off in its middle.
    pub(in super::super) fn pieces(bytes: &[u8]) -> [&[u8]; 2] {
        let (first, rest) = bytes.split_at(bytes.len() / 2);
        [first, rest]
    }
}
