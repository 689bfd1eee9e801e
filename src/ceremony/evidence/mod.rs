//! What a folder of bundles proves, years later, without AWS and without an HSM.
//!
//! [`examine`] reads every file, finds the chain by itself and states each thing it checked as a [`Claim`]. Nothing is
//! trusted but a pin; without one the report says so.

mod chain;
mod claim;
mod sentences;
mod sort;

pub use claim::{Claim, Report, Standing, Trust};

use chain::Chain;
use keyferry_bundle::Digest;
use sort::Sorted;

/// A file of the folder, as read.
#[derive(Debug, Clone)]
pub struct File {
    /// Its name, without the folder.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Examines every file and every link. With a `pin`, one version of the policy must have that digest.
#[must_use]
pub fn examine(files: &[File], pin: Option<Digest>) -> Report {
    let mut report = Report::default();
    let sorted = Sorted::by_kind(files, &mut report);
    let chain = Chain::build(&sorted, pin, &mut report);
    sentences::attachments(&chain, &sorted, &mut report);
    report
}
