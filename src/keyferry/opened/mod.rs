//! A bundle held against the policy that this machine has pinned and the ceremony's folder it lies in.
//!
//! Only the quorum of people may be short: `sign` adds to it, `inspect` says so.

mod copies;
mod logs;
mod transcript;
mod trusted;
mod upkeep;

pub(crate) use trusted::{Trusted, expired};

use crate::body::Body;
use keyferry_bundle::{Device, Envelope, Kind, Plan, Policy, Request, TargetName, Verified};
use keyferry_bundle::{kinds::kind_of, kinds::payload_type};
use keyferry_ceremony::draft::{self, Seats};
use keyferry_ceremony::{Countersigned, Refusal, backup, log, request as requests};
use keyferry_console::ceremony::refused;
use keyferry_console::{Ceremony, Exit, Failure, Name};
use std::path::Path;

/// A bundle that keeps every rule but, perhaps, a quorum of people.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    /// Its payload.
    pub(crate) body: Body,
    /// Its envelope.
    pub(crate) envelope: Envelope,
    /// Who signed and who may; none for what the HSM signs alone.
    pub(crate) seats: Option<Seats>,
    /// Worth telling whoever reads it.
    pub(crate) remarks: Vec<String>,
}

impl Opened {
    /// The quorum that is still short, in words.
    pub(crate) fn missing(&self) -> Option<String> {
        self.seats.as_ref().and_then(Seats::missing).map(ToString::to_string)
    }
}

/// The envelope and the kind of a file's bytes.
pub(crate) fn envelope(name: &str, bytes: &[u8]) -> Result<(Envelope, Kind), Failure> {
    let refuse = |because: String| {
        Failure::new(Exit::Refused, "bundle-refused", format!("{name} is no bundle"))
            .because(because)
    };
    let envelope = Envelope::decode_canonical(bytes).map_err(|error| refuse(error.to_string()))?;
    let kind = kind_of(envelope.payload_type()).ok_or_else(|| {
        refuse(format!(
            "its payload type is {:?}, not {} or its like",
            envelope.payload_type(),
            payload_type(Kind::Plan)
        ))
    })?;
    Ok((envelope, kind))
}

/// Holds the bytes of the file at `path` against everything that can be known about them here.
pub(crate) fn open(trusted: &Trusted, path: &Path, bytes: &[u8]) -> Result<Opened, Failure> {
    let name = file_name(path);
    let (envelope, kind) = envelope(&name, bytes)?;
    let accept = |outcome: Result<(Body, Seats), Refusal>| match outcome {
        Ok((body, seats)) => Ok((body, Some(seats), Vec::new())),
        Err(refusal) => Err(refused(&name, &refusal)),
    };
    let (body, seats, remarks) = match kind {
        Kind::Policy => {
            let (body, seats, remark) = trusted.open(&name, &envelope, bytes)?;
            (Body::Policy(Box::new(body)), Some(seats), remark.into_iter().collect())
        }
        Kind::Device => accept(
            draft::device(trusted.in_force()?, bytes)
                .map(|(body, seats)| (Body::Device(Box::new(body)), seats)),
        )?,
        Kind::Transcript => {
            let (body, remarks) = transcript::open(trusted.in_force()?, path, &name, bytes)?;
            (Body::Transcript(Box::new(body)), None, remarks)
        }
        Kind::Upkeep => accept(
            upkeep::open(trusted.in_force()?, path, &name, bytes)?
                .map(|(body, seats)| (Body::Upkeep(Box::new(body)), seats)),
        )?,
        Kind::Plan | Kind::Request | Kind::Response | Kind::Backup | Kind::Receipt | Kind::Log => {
            let place = Place::of(trusted, path, kind)?;
            match place.name {
                Name::Plan => accept(place.plan(bytes))?,
                Name::Request(_) => accept(place.request(bytes)?)?,
                Name::Response(counter) => place.response(&name, counter, bytes)?,
                Name::Receipt(counter) => accept(place.receipt(counter, bytes)?)?,
                Name::Backup(ref target) => (place.backup(&name, target, bytes)?, None, Vec::new()),
                Name::Log(_) => (place.log(&name, bytes)?, None, Vec::new()),
                Name::Policy(_)
                | Name::Device
                | Name::ImportToken(..)
                | Name::Journal(_)
                | Name::WrappedCopy(_)
                | Name::AgeCopy(_)
                | Name::Transcript(_)
                | Name::Upkeep(_) => return Err(misnamed(&name, kind)),
            }
        }
    };
    Ok(Opened { body, envelope, seats, remarks })
}

/// What a person calls a file.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into())
}

fn misnamed(name: &str, kind: Kind) -> Failure {
    Failure::new(Exit::Refused, "misnamed", format!("{name} is not accepted"))
        .because(format!("it holds a {kind}, which has another name in its ceremony's folder"))
        .hint("files of a ceremony keep the names they were given")
}

/// A bundle's place in its ceremony.
struct Place<'a> {
    policy: &'a Verified<Policy>,
    ceremony: Ceremony,
    name: Name,
    device: Verified<Device>,
}

type Judged = Result<(Body, Seats), Refusal>;

impl<'a> Place<'a> {
    fn of(trusted: &'a Trusted, path: &Path, kind: Kind) -> Result<Self, Failure> {
        let file = file_name(path);
        let name = Name::parse(&file)
            .filter(|name| {
                matches!(
                    (name, kind),
                    (Name::Plan, Kind::Plan)
                        | (Name::Request(_), Kind::Request)
                        | (Name::Response(_), Kind::Response)
                        | (Name::Receipt(_), Kind::Receipt)
                        | (Name::Backup(_), Kind::Backup)
                        | (Name::Log(_), Kind::Log)
                )
            })
            .ok_or_else(|| misnamed(&file, kind))?;
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            Some(_) | None => Path::new("."),
        };
        let policy = trusted.in_force()?;
        let ceremony = Ceremony::under(folder, trusted.history())?;
        let device = ceremony.device()?;
        Ok(Self { policy, ceremony, name, device })
    }

    fn accepted_plan(&self) -> Result<Verified<Plan>, Failure> {
        self.ceremony.plan(&self.device)
    }

    fn plan(&self, bytes: &[u8]) -> Judged {
        let (body, seats) = draft::plan(self.policy, &self.device, bytes)?;
        Ok((Body::Plan(Box::new(body)), seats))
    }

    fn request(&self, bytes: &[u8]) -> Result<Judged, Failure> {
        let plan = self.accepted_plan()?;
        let outcome = draft::request(self.policy, &self.device, &plan, bytes);
        if let Ok((request, _)) = &outcome
            && self.name != Name::Request(request.counter)
        {
            return Err(misnamed(&self.name.to_string(), Kind::Request)
                .because(format!("its counter is {}", request.counter)));
        }
        if let Ok((request, _)) = &outcome {
            let earlier = self.earlier_requests(&plan, request.counter)?;
            if let Err(refusal) = requests::check_chain(&earlier, request) {
                return Ok(Err(refusal));
            }
        }
        Ok(outcome.map(|(body, seats)| (Body::Request(Box::new(body)), seats)))
    }

    /// The requests from before that one, in order, back to the first or to a gap.
    fn earlier_requests(
        &self,
        plan: &Verified<Plan>,
        counter: u32,
    ) -> Result<Vec<Verified<Request>>, Failure> {
        let here = |counter: &u32| self.ceremony.has(&Name::Request(*counter));
        let counters: Vec<u32> = (1..counter).rev().take_while(here).collect();
        let read = |counter: &u32| self.ceremony.request(&self.device, plan, *counter);
        counters.iter().rev().map(read).collect()
    }

    fn response(
        &self,
        name: &str,
        counter: u32,
        bytes: &[u8],
    ) -> Result<(Body, Option<Seats>, Vec<String>), Failure> {
        let plan = self.accepted_plan()?;
        let request = self.ceremony.request(&self.device, &plan, counter)?;
        let (body, seats) = draft::response(self.policy, &self.device, &plan, &request, bytes)
            .map_err(|refusal| refused(name, &refusal))?;
        let mut remarks = copies::check(&self.ceremony, &self.device, &plan, &body)?;
        remarks.extend(logs::check(&self.ceremony, &self.device, &plan, &body, counter)?);
        Ok((Body::Response(Box::new(body)), Some(seats), remarks))
    }

    fn receipt(&self, counter: u32, bytes: &[u8]) -> Result<Judged, Failure> {
        let plan = self.accepted_plan()?;
        let request = self.ceremony.request(&self.device, &plan, counter)?;
        let required = Countersigned::Required;
        let response = self.ceremony.response(&self.device, &plan, &request, required)?;
        Ok(draft::receipt(self.policy, &plan, &response, bytes)
            .map(|(body, seats)| (Body::Receipt(Box::new(body)), seats)))
    }

    fn log(&self, name: &str, bytes: &[u8]) -> Result<Body, Failure> {
        let found = log::accept(self.policy, &self.device, bytes)
            .map_err(|refusal| refused(name, &refusal))?;
        Ok(Body::Log(Box::new(found.body().clone())))
    }

    fn backup(&self, name: &str, target: &TargetName, bytes: &[u8]) -> Result<Body, Failure> {
        let plan = self.accepted_plan()?;
        let found = backup::accept(self.policy, &self.device, &plan, bytes)
            .map_err(|refusal| refused(name, &refusal))?;
        if found.body().target != *target {
            return Err(misnamed(name, Kind::Backup)
                .because(format!("it is of target {}", found.body().target)));
        }
        Ok(Body::Backup(Box::new(found.body().clone())))
    }
}
