//! Output: results on stdout, everything else on stderr.

use crate::Failure;
use crate::escape::{escape, json_escape, one_line};
use crate::recorder::Recorder;
use keyferry_bundle::kinds::Line;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The version of every `--json` answer.
pub const JSON_VERSION: u32 = 1;

/// Where a program writes. Every text passes through [`escape`], so that nothing from a file reaches the terminal raw, and is recorded
/// while somebody wants a transcript.
#[derive(Debug, Clone)]
pub struct Screen {
    json: bool,
    colour: bool,
    answered: Arc<AtomicBool>,
    failed: Arc<Mutex<Option<Failure>>>,
    recorder: Recorder,
}

/// What a line is about, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    Plain,
    /// A heading.
    Strong,
    /// It holds.
    Good,
    /// It deserves a look.
    Caution,
    /// It fails.
    Bad,
}

impl Tone {
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "0",
            Self::Strong => "1",
            Self::Good => "32",
            Self::Caution => "33",
            Self::Bad => "31",
        }
    }
}

impl Screen {
    /// For a program that was asked for `--json` or not. Colour is used on a terminal unless `NO_COLOR` is set.
    #[must_use]
    pub fn new(json: bool) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let colour = wanted && std::io::stderr().is_terminal();
        Self {
            json,
            colour,
            answered: Arc::default(),
            failed: Arc::default(),
            recorder: Recorder::default(),
        }
    }

    /// Records from now on what is shown, asked and typed, on this screen and on every clone of it: for a program that shows no secret.
    pub fn record(&self) {
        self.recorder.begin();
    }

    /// What was recorded; nothing more is.
    #[must_use]
    pub fn recorded(&self) -> Vec<Line> {
        self.recorder.end()
    }

    /// Whether answers are JSON.
    #[must_use]
    pub const fn is_json(&self) -> bool {
        self.json
    }

    /// A line for the person, on stderr.
    pub fn say(&self, line: impl AsRef<str>) {
        self.tell(Tone::Plain, line);
    }

    /// A heading, on stderr.
    pub fn heading(&self, line: impl AsRef<str>) {
        self.tell(Tone::Strong, line);
    }

    /// A warning, on stderr.
    pub fn warn(&self, line: impl AsRef<str>) {
        self.tell(Tone::Caution, format!("warning: {}", line.as_ref()));
    }

    /// A line in a tone, on stderr.
    pub fn tell(&self, tone: Tone, line: impl AsRef<str>) {
        let text = escape(line.as_ref());
        self.recorder.said(&text);
        self.write(tone, &text);
    }

    /// A question, on stderr.
    pub(crate) fn ask(&self, question: &str) {
        let text = escape(question);
        self.recorder.asked(&text);
        self.write(Tone::Plain, &text);
    }

    /// Who records what is typed.
    pub(crate) const fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Shows what a file descriptor gave as an answer, where a terminal shows it by itself.
    pub(crate) fn echo(&self, answer: &str) {
        self.write(Tone::Plain, &format!("> {}", one_line(answer)));
    }

    /// Escaped text, on stderr.
    fn write(&self, tone: Tone, text: &str) {
        let line = if self.colour && tone != Tone::Plain {
            format!("\u{1b}[{}m{text}\u{1b}[0m\n", tone.code())
        } else {
            format!("{text}\n")
        };
        // A closed stderr leaves nobody to tell.
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    }

    /// Rows of label and value, aligned, on stderr.
    pub fn table<L: AsRef<str>, V: AsRef<str>>(&self, rows: &[(L, V)]) {
        let width = rows.iter().map(|(label, _)| label.as_ref().len()).max().unwrap_or(0);
        for (label, value) in rows {
            let mut lines = value.as_ref().lines();
            let first = lines.next().unwrap_or_default();
            self.say(format!("  {:width$}  {first}", label.as_ref()));
            for line in lines {
                self.say(format!("  {:width$}  {line}", ""));
            }
        }
    }

    /// The result as text, on stdout; nothing with `--json`.
    ///
    /// # Errors
    /// When stdout cannot take it: a result nobody got is a failure.
    pub fn result(&self, text: impl AsRef<str>) -> Result<(), Failure> {
        if self.json {
            return Ok(());
        }
        let text = escape(text.as_ref());
        stdout(&format!("{text}\n"))?;
        self.recorder.said(&text);
        Ok(())
    }

    /// The result as one JSON object `{"keyferry":1, ...}`, on stdout; nothing without `--json`.
    ///
    /// # Errors
    /// As [`Self::result`], and when `value` is not an object.
    pub fn json(&self, value: &impl Serialize) -> Result<(), Failure> {
        if !self.json {
            return Ok(());
        }
        let mut answer = Map::new();
        answer.insert("keyferry".to_owned(), JSON_VERSION.into());
        answer.extend(members(value)?);
        self.answered.store(true, Ordering::Relaxed);
        let text = json_escape(&Value::Object(answer).to_string());
        stdout(&format!("{text}\n"))?;
        self.recorder.said(&text);
        Ok(())
    }

    /// Begins a JSON answer of which one member, a list of that name, is too long to be held: `first` are the members before it.
    /// Nothing without `--json`.
    ///
    /// # Errors
    /// As [`Self::json`].
    pub fn json_list(&self, first: &impl Serialize, list: &str) -> Result<JsonList<'_>, Failure> {
        let mut head = Map::new();
        head.insert("keyferry".to_owned(), JSON_VERSION.into());
        head.extend(members(first)?);
        if self.json {
            self.answered.store(true, Ordering::Relaxed);
            let head = Value::Object(head).to_string();
            let head = head.strip_suffix('}').unwrap_or(&head);
            stdout(&json_escape(&format!("{head},{}:[", Value::from(list))))?;
        }
        Ok(JsonList { screen: self, empty: true })
    }

    /// A failure: three kinds of line on stderr, and with `--json` one object on stdout, unless an answer is there already: a
    /// report of what does not hold is the answer. A failure that was shown last is not shown again: a program that records itself
    /// shows it before it ends.
    pub fn failure(&self, failure: &Failure) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.replace(failure.clone()).as_ref() == Some(failure) {
            return;
        }
        self.tell(Tone::Bad, format!("error: {}", one_line(&failure.error)));
        for cause in &failure.because {
            self.say(format!("because: {}", one_line(cause)));
        }
        if let Some(hint) = &failure.hint {
            self.say(format!("hint: {}", one_line(hint)));
        }
        if self.answered.load(Ordering::Relaxed) {
            return;
        }
        let error = json!({ "error": {
            "code": failure.code,
            "exit": failure.exit as u8,
            "error": failure.error,
            "because": failure.because,
            "hint": failure.hint,
        }});
        // The exit code says it as well.
        let _ = self.json(&error);
    }
}

/// A JSON answer with a long list, being written.
#[derive(Debug)]
pub struct JsonList<'a> {
    screen: &'a Screen,
    empty: bool,
}

impl JsonList<'_> {
    /// Writes the next item.
    ///
    /// # Errors
    /// As [`Screen::json`].
    pub fn item(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        if !self.screen.json {
            return Ok(());
        }
        let value = serde_json::to_value(value).map_err(Failure::bug)?.to_string();
        let comma = if std::mem::take(&mut self.empty) { "" } else { "," };
        stdout(&format!("{comma}{}", json_escape(&value)))
    }

    /// Ends the answer with its last members, at least one.
    ///
    /// # Errors
    /// As [`Screen::json`].
    pub fn end(self, last: &impl Serialize) -> Result<(), Failure> {
        if !self.screen.json {
            return Ok(());
        }
        let last = Value::Object(members(last)?).to_string();
        let last = last.strip_prefix('{').unwrap_or(&last);
        stdout(&format!("],{}\n", json_escape(last)))
    }
}

fn members(value: &impl Serialize) -> Result<Map<String, Value>, Failure> {
    match serde_json::to_value(value).map_err(Failure::bug)? {
        Value::Object(members) => Ok(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(Failure::bug("a JSON answer is not an object"))
        }
    }
}

fn stdout(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| {
        Failure::new(crate::Exit::File, "stdout", "the result could not be written to stdout")
            .because(error)
    })
}

#[cfg(test)]
#[path = "screen_tests.rs"]
mod tests;
