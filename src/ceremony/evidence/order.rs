//! What no honest ceremony leaves: two bundles in one place of the chain, a predecessor that is another one, a token or a key material
//! that changes under one name.

use super::Report;
use super::chain::{Chain, Link};
use crate::request;
use keyferry_bundle::kinds::{Made, ProofMethod, ResponseTarget};
use keyferry_bundle::{Base64, Device, Digest, Plan, Receipt, Request, Response, Verified};

/// Refuses each link that some earlier one is a twin of.
pub(super) fn no_twins<T>(
    claim: &'static str,
    links: &[Link<T>],
    twins: impl Fn(&Link<T>, &Link<T>) -> bool,
    what: &str,
    report: &mut Report,
) {
    for (index, link) in links.iter().enumerate() {
        if let Some(twin) = links.iter().take(index).find(|other| twins(other, link)) {
            report.refuses(claim, &link.file, format!("{what} {}", twin.file));
        }
    }
}

/// One device bundle a serial number and policy.
pub(super) fn devices(chain: &Chain, report: &mut Report) {
    let serial = |link: &Link<Device>| link.bundle.body().serial;
    no_twins(
        "device.serial",
        &chain.devices,
        |a, b| a.follows == b.follows && serial(a) == serial(b),
        "is of the same HSM under the same policy as",
        report,
    );
}

/// Plans are counted by serial number, over policies and device bundles.
pub(super) fn plans(chain: &Chain, report: &mut Report) {
    let serial = |link: &Link<Plan>| chain.device_of(link).map(|d| d.bundle.body().serial).ok();
    let body = |link: &Link<Plan>| (link.bundle.body().counter, link.bundle.body().previous);
    let same = |a: &Link<Plan>, b: &Link<Plan>| serial(a) == serial(b);
    let counter = |a: &Link<Plan>, b: &Link<Plan>| same(a, b) && body(a).0 == body(b).0;
    no_twins("plan.counter", &chain.plans, counter, "has the same counter as", report);
    let previous = |a: &Link<Plan>, b: &Link<Plan>| {
        same(a, b) && body(a).0 != body(b).0 && body(a).1.is_some() && body(a).1 == body(b).1
    };
    no_twins("plan.previous", &chain.plans, previous, "follows the same plan as", report);
    let place = |bundle: &Verified<Plan>| (bundle.body().counter, bundle.body().previous);
    predecessors("plan.previous", "plan", &chain.plans, place, same, report);
}

/// Requests are counted within their plan; no import token comes twice.
pub(super) fn requests(chain: &Chain, report: &mut Report) {
    let body = |link: &Link<Request>| (link.bundle.body().counter, link.bundle.body().previous);
    let same = |a: &Link<Request>, b: &Link<Request>| a.follows == b.follows;
    let counter = |a: &Link<Request>, b: &Link<Request>| same(a, b) && body(a).0 == body(b).0;
    no_twins("request.counter", &chain.requests, counter, "has the same counter as", report);
    let previous = |a: &Link<Request>, b: &Link<Request>| {
        same(a, b) && body(a).0 != body(b).0 && body(a).1.is_some() && body(a).1 == body(b).1
    };
    no_twins("request.previous", &chain.requests, previous, "follows the same request as", report);
    let place = |bundle: &Verified<Request>| (bundle.body().counter, bundle.body().previous);
    predecessors("request.previous", "request", &chain.requests, place, same, report);
    for link in &chain.requests {
        let earlier: Vec<_> = chain
            .requests
            .iter()
            .filter(|other| same(other, link) && body(other).0 < body(link).0)
            .map(|other| &other.bundle)
            .collect();
        if let Err(refusal) = request::check_tokens(&earlier, link.bundle.body()) {
            report.refuses_bundle("request.token", &link.file, &refusal);
        }
    }
}

/// Resolves each `previous` against the folder: another bundle in its place is refused, none leaves the claim open.
pub(super) fn predecessors<T>(
    claim: &'static str,
    kind: &str,
    links: &[Link<T>],
    place: impl Fn(&Verified<T>) -> (u32, Option<Digest>),
    same: impl Fn(&Link<T>, &Link<T>) -> bool,
    report: &mut Report,
) {
    for link in links {
        let (counter, Some(previous)) = place(&link.bundle) else { continue };
        let before = counter.saturating_sub(1);
        let named = links.iter().find(|other| other.bundle.digest() == previous);
        let numbered =
            links.iter().find(|other| same(other, link) && place(&other.bundle).0 == before);
        match (named, numbered) {
            (Some(named), _) if same(named, link) && place(&named.bundle).0 == before => {
                report.holds_that(claim, &link.file, format!("follows {}", named.file));
            }
            (Some(named), _) => {
                let problem = format!("names {} as {kind} {before}, which it is not", named.file);
                report.refuses(claim, &link.file, problem);
            }
            (None, Some(other)) => {
                let problem = format!("names another {kind} {before} than {}", other.file);
                report.refuses(claim, &link.file, problem);
            }
            (None, None) => {
                let sentence = format!("{kind} {before}, which it follows, is kept elsewhere");
                report.leaves_open(claim, &link.file, sentence);
            }
        }
    }
}

/// One response a request, and one key material a target of a plan.
pub(super) fn responses(chain: &Chain, report: &mut Report) {
    let twins = |a: &Link<Response>, b: &Link<Response>| a.follows == b.follows;
    no_twins("response.request", &chain.responses, twins, "answers the same request as", report);
    // The plan of a response, and its request's counter.
    let place = |link: &Link<Response>| {
        chain.request_of(link).map(|request| (request.follows, request.bundle.body().counter)).ok()
    };
    for (index, link) in chain.responses.iter().enumerate() {
        let others = || {
            chain.responses.iter().filter(|other| {
                place(other).map(|(plan, _)| plan) == place(link).map(|(plan, _)| plan)
            })
        };
        for target in &link.bundle.body().targets {
            let differs = |other: &&Link<Response>| {
                let known = other.bundle.body().target(&target.name);
                known.is_some_and(|known| known.check_value != target.check_value)
            };
            let mut before = chain.responses.iter().take(index);
            let mut earlier = others().filter(|other| before.any(|b| b.file == other.file));
            if let Some(other) = earlier.find(differs) {
                let problem =
                    format!("target {}: is other key material than in {}", target.name, other.file);
                report.refuses("response.material", &link.file, problem);
            }
            let first = |other: &Link<Response>| {
                let known = other.bundle.body().target(&target.name);
                place(other).map(|(_, number)| number) < place(link).map(|(_, number)| number)
                    && known.is_some_and(|known| {
                        known.made != Made::Stored && known.check_value == target.check_value
                    })
            };
            match (target.made, others().find(|other| first(other))) {
                (Made::Generated, Some(first)) => {
                    let problem = format!(
                        "target {}: says that its key material was generated for it, but {} has it already",
                        target.name, first.file
                    );
                    report.refuses("response.made", &link.file, problem);
                }
                (Made::Kept | Made::Restored, _) => reimported(link, target, report),
                (Made::Generated, None) => {
                    let sentence = format!(
                        "target {}: the HSM's key material was generated for this response",
                        target.name
                    );
                    report.holds_that("response.made", &link.file, sentence);
                }
                (Made::Stored | Made::Resumed, Some(first)) => {
                    let sentence = format!(
                        "target {}: stored key material was wrapped anew, the same as in {}, which was the first",
                        target.name, first.file
                    );
                    report.holds_that("response.made", &link.file, sentence);
                }
                (Made::Resumed, None) => {
                    let sentence = format!(
                        "target {}: the HSM's key material is of a run of this plan that was cut off before it had answered any request",
                        target.name
                    );
                    report.holds_that("response.made", &link.file, sentence);
                }
                (Made::Stored, None) => {
                    let sentence = format!(
                        "target {}: stored key material was wrapped; the response that generated it is not here",
                        target.name
                    );
                    report.leaves_open("response.made", &link.file, sentence);
                }
            }
        }
    }
}

/// Key material that was there before the plan: which it is, the plan says, and the response was held against that.
fn reimported(link: &Link<Response>, target: &ResponseTarget, report: &mut Report) {
    let whence = if target.made == Made::Restored {
        "was restored into this HSM and is"
    } else {
        "is what an earlier plan left in this HSM, and"
    };
    let sentence = format!(
        "target {}: the key material {whence} the one that the plan names by its check value; none was generated",
        target.name
    );
    report.holds_that("response.made", &link.file, sentence);
}

/// One receipt a response, and one ephemeral key an agreement: every other challenge names its response.
pub(super) fn receipts(chain: &Chain, report: &mut Report) {
    no_twins(
        "receipt.response",
        &chain.receipts,
        |a, b| a.follows == b.follows,
        "is of the same response as",
        report,
    );
    no_twins("receipt.proof", &chain.receipts, same_ephemeral, "has a challenge of", report);
}

fn same_ephemeral(a: &Link<Receipt>, b: &Link<Receipt>) -> bool {
    fn ephemeral(link: &Link<Receipt>) -> impl Iterator<Item = &Base64> {
        let proofs = link.bundle.body().targets.iter().filter_map(|target| target.proof.as_ref());
        proofs.filter(|it| it.method == ProofMethod::SharedSecret).map(|proof| &proof.challenge)
    }
    ephemeral(a).any(|scalar| ephemeral(b).any(|other| scalar == other))
}
