//! How far long work is, on a terminal.

use crate::escape::one_line;
use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// How often the line is written anew.
const PACE: Duration = Duration::from_millis(100);

/// A line on stderr that says how far some work is. Nothing where stderr is no terminal; nothing of it stays.
#[derive(Debug)]
pub struct Progress {
    what: &'static str,
    of: usize,
    terminal: bool,
    text: String,
    /// Columns that are written now.
    width: usize,
    last: Option<Instant>,
}

impl Progress {
    /// For so many pieces of work, each called `what`.
    #[must_use]
    pub fn new(what: &'static str, of: usize) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { what, of, terminal, text: String::new(), width: 0, last: None }
    }

    /// Says which piece is being worked on, from 1.
    pub fn at(&mut self, piece: usize) {
        self.text = one_line(&format!("{} {piece} of {}", self.what, self.of));
        if self.terminal && self.last.is_none_or(|last| last.elapsed() >= PACE) {
            self.last = Some(Instant::now());
            write(&self.next());
        }
    }

    /// Writes something else on stdout: above the line, where both are on one terminal.
    pub fn above<T>(&mut self, write_it: impl FnOnce() -> T) -> T {
        if self.width == 0 || !std::io::stdout().is_terminal() {
            return write_it();
        }
        write(&self.blank());
        let outcome = write_it();
        write(&self.next());
        outcome
    }

    /// The line, over the one before.
    fn next(&mut self) -> String {
        let before = std::mem::replace(&mut self.width, self.text.len());
        format!("\r{:before$}", self.text)
    }

    fn blank(&mut self) -> String {
        format!("\r{:1$}\r", "", std::mem::take(&mut self.width))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.width > 0 {
            write(&self.blank());
        }
    }
}

/// A closed stderr leaves nobody to tell.
fn write(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_covers_the_one_before() {
        let mut progress = Progress::new("ceremony", 1000);
        progress.terminal = false;
        let mut next = |piece| {
            progress.at(piece);
            progress.next()
        };
        assert_eq!(next(1000), "\rceremony 1000 of 1000");
        assert_eq!(next(2), "\rceremony 2 of 1000   ");
        assert_eq!(next(3), "\rceremony 3 of 1000");
        assert_eq!(progress.blank(), "\r                  \r");
    }
}
