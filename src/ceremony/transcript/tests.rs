//! Which transcripts are accepted, what follows what, and that every part fits.

use super::{check_follows, in_parts};
use crate::Refusal;
use crate::testing::{Story, parse, time, told};
use keyferry_bundle::kinds::{Bundle as _, Line, LineKind};
use keyferry_bundle::{Digest, Environment, Serial, Shown, Transcript};
use proptest::prelude::*;

#[test]
fn a_transcript_is_of_this_device_and_signed_by_its_hsm() {
    let accepted = |spoil: fn(&mut Transcript)| {
        let mut story = Story::sound();
        spoil(&mut story.transcript);
        told(story.accept_transcript())
    };
    assert_eq!(accepted(|_| {}), "accepted");
    for (spoil, problem) in [
        ((|t| t.device = Digest::of(b"another")) as fn(&mut Transcript), "device: names"),
        (|t| t.serial = Serial::new(7), "serial: is 7"),
        (|t| t.environment = Environment::Production, "environment: is production"),
    ] {
        let told = accepted(spoil);
        assert!(told.contains(problem), "{told}");
    }
    let story = Story::sound();
    let (policy, device) = (story.accept_policy().unwrap(), story.accept_device().unwrap());
    for signers in [&["wendy"][..], &[]] {
        let bytes = crate::testing::signed(&story.transcript, signers);
        let told = told(super::accept(&policy, &device, &bytes));
        assert!(told.contains("hsm-signer needs 1 distinct holder(s)"), "{told}");
    }
}

/// Two parts of one run.
fn two_parts() -> [Transcript; 2] {
    let mut first = Story::sound().transcript;
    first.parts = 2;
    let mut second = first.clone();
    (second.counter, second.part) = (2, 2);
    [first, second]
}

#[test]
fn what_follows_is_the_next_part_or_the_next_run() {
    let follows = |before: &Transcript, after: &Transcript| {
        let outcome: Result<(), Refusal> = check_follows(before, after);
        told(outcome)
    };
    let [first, second] = two_parts();
    assert_eq!(follows(&first, &second), "accepted");
    let mut next = second.clone();
    (next.counter, next.part, next.parts) = (3, 1, 1);
    next.ended = keyferry_bundle::kinds::Ended::Declined;
    assert_eq!(follows(&second, &next), "accepted");
    assert!(follows(&first, &next).contains("counter: is 3, after transcript 1"));
    next.counter = 2;
    assert!(follows(&first, &next).contains("part: is 1, after part 1 of 2"));
    assert!(follows(&next, &second).contains("counter: is 2, after transcript 2"));
    let whole = Story::sound().transcript;
    assert!(follows(&whole, &second).contains("part: is 2, after part 1 of 1"));
    next.serial = Serial::new(7);
    assert!(follows(&first, &next).contains("serial: is 7"));
    for spoil in [
        (|t| t.created = time("2026-11-04T01:00:01Z")) as fn(&mut Transcript),
        |t| t.command = parse("another"),
        |t| t.program = parse("another"),
        |t| t.parts = 3,
        |t| t.about.clear(),
        |t| t.ended = keyferry_bundle::kinds::Ended::Failed,
        |t| t.device = Digest::of(b"another"),
    ] {
        let mut other = second.clone();
        spoil(&mut other);
        assert!(follows(&first, &other).contains("part: is of another run"), "{other:?}");
    }
}

/// The parts of a run, as bundles that a reader takes.
fn parts(lines: Vec<Line>) -> Vec<Transcript> {
    let mut run = Story::sound().transcript;
    run.about = (0..64_u8).map(|n| Digest::of(&[n])).collect();
    run.command = parse(&"\"".repeat(1024));
    let parts = in_parts(&run, lines).unwrap();
    let count = u32::try_from(parts.len()).unwrap();
    let bodies = (1..).zip(parts).map(|(part, lines)| {
        let (counter, previous) = (u32::MAX - 16 + part, Some(Digest::of(b"before")));
        Transcript { counter, previous, part, parts: count, lines, ..run.clone() }
    });
    let bodies: Vec<Transcript> = bodies.collect();
    for body in &bodies {
        body.to_envelope().unwrap();
    }
    bodies
}

fn lines(text: &str, count: usize) -> Vec<Line> {
    vec![Line { kind: LineKind::Answered, text: Shown::of(text) }; count]
}

#[test]
fn a_run_has_as_many_parts_as_its_lines_take() {
    for (text, count, expected) in [
        ("", 0, 1),
        ("", 1, 1),
        ("", 1023, 1),
        ("x", 1025, 2),
        (&*"x".repeat(80), 300, 1),
        (&"\\".repeat(1024), 200, 2),
    ] {
        let parts = parts(lines(text, count));
        assert_eq!(parts.len(), expected, "{count} of {text:?}");
        let held: usize = parts.iter().map(|part| part.lines.len()).sum();
        assert_eq!(held, count.max(1));
    }
}

#[test]
fn what_no_part_holds_is_counted_in_the_last_line() {
    for (text, count) in
        [("\\".repeat(1024), 4000), ("x".repeat(1024), 7000), (String::new(), 20_000)]
    {
        let parts = parts(lines(&text, count));
        assert_eq!(parts.len(), 16);
        let held: usize = parts.iter().map(|part| part.lines.len()).sum();
        let last = parts.last().unwrap().lines.last().unwrap();
        let more = count - (held - 1);
        let told = format!("({more} more lines were shown and are not here)");
        assert_eq!(last.text.as_str(), told);
        assert!(more > 0);
    }
}

proptest! {
    #[test]
    fn no_line_is_lost_between_parts(texts in prop::collection::vec("[ -~]{0,1024}|\"{900,1024}", 0..120)) {
        let lines: Vec<Line> = texts
            .iter()
            .map(|text| Line { kind: LineKind::Said, text: Shown::of(text) })
            .collect();
        let parts = parts(lines.clone());
        let held: Vec<Line> = parts.into_iter().flat_map(|part| part.lines).collect();
        if lines.is_empty() {
            prop_assert_eq!(held.len(), 1);
        } else {
            prop_assert_eq!(held, lines);
        }
    }
}
