//! A bundle's payload, whatever its kind.

use keyferry_bundle::seal::claimed;
use keyferry_bundle::{
    Backup, Bundle, Device, Envelope, Error, Kind, Log, Plan, Policy, Receipt, Request, Response,
    Transcript, Upkeep,
};
use serde::Serialize;

/// One payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Body {
    Policy(Box<Policy>),
    Device(Box<Device>),
    Plan(Box<Plan>),
    Request(Box<Request>),
    Response(Box<Response>),
    Backup(Box<Backup>),
    Receipt(Box<Receipt>),
    Log(Box<Log>),
    Transcript(Box<Transcript>),
    Upkeep(Box<Upkeep>),
}

impl Body {
    /// What an envelope claims to hold. Nobody's signature is checked.
    pub(crate) fn claimed(kind: Kind, envelope: &Envelope) -> Result<Self, Error> {
        fn read<T: Bundle>(
            envelope: &Envelope,
            body: impl FnOnce(Box<T>) -> Body,
        ) -> Result<Body, Error> {
            claimed(envelope).map(|payload| body(Box::new(payload)))
        }
        match kind {
            Kind::Policy => read(envelope, Self::Policy),
            Kind::Device => read(envelope, Self::Device),
            Kind::Plan => read(envelope, Self::Plan),
            Kind::Request => read(envelope, Self::Request),
            Kind::Response => read(envelope, Self::Response),
            Kind::Backup => read(envelope, Self::Backup),
            Kind::Receipt => read(envelope, Self::Receipt),
            Kind::Log => read(envelope, Self::Log),
            Kind::Transcript => read(envelope, Self::Transcript),
            Kind::Upkeep => read(envelope, Self::Upkeep),
        }
    }

    /// Its kind.
    pub(crate) const fn kind(&self) -> Kind {
        match self {
            Self::Policy(_) => Kind::Policy,
            Self::Device(_) => Kind::Device,
            Self::Plan(_) => Kind::Plan,
            Self::Request(_) => Kind::Request,
            Self::Response(_) => Kind::Response,
            Self::Backup(_) => Kind::Backup,
            Self::Receipt(_) => Kind::Receipt,
            Self::Log(_) => Kind::Log,
            Self::Transcript(_) => Kind::Transcript,
            Self::Upkeep(_) => Kind::Upkeep,
        }
    }

    /// What a person types to sign it.
    pub(crate) fn word(&self) -> &str {
        match self {
            Self::Policy(policy) => policy.name.as_str(),
            Self::Device(device) => device.name.as_str(),
            Self::Plan(plan) => plan.ceremony.as_str(),
            Self::Request(_)
            | Self::Response(_)
            | Self::Backup(_)
            | Self::Receipt(_)
            | Self::Log(_)
            | Self::Transcript(_)
            | Self::Upkeep(_) => self.kind().as_str(),
        }
    }
}
