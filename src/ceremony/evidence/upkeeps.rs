//! What was done with an HSM outside of ceremonies: whose records these are, how they follow each other, and what they say of copies,
//! plans and responses that are here.

use super::Report;
use super::chain::{Chain, Link};
use super::order::{no_twins, predecessors};
use keyferry_bundle::kinds::{Made, UpkeepObject, Work};
use keyferry_bundle::{Digest, ObjectId, Response, Upkeep, Verified};

const CHAIN: &str = "upkeep.chain";
/// The claim about what was put back.
pub(super) const SOURCE: &str = "upkeep.source";

/// States everything about them.
pub(super) fn state(chain: &Chain, report: &mut Report) {
    let links = &chain.upkeeps;
    for link in links {
        signed(link, report);
    }
    let same = |a: &Link<Upkeep>, b: &Link<Upkeep>| body(a).serial == body(b).serial;
    let counter =
        |a: &Link<Upkeep>, b: &Link<Upkeep>| same(a, b) && body(a).counter == body(b).counter;
    no_twins(CHAIN, links, counter, "has the same counter as", report);
    let previous = |a: &Link<Upkeep>, b: &Link<Upkeep>| {
        let (a_previous, b_previous) = (body(a).previous, body(b).previous);
        same(a, b) && !counter(a, b) && a_previous.is_some() && a_previous == b_previous
    };
    no_twins(CHAIN, links, previous, "follows the same record as", report);
    let place = |bundle: &Verified<Upkeep>| (bundle.body().counter, bundle.body().previous);
    predecessors(CHAIN, "record", links, place, same, report);
    let copies = copies(chain, str::to_owned);
    for object in put_back(chain, str::to_owned) {
        let named = copies.iter().find(|(digest, _)| *digest == object.source);
        object.state(named.map(|(_, copies)| copies), "kept elsewhere", report);
    }
    for link in links {
        given_up(chain, link, report);
    }
    for link in &chain.responses {
        restored(chain, link, report);
    }
}

const fn body(link: &Link<Upkeep>) -> &Upkeep {
    link.bundle.body()
}

fn signed(link: &Link<Upkeep>, report: &mut Report) {
    let body = body(link);
    let count = body.objects.len();
    let done = match body.work {
        Work::Backup => format!("{count} key materials were copied under the wrap key"),
        Work::Restore => format!("{count} key materials were put back, and proved to be the same"),
        Work::Drill => {
            format!("{count} key materials were put back, proved to be the same, and deleted again")
        }
        Work::Abort => format!("a plan was given up, and {count} key materials of it were deleted"),
    };
    let sentence = format!(
        "HSM {} and its witnesses signed record {}: {done}; it has {} objects afterwards",
        body.serial,
        body.counter,
        body.inventory.len()
    );
    report.holds_that("upkeep.signed", &link.file, sentence);
}

/// An object that was put back, and the bundle that names its copy.
#[derive(Debug)]
pub(super) struct PutBack {
    object_id: ObjectId,
    check_value: Digest,
    wrapped: Option<Digest>,
    pub(super) source: Digest,
    file: String,
}

/// The copies that a bundle names: of which object and key material.
#[derive(Debug)]
pub(super) struct Copies {
    file: String,
    of: Vec<(ObjectId, Digest, Option<Digest>)>,
}

/// Everything that was put back by the records of a folder.
pub(super) fn put_back(chain: &Chain, label: impl Fn(&str) -> String) -> Vec<PutBack> {
    let mut all = Vec::new();
    for link in &chain.upkeeps {
        for object in &body(link).objects {
            let UpkeepObject { object_id, check_value, wrapped, .. } = *object;
            let file = label(&link.file);
            all.extend(object.source.map(|source| PutBack {
                object_id,
                check_value,
                wrapped,
                source,
                file,
            }));
        }
    }
    all
}

/// The copies that the bundles of a folder name, each with the bundle's digest.
pub(super) fn copies(chain: &Chain, label: impl Fn(&str) -> String) -> Vec<(Digest, Copies)> {
    let backups = chain.backups.iter().map(|link| {
        let backup = link.bundle.body();
        let of = vec![(backup.object_id, backup.check_value, Some(backup.wrapped.sha256))];
        (link.bundle.digest(), Copies { file: label(&link.file), of })
    });
    let whole = chain.upkeeps.iter().filter(|link| body(link).work == Work::Backup).map(|link| {
        let of = body(link).objects.iter();
        let of = of.map(|one| (one.object_id, one.check_value, one.wrapped)).collect();
        (link.bundle.digest(), Copies { file: label(&link.file), of })
    });
    backups.chain(whole).collect()
}

impl PutBack {
    /// Holds it against the copies of the bundle that it names, where that is here; `elsewhere` says where it is not.
    pub(super) fn state(&self, copies: Option<&Copies>, elsewhere: &str, report: &mut Report) {
        let Self { object_id, check_value, wrapped, source, file } = self;
        let Some(copies) = copies else {
            let sentence = format!(
                "object {object_id}: the bundle that names its copy is {elsewhere}; digest {source}"
            );
            return report.leaves_open(SOURCE, file, sentence);
        };
        let other = &copies.file;
        if copies.of.contains(&(*object_id, *check_value, *wrapped)) {
            let sentence =
                format!("object {object_id}: its copy and its check value are those of {other}");
            return report.holds_that(SOURCE, file, sentence);
        }
        let problem = format!(
            "object {object_id}: {other}, which it names, has another copy or key material"
        );
        report.refuses(SOURCE, file, problem);
    }
}

/// Of a plan that was given up nothing was answered.
fn given_up(chain: &Chain, link: &Link<Upkeep>, report: &mut Report) {
    const CLAIM: &str = "upkeep.plan";
    let Some(plan) = body(link).plan else { return };
    let Some(given_up) = chain.plans.iter().find(|known| known.bundle.digest() == plan) else {
        let sentence = format!("the plan that was given up is kept elsewhere; digest {plan}");
        return report.leaves_open(CLAIM, &link.file, sentence);
    };
    let answer = chain.responses.iter().find(|response| response.bundle.body().plan == plan);
    match answer {
        None => {
            let sentence = format!("{} was given up, and nothing answers it", given_up.file);
            report.holds_that(CLAIM, &link.file, sentence);
        }
        Some(answer) => {
            let problem = format!("{} was given up, yet {} answers it", given_up.file, answer.file);
            report.refuses(CLAIM, &link.file, problem);
        }
    }
}

/// Key material that came back from a copy is said to have come back, and what is said to have come back did.
fn restored(chain: &Chain, link: &Link<Response>, report: &mut Report) {
    const CLAIM: &str = "response.restored";
    let response = link.bundle.body();
    for target in &response.targets {
        let puts_back = |upkeep: &&Link<Upkeep>| {
            let body = body(upkeep);
            body.serial == response.serial
                && body.work == Work::Restore
                && body.objects.iter().any(|object| {
                    (object.object_id, object.check_value) == (target.object_id, target.check_value)
                })
        };
        let record = chain.upkeeps.iter().find(puts_back);
        let name = &target.name;
        match (target.made, record) {
            (Made::Restored, Some(record)) => {
                let sentence = format!(
                    "target {name}: {} says how its key material came back into the HSM",
                    record.file
                );
                report.holds_that(CLAIM, &link.file, sentence);
            }
            (Made::Restored, None) => {
                let problem = format!(
                    "target {name}: its key material is said to be restored, and no record here says so"
                );
                report.refuses(CLAIM, &link.file, problem);
            }
            // It may have been lost and put back after this response: the log says which came first.
            (Made::Kept, Some(record)) => {
                let sentence = format!(
                    "target {name}: its key material is said to be kept, and {} put it back from a copy, before that or after",
                    record.file
                );
                report.leaves_open(CLAIM, &link.file, sentence);
            }
            (Made::Kept, None) | (Made::Generated | Made::Stored | Made::Resumed, _) => {}
        }
    }
}
