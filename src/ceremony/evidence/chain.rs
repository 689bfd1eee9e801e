//! Finding the chain: a payload cannot be read before its signatures are checked, so every bundle is held against every possible
//! predecessor, and the links that fit are kept.

use super::sort::Sorted;
use super::{File, Report, Trust, sentences};
use crate::links::Countersigned;
use crate::{Refusal, backup, device, plan, receipt, request, response};
use keyferry_bundle::{
    Backup, Device, Digest, Error, Kind, Plan, Policy, Receipt, Request, Response, Unverified,
    Verified,
};

/// An accepted bundle, the file it came from, and which accepted bundle it follows.
#[derive(Debug)]
pub(super) struct Link<T> {
    pub(super) file: String,
    pub(super) bundle: Verified<T>,
    pub(super) follows: usize,
}

/// Everything accepted.
#[derive(Debug, Default)]
pub(super) struct Chain {
    pub(super) policies: Vec<Link<Policy>>,
    pub(super) devices: Vec<Link<Device>>,
    pub(super) plans: Vec<Link<Plan>>,
    pub(super) requests: Vec<Link<Request>>,
    pub(super) responses: Vec<Link<Response>>,
    pub(super) backups: Vec<Link<Backup>>,
    pub(super) receipts: Vec<Link<Receipt>>,
}

impl Chain {
    pub(super) fn build(sorted: &Sorted<'_>, pin: Option<Digest>, report: &mut Report) -> Self {
        let mut chain = Self::default();
        chain.policies(sorted, report);
        chain.trust(pin, report);
        let files: Vec<&File> = sorted.of(Kind::Device).collect();
        chain.devices = collect(
            &files,
            Kind::Device,
            "device.signed",
            &chain.policies,
            report,
            |policy, bytes| device::accept(&policy.bundle, bytes, Countersigned::Required),
        );
        for link in &chain.devices {
            sentences::device(link, report);
        }
        let files: Vec<&File> = sorted.of(Kind::Plan).collect();
        chain.plans = collect(
            &files,
            Kind::Plan,
            "plan.approved",
            &chain.devices,
            report,
            |device, bytes| plan::accept(chain.policy_of(device)?, &device.bundle, bytes),
        );
        for link in &chain.plans {
            sentences::plan(&chain, link, report);
        }
        no_forks("plan.counter", &chain.plans, |plan| plan.body().counter, report);
        let files: Vec<&File> = sorted.of(Kind::Request).collect();
        chain.requests = collect(
            &files,
            Kind::Request,
            "request.signed",
            &chain.plans,
            report,
            |plan, bytes| {
                let device = chain.device_of(plan)?;
                request::accept(chain.policy_of(device)?, &device.bundle, &plan.bundle, bytes)
            },
        );
        for link in &chain.requests {
            sentences::request(&chain, link, report);
        }
        no_forks("request.counter", &chain.requests, |request| request.body().counter, report);
        let files: Vec<&File> = sorted.of(Kind::Backup).collect();
        chain.backups =
            collect(&files, Kind::Backup, "backup.signed", &chain.plans, report, |plan, bytes| {
                let device = chain.device_of(plan)?;
                backup::accept(chain.policy_of(device)?, &device.bundle, &plan.bundle, bytes)
            });
        for link in &chain.backups {
            sentences::backup(link, report);
        }
        let files: Vec<&File> = sorted.of(Kind::Response).collect();
        chain.responses = collect(
            &files,
            Kind::Response,
            "response.signed",
            &chain.requests,
            report,
            |request, bytes| {
                let plan = chain.plan_of(request)?;
                let device = chain.device_of(plan)?;
                let policy = chain.policy_of(device)?;
                let required = Countersigned::Required;
                response::accept(
                    policy,
                    &device.bundle,
                    &plan.bundle,
                    &request.bundle,
                    bytes,
                    required,
                )
            },
        );
        for link in &chain.responses {
            sentences::answer(&chain, link, report);
        }
        let files: Vec<&File> = sorted.of(Kind::Receipt).collect();
        chain.receipts = collect(
            &files,
            Kind::Receipt,
            "receipt.signed",
            &chain.responses,
            report,
            |response, bytes| {
                let plan = chain.plan_of(chain.request_of(response)?)?;
                let policy = chain.policy_of(chain.device_of(plan)?)?;
                receipt::accept(policy, &plan.bundle, &response.bundle, bytes)
            },
        );
        for link in &chain.receipts {
            sentences::receipt(&chain, link, report);
        }
        sentences::missing(&chain, report);
        chain
    }

    fn policies(&mut self, sorted: &Sorted<'_>, report: &mut Report) {
        let mut left: Vec<&File> = sorted.of(Kind::Policy).collect();
        loop {
            let next = |bytes: &[u8]| {
                let next = Unverified::<Policy>::from_slice(bytes)?;
                match self.policies.last() {
                    None => next.verify_first(),
                    Some(current) => next.verify_successor(&current.bundle),
                }
            };
            let tried: Vec<Result<Verified<Policy>, Error>> =
                left.iter().map(|file| next(&file.bytes)).collect();
            let Some(index) = tried.iter().position(Result::is_ok) else {
                for (file, outcome) in left.iter().zip(tried) {
                    if let Err(source) = outcome {
                        let refusal = Refusal::Bundle { kind: Kind::Policy, source };
                        report.refuses_bundle("policy.signed", &file.name, &refusal);
                    }
                }
                return;
            };
            let file = left.remove(index).name.clone();
            if let Some(Ok(bundle)) = tried.into_iter().nth(index) {
                let link = Link { file, bundle, follows: self.policies.len().saturating_sub(1) };
                sentences::policy(&link, report);
                self.policies.push(link);
            }
        }
    }

    fn trust(&self, pin: Option<Digest>, report: &mut Report) {
        let Some(newest) = self.policies.last() else {
            return report.refuses(
                "policy.signed",
                "-",
                "no policy is there: nothing can be trusted",
            );
        };
        let policy = newest.bundle.body();
        let vouched = pin.and_then(|pin| self.policies.iter().find(|p| p.bundle.digest() == pin));
        match (pin, vouched) {
            (Some(_), Some(link)) => {
                report.holds_that("policy.pinned", &link.file, "is the policy that was pinned");
            }
            (Some(pin), None) => {
                let problem = format!("digest {} is not the pinned {pin}", newest.bundle.digest());
                report.refuses("policy.pinned", &newest.file, problem);
            }
            (None, _) => {
                let sentence =
                    "is taken from this folder: compare its fingerprint with the one you hold";
                report.leaves_open("policy.pinned", &newest.file, sentence);
            }
        }
        report.trust = Some(Trust {
            name: policy.name.to_string(),
            version: policy.version,
            digest: newest.bundle.digest(),
            environment: policy.environment,
            pinned: vouched.is_some(),
        });
    }

    pub(super) fn policy_of(&self, device: &Link<Device>) -> Result<&Verified<Policy>, Refusal> {
        follow(&self.policies, device.follows, Kind::Policy).map(|link| &link.bundle)
    }

    pub(super) fn device_of(&self, plan: &Link<Plan>) -> Result<&Link<Device>, Refusal> {
        follow(&self.devices, plan.follows, Kind::Device)
    }

    pub(super) fn plan_of(&self, request: &Link<Request>) -> Result<&Link<Plan>, Refusal> {
        follow(&self.plans, request.follows, Kind::Plan)
    }

    pub(super) fn request_of(&self, response: &Link<Response>) -> Result<&Link<Request>, Refusal> {
        follow(&self.requests, response.follows, Kind::Request)
    }
}

fn follow<T>(links: &[Link<T>], index: usize, kind: Kind) -> Result<&Link<T>, Refusal> {
    links.get(index).ok_or_else(|| Refusal::link(kind, "$", "is not there"))
}

/// Holds each file against every possible predecessor. Where none fits, the most telling refusal is reported: one about the
/// bundle itself rather than one about a predecessor it never meant.
fn collect<P, T>(
    files: &[&File],
    kind: Kind,
    claim: &'static str,
    predecessors: &[Link<P>],
    report: &mut Report,
    accept: impl Fn(&Link<P>, &[u8]) -> Result<Verified<T>, Refusal>,
) -> Vec<Link<T>> {
    let mut links = Vec::new();
    for file in files {
        let mut refusals = Vec::new();
        let accepted = predecessors.iter().enumerate().find_map(|(follows, predecessor)| {
            match accept(predecessor, &file.bytes) {
                Ok(bundle) => Some(Link { file: file.name.clone(), bundle, follows }),
                Err(refusal) => {
                    refusals.push(refusal);
                    None
                }
            }
        });
        if let Some(link) = accepted {
            links.push(link);
            continue;
        }
        refusals.sort_by_key(|refusal| match refusal {
            Refusal::Bundle { .. } => 0,
            Refusal::NotAllowed { .. } => 1,
            Refusal::Link { .. } | Refusal::Replay { .. } => 2,
        });
        match refusals.first() {
            Some(refusal) => report.refuses_bundle(claim, &file.name, refusal),
            None => report.refuses(
                claim,
                &file.name,
                format!("nothing that this {kind} could follow was accepted"),
            ),
        }
    }
    links
}

/// Two bundles with one counter after the same predecessor: one of them was hidden from somebody.
fn no_forks<T>(
    claim: &'static str,
    links: &[Link<T>],
    counter: impl Fn(&Verified<T>) -> u32,
    report: &mut Report,
) {
    for (index, link) in links.iter().enumerate() {
        let twin = links.iter().take(index).find(|other| {
            other.follows == link.follows && counter(&other.bundle) == counter(&link.bundle)
        });
        if let Some(twin) = twin {
            let problem = format!("has the same counter as {}", twin.file);
            report.refuses(claim, &link.file, problem);
        }
    }
}
