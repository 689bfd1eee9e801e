//! The HSM's log: where each piece begins, and whether everything in it was to be done.

use super::Report;
use super::chain::{Chain, Link};
use crate::hsm_log::{Account, Done, Scene, Weight, follow};
use crate::log::{self, Part};
use keyferry_bundle::{Log, Plan, Response};
use std::collections::BTreeMap;

/// Everything that is claimed of the pieces of log here.
pub(super) fn state(chain: &Chain, report: &mut Report) {
    for link in &chain.logs {
        let body = link.bundle.body();
        let entries = body.entries();
        let sentence = format!(
            "log {} of the HSM, {} entries, is signed by it; each is bound to the one before",
            body.counter,
            entries.len()
        );
        report.holds_that("log.signed", &link.file, sentence);
        begins(chain, link, report);
        account(chain, link, report);
    }
    more_than_recorded(chain, report);
    for link in &chain.responses {
        named(chain, link, report);
    }
}

/// A record accounts once for what it names, over all the logs of its HSM.
fn more_than_recorded(chain: &Chain, report: &mut Report) {
    let mut serials: Vec<_> = chain.upkeeps.iter().map(|link| link.bundle.body().serial).collect();
    serials.sort_unstable();
    serials.dedup();
    for serial in serials {
        let logs = chain.logs.iter().filter(|link| link.bundle.body().serial == serial);
        let upkeeps = chain.upkeeps.iter().map(|link| link.bundle.body());
        let upkeeps: Vec<_> = upkeeps.filter(|upkeep| upkeep.serial == serial).collect();
        let mut counts: BTreeMap<Done, usize> = BTreeMap::new();
        let mut last = None;
        for link in logs.clone() {
            let Some(device) = chain.devices.get(link.follows) else { continue };
            let body = link.bundle.body();
            let plan = chain.plans.iter().find(|plan| Some(plan.bundle.digest()) == body.plan);
            let scene = Scene {
                device: device.bundle.body(),
                plan: plan.map(|plan| plan.bundle.body()),
                upkeeps: &upkeeps,
                from_anchor: body.counter == 1,
            };
            let entries = follow(body.from, body.entries()).unwrap_or_default();
            let account = Account { scene, entries: &entries, declared: &[] };
            for (done, count) in account.recorded() {
                *counts.entry(done).or_default() += count;
            }
            last = Some((scene, link));
        }
        // In one log alone it was told of that log.
        let Some((scene, link)) = last.filter(|_| logs.count() > 1) else { continue };
        for finding in scene.more_than_recorded(counts) {
            let text = format!("in all logs of HSM {serial}: {}", finding.text);
            report.leaves_open("log.entries", &link.file, text);
        }
    }
}

/// Pieces of one HSM's log follow each other, over its device bundles, from an anchor on.
fn begins(chain: &Chain, link: &Link<Log>, report: &mut Report) {
    const CLAIM: &str = "log.start";
    let body = link.bundle.body();
    let is_before =
        |other: &&Link<Log>| Some(other.bundle.body().counter) == body.counter.checked_sub(1);
    let mut others = chain.logs.iter().filter(|other| {
        other.bundle.digest() != link.bundle.digest() && other.bundle.body().serial == body.serial
    });
    let of_device = others.clone().filter(|other| other.follows == link.follows);
    if let Some(twin) = of_device.clone().find(|o| o.bundle.body().counter == body.counter) {
        let problem = format!("has the same counter as {}", twin.file);
        return report.refuses("log.counter", &link.file, problem);
    }
    let named = others.find(|other| Some(other.bundle.digest()) == body.previous);
    let before = named.or_else(|| of_device.clone().find(is_before));
    if let Some(before) = before
        && let Err(refusal) = log::continues(&link.bundle, &before.bundle)
    {
        return report.refuses_bundle(CLAIM, &link.file, &refusal);
    }
    let file = &link.file;
    match (body.from, before) {
        (None, _) => report.leaves_open(
            "log.gap",
            file,
            "begins after a gap: the HSM did not have the entries any more that lead up to it",
        ),
        (Some(_), Some(before)) => {
            report.holds_that(CLAIM, file, format!("begins where {} ends", before.file));
        }
        (Some(from), None) if body.counter == 1 => {
            let sentence = format!("begins at the device's anchor, entry {}", from.number);
            report.holds_that(CLAIM, file, sentence);
        }
        (Some(from), None) => {
            let sentence = format!(
                "begins after entry {}, where log {} ended, which is kept elsewhere",
                from.number,
                body.counter - 1
            );
            report.leaves_open(CLAIM, file, sentence);
        }
    }
}

fn account(chain: &Chain, link: &Link<Log>, report: &mut Report) {
    let body = link.bundle.body();
    let Some(device) = chain.devices.get(link.follows) else { return };
    let plan = body.plan.map(|digest| chain.plans.iter().find(|p| p.bundle.digest() == digest));
    let plan: Option<&Plan> = match plan {
        Some(None) => {
            let sentence =
                "the plan that it is of is not here: nothing can account for its entries";
            return report.leaves_open("log.entries", &link.file, sentence);
        }
        Some(Some(plan)) => Some(plan.bundle.body()),
        None => None,
    };
    let responses = chain.responses.iter().map(|response| response.bundle.body());
    let naming = responses.filter(|response| response.log == link.bundle.digest());
    let declared: Vec<_> = naming
        .filter_map(|response| plan.map(|plan| log::declared(plan, &response.targets)))
        .flatten()
        .collect();
    let device = device.bundle.body();
    let upkeeps = chain.upkeeps.iter().map(|upkeep| upkeep.bundle.body());
    let upkeeps: Vec<_> = upkeeps.filter(|upkeep| upkeep.serial == device.serial).collect();
    for (part, finding) in log::findings(device, plan, &upkeeps, &declared, body) {
        let claim = match part {
            Part::Unlogged => "log.unlogged",
            Part::Entries => "log.entries",
            Part::Starts => "log.starts",
            Part::Targets => "log.targets",
        };
        match finding.weight {
            Weight::Sound => report.holds_that(claim, &link.file, finding.text),
            Weight::Open => report.leaves_open(claim, &link.file, finding.text),
            Weight::Wrong => report.refuses(claim, &link.file, finding.text),
        }
    }
}

/// The log that a response names.
fn named(chain: &Chain, link: &Link<Response>, report: &mut Report) {
    const CLAIM: &str = "response.log";
    let body = link.bundle.body();
    let twin = |other: &&Link<Response>| {
        other.bundle.body().log == body.log && other.bundle.digest() != link.bundle.digest()
    };
    if let Some(other) = chain.responses.iter().find(twin) {
        let problem = format!("names the same log as {}", other.file);
        return report.refuses(CLAIM, &link.file, problem);
    }
    let found = chain.logs.iter().find(|log| log.bundle.digest() == body.log);
    match found {
        None => report.leaves_open(CLAIM, &link.file, "the HSM's log that it names is not here"),
        Some(log) if log.bundle.body().plan == Some(body.plan) => {
            let sentence = format!("what the HSM did up to its signature is in {}", log.file);
            report.holds_that(CLAIM, &link.file, sentence);
        }
        Some(log) => {
            let problem = format!("{}, which it names, is of another plan", log.file);
            report.refuses(CLAIM, &link.file, problem);
        }
    }
}
