//! What was accepted, for those who show it: every bundle in the order of the chain, and every key with what happened to it.

use super::chain::{Chain, Link};
use keyferry_bundle::kinds::{Bundle, ReceiptTarget, ResponseTarget, Target};
use keyferry_bundle::{
    Backup, Device, Digest, Kind, Log, Plan, Policy, Receipt, Request, Response, Signer, Timestamp,
    Transcript, Upkeep, Verified,
};

impl<T> Link<T> {
    /// The file it came from.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The bundle.
    #[must_use]
    pub const fn bundle(&self) -> &Verified<T> {
        &self.bundle
    }
}

/// An accepted bundle of any kind.
#[derive(Debug, Clone, Copy)]
pub enum Accepted<'a> {
    /// A version of the policy.
    Policy(&'a Link<Policy>),
    /// An HSM.
    Device(&'a Link<Device>),
    /// A plan.
    Plan(&'a Link<Plan>),
    /// A request.
    Request(&'a Link<Request>),
    /// What copies there are.
    Backup(&'a Link<Backup>),
    /// A piece of the HSM's log.
    Log(&'a Link<Log>),
    /// A response.
    Response(&'a Link<Response>),
    /// A receipt.
    Receipt(&'a Link<Receipt>),
    /// What a run in the room showed and asked.
    Transcript(&'a Link<Transcript>),
    /// What was done with the HSM outside of a ceremony.
    Upkeep(&'a Link<Upkeep>),
}

/// What a bundle of any kind has.
#[derive(Debug, Clone, Copy)]
pub struct Outline<'a> {
    /// What it is.
    pub kind: Kind,
    /// The file it came from.
    pub file: &'a str,
    /// When its maker says it was made.
    pub created: Timestamp,
    /// What other bundles refer to it by.
    pub digest: Digest,
    /// Everybody whose signature was checked.
    pub signers: &'a [Signer],
}

impl<'a> Accepted<'a> {
    /// What it has in common with the others.
    #[must_use]
    pub fn outline(&self) -> Outline<'a> {
        fn of<T: Bundle>(link: &Link<T>) -> Outline<'_> {
            Outline {
                kind: T::KIND,
                file: &link.file,
                created: link.bundle.body().created(),
                digest: link.bundle.digest(),
                signers: link.bundle.signers(),
            }
        }
        match self {
            Self::Policy(link) => of(link),
            Self::Device(link) => of(link),
            Self::Plan(link) => of(link),
            Self::Request(link) => of(link),
            Self::Backup(link) => of(link),
            Self::Log(link) => of(link),
            Self::Response(link) => of(link),
            Self::Receipt(link) => of(link),
            Self::Transcript(link) => of(link),
            Self::Upkeep(link) => of(link),
        }
    }
}

/// A key of a plan and what happened to it.
#[derive(Debug)]
pub struct KeyRecord<'a> {
    /// The plan that asked for it.
    pub plan: &'a Link<Plan>,
    /// What it asked for.
    pub target: &'a Target,
    /// Each time its key material was wrapped, in the order of the requests.
    pub wrappings: Vec<Wrapping<'a>>,
    /// What copies of it there are.
    pub backups: Vec<&'a Link<Backup>>,
}

/// Key material as it was wrapped once.
#[derive(Debug)]
pub struct Wrapping<'a> {
    /// The request that brought the wrapping public key.
    pub request: &'a Link<Request>,
    /// The response that holds it.
    pub response: &'a Link<Response>,
    /// Its part about this key.
    pub target: &'a ResponseTarget,
    /// What KMS said about it, and the receipts that say so.
    pub receipts: Vec<(&'a Link<Receipt>, &'a ReceiptTarget)>,
}

impl Chain {
    /// Everything accepted, each bundle after those it follows: claimed times decide nothing.
    #[must_use]
    pub fn bundles(&self) -> Vec<Accepted<'_>> {
        let mut all: Vec<Accepted<'_>> = self.policies.iter().map(Accepted::Policy).collect();
        all.extend(self.devices.iter().map(Accepted::Device));
        // A log stands before the response that names it.
        let mut logs: Vec<_> = self.logs.iter().collect();
        for (plan, link) in self.plans_in_order() {
            all.push(Accepted::Plan(link));
            // A backup stands before the first response that names it.
            let mut backups: Vec<_> = self.backups.iter().filter(|b| b.follows == plan).collect();
            for (request, link) in self.requests_of(plan) {
                all.push(Accepted::Request(link));
                for (response, link) in self.responses_of(request) {
                    let names = |backup: &Link<Backup>| {
                        let targets = &link.bundle.body().targets;
                        targets.iter().any(|target| target.backup == backup.bundle.digest())
                    };
                    all.extend(backups.extract_if(.., |b| names(b)).map(Accepted::Backup));
                    let of_response =
                        |log: &Link<Log>| link.bundle.body().log == log.bundle.digest();
                    all.extend(logs.extract_if(.., |log| of_response(log)).map(Accepted::Log));
                    all.push(Accepted::Response(link));
                    let receipts = self.receipts.iter().filter(|r| r.follows == response);
                    all.extend(receipts.map(Accepted::Receipt));
                }
            }
            all.extend(backups.into_iter().map(Accepted::Backup));
        }
        all.extend(logs.into_iter().map(Accepted::Log));
        all.extend(self.upkeeps().into_iter().map(Accepted::Upkeep));
        all.extend(self.transcripts().into_iter().map(Accepted::Transcript));
        all
    }

    /// Every transcript, in the order of their numbers.
    #[must_use]
    pub fn transcripts(&self) -> Vec<&Link<Transcript>> {
        let mut all: Vec<&Link<Transcript>> = self.transcripts.iter().collect();
        all.sort_by_key(|link| (link.bundle.body().serial, link.bundle.body().counter));
        all
    }

    /// Every record of what was done with an HSM outside of a ceremony, in the order of their numbers.
    #[must_use]
    pub fn upkeeps(&self) -> Vec<&Link<Upkeep>> {
        let mut all: Vec<&Link<Upkeep>> = self.upkeeps.iter().collect();
        all.sort_by_key(|link| (link.bundle.body().serial, link.bundle.body().counter));
        all
    }

    /// Every key of every plan.
    #[must_use]
    pub fn keys(&self) -> Vec<KeyRecord<'_>> {
        let mut keys = Vec::new();
        for (plan, link) in self.plans_in_order() {
            for target in &link.bundle.body().targets {
                let wrapped = self.requests_of(plan).flat_map(|(request, link)| {
                    self.responses_of(request)
                        .map(move |(response, wrapped)| (link, response, wrapped))
                });
                let wrappings = wrapped.filter_map(|(request, response, link)| {
                    let wrapped = link.bundle.body().target(&target.name)?;
                    let receipts = self.receipts.iter().filter(|r| r.follows == response);
                    let said = receipts.filter_map(|receipt| {
                        let mut targets = receipt.bundle.body().targets.iter();
                        Some((receipt, targets.find(|said| said.name == target.name)?))
                    });
                    let receipts = said.collect();
                    Some(Wrapping { request, response: link, target: wrapped, receipts })
                });
                // Keys that get the same key material have one backup of it.
                let leader = link.bundle.body().leader(target).map(|leader| &leader.name);
                let backups = self.backups.iter().filter(|backup| {
                    backup.follows == plan && Some(&backup.bundle.body().target) == leader
                });
                keys.push(KeyRecord {
                    plan: link,
                    target,
                    wrappings: wrappings.collect(),
                    backups: backups.collect(),
                });
            }
        }
        keys
    }

    fn plans_in_order(&self) -> Vec<(usize, &Link<Plan>)> {
        let mut plans: Vec<_> = self.plans.iter().enumerate().collect();
        plans.sort_by_key(|(_, link)| {
            (self.device_of(link).ok().map(|d| d.bundle.body().serial), link.bundle.body().counter)
        });
        plans
    }

    fn requests_of(&self, plan: usize) -> impl Iterator<Item = (usize, &Link<Request>)> {
        let of_plan = self.requests.iter().enumerate().filter(|(_, link)| link.follows == plan);
        let mut requests: Vec<_> = of_plan.collect();
        requests.sort_by_key(|(_, link)| link.bundle.body().counter);
        requests.into_iter()
    }

    fn responses_of(&self, request: usize) -> impl Iterator<Item = (usize, &Link<Response>)> {
        self.responses.iter().enumerate().filter(move |(_, link)| link.follows == request)
    }
}
