//! What a script consists of.

use super::act::Act;
use keyferry_bundle::Digest;
use std::fmt;

/// The script of a ceremony.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    /// What it is.
    pub(super) title: String,
    /// What stands at the head of every page.
    pub(super) running: String,
    /// Why it is a draft, if it is one.
    pub(super) draft: Option<String>,
    /// What it is about.
    pub(super) facts: Vec<Row>,
    /// What is compared on every machine, whole on the first page.
    pub(super) fingerprints: Vec<Fingerprint>,
    /// Who takes part.
    pub(super) people: Vec<Seat>,
    /// The keys, by target.
    pub(super) targets: Vec<Row>,
    /// How it is used.
    pub(super) rules: Vec<String>,
    /// The steps, by place and time.
    pub(super) parts: Vec<Part>,
    /// Forms for what went otherwise.
    pub(super) sheets: Vec<Sheet>,
}

/// A label and a value that stands on the screen, or is to be typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) label: String,
    pub(super) value: String,
}

#[expect(clippy::needless_pass_by_value, reason = "borrowed and owned values alike make rows")]
impl Row {
    pub(super) fn new(label: impl Into<String>, value: impl ToString) -> Self {
        Self { label: label.into(), value: value.to_string() }
    }
}

/// A bundle's fingerprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fingerprint {
    pub(super) of: &'static str,
    pub(super) digest: Digest,
}

/// A role, and who has it.
#[derive(Debug, Clone)]
pub(super) struct Seat {
    pub(super) actor: Actor,
    /// How many of them it takes.
    pub(super) needed: String,
    /// By name, or nobody the policy knows by name: then the name is written by hand.
    pub(super) people: Vec<Option<String>>,
}

/// Who does a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Actor {
    Everybody,
    Officer,
    OnlineOperator,
    RoomOperator,
    Witness,
    Custodian,
    Auditor,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Everybody => "everybody",
            Self::Officer => "ceremony officer",
            Self::OnlineOperator => "online operator",
            Self::RoomOperator => "room operator",
            Self::Witness => "witness",
            Self::Custodian => "custodian",
            Self::Auditor => "auditor",
        })
    }
}

/// Where something is done, or where files are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// Any machine with `keyferry`.
    Office,
    Bastion,
    Room,
    Auditor,
    /// What is carried between them.
    Medium,
    Custodians,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Office => "the office",
            Self::Bastion => "the bastion",
            Self::Room => "the room's host",
            Self::Auditor => "the auditor's machine",
            Self::Medium => "the medium",
            Self::Custodians => "the custodians",
        })
    }
}

/// Steps in one place, one after the other.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) place: Place,
    pub(super) heading: String,
    pub(super) steps: Vec<Step>,
}

/// One step, which has a number and a box to tick.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// From 1, over the whole script.
    pub(super) number: u16,
    /// Who does it.
    pub(super) role: Actor,
    /// What is done.
    pub(super) text: String,
    /// What is typed, carried, attached.
    pub(super) commands: Vec<Act>,
    /// What the screen must show, each with a box to tick.
    pub(super) expected: Vec<Row>,
    /// What is written down.
    pub(super) blanks: Vec<Blank>,
}

/// Room to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Blank {
    /// A time, a number, a word.
    Short(String),
    /// A line.
    Long(String),
    /// Somebody's time and signature.
    Signed(String),
}

/// As many values as stand in one step.
const ROWS: usize = 10;

/// A form for one exception.
#[derive(Debug, Clone)]
pub(super) struct Sheet {
    pub(super) heading: String,
    pub(super) blanks: Vec<Blank>,
}

impl Step {
    /// A step whose number is given later.
    pub(super) fn new(role: Actor, text: impl Into<String>) -> Self {
        Self {
            number: 0,
            role,
            text: text.into(),
            commands: Vec::new(),
            expected: Vec::new(),
            blanks: Vec::new(),
        }
    }

    pub(super) fn act(mut self, act: Act) -> Self {
        self.commands.push(act);
        self
    }

    pub(super) fn acts(mut self, acts: impl IntoIterator<Item = Act>) -> Self {
        self.commands.extend(acts);
        self
    }

    pub(super) fn see(mut self, label: impl Into<String>, value: impl ToString) -> Self {
        self.expected.push(Row::new(label, value));
        self
    }

    pub(super) fn see_all(mut self, rows: impl IntoIterator<Item = Row>) -> Self {
        self.expected.extend(rows);
        self
    }

    /// This step and, where it has so many values to compare that they would not fit on its page, more steps for the same screen.
    pub(super) fn in_pages(mut self) -> Vec<Self> {
        let rest = self.expected.split_off(self.expected.len().min(ROWS));
        let more = rest.chunks(ROWS).map(|rows| {
            Self::new(self.role, "The same screen goes on.").see_all(rows.iter().cloned())
        });
        let more: Vec<Self> = more.collect();
        std::iter::once(self).chain(more).collect()
    }

    pub(super) fn short(mut self, label: impl Into<String>) -> Self {
        self.blanks.push(Blank::Short(label.into()));
        self
    }

    pub(super) fn long(mut self, label: impl Into<String>) -> Self {
        self.blanks.push(Blank::Long(label.into()));
        self
    }

    pub(super) fn signed(mut self, who: impl IntoIterator<Item = String>) -> Self {
        self.blanks.extend(who.into_iter().map(Blank::Signed));
        self
    }
}

impl Script {
    /// Whether it says DRAFT.
    pub(crate) const fn is_draft(&self) -> bool {
        self.draft.is_some()
    }

    /// How many steps it has.
    pub(crate) fn length(&self) -> usize {
        self.parts.iter().map(|part| part.steps.len()).sum()
    }

    /// Every step, in order.
    #[cfg(test)]
    pub(super) fn steps(&self) -> impl Iterator<Item = (Place, &Step)> {
        self.parts.iter().flat_map(|part| part.steps.iter().map(|step| (part.place, step)))
    }
}

/// Numbers the steps of all parts.
pub(super) fn number(parts: &mut [Part]) {
    let steps = parts.iter_mut().flat_map(|part| &mut part.steps);
    for (step, number) in steps.zip(1..) {
        step.number = number;
    }
}
