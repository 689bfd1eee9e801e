//! Whether pieces of a log follow each other.

use super::{ENTRY, Entry};
use keyferry_bundle::LogDigest;
use keyferry_bundle::kinds::LogHead;

/// Why entries do not follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A number is not one more than the number before.
    #[error(
        "entry {found} stands where entry {expected} belongs: entries are missing, or in another order"
    )]
    Number {
        /// The number that is there.
        found: u16,
        /// The number that belongs there.
        expected: u16,
    },
    /// A digest is not that of its entry and the digest before.
    #[error("entry {0} is not bound to the entry before it: one of the two was changed")]
    Link(u16),
}

impl Broken {
    /// The entry's number.
    #[must_use]
    pub const fn entry(self) -> u16 {
        match self {
            Self::Number { found, .. } => found,
            Self::Link(number) => number,
        }
    }
}

impl Entry {
    /// Where a log stands after this entry.
    #[must_use]
    pub const fn head(&self) -> LogHead {
        LogHead { number: self.number, digest: LogDigest::from_bytes(self.digest) }
    }
}

/// Reads entries that follow on `from`, each bound to the one before. Without `from`, the first one is taken as it is: what it is bound
/// to nobody knows.
///
/// # Errors
/// The first place where they do not.
pub fn follow(from: Option<LogHead>, entries: &[[u8; ENTRY]]) -> Result<Vec<Entry>, Broken> {
    let mut before = from;
    let mut read = Vec::with_capacity(entries.len());
    for bytes in entries {
        let entry = Entry::decode(bytes);
        if let Some(before) = before {
            let expected = before.number.wrapping_add(1);
            if entry.number != expected {
                return Err(Broken::Number { found: entry.number, expected });
            }
            if !entry.is_bound_to(before.digest.as_bytes()) {
                return Err(Broken::Link(entry.number));
            }
        }
        before = Some(entry.head());
        read.push(entry);
    }
    Ok(read)
}
