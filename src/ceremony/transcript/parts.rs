//! A run's lines in as many parts as they need.

use keyferry_bundle::envelope::MAX_PAYLOAD_BYTES;
use keyferry_bundle::kinds::{Line, LineKind};
use keyferry_bundle::{Digest, Shown, Transcript, json};

/// Divides a run's lines into parts that a bundle holds, each as large as may be; `run` is any of them, of whatever lines. Should a run
/// have shown more than all parts hold, the last line says how many lines are not there.
///
/// # Errors
/// None that a transcript can cause; the encoder's signature asks for it.
pub fn in_parts(run: &Transcript, lines: Vec<Line>) -> Result<Vec<Vec<Line>>, String> {
    let room = MAX_PAYLOAD_BYTES.saturating_sub(frame(run)?);
    let most = usize::try_from(Transcript::MAX_PARTS).unwrap_or(usize::MAX);
    let mut parts = Parts { room, full: Vec::new(), last: Vec::new(), size: 0 };
    let mut lines = lines.into_iter();
    while let Some(line) = lines.next() {
        if let Some(line) = parts.add(line)? {
            if parts.full.len() + 1 == most {
                parts.give_up(lines.len() + 1)?;
                break;
            }
            parts.turn();
            parts.add(line)?;
        }
    }
    if parts.last.is_empty() {
        parts.add(said("(nothing was shown)"))?;
    }
    parts.turn();
    Ok(parts.full)
}

/// The most bytes of everything around the lines.
fn frame(run: &Transcript) -> Result<usize, String> {
    let widest = Transcript {
        counter: u32::MAX,
        previous: Some(Digest::of(b"")),
        unrecorded: u32::MAX,
        part: Transcript::MAX_PARTS,
        parts: Transcript::MAX_PARTS,
        lines: Vec::new(),
        ..run.clone()
    };
    json::encode(&widest).map(|bytes| bytes.len())
}

fn said(text: &str) -> Line {
    Line { kind: LineKind::Said, text: Shown::of(text) }
}

/// A line and the comma after it.
fn size(line: &Line) -> Result<usize, String> {
    json::encode(line).map(|bytes| bytes.len() + 1)
}

struct Parts {
    room: usize,
    full: Vec<Vec<Line>>,
    last: Vec<Line>,
    size: usize,
}

impl Parts {
    /// Adds a line to the last part, or gives it back.
    fn add(&mut self, line: Line) -> Result<Option<Line>, String> {
        let size = self.size + size(&line)?;
        if size > self.room || self.last.len() == Transcript::MAX_LINES {
            return Ok(Some(line));
        }
        self.size = size;
        self.last.push(line);
        Ok(None)
    }

    /// Begins the next part.
    fn turn(&mut self) {
        self.full.push(std::mem::take(&mut self.last));
        self.size = 0;
    }

    /// Says how many lines are not there, in place of the last ones where it must be.
    fn give_up(&mut self, mut more: usize) -> Result<(), String> {
        loop {
            let told = said(&format!("({more} more lines were shown and are not here)"));
            if self.add(told)?.is_none() {
                return Ok(());
            }
            let Some(line) = self.last.pop() else { return Ok(()) };
            self.size -= size(&line)?;
            more += 1;
        }
    }
}
