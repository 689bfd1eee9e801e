//! Where in a chain only one bundle can be, or one value.

use super::series::Series;
use crate::evidence::chain::{Chain, Link};
use crate::evidence::{Report, materials};
use keyferry_bundle::kinds::ProofMethod;
use keyferry_bundle::{
    Base64, Digest, KeyArn, Plan, Receipt, Request, Response, TargetName, Transcript, Upkeep,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A place. Plans, requests and responses by their digests.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// The number of a plan, a request, a transcript or a record.
    Member(Series, u32),
    /// The number of a log of a device bundle.
    Log(Digest, u32),
    /// After a plan, a request, a log, a transcript or a record.
    After(Series, Digest),
    /// An import token of a plan.
    Token(Digest, Digest),
    /// The response to a request.
    Response(Digest),
    /// The key material of a plan's target.
    Material(Digest, TargetName),
    /// The receipt of a response.
    Receipt(Digest),
    /// A key of one agreement.
    Ephemeral(Digest),
    /// A MAC for a plan.
    Mac(Digest, Digest),
    /// A generation of a key.
    Generation(KeyArn, u32),
    /// A key material of a key.
    Got(KeyArn, Digest),
}

/// What is in a place, and the file that says so.
#[derive(Debug)]
pub(super) struct Occupant {
    pub(super) is: Digest,
    pub(super) file: Arc<str>,
}

/// Places, what is in them, and the files that say so.
type Found<'a> = Vec<(Place, Digest, &'a str)>;

/// The places that the accepted bundles of a folder take.
pub(super) fn places(chain: &Chain) -> Found<'_> {
    let mut found = Vec::new();
    for (index, link) in chain.plans.iter().enumerate() {
        if is_answered(chain, index) {
            plan(chain, link, &mut found);
        }
    }
    for link in &chain.requests {
        request(link, &mut found);
    }
    for link in &chain.responses {
        response(link, &mut found);
    }
    for link in &chain.logs {
        let body = link.bundle.body();
        // A reset begins them anew, and brings a new device bundle.
        let place = Place::Log(body.device, body.counter);
        found.push((place, link.bundle.digest(), link.file.as_str()));
        if let Some(previous) = body.previous {
            let place = Place::After(Series::Logs(body.serial), previous);
            found.push((place, link.bundle.digest(), &link.file));
        }
    }
    for link in &chain.transcripts {
        transcript(link, &mut found);
    }
    for link in &chain.upkeeps {
        upkeep(link, &mut found);
    }
    for link in &chain.receipts {
        receipt(chain, link, &mut found);
    }
    for got in materials::got(chain) {
        let key = got.key.clone();
        found.push((Place::Generation(key, got.generation), got.check_value, got.file));
        let place = Place::Got(got.key.clone(), got.check_value);
        found.push((place, number(got.generation), got.file));
    }
    found
}

/// Whether a response to the plan is in its folder. One that the room never answered takes no number from another: it may have been
/// refused before it began.
fn is_answered(chain: &Chain, plan: usize) -> bool {
    let of_plan = |request: usize| chain.requests.get(request).is_some_and(|r| r.follows == plan);
    chain.responses.iter().any(|response| of_plan(response.follows))
}

/// A plan that nobody answered, as far as its folder shows.
#[derive(Debug)]
pub(super) struct Idle {
    place: Place,
    is: Digest,
    file: Arc<str>,
}

/// Those of a folder.
pub(super) fn idle(chain: &Chain, label: impl Fn(&str) -> Arc<str>) -> Vec<Idle> {
    let unanswered =
        chain.plans.iter().enumerate().filter(|(index, _)| !is_answered(chain, *index));
    let idle = |(_, link): (usize, &Link<Plan>)| {
        let series = Series::Plans(chain.device_of(link).ok()?.bundle.body().serial);
        let place = Place::Member(series, link.bundle.body().counter);
        Some(Idle { place, is: link.bundle.digest(), file: label(&link.file) })
    };
    unanswered.filter_map(idle).collect()
}

/// How they stand with plans of the same number, answered or not.
pub(super) fn settle_idle(idle: &[Idle], places: &BTreeMap<Place, Occupant>, report: &mut Report) {
    let mut first: BTreeMap<&Place, (Digest, &str)> = BTreeMap::new();
    for plan in idle {
        let answered = places.get(&plan.place).map(|other| (other.is, &*other.file));
        let other = answered.or_else(|| first.get(&plan.place).copied());
        let Some((is, file)) = other else {
            first.insert(&plan.place, (plan.is, &plan.file));
            continue;
        };
        if is == plan.is {
            let problem =
                format!("is the plan {file} too: the files of a ceremony belong into one folder");
            report.refuses("plan.counter", &plan.file, problem);
            continue;
        }
        let sentence = format!(
            "has the same counter as {file}, and no response to it is here: the room did not begin it, or its answer is kept elsewhere"
        );
        report.leaves_open("plan.counter", &plan.file, sentence);
    }
}

fn plan<'a>(chain: &Chain, link: &'a Link<Plan>, found: &mut Found<'a>) {
    let Ok(device) = chain.device_of(link) else { return };
    let (series, body) = (Series::Plans(device.bundle.body().serial), link.bundle.body());
    found.push((Place::Member(series, body.counter), link.bundle.digest(), &link.file));
    if let Some(previous) = body.previous {
        found.push((Place::After(series, previous), number(body.counter), &link.file));
    }
}

fn request<'a>(link: &'a Link<Request>, found: &mut Found<'a>) {
    let (body, digest) = (link.bundle.body(), link.bundle.digest());
    let series = Series::Requests(body.plan);
    found.push((Place::Member(series, body.counter), digest, &link.file));
    if let Some(previous) = body.previous {
        found.push((Place::After(series, previous), number(body.counter), &link.file));
    }
    for target in &body.targets {
        found.push((Place::Token(body.plan, target.import_token_sha256), digest, &link.file));
    }
}

fn transcript<'a>(link: &'a Link<Transcript>, found: &mut Found<'a>) {
    let body = link.bundle.body();
    let series = Series::Transcripts(body.serial);
    found.push((Place::Member(series, body.counter), link.bundle.digest(), &link.file));
    if let Some(previous) = body.previous {
        found.push((Place::After(series, previous), number(body.counter), &link.file));
    }
}

fn upkeep<'a>(link: &'a Link<Upkeep>, found: &mut Found<'a>) {
    let body = link.bundle.body();
    let series = Series::Upkeeps(body.serial);
    found.push((Place::Member(series, body.counter), link.bundle.digest(), &link.file));
    if let Some(previous) = body.previous {
        found.push((Place::After(series, previous), number(body.counter), &link.file));
    }
}

/// A number as what is in a place: two bundles of one number are refused for that already.
fn number(counter: u32) -> Digest {
    Digest::of(&counter.to_be_bytes())
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

impl Occupant {
    /// Says what is wrong where a file of another folder takes the same place.
    pub(super) fn contradict(&self, place: &Place, is: Digest, file: &str, report: &mut Report) {
        let (first, same) = (&self.file, is == self.is);
        let (id, problem) = match place {
            Place::Member(Series::Plans(_), _) if same => {
                let problem = format!(
                    "is the plan {first} too: the files of a ceremony belong into one folder"
                );
                ("plan.counter", problem)
            }
            // Copies of what follows such a plan, of a log, a transcript or a record.
            _ if same => return,
            Place::Member(series, _) => {
                (series.counter(), format!("has the same counter as {first}"))
            }
            Place::Log(..) => ("log.counter", format!("has the same counter as {first}")),
            Place::After(series, _) => {
                (series.previous(), format!("follows the same {} as {first}", series.word()))
            }
            Place::Token(..) => ("request.token", format!("has an import token of {first}")),
            Place::Response(..) => {
                ("response.request", format!("answers the same request as {first}"))
            }
            Place::Material(_, target) => {
                let problem = format!("target {target}: is other key material than in {first}");
                ("response.material", problem)
            }
            Place::Receipt(..) => {
                ("receipt.response", format!("is of the same response as {first}"))
            }
            Place::Ephemeral(..) => ("receipt.proof", format!("has a challenge of {first}")),
            Place::Generation(key, generation) => {
                (materials::CONTRADICTED, materials::other_material(key, *generation, first))
            }
            Place::Got(key, _) => {
                (materials::CONTRADICTED, materials::other_generation(key, first))
            }
            Place::Mac(..) => {
                let sentence = format!("{first} shows the MAC too: whoever read it there knows it");
                return report.leaves_open("receipt.proof", file, sentence);
            }
        };
        report.refuses(id, file, problem);
    }
}
