//! Finding the chain: a payload cannot be read before its signatures are checked, so every bundle is held against every possible
//! predecessor, and the links that fit are kept.

use super::collect::collect;
use super::sort::Sorted;
use super::{
    File, Pins, Report, logs, materials, order, policies, sentences, transcripts, upkeeps,
};
use crate::links::Countersigned;
use crate::{Refusal, backup, device, log, plan, receipt, request, response, transcript, upkeep};
use keyferry_bundle::{
    Backup, Device, Kind, Log, Plan, Policy, Receipt, Request, Response, Transcript, Upkeep,
    Verified,
};

/// An accepted bundle, the file it came from, and which accepted bundle it follows.
#[derive(Debug, Clone)]
pub struct Link<T> {
    pub(super) file: String,
    pub(super) bundle: Verified<T>,
    pub(super) follows: usize,
}

/// Everything accepted.
#[derive(Debug, Default)]
pub struct Chain {
    pub(super) policies: Vec<Link<Policy>>,
    pub(super) devices: Vec<Link<Device>>,
    pub(super) plans: Vec<Link<Plan>>,
    pub(super) requests: Vec<Link<Request>>,
    pub(super) responses: Vec<Link<Response>>,
    pub(super) backups: Vec<Link<Backup>>,
    pub(super) logs: Vec<Link<Log>>,
    pub(super) receipts: Vec<Link<Receipt>>,
    pub(super) transcripts: Vec<Link<Transcript>>,
    pub(super) upkeeps: Vec<Link<Upkeep>>,
}

impl Chain {
    pub(super) fn build(sorted: &Sorted<'_>, pins: &Pins, report: &mut Report) -> Self {
        let mut chain = Self { policies: policies::find(sorted, pins, report), ..Self::default() };
        policies::trust(&chain.policies, pins, report);
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
            sentences::device(&chain, link, report);
            policies::replaced(&chain, pins, link, "device.policy", report);
        }
        order::devices(&chain, report);
        let chain = chain.grown(sorted, pins, report);
        for (index, device) in chain.devices.iter().enumerate() {
            if !chain.plans.iter().any(|plan| plan.follows == index) {
                sentences::unplanned(device, report);
            }
        }
        sentences::missing(&chain, report);
        chain
    }

    /// With what follows its policies and HSMs.
    pub(super) fn grown(self, sorted: &Sorted<'_>, pins: &Pins, report: &mut Report) -> Self {
        let mut chain = self;
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
            policies::in_time(&chain, pins, link, report);
        }
        order::plans(&chain, report);
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
        order::requests(&chain, report);
        let files: Vec<&File> = sorted.of(Kind::Backup).collect();
        chain.backups =
            collect(&files, Kind::Backup, "backup.signed", &chain.plans, report, |plan, bytes| {
                let device = chain.device_of(plan)?;
                backup::accept(chain.policy_of(device)?, &device.bundle, &plan.bundle, bytes)
            });
        for link in &chain.backups {
            sentences::backup(link, report);
        }
        chain.answered(sorted, report)
    }

    /// Responses and what follows on them.
    fn answered(self, sorted: &Sorted<'_>, report: &mut Report) -> Self {
        let mut chain = self;
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
        order::responses(&chain, report);
        let files: Vec<&File> = sorted.of(Kind::Upkeep).collect();
        chain.upkeeps = collect(
            &files,
            Kind::Upkeep,
            "upkeep.signed",
            &chain.devices,
            report,
            |device, bytes| {
                let policy = chain.policy_of(device)?;
                upkeep::accept(policy, &device.bundle, bytes, Countersigned::Required)
            },
        );
        upkeeps::state(&chain, report);
        let files: Vec<&File> = sorted.of(Kind::Log).collect();
        chain.logs =
            collect(&files, Kind::Log, "log.signed", &chain.devices, report, |device, bytes| {
                log::accept(chain.policy_of(device)?, &device.bundle, bytes)
            });
        logs::state(&chain, report);
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
        order::receipts(&chain, report);
        materials::state(&chain, report);
        let files: Vec<&File> = sorted.of(Kind::Transcript).collect();
        chain.transcripts = collect(
            &files,
            Kind::Transcript,
            "transcript.signed",
            &chain.devices,
            report,
            |device, bytes| transcript::accept(chain.policy_of(device)?, &device.bundle, bytes),
        );
        transcripts::state(&chain, report);
        chain
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
