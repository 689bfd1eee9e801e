//! The transcripts: whose they are, how they follow each other, and which bundles their runs wrote.

use super::chain::{Chain, Link};
use super::order::no_twins;
use super::{Accepted, Report};
use crate::transcript;
use keyferry_bundle::kinds::Ended;
use keyferry_bundle::{Digest, Transcript};

const CHAIN: &str = "transcript.chain";

/// States everything about them.
pub(super) fn state(chain: &Chain, report: &mut Report) {
    for link in &chain.transcripts {
        signed(link, report);
    }
    let links = &chain.transcripts;
    let same = |a: &Link<Transcript>, b: &Link<Transcript>| body(a).serial == body(b).serial;
    let counter = |a: &Link<Transcript>, b: &Link<Transcript>| {
        same(a, b) && body(a).counter == body(b).counter
    };
    no_twins(CHAIN, links, counter, "has the same counter as", report);
    let previous = |a: &Link<Transcript>, b: &Link<Transcript>| {
        let (a_previous, b_previous) = (body(a).previous, body(b).previous);
        same(a, b) && !counter(a, b) && a_previous.is_some() && a_previous == b_previous
    };
    no_twins(CHAIN, links, previous, "follows the same transcript as", report);
    for link in links {
        before(chain, link, report);
        missing(chain, link, report);
    }
    about(chain, report);
    unrecorded(chain, report);
}

const fn body(link: &Link<Transcript>) -> &Transcript {
    link.bundle.body()
}

fn signed(link: &Link<Transcript>, report: &mut Report) {
    let body = body(link);
    let ended = match body.ended {
        Ended::Done => "was done",
        Ended::Failed => "failed",
        Ended::Declined => "was declined",
    };
    let part = if body.parts == 1 {
        String::new()
    } else {
        format!(", part {} of {},", body.part, body.parts)
    };
    let sentence = format!(
        "the HSM signed transcript {}{part} of a run that {ended}: {} lines of what was shown, asked and typed",
        body.counter,
        body.lines.len()
    );
    report.holds_that("transcript.signed", &link.file, sentence);
}

/// Resolves `previous` against the folder: another transcript in its place is refused, none leaves the claim open.
fn before(chain: &Chain, link: &Link<Transcript>, report: &mut Report) {
    let body = body(link);
    let Some(previous) = body.previous else {
        let first = "is the first of this HSM that its room remembers";
        return report.holds_that(CHAIN, &link.file, first);
    };
    let number = body.counter.saturating_sub(1);
    let mut others = chain.transcripts.iter();
    if let Some(named) = others.clone().find(|other| other.bundle.digest() == previous) {
        return match transcript::check_follows(named.bundle.body(), body) {
            Ok(()) => report.holds_that(CHAIN, &link.file, format!("follows {}", named.file)),
            Err(refusal) => report.refuses_bundle(CHAIN, &link.file, &refusal),
        };
    }
    let numbered = others.find(|other| {
        let other = other.bundle.body();
        other.serial == body.serial && other.counter == number
    });
    if let Some(other) = numbered {
        let problem = format!("names another transcript {number} than {}", other.file);
        report.refuses(CHAIN, &link.file, problem);
    } else {
        let sentence = format!("transcript {number}, which it follows, is kept elsewhere");
        report.leaves_open(CHAIN, &link.file, sentence);
    }
}

/// What must have been there and is not: runs before it, as the room counted them, and a run's next part.
fn missing(chain: &Chain, link: &Link<Transcript>, report: &mut Report) {
    let body = body(link);
    if body.unrecorded > 0 {
        let sentence = format!("{} run(s) before it left no transcript", body.unrecorded);
        report.leaves_open("transcript.unrecorded", &link.file, sentence);
    }
    let follows =
        |other: &Link<Transcript>| other.bundle.body().previous == Some(link.bundle.digest());
    if body.part < body.parts && !chain.transcripts.iter().any(follows) {
        let sentence = format!("part {} of {} is not here", body.part + 1, body.parts);
        report.leaves_open("transcript.part", &link.file, sentence);
    }
}

/// The bundles that each run wrote.
fn about(chain: &Chain, report: &mut Report) {
    let id = "transcript.about";
    let bundles: Vec<_> = chain.bundles().iter().map(Accepted::outline).collect();
    let file = |digest: &Digest| {
        bundles.iter().find(|known| known.digest == *digest).map(|known| known.file)
    };
    for link in &chain.transcripts {
        let digests = &body(link).about;
        let here: Vec<&str> = digests.iter().filter_map(file).collect();
        if !here.is_empty() {
            report.holds_that(id, &link.file, format!("its run wrote {}", here.join(", ")));
        }
        for digest in digests.iter().filter(|digest| file(digest).is_none()) {
            let sentence = format!("a bundle that its run wrote is not here; digest {digest}");
            report.leaves_open(id, &link.file, sentence);
        }
    }
}

/// Responses without a transcript.
fn unrecorded(chain: &Chain, report: &mut Report) {
    for response in &chain.responses {
        let digest = response.bundle.digest();
        let names = |link: &Link<Transcript>| link.bundle.body().about.contains(&digest);
        if !chain.transcripts.iter().any(names) {
            let sentence = "the transcript of the run that wrote it is not here";
            report.leaves_open("response.recorded", &response.file, sentence);
        }
    }
}
