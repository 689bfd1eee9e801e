//! What was shown, asked and typed, as lines: what a transcript is made of. It is off until somebody switches it on.
//!
//! Secrets cannot get in: the recorder takes lines that were on the screen and questions that were asked, and nothing here takes what a
//! person answered but [`Recorder::answered`], which gets the words that the program itself had asked for.

use keyferry_bundle::Shown;
use keyferry_bundle::kinds::{Line, LineKind, Transcript};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most lines that are kept: as many as one run's transcript may have, less the one that tells how many there were more.
const MAX_LINES: usize = Transcript::MAX_LINES * Transcript::MAX_PARTS as usize - 1;

/// One recording, shared by everything that shows and asks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Option<Recording>>>);

/// What was recorded.
#[derive(Debug, Default)]
struct Recording {
    lines: Vec<Line>,
    /// Lines beyond the last that is kept.
    more: usize,
}

impl Recorder {
    fn recording(&self) -> MutexGuard<'_, Option<Recording>> {
        // Whoever panicked with it had added whole lines or none.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins, with nothing.
    pub(crate) fn begin(&self) {
        *self.recording() = Some(Recording::default());
    }

    /// Ends, and gives back what was recorded; nothing where it never began.
    pub(crate) fn end(&self) -> Vec<Line> {
        let Some(Recording { mut lines, more }) = self.recording().take() else {
            return Vec::new();
        };
        if more > 0 {
            let text = Shown::of(&format!("({more} more lines were shown and are not here)"));
            lines.push(Line { kind: LineKind::Said, text });
        }
        lines
    }

    /// Lines that were shown, as they were shown.
    pub(crate) fn said(&self, shown: &str) {
        self.add(LineKind::Said, shown);
    }

    /// A question for something that is typed in the open.
    pub(crate) fn asked(&self, question: &str) {
        self.add(LineKind::Asked, question);
    }

    /// That the words were typed that the program had asked for.
    pub(crate) fn answered(&self, expected: &str) {
        self.add(LineKind::Answered, expected);
    }

    /// That something else was typed. What it was is not recorded: it may be a secret in the wrong place.
    pub(crate) fn answered_otherwise(&self) {
        self.add(LineKind::Answered, "(something else, which is not recorded)");
    }

    /// That a secret was asked for and given.
    pub(crate) fn secret_given(&self, question: &str) {
        self.add(LineKind::Secret, question);
    }

    fn add(&self, kind: LineKind, text: &str) {
        let mut recording = self.recording();
        let Some(Recording { lines, more }) = recording.as_mut() else { return };
        // An empty text is an empty line.
        let count = text.split('\n').count();
        let room = MAX_LINES.saturating_sub(lines.len());
        let kept = text.split('\n').take(room);
        lines.extend(kept.map(|line| Line { kind, text: Shown::of(&crate::escape(line)) }));
        *more += count.saturating_sub(room);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(recorder: &Recorder) -> Vec<(LineKind, String)> {
        recorder.end().into_iter().map(|line| (line.kind, line.text.into())).collect()
    }

    #[test]
    fn nothing_is_recorded_before_it_begins_and_after_it_ends() {
        let recorder = Recorder::default();
        recorder.said("before");
        assert_eq!(recorder.end(), []);
        recorder.begin();
        recorder.clone().said("one\n\ntwo");
        recorder.asked("who?");
        recorder.secret_given("Password");
        let said = |text: &str| (LineKind::Said, text.to_owned());
        let expected = [
            said("one"),
            said(""),
            said("two"),
            (LineKind::Asked, "who?".to_owned()),
            (LineKind::Secret, "Password".to_owned()),
        ];
        assert_eq!(texts(&recorder), expected);
        recorder.said("after");
        assert_eq!(recorder.end(), []);
    }

    #[test]
    fn what_is_too_much_is_counted_in_the_last_line() {
        let recorder = Recorder::default();
        recorder.begin();
        for _ in 0..MAX_LINES {
            recorder.said("a line");
        }
        recorder.said("two\nmore");
        recorder.asked("and a question");
        let lines = texts(&recorder);
        assert_eq!(lines.len(), MAX_LINES + 1);
        let last = "(3 more lines were shown and are not here)";
        assert_eq!(lines.last(), Some(&(LineKind::Said, last.to_owned())));
    }

    proptest! {
        #[test]
        fn whatever_is_recorded_is_lines_of_printable_ascii(text in any::<String>(), long in 0..2000_usize) {
            let recorder = Recorder::default();
            recorder.begin();
            recorder.said(&text);
            recorder.asked(&"x".repeat(long));
            for line in recorder.end() {
                prop_assert_eq!(line.text.as_str().parse::<Shown>(), Ok(line.text));
            }
        }
    }
}
