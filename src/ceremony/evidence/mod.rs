//! What a folder of bundles proves, years later, without AWS and without an HSM.
//!
//! [`examine`] reads every file, finds the chain by itself and states each thing it checked as a [`Claim`]. Nothing is
//! trusted but a pin; without one the report says so.

mod across;
mod chain;
mod claim;
mod collect;
mod logs;
mod materials;
mod order;
mod pins;
mod policies;
mod proofs;
mod record;
mod sentences;
mod shared;
mod sort;
mod trail;
mod transcripts;
mod upkeeps;

#[cfg(test)]
mod many_tests;
#[cfg(test)]
mod material_tests;
#[cfg(test)]
mod stated_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod transcript_tests;
#[cfg(test)]
mod upkeep_tests;

pub use across::Across;
pub use chain::{Chain, Link};
pub use claim::{Claim, Report, Standing, Trust};
pub use pins::Pins;
pub use record::{Accepted, KeyRecord, Outline, Wrapping};
pub use shared::Shared;
pub use trail::hold_against;

use sort::Sorted;

/// A file of the folder, as read.
#[derive(Debug, Clone)]
pub struct File {
    /// Its name, without the folder.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Examines every file and every link. Where there are pins, they vouch for every version of the policy in the folder.
#[must_use]
pub fn examine(files: &[File], pins: &Pins) -> Report {
    examine_and_keep(files, pins).0
}

/// As [`examine`], and what was accepted.
#[must_use]
pub fn examine_and_keep(files: &[File], pins: &Pins) -> (Report, Chain) {
    let mut report = Report::default();
    let sorted = Sorted::by_kind(files, &mut report);
    let chain = Chain::build(&sorted, pins, &mut report);
    sentences::attachments(&chain, &sorted, &mut report);
    (report, chain)
}
