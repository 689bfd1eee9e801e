//! What is remembered of the transcripts of one HSM: the last one's number and digest, and how many runs have left none since.
//!
//! A transcript is signed, then remembered, then written. A run that is cut off before it remembers leaves one more run without a
//! transcript, which the next transcript says; one that is cut off after it leaves a number whose file is nowhere, which the next
//! transcript names. No number is ever given twice.

use super::Ledger;
use keyferry_bundle::{Digest, Transcript, Verified};
use serde::{Deserialize, Serialize};

/// The transcripts so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Transcripts {
    /// The counter of the last one, 0 before there was any.
    pub(super) counter: u32,
    /// Its digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) digest: Option<Digest>,
    /// Runs that opened a session since, and have left none or not yet.
    pub(super) unrecorded: u32,
}

impl Transcripts {
    /// Whether there is nothing to remember.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it can have come about.
    pub(super) fn is_sound(&self) -> bool {
        (self.counter == 0) == self.digest.is_none()
    }
}

/// Where a transcript stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its counter.
    pub counter: u32,
    /// The digest of the one before.
    pub previous: Option<Digest>,
    /// How many runs since the one before left none.
    pub unrecorded: u32,
}

impl Ledger {
    /// Notes that a run has opened a session with the HSM.
    pub fn session_opened(&mut self) {
        self.transcripts.unrecorded = self.transcripts.unrecorded.saturating_add(1);
    }

    /// The place of this run's transcript; none when every number is used up.
    #[must_use]
    pub fn next_transcript(&self) -> Option<Place> {
        let Transcripts { counter, digest, unrecorded } = self.transcripts;
        // This run is not one of those that left none.
        let unrecorded = unrecorded.saturating_sub(1);
        Some(Place { counter: counter.checked_add(1)?, previous: digest, unrecorded })
    }

    /// Notes a transcript that is signed, before its file is written: the last part of it, where it has several.
    pub fn recorded(&mut self, transcript: &Verified<Transcript>) {
        self.transcripts = Transcripts {
            counter: transcript.body().counter,
            digest: Some(transcript.digest()),
            unrecorded: 0,
        };
    }
}
