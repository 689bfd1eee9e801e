//! Plans, logs, transcripts and records of upkeep that follow each other from folder to folder.

use super::label;
use super::places::{Occupant, Place};
use crate::evidence::chain::Chain;
use crate::evidence::{Report, Standing};
use crate::{log, transcript};
use keyferry_bundle::kinds::LogHead;
use keyferry_bundle::{Digest, Serial};
use std::sync::Arc;

/// Bundles that are numbered together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Series {
    /// The plans for an HSM.
    Plans(Serial),
    /// The requests for a plan.
    Requests(Digest),
    /// The logs of an HSM, over its device bundles.
    Logs(Serial),
    /// The transcripts of an HSM.
    Transcripts(Serial),
    /// The records of what was done with an HSM outside of ceremonies.
    Upkeeps(Serial),
}

impl Series {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Plans(_) => "plan",
            Self::Requests(_) => "request",
            Self::Logs(_) => "log",
            Self::Transcripts(_) => "transcript",
            Self::Upkeeps(_) => "record",
        }
    }

    /// The claim that a number is taken once.
    pub(super) const fn counter(self) -> &'static str {
        match self {
            Self::Plans(_) => "plan.counter",
            Self::Requests(_) => "request.counter",
            Self::Logs(_) => "log.counter",
            Self::Transcripts(_) => "transcript.chain",
            Self::Upkeeps(_) => "upkeep.chain",
        }
    }

    /// The claim about what it follows.
    pub(super) const fn previous(self) -> &'static str {
        match self {
            Self::Plans(_) => "plan.previous",
            Self::Requests(_) => "request.previous",
            Self::Logs(_) => "log.start",
            Self::Transcripts(_) => "transcript.chain",
            Self::Upkeeps(_) => "upkeep.chain",
        }
    }
}

/// A plan, a log, a transcript or a record.
#[derive(Debug)]
pub(super) struct Member {
    series: Series,
    counter: u32,
    /// Where a log ends.
    ends: Option<LogHead>,
    /// Which part of a run comes next, where a transcript has several.
    next: u32,
    /// What the parts of a transcript's run have in common.
    run: Option<Digest>,
    file: Arc<str>,
}

/// One whose predecessor is not in its folder.
#[derive(Debug)]
pub(super) struct Follower {
    pub(super) series: Series,
    counter: u32,
    pub(super) previous: Digest,
    /// Where a log begins, if it says so.
    begins: Option<LogHead>,
    /// Which part of a run a transcript is.
    part: u32,
    /// What the parts of a transcript's run have in common; a log's device bundle.
    run: Option<Digest>,
    file: Arc<str>,
}

/// The plans, logs, transcripts and records of a folder.
pub(super) fn members(folder: &str, chain: &Chain) -> Vec<(Digest, Member)> {
    let plans = chain.plans.iter().filter_map(|link| {
        let series = Series::Plans(chain.device_of(link).ok()?.bundle.body().serial);
        let (counter, file) = (link.bundle.body().counter, label(folder, &link.file));
        Some((
            link.bundle.digest(),
            Member { series, counter, ends: None, next: 1, run: None, file },
        ))
    });
    let logs = chain.logs.iter().map(|link| {
        let body = link.bundle.body();
        let (series, file) = (Series::Logs(body.serial), label(folder, &link.file));
        let ends = log::last(body);
        (
            link.bundle.digest(),
            Member { series, counter: body.counter, ends, next: 1, run: None, file },
        )
    });
    let transcripts = chain.transcripts.iter().map(|link| {
        let body = link.bundle.body();
        let (series, file) = (Series::Transcripts(body.serial), label(folder, &link.file));
        let next = transcript::next_part(body);
        let (counter, run) = (body.counter, Some(transcript::run_digest(body)));
        (link.bundle.digest(), Member { series, counter, ends: None, next, run, file })
    });
    let upkeeps = chain.upkeeps.iter().map(|link| {
        let body = link.bundle.body();
        let (series, file) = (Series::Upkeeps(body.serial), label(folder, &link.file));
        let counter = body.counter;
        (link.bundle.digest(), Member { series, counter, ends: None, next: 1, run: None, file })
    });
    plans.chain(logs).chain(transcripts).chain(upkeeps).collect()
}

/// Those of a folder whose predecessor is not in it. That it is elsewhere is no longer told of the folder.
pub(super) fn followers(folder: &str, chain: &Chain, report: &mut Report) -> Vec<Follower> {
    let plans = chain.plans.iter().filter_map(|link| {
        let series = Series::Plans(chain.device_of(link).ok()?.bundle.body().serial);
        let (body, file) = (link.bundle.body(), link.file.as_str());
        Some((series, body.counter, body.previous?, None, (1, None), file))
    });
    let logs = chain.logs.iter().filter_map(|link| {
        let (body, file) = (link.bundle.body(), link.file.as_str());
        Some((
            Series::Logs(body.serial),
            body.counter,
            body.previous?,
            body.from,
            (1, Some(body.device)),
            file,
        ))
    });
    let transcripts = chain.transcripts.iter().filter_map(|link| {
        let (body, file) = (link.bundle.body(), link.file.as_str());
        let series = Series::Transcripts(body.serial);
        let part = (body.part, Some(transcript::run_digest(body)));
        Some((series, body.counter, body.previous?, None, part, file))
    });
    let upkeeps = chain.upkeeps.iter().filter_map(|link| {
        let (body, file) = (link.bundle.body(), link.file.as_str());
        let series = Series::Upkeeps(body.serial);
        Some((series, body.counter, body.previous?, None, (1, None), file))
    });
    let mut followers = Vec::new();
    for (series, counter, previous, begins, (part, run), file) in
        plans.chain(logs).chain(transcripts).chain(upkeeps)
    {
        let told = report.claims.extract_if(.., |claim| {
            claim.id == series.previous() && claim.file == file && claim.standing == Standing::Open
        });
        // A log after a gap does not say where it begins.
        let gap = matches!(series, Series::Logs(_)) && begins.is_none();
        if told.count() > 0 || gap {
            let file = label(folder, file);
            followers.push(Follower { series, counter, previous, begins, part, run, file });
        }
    }
    followers
}

impl Follower {
    /// Where what it follows would be.
    pub(super) fn place(&self) -> Place {
        match (self.series, self.run) {
            (Series::Logs(_), Some(device)) => Place::Log(device, self.before()),
            (series, _) => Place::Member(series, self.before()),
        }
    }

    /// The number of what it follows.
    pub(super) const fn before(&self) -> u32 {
        self.counter.saturating_sub(1)
    }

    /// Says how it stands with the bundle that it names, and with the one of the number before.
    pub(super) fn settle(
        &self,
        named: Option<&Member>,
        numbered: Option<&Occupant>,
        report: &mut Report,
    ) {
        let (id, file, word) = (self.series.previous(), &self.file, self.series.word());
        let before = self.before();
        match (named, numbered) {
            (Some(named), _) if (named.series, named.counter) == (self.series, before) => {
                self.joins(named, report);
            }
            (Some(named), _) => {
                let problem = format!("names {} as {word} {before}, which it is not", named.file);
                report.refuses(id, file, problem);
            }
            (None, Some(other)) => {
                let problem = format!("names another {word} {before} than {}", other.file);
                report.refuses(id, file, problem);
            }
            (None, None) => match (self.series, self.begins) {
                (Series::Logs(_), None) => {}
                (Series::Logs(_), Some(from)) => {
                    let sentence = format!(
                        "begins after entry {}, where log {before} ended, which is in none of these folders",
                        from.number
                    );
                    report.leaves_open(id, file, sentence);
                }
                (
                    Series::Plans(_)
                    | Series::Requests(_)
                    | Series::Transcripts(_)
                    | Series::Upkeeps(_),
                    _,
                ) => {
                    let sentence =
                        format!("{word} {before}, which it follows, is in none of these folders");
                    report.leaves_open(id, file, sentence);
                }
            },
        }
    }

    fn joins(&self, named: &Member, report: &mut Report) {
        let (id, file, other) = (self.series.previous(), &self.file, &named.file);
        match (self.series, self.begins) {
            (Series::Logs(_), Some(from)) if Some(from) != named.ends => {
                let number = from.number;
                let problem =
                    format!("begins after an entry {number} that is not where {other} ends");
                report.refuses(id, file, problem);
            }
            (Series::Logs(_), Some(_)) => {
                report.holds_that(id, file, format!("begins where {other} ends"));
            }
            // After a gap: that is told of its folder.
            (Series::Logs(_), None) => {}
            (Series::Transcripts(_), _) if self.part != named.next => {
                let (part, next) = (self.part, named.next);
                let problem =
                    format!("is part {part} of a run, but {other} goes on with part {next}");
                report.refuses(id, file, problem);
            }
            (Series::Transcripts(_), _) if self.part > 1 && self.run != named.run => {
                let problem = format!("is of another run than {other}, the part before it");
                report.refuses(id, file, problem);
            }
            (
                Series::Plans(_)
                | Series::Requests(_)
                | Series::Transcripts(_)
                | Series::Upkeeps(_),
                _,
            ) => {
                report.holds_that(id, file, format!("follows {other}"));
            }
        }
    }
}
