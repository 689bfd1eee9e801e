//! What was done with an HSM outside of ceremonies: whose records these are, how they follow each other, and what they say of copies,
//! plans and responses that are here.

use super::Report;
use super::chain::{Chain, Link};
use super::order::{no_twins, predecessors};
use keyferry_bundle::kinds::{Made, UpkeepObject, Work};
use keyferry_bundle::{Digest, Response, Upkeep, Verified};

const CHAIN: &str = "upkeep.chain";

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
    for link in links {
        for object in &body(link).objects {
            restored_from(chain, link, object, report);
        }
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

/// What a copy that was put back is of, by the bundle that the record names.
fn restored_from(chain: &Chain, link: &Link<Upkeep>, object: &UpkeepObject, report: &mut Report) {
    const CLAIM: &str = "upkeep.source";
    let Some(source) = object.source else { return };
    let id = object.object_id;
    let Some((file, known)) = named(chain, source, object) else {
        let sentence = format!(
            "object {id}: the bundle that names its copy is kept elsewhere; digest {source}"
        );
        return report.leaves_open(CLAIM, &link.file, sentence);
    };
    let said = known.map(|known| (known.check_value, known.wrapped));
    if said == Some((object.check_value, object.wrapped)) {
        let sentence = format!("object {id}: its copy and its check value are those of {file}");
        return report.holds_that(CLAIM, &link.file, sentence);
    }
    let problem = format!("object {id}: {file}, which it names, has another copy or key material");
    report.refuses(CLAIM, &link.file, problem);
}

/// What a bundle says of an object.
struct Known {
    check_value: Digest,
    wrapped: Option<Digest>,
}

fn named(chain: &Chain, source: Digest, object: &UpkeepObject) -> Option<(String, Option<Known>)> {
    if let Some(link) = chain.backups.iter().find(|link| link.bundle.digest() == source) {
        let backup = link.bundle.body();
        let known = Known { check_value: backup.check_value, wrapped: Some(backup.wrapped.sha256) };
        return Some((link.file.clone(), (backup.object_id == object.object_id).then_some(known)));
    }
    let link = chain.upkeeps.iter().find(|link| link.bundle.digest() == source)?;
    let mut objects = body(link).objects.iter().filter(|_| body(link).work == Work::Backup);
    let known = objects.find(|known| known.object_id == object.object_id);
    let known = known.map(|known| Known { check_value: known.check_value, wrapped: known.wrapped });
    Some((link.file.clone(), known))
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
