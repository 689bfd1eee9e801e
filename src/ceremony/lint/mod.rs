//! Everything that would be refused later about a plan, signed or not, and what its makers should have meant.
//!
//! A rule that is broken does not hide the next one. What rests on a clock rests on `now`, and the sentence says so.

mod beside;
mod code;
mod many;
mod refusals;
mod remarks;

#[cfg(test)]
mod tests;

pub use beside::Beside;
pub use code::Code;
pub use remarks::copies;

use crate::draft::{self, Progress, Seats};
use crate::{Refusal, plan as plans};
use keyferry_bundle::seal::claimed;
use keyferry_bundle::{
    Device, Digest, Envelope, Error, FieldError, Kind, Plan, Policy, Role, Timestamp, Verified,
};

/// What a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It will be refused.
    Refused,
    /// It will be refused, because the policy or a quorum is not met.
    NotAllowed,
    /// Nothing refuses it.
    Remark,
}

/// One thing about a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which thing, for scripts.
    pub code: Code,
    /// What it is.
    pub standing: Standing,
    /// The field of the payload, where it is about one.
    pub field: Option<String>,
    /// In words.
    pub sentence: String,
}

impl Finding {
    fn new(code: Code, standing: Standing, sentence: impl Into<String>) -> Self {
        Self { code, standing, field: None, sentence: sentence.into() }
    }

    fn remark(code: Code, sentence: impl Into<String>) -> Self {
        Self::new(code, Standing::Remark, sentence)
    }

    fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }
}

impl From<&Refusal> for Finding {
    fn from(refusal: &Refusal) -> Self {
        let standing = if refusal.is_policy() { Standing::NotAllowed } else { Standing::Refused };
        let of = |code, FieldError { field, problem }: &FieldError| {
            Self::new(code, standing, problem.clone()).at(field.clone())
        };
        match refusal {
            Refusal::Bundle { source: Error::Field(field), .. } => of(Code::Bundle, field),
            Refusal::Bundle { source, .. } => Self::new(Code::Bundle, standing, source.to_string()),
            Refusal::Link { source, .. } | Refusal::Replay { source, .. } => {
                of(Code::Chain, source)
            }
            Refusal::NotAllowed { source, .. } => of(Code::Policy, source),
        }
    }
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Lint {
    /// The plan as it claims to be; none where the bytes hold none.
    pub plan: Option<(Plan, Digest)>,
    /// How far its quorum is; none where its signatures are not all good.
    pub progress: Option<Progress>,
    /// What will be refused, then what deserves a look.
    pub findings: Vec<Finding>,
}

impl Lint {
    /// Whether something will be refused.
    #[must_use]
    pub fn refuses(&self) -> bool {
        self.findings.iter().any(|finding| finding.standing != Standing::Remark)
    }

    /// Whether nothing but the policy or a quorum stands against it.
    #[must_use]
    pub fn refuses_by_policy_only(&self) -> bool {
        self.refuses() && self.findings.iter().all(|f| f.standing != Standing::Refused)
    }
}

/// Looks at a plan's bytes under the policy in force and beside its device bundle, and beside other plans as far as they are known.
#[must_use]
pub fn lint(
    policy: &Verified<Policy>,
    device: &Verified<Device>,
    bytes: &[u8],
    now: Timestamp,
    beside: &Beside,
) -> Lint {
    let (mut findings, seats, plan) = read(policy, bytes);
    let officers = |seats: &Seats| {
        seats.progress().into_iter().find(|progress| progress.role == Role::CeremonyOfficer)
    };
    let progress = seats.as_ref().and_then(officers);
    if let Some((plan, _)) = &plan {
        findings.extend(plans::violations(policy, device, plan).iter().map(Finding::from));
        findings.extend(refusals::of(device.body(), plan, progress.as_ref(), now));
        findings.extend(beside.refusals(plan));
        let progress = progress.as_ref();
        findings.extend(remarks::of(policy.body(), device.body(), plan, progress, now, beside));
    }
    Lint { plan, progress, findings }
}

/// The payload, whatever its signatures are worth.
fn read(
    policy: &Verified<Policy>,
    bytes: &[u8],
) -> (Vec<Finding>, Option<Seats>, Option<(Plan, Digest)>) {
    let envelope = Envelope::decode_canonical(bytes);
    let digest = envelope.as_ref().map(Envelope::digest).ok();
    match draft::by_people::<Plan>(policy, Role::CeremonyOfficer, bytes) {
        Ok((plan, seats)) => (Vec::new(), Some(seats), digest.map(|digest| (plan, digest))),
        Err(refusal) => {
            let plan = envelope.ok().filter(|envelope| {
                keyferry_bundle::kinds::kind_of(envelope.payload_type()) == Some(Kind::Plan)
            });
            let plan = plan.and_then(|envelope| Some((claimed(&envelope).ok()?, digest?)));
            (vec![Finding::from(&refusal)], None, plan)
        }
    }
}

/// Whether an export of that key under a wrapping public key does not pass over USB as `keyferry-offline` speaks it: 2048 bytes a message.
#[must_use]
pub const fn needs_connector(spec: keyferry_bundle::KeySpec) -> bool {
    use keyferry_bundle::{KeyFamily, WrappingKeySpec};
    matches!(spec.family(), KeyFamily::Rsa(WrappingKeySpec::Rsa3072 | WrappingKeySpec::Rsa4096))
}
