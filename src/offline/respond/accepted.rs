//! What was verified before the HSM is touched.

use crate::copies;
use crate::hsm_access::unmakeable;
use crate::room::Room;
use keyferry_bundle::{Device, Kind, Plan, Policy, PublicKey, Request, Upkeep, Verified};
use keyferry_ceremony::backup;
use keyferry_ceremony::ledger::Memory;
use keyferry_console::args::CeremonyArgs;
use keyferry_console::ceremony::refused;
use keyferry_console::{Ceremony, Exit, Failure, Name};

/// Everything that was verified before the HSM was touched.
pub(crate) struct Accepted {
    pub(crate) ceremony: Ceremony,
    pub(crate) device: Verified<Device>,
    pub(crate) plan: Verified<Plan>,
    pub(crate) request: Verified<Request>,
    /// What was done with the HSM outside of ceremonies, as far as the folder has it.
    upkeeps: Vec<Verified<Upkeep>>,
    /// The requests before it that the folder has, in order.
    earlier: Vec<Verified<Request>>,
    pub(crate) public: PublicKey,
    pub(crate) recipients: Vec<age::x25519::Recipient>,
}

/// The age recipients of the custodians, where any target has bytes to copy.
fn recipients(
    policy: &Verified<Policy>,
    plan: &Verified<Plan>,
) -> Result<Vec<age::x25519::Recipient>, Failure> {
    let targets = plan.body().targets.iter();
    let custodians = targets
        .map(|target| backup::recipients(policy.body(), plan.body(), target))
        .max_by_key(Vec::len);
    copies::recipients(&custodians.unwrap_or_default())
}

impl Accepted {
    /// Reads and verifies; `number` is the request's, the newest unless it is named.
    pub(super) fn read(args: &CeremonyArgs, number: Option<u32>) -> Result<Self, Failure> {
        let ceremony = Ceremony::open(args)?;
        refuse_tokens(&ceremony)?;
        let device = ceremony.device()?;
        let plan = ceremony.plan(&device)?;
        let counter = number.unwrap_or_else(|| ceremony.newest_request().max(1));
        let request = ceremony.request(&device, &plan, counter)?;
        let earlier = (1..counter)
            .filter(|counter| ceremony.has(&Name::Request(*counter)))
            .map(|counter| ceremony.request(&device, &plan, counter))
            .collect::<Result<_, _>>()?;
        let enrolled = device.body().enrolled().map_err(|error| unmakeable(&error))?;
        let recipients = recipients(ceremony.policy(), &plan)?;
        let upkeeps = ceremony.upkeeps(&device)?;
        let public = enrolled.key;
        Ok(Self { ceremony, device, plan, request, upkeeps, earlier, public, recipients })
    }

    /// The records of what was done with the HSM outside of ceremonies.
    pub(super) fn upkeeps(&self) -> Vec<&Upkeep> {
        self.upkeeps.iter().map(Verified::body).collect()
    }

    /// The response's name.
    pub(super) fn response_name(&self) -> Name {
        Name::Response(self.request.body().counter)
    }

    fn request_name(&self) -> Name {
        Name::Request(self.request.body().counter)
    }

    /// Asks the room's memory whether this may be answered.
    pub(super) fn admit(&self, room: &Room, new_room: bool) -> Result<(), Failure> {
        let memory = if new_room { Memory::New } else { Memory::Kept };
        let mut requests = self.earlier.clone();
        requests.push(self.request.clone());
        room.ledger().admit(memory, &self.plan, &requests).map_err(|refusal| {
            let blamed =
                if refusal.kind() == Kind::Plan { Name::Plan } else { self.request_name() };
            let failure = refused(blamed, &refusal);
            if room.ledger().has_answered(&self.plan) {
                let lost = "find the response that was written then; if it is lost, fetch again: the next request is answered with the same key material";
                return failure.hint(lost);
            }
            failure
        })
    }
}

/// An import token has no business here: with it, whoever finds the medium can upload.
fn refuse_tokens(ceremony: &Ceremony) -> Result<(), Failure> {
    match ceremony.names().iter().find(|name| matches!(name, Name::ImportToken(..))) {
        None => Ok(()),
        Some(name) => {
            Err(Failure::new(Exit::Refused, "token-travelled", format!("{name} is here"))
                .because("import tokens stay on the bastion: the room needs only their digests")
                .hint("remove it from the medium; fetch again if anybody else may have seen it"))
        }
    }
}
