//! What ceremonies show about each other. Each folder is examined by itself and forgotten, but for what is kept here: digests, counters,
//! and what `CloudTrail`'s events are compared with.
//!
//! Two bundles in one place of the chain are refused where the second is read. Whatever a folder yet to be read could show is settled
//! when all were.

use super::chain::{Chain, Link};
use super::shared::Shared;
use super::trail::Calls;
use super::{Report, Standing};
use crate::cloudtrail::Trail;
use keyferry_bundle::kinds::ProofMethod;
use keyferry_bundle::{Base64, Digest, Plan, Receipt, Request, Response, Serial, TargetName};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is known of the folders that were read.
#[derive(Debug, Default)]
pub struct Across {
    /// Who was first in each place.
    places: BTreeMap<Place, Occupant>,
    plans: BTreeMap<Digest, (Serial, u32, Arc<str>)>,
    /// Plans whose predecessor is not in their folder.
    pending: Vec<Pending>,
    /// Device bundles that have a plan.
    planned: BTreeSet<Digest>,
    /// What bundles tell of calls to KMS, where there are events to compare it with.
    calls: Option<Calls>,
}

/// Where in a chain only one bundle can be, or one value. Plans, requests and responses by their digests.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Plan(Serial, u32),
    AfterPlan(Serial, Digest),
    Request(Digest, u32),
    AfterRequest(Digest, Digest),
    Token(Digest, Digest),
    Response(Digest),
    Material(Digest, TargetName),
    Receipt(Digest),
    Ephemeral(Digest),
    Mac(Digest, Digest),
}

/// What is in a place, and the file that says so.
#[derive(Debug)]
struct Occupant {
    is: Digest,
    file: Arc<str>,
}

#[derive(Debug)]
struct Pending {
    file: Arc<str>,
    serial: Serial,
    counter: u32,
    previous: Digest,
}

impl Across {
    /// Where the ceremonies are to be held against events, too.
    #[must_use]
    pub fn with_calls() -> Self {
        Self { calls: Some(Calls::default()), ..Self::default() }
    }

    /// Takes in what was accepted of a folder. Its report refuses what another folder contradicts, and no longer leaves open what another
    /// folder may show.
    pub fn take_in(&mut self, folder: &str, chain: &Chain, report: &mut Report) {
        let mut found = Vec::new();
        for link in &chain.plans {
            self.plan(folder, chain, link, report, &mut found);
        }
        for link in &chain.requests {
            request(link, &mut found);
        }
        for link in &chain.responses {
            response(link, &mut found);
        }
        for link in &chain.receipts {
            receipt(chain, link, &mut found);
        }
        let known: Vec<bool> =
            found.iter().map(|(place, ..)| self.places.contains_key(place)).collect();
        let mut labels: BTreeMap<&str, Arc<str>> = BTreeMap::new();
        for ((place, is, file), known) in found.into_iter().zip(known) {
            if known && let Some(other) = self.places.get(&place) {
                contradict(&place, is, file, other, report);
            } else {
                let file = labels.entry(file).or_insert_with(|| label(folder, file));
                self.places.entry(place).or_insert(Occupant { is, file: Arc::clone(file) });
            }
        }
        if let Some(calls) = &mut self.calls {
            calls.take_in(chain, |file| label(folder, file).as_ref().to_owned());
        }
    }

    fn plan<'a>(
        &mut self,
        folder: &str,
        chain: &Chain,
        link: &'a Link<Plan>,
        report: &mut Report,
        found: &mut Found<'a>,
    ) {
        let Ok(device) = chain.device_of(link) else { return };
        let (serial, plan) = (device.bundle.body().serial, link.bundle.body());
        self.planned.insert(device.bundle.digest());
        let (digest, counter) = (link.bundle.digest(), plan.counter);
        found.push((Place::Plan(serial, counter), digest, &link.file));
        let file = label(folder, &link.file);
        if let Some(previous) = plan.previous {
            let is = Digest::of(&counter.to_be_bytes());
            found.push((Place::AfterPlan(serial, previous), is, &link.file));
            let open = report.claims.extract_if(.., |claim| {
                claim.id == "plan.previous"
                    && claim.file == link.file
                    && claim.standing == Standing::Open
            });
            if open.count() > 0 {
                self.pending.push(Pending { file: file.clone(), serial, counter, previous });
            }
        }
        self.plans.entry(digest).or_insert((serial, counter, file));
    }

    /// What no folder shows by itself. Each claim names its file with its folder.
    #[must_use]
    pub fn settle(&self, shared: &Shared) -> Report {
        let mut report = Report { trust: shared.report().trust.clone(), ..Report::default() };
        let id = "plan.previous";
        for Pending { file, serial, counter, previous } in &self.pending {
            let before = counter.saturating_sub(1);
            let named = self.plans.get(previous);
            let numbered = self.places.get(&Place::Plan(*serial, before));
            match (named, numbered) {
                (Some((of, number, other)), _) if of == serial && *number == before => {
                    report.holds_that(id, file, format!("follows {other}"));
                }
                (Some((_, _, other)), _) => {
                    let problem = format!("names {other} as plan {before}, which it is not");
                    report.refuses(id, file, problem);
                }
                (None, Some(other)) => {
                    let problem = format!("names another plan {before} than {}", other.file);
                    report.refuses(id, file, problem);
                }
                (None, None) => {
                    let sentence =
                        format!("plan {before}, which it follows, is in none of these folders");
                    report.leaves_open(id, file, sentence);
                }
            }
        }
        shared.unplanned(&self.planned, &mut report);
        report
    }

    /// What the events say about all of them, where their calls were kept. Each claim about a bundle names its file with its folder.
    #[must_use]
    pub fn hold_against(&self, trail: &Trail, shared: &Shared) -> Report {
        let mut report = Report { trust: shared.report().trust.clone(), ..Report::default() };
        if let Some(calls) = &self.calls {
            calls.hold_against(trail, &mut report);
        }
        report
    }
}

/// A folder's places, what is in them, and the files that say so.
type Found<'a> = Vec<(Place, Digest, &'a str)>;

fn label(folder: &str, file: &str) -> Arc<str> {
    format!("{folder}/{file}").into()
}

fn request<'a>(link: &'a Link<Request>, found: &mut Found<'a>) {
    let (body, digest) = (link.bundle.body(), link.bundle.digest());
    found.push((Place::Request(body.plan, body.counter), digest, &link.file));
    if let Some(previous) = body.previous {
        let is = Digest::of(&body.counter.to_be_bytes());
        found.push((Place::AfterRequest(body.plan, previous), is, &link.file));
    }
    for target in &body.targets {
        let token = target.import_token_sha256;
        found.push((Place::Token(body.plan, token), digest, &link.file));
    }
}

fn response<'a>(link: &'a Link<Response>, found: &mut Found<'a>) {
    let body = link.bundle.body();
    found.push((Place::Response(body.request), link.bundle.digest(), &link.file));
    for target in &body.targets {
        let place = Place::Material(body.plan, target.name.clone());
        found.push((place, target.check_value, &link.file));
    }
}

fn receipt<'a>(chain: &Chain, link: &'a Link<Receipt>, found: &mut Found<'a>) {
    let (body, digest) = (link.bundle.body(), link.bundle.digest());
    found.push((Place::Receipt(body.response), digest, &link.file));
    let Some(response) = chain.responses.get(link.follows) else { return };
    for proof in body.targets.iter().filter_map(|target| target.proof.as_ref()) {
        let of = |bytes: &Base64| Digest::of(bytes.as_bytes());
        let place = match proof.method {
            ProofMethod::SharedSecret => Place::Ephemeral(of(&proof.challenge)),
            ProofMethod::Mac => Place::Mac(response.bundle.body().plan, of(&proof.answer)),
            ProofMethod::Signature | ProofMethod::Decryption | ProofMethod::RoundTrip => continue,
        };
        found.push((place, digest, &link.file));
    }
}

/// Says what is wrong where a place is taken by another folder's bundle.
fn contradict(place: &Place, is: Digest, file: &str, other: &Occupant, report: &mut Report) {
    let first = &other.file;
    let same = is == other.is;
    let (id, problem) = match place {
        Place::Plan(..) if same => (
            "plan.counter",
            format!("is the plan {first} too: the files of a ceremony belong into one folder"),
        ),
        // Copies of what follows a plan that lies in two folders.
        _ if same => return,
        Place::Plan(..) => ("plan.counter", format!("has the same counter as {first}")),
        Place::AfterPlan(..) => ("plan.previous", format!("follows the same plan as {first}")),
        Place::Request(..) => ("request.counter", format!("has the same counter as {first}")),
        Place::AfterRequest(..) => {
            ("request.previous", format!("follows the same request as {first}"))
        }
        Place::Token(..) => ("request.token", format!("has an import token of {first}")),
        Place::Response(..) => ("response.request", format!("answers the same request as {first}")),
        Place::Material(_, target) => {
            ("response.material", format!("target {target}: is other key material than in {first}"))
        }
        Place::Receipt(..) => ("receipt.response", format!("is of the same response as {first}")),
        Place::Ephemeral(..) => ("receipt.proof", format!("has a challenge of {first}")),
        Place::Mac(..) => {
            let sentence = format!("{first} shows the MAC too: whoever read it there knows it");
            return report.leaves_open("receipt.proof", file, sentence);
        }
    };
    report.refuses(id, file, problem);
}
