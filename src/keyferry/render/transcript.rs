//! A transcript's page: what a run showed, asked and was answered, as the room saw it.

use super::{Page, ceremony};
use keyferry_bundle::Transcript;
use keyferry_bundle::kinds::{Ended, Line};

pub(super) fn page(transcript: &Transcript) -> Page {
    let ended = match transcript.ended {
        Ended::Done => "was done",
        Ended::Failed => "failed",
        Ended::Declined => "was declined",
    };
    let mut page = Page::new(format!(
        "transcript {} of a run that {ended}, for {}",
        transcript.counter, transcript.environment
    ));
    page.row("made", transcript.created);
    page.row("HSM serial", transcript.serial);
    page.row("program", &transcript.program);
    page.row("command", &transcript.command);
    if transcript.parts > 1 {
        page.row("part", format!("{} of {}", transcript.part, transcript.parts));
    }
    if transcript.unrecorded > 0 {
        page.row("runs without one", format!("{} before it", transcript.unrecorded));
    }
    for digest in &transcript.about {
        page.row("wrote bundle", digest);
    }
    page.row("device", transcript.device);
    ceremony::previous(&mut page, transcript.previous);
    for lines in transcript.lines.chunk_by(|a, b| a.kind == b.kind) {
        page.row(lines.first().map_or("", |line| line.kind.as_str()), joined(lines));
    }
    page
}

/// Lines of one kind that stand below each other.
fn joined(lines: &[Line]) -> String {
    lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n")
}
