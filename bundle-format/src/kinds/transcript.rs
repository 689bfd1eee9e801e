//! What the room's program showed and asked in one run, and what was typed. The program makes it and the HSM signs it. Secrets are not in
//! it: of a question for one there is the question alone.

use super::common::{check_at_most, check_counter, check_distinct, check_length};
use super::{Bundle, Kind};
use crate::identifiers::word_type;
use crate::{Digest, Environment, FieldError, Serial, Shown, Text, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A transcript's payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transcript {
    /// As in the policy.
    pub environment: Environment,
    /// The device bundle of the HSM.
    pub device: Digest,
    /// When the room says the run ended.
    pub created: Timestamp,
    /// The HSM's serial number.
    pub serial: Serial,
    /// The program's name and version.
    pub program: Text,
    /// The command line, as it was given: no option takes a secret.
    pub command: Shown,
    /// 1, 2, 3, … among the transcripts of this serial number.
    #[schemars(range(min = 1, max = u32::MAX))]
    pub counter: u32,
    /// The transcript before it; none before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Digest>,
    /// How many runs since the one before opened a session with the HSM and left no transcript, by the room's memory.
    #[schemars(range(max = u32::MAX))]
    pub unrecorded: u32,
    /// Which part of the run this is, from 1: a run that showed more than one bundle holds goes on in the next transcript.
    #[schemars(range(min = 1, max = Transcript::MAX_PARTS))]
    pub part: u32,
    /// How many parts the run has.
    #[schemars(range(min = 1, max = Transcript::MAX_PARTS))]
    pub parts: u32,
    /// The bundles that the run wrote.
    #[schemars(length(max = 1024), extend("uniqueItems" = true))]
    pub about: Vec<Digest>,
    /// How it ended.
    pub ended: Ended,
    /// What was shown, asked and typed, in that order.
    #[schemars(length(min = 1, max = Transcript::MAX_LINES))]
    pub lines: Vec<Line>,
}

word_type!(
    /// How a run ended.
    Ended {
        /// It did what it was to do.
        Done = "done",
        /// It failed.
        Failed = "failed",
        /// A person declined.
        Declined = "declined",
    }
);

word_type!(
    /// What a line is.
    LineKind {
        /// The program showed it.
        Said = "said",
        /// The program asked it.
        Asked = "asked",
        /// A person typed it.
        Answered = "answered",
        /// The program asked it and got a secret, which is not here.
        Secret = "secret",
    }
);

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// What it is.
    pub kind: LineKind,
    /// The line as it was shown, escaped, without colours.
    pub text: Shown,
}

impl Transcript {
    /// The most parts of one run.
    pub const MAX_PARTS: u32 = 16;
    /// The most lines of one part.
    pub const MAX_LINES: usize = 1024;
    /// The most bundles that a run may name.
    pub const MAX_ABOUT: usize = 1024;
}

impl Bundle for Transcript {
    const KIND: Kind = Kind::Transcript;

    fn environment(&self) -> Environment {
        self.environment
    }

    fn created(&self) -> Timestamp {
        self.created
    }

    fn check(&self) -> Result<(), FieldError> {
        check_counter("counter", self.counter, self.previous.as_ref())?;
        check_parts(self.part, self.parts)?;
        if self.part > self.counter {
            let problem = format!("is {}, but {} parts are before it", self.counter, self.part - 1);
            return Err(FieldError::new("counter", problem));
        }
        if self.part > 1 && self.unrecorded > 0 {
            let problem = "is no 0: nothing comes between two parts of one run";
            return Err(FieldError::new("unrecorded", problem));
        }
        check_at_most("about", &self.about, Self::MAX_ABOUT)?;
        check_distinct("about", "", &self.about)?;
        check_length("lines", &self.lines, Self::MAX_LINES)
    }
}

fn check_parts(part: u32, parts: u32) -> Result<(), FieldError> {
    let most = Transcript::MAX_PARTS;
    if !(1..=most).contains(&parts) {
        return Err(FieldError::new("parts", format!("is {parts}, not 1 to {most}")));
    }
    if !(1..=parts).contains(&part) {
        return Err(FieldError::new("part", format!("is {part}, not 1 to {parts}")));
    }
    Ok(())
}
