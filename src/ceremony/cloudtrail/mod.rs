//! What AWS recorded of a ceremony: `CloudTrail`'s events about importing key material (AWS KMS developer guide, "Logging AWS KMS
//! API calls"). The one witness of a ceremony who is not of its people.
//!
//! Records are AWS's and grow members at any time, so they are read the other way round than bundles: what is needed is looked
//! for, everything else is passed over. That a file is complete and as AWS delivered it, nothing here can tell: the log files'
//! digests do, and `aws cloudtrail validate-logs` checks them.

mod event;
mod read;

#[cfg(test)]
mod tests;

pub use event::{Action, Event};
pub use read::MAX_BYTES;

use event::Found;
use keyferry_bundle::{AccountId, AwsRegion, Digest, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// The events of some files.
#[derive(Debug, Clone, Default)]
pub struct Trail {
    events: Vec<Event>,
    files: Vec<Contents>,
    seen: BTreeSet<String>,
    spans: BTreeMap<(AccountId, AwsRegion), (Timestamp, Timestamp)>,
}

/// What one file held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// Its name, as it was given.
    pub file: String,
    /// The SHA-256 of its bytes.
    pub digest: Digest,
    /// Events of any service.
    pub events: usize,
    /// Those about importing or deleting key material, with which something was done.
    pub about_material: usize,
    /// Those that failed: KMS changed nothing.
    pub failed: usize,
}

/// A file that cannot be read as `CloudTrail`'s.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is larger than [`MAX_BYTES`].
    #[error("{0} bytes, more than {MAX_BYTES}")]
    Oversize(usize),
    /// It is no JSON.
    #[error("is no JSON: {0}")]
    NotJson(String),
    /// A record is no event, or one about key material that lacks what it must say.
    #[error("record {0}: {1}")]
    Record(usize, &'static str),
}

impl Trail {
    /// Reads one more file: `{"Records":[…]}` as `CloudTrail` delivers it, `{"Events":[…]}` as `aws cloudtrail lookup-events`
    /// prints it, an array of events, or one event; each also as `EventBridge` passes it on. An event that was read before is
    /// not read again.
    ///
    /// # Errors
    /// [`Fault`]; the trail is then as it was.
    pub fn add(&mut self, file: &str, bytes: &[u8]) -> Result<(), Fault> {
        let records = read::records(bytes)?;
        let mut contents = Contents {
            file: file.to_owned(),
            digest: Digest::of(bytes),
            events: records.len(),
            about_material: 0,
            failed: 0,
        };
        for found in &records {
            contents.about_material += usize::from(matches!(found, Found::Event(..)));
            contents.failed += usize::from(matches!(found, Found::Failed(..)));
        }
        self.files.push(contents);
        for found in records {
            let (Found::Event(seen, _) | Found::Failed(seen) | Found::Other(seen)) = &found;
            if let Some((place, time)) = seen {
                let span = self.spans.entry(place.clone()).or_insert((*time, *time));
                *span = (span.0.min(*time), span.1.max(*time));
            }
            if let Found::Event(_, mut event) = found
                && self.seen.insert(event.id.clone())
            {
                file.clone_into(&mut event.file);
                self.events.push(*event);
            }
        }
        self.events.sort_by_key(|event| event.time);
        Ok(())
    }

    /// The events about key material that did not fail, in the order of their times.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// What each file held, in the order in which they were read.
    #[must_use]
    pub fn files(&self) -> &[Contents] {
        &self.files
    }

    /// The times of the first and the last event that the files have of an account in a region, whatever it is about.
    #[must_use]
    pub fn span(&self, account: &AccountId, region: &AwsRegion) -> Option<(Timestamp, Timestamp)> {
        self.spans.get(&(account.clone(), region.clone())).copied()
    }
}
