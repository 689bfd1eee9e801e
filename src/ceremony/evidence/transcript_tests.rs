//! What is said of transcripts: tampered with, reordered, missing, forked.

use super::{Across, File, Pins, Report, Shared, Standing, examine};
use crate::testing::{Story, digest_of, signed};
use keyferry_bundle::kinds::Ended;
use keyferry_bundle::{Digest, Serial, Transcript};

/// The transcript of a run after that one, which was declined.
fn next(before: &Transcript) -> Transcript {
    Transcript {
        counter: before.counter + 1,
        previous: Some(digest_of(before)),
        about: vec![],
        ended: Ended::Declined,
        ..before.clone()
    }
}

/// What the sound story's folder shows with these transcripts instead of its own.
fn with(transcripts: &[&Transcript]) -> Report {
    let mut folder = Story::sound().folder();
    folder.retain(|file| !file.name.starts_with("transcript"));
    for (index, body) in transcripts.iter().enumerate() {
        let name = format!("t{index}.json");
        folder.push(File { name, bytes: signed(*body, &["hsm"]) });
    }
    examine(&folder, &Pins::none())
}

/// How that claim about that file stands, and its sentences.
fn stands(report: &Report, id: &str, file: &str) -> Vec<(Standing, String)> {
    let of = report.claims.iter().filter(|claim| claim.id == id && claim.file == file);
    of.map(|claim| (claim.standing, claim.sentence.clone())).collect()
}

#[track_caller]
fn says(report: &Report, id: &str, file: &str, standing: Standing, text: &str) {
    let found = stands(report, id, file);
    let said = found.iter().any(|(stands, told)| *stands == standing && told.contains(text));
    assert!(said, "{id} of {file}: {standing:?} {text:?} is not in {found:?}");
    assert_eq!(report.holds(), !matches!(standing, Standing::Refused | Standing::NotAllowed));
}

const CHAIN: &str = "transcript.chain";

#[test]
fn transcripts_follow_each_other() {
    let first = Story::sound().transcript;
    let second = next(&first);
    let third = next(&second);
    // Files come in whatever order.
    let report = with(&[&third, &first, &second]);
    for (file, text) in [
        ("t1.json", "is the first"),
        ("t2.json", "follows t1.json"),
        ("t0.json", "follows t2.json"),
    ] {
        says(&report, CHAIN, file, Standing::Holds, text);
    }
    says(
        &report,
        "transcript.about",
        "t1.json",
        Standing::Holds,
        "backup-payments.json, log.json, response.json",
    );
    says(&report, "transcript.signed", "t2.json", Standing::Holds, "of a run that was declined");
    assert_eq!(stands(&report, "transcript.about", "t2.json"), []);
    assert_eq!(stands(&report, "response.recorded", "response.json"), []);
}

#[test]
fn a_missing_transcript_is_a_gap_that_shows() {
    let first = Story::sound().transcript;
    let second = next(&first);
    let third = next(&second);
    let report = with(&[&first, &third]);
    says(
        &report,
        CHAIN,
        "t1.json",
        Standing::Open,
        "transcript 2, which it follows, is kept elsewhere",
    );
    let report = with(&[&second]);
    says(&report, CHAIN, "t0.json", Standing::Open, "transcript 1, which it follows");
    says(&report, "response.recorded", "response.json", Standing::Open, "is not here");
    let mut elsewhere = first;
    elsewhere.about.push(Digest::of(b"another response"));
    let report = with(&[&elsewhere]);
    says(&report, "transcript.about", "t0.json", Standing::Open, "is not here; digest");
    assert_eq!(stands(&report, "transcript.about", "t0.json").len(), 2);
}

#[test]
fn runs_that_left_no_transcript_are_told() {
    let mut first = Story::sound().transcript;
    first.unrecorded = 1;
    let mut second = next(&first);
    second.unrecorded = 2;
    let report = with(&[&first, &second]);
    let id = "transcript.unrecorded";
    says(&report, id, "t0.json", Standing::Open, "1 run(s) before it left no transcript");
    says(&report, id, "t1.json", Standing::Open, "2 run(s) before it left no transcript");
    says(&report, CHAIN, "t1.json", Standing::Holds, "follows t0.json");
}

#[test]
fn forked_and_reordered_transcripts_are_refused() {
    let first = Story::sound().transcript;
    let second = next(&first);
    let mut twin = second.clone();
    twin.ended = Ended::Done;
    let report = with(&[&first, &second, &twin]);
    says(&report, CHAIN, "t2.json", Standing::Refused, "has the same counter as t1.json");
    let mut skipping = second.clone();
    skipping.counter = 3;
    let report = with(&[&first, &skipping]);
    says(&report, CHAIN, "t1.json", Standing::Refused, "counter: is 3, after transcript 1");
    let report = with(&[&first, &second, &skipping]);
    says(&report, CHAIN, "t2.json", Standing::Refused, "follows the same transcript as t1.json");
    let mut stranger = second.clone();
    stranger.previous = Some(Digest::of(b"another transcript 1"));
    let report = with(&[&first, &stranger]);
    says(&report, CHAIN, "t1.json", Standing::Refused, "names another transcript 1 than t0.json");
}

#[test]
fn parts_of_a_run_are_held_together() {
    let mut first = Story::sound().transcript;
    first.parts = 2;
    let mut second = next(&first);
    (second.part, second.about, second.ended) = (2, first.about.clone(), first.ended);
    let report = with(&[&first, &second]);
    says(&report, CHAIN, "t1.json", Standing::Holds, "follows t0.json");
    says(&report, "transcript.signed", "t1.json", Standing::Holds, "transcript 2, part 2 of 2, of");
    let report = with(&[&first]);
    says(&report, "transcript.part", "t0.json", Standing::Open, "part 2 of 2 is not here");
    second.ended = Ended::Failed;
    let report = with(&[&first, &second]);
    says(&report, CHAIN, "t1.json", Standing::Refused, "is of another run than the part before it");
}

#[test]
fn a_transcript_of_another_hsm_or_of_nobody_is_refused() {
    let mut other = Story::sound().transcript;
    other.serial = Serial::new(7);
    let report = with(&[&other]);
    says(&report, "transcript.signed", "t0.json", Standing::Refused, "serial: is 7");
    let story = Story::sound();
    let mut folder = story.folder();
    let file = folder.iter_mut().find(|file| file.name == "transcript-1.json").unwrap();
    file.bytes = signed(&story.transcript, &["wendy"]);
    let report = examine(&folder, &Pins::none());
    let told = "hsm-signer needs 1 distinct holder(s)";
    says(&report, "transcript.signed", "transcript-1.json", Standing::NotAllowed, told);
}

/// Two folders with these transcripts beside the same ceremony's other bundles, and what they say of each other.
fn in_two_folders(first: &Transcript, second: &Transcript) -> (Vec<Report>, Report) {
    let story = Story::sound();
    let shared_files: Vec<File> =
        story.folder().into_iter().filter(|file| Shared::takes(&file.bytes)).collect();
    let shared = Shared::examine(&shared_files, &[], &Pins::none());
    let mut across = Across::default();
    let mut reports = Vec::new();
    for (folder, body) in [("a", first), ("b", second)] {
        let file = File { name: "transcript.json".to_owned(), bytes: signed(body, &["hsm"]) };
        let (mut report, chain) = shared.examine_ceremony(&[file], &Pins::none());
        across.take_in(folder, &chain, &mut report);
        reports.push(report);
    }
    let between = across.settle(&shared);
    (reports, between)
}

#[test]
fn transcripts_follow_each_other_from_folder_to_folder() {
    let first = Story::sound().transcript;
    let second = next(&first);
    let (of, from) = ("b/transcript.json", "transcript.json");
    let (reports, between) = in_two_folders(&first, &second);
    says(&between, CHAIN, of, Standing::Holds, "follows a/transcript.json");
    assert_eq!(stands(&reports[1], CHAIN, from), []);
    // A copy of the very same is no fork, another one of its number is.
    let (reports, _) = in_two_folders(&first, &first);
    says(&reports[1], CHAIN, from, Standing::Holds, "is the first");
    let mut twin = first.clone();
    twin.ended = Ended::Failed;
    let (reports, _) = in_two_folders(&first, &twin);
    says(&reports[1], CHAIN, from, Standing::Refused, "has the same counter as a/transcript.json");
    let mut skipping = second.clone();
    skipping.counter = 3;
    let (_, between) = in_two_folders(&first, &skipping);
    let told = "names a/transcript.json as transcript 2, which it is not";
    says(&between, CHAIN, of, Standing::Refused, told);
    let (reports, _) = in_two_folders(&second, &skipping);
    let told = "follows the same transcript as a/transcript.json";
    says(&reports[1], CHAIN, from, Standing::Refused, told);
    let mut stranger = second.clone();
    stranger.previous = Some(Digest::of(b"another transcript 1"));
    let (_, between) = in_two_folders(&first, &stranger);
    says(
        &between,
        CHAIN,
        of,
        Standing::Refused,
        "names another transcript 1 than a/transcript.json",
    );
    let (_, between) = in_two_folders(&second, &next(&next(&second)));
    says(&between, CHAIN, of, Standing::Open, "transcript 3, which it follows, is in none");
    // A run's parts may lie apart, but none is left out.
    let mut part = first.clone();
    part.parts = 2;
    let (_, between) = in_two_folders(&part, &next(&part));
    let told = "is part 1 of a run, but a/transcript.json goes on with part 2";
    says(&between, CHAIN, of, Standing::Refused, told);
    let mut other = next(&part);
    other.part = 2;
    let (_, between) = in_two_folders(&part, &other);
    let told = "is of another run than a/transcript.json, the part before it";
    says(&between, CHAIN, of, Standing::Refused, told);
    let mut rest = other;
    (rest.about, rest.ended) = (part.about.clone(), part.ended);
    let (reports, between) = in_two_folders(&part, &rest);
    says(&between, CHAIN, of, Standing::Holds, "follows a/transcript.json");
    says(&reports[0], "transcript.part", from, Standing::Open, "part 2 of 2 is not here");
}
