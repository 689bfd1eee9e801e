//! The ceremony's folder as far as this program needs it, every link accepted under the pinned policy.

use keyferry_bundle::{Device, Plan, Request, Verified};
use keyferry_ceremony::request;
use keyferry_console::args::CeremonyArgs;
use keyferry_console::ceremony::refused;
use keyferry_console::{Ceremony, Exit, Failure, Name};

/// The chain up to the plan.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) ceremony: Ceremony,
    pub(crate) device: Verified<Device>,
    pub(crate) plan: Verified<Plan>,
}

impl Chain {
    pub(crate) fn open(args: &CeremonyArgs) -> Result<Self, Failure> {
        let ceremony = Ceremony::open(args)?;
        let device = ceremony.device()?;
        let plan = ceremony.plan(&device)?;
        Ok(Self { ceremony, device, plan })
    }

    /// The newest request, accepted, and fit to follow those before it.
    pub(crate) fn newest_request(&self) -> Result<Verified<Request>, Failure> {
        let mut requests = self.requests()?;
        let Some(newest) = requests.pop() else {
            let missing = self.ceremony.path(&Name::Request(1));
            return Err(Failure::new(
                Exit::File,
                "file-unreadable",
                format!("{} is not there", missing.display()),
            )
            .because("nothing was fetched for this plan yet")
            .hint(format!("keyferry-online fetch {} --identity FILE", self.folder())));
        };
        request::check_chain(&requests, newest.body())
            .map_err(|refusal| refused(Name::Request(newest.body().counter), &refusal))?;
        Ok(newest)
    }

    /// Every request from before the next one, in order, back to the first or to a gap.
    pub(crate) fn requests(&self) -> Result<Vec<Verified<Request>>, Failure> {
        let newest = self.ceremony.newest_request();
        let here = |counter: &u32| self.ceremony.has(&Name::Request(*counter));
        let counters: Vec<u32> = (1..=newest).rev().take_while(here).collect();
        let read = |counter: &u32| self.ceremony.request(&self.device, &self.plan, *counter);
        counters.iter().rev().map(read).collect()
    }

    /// The folder, for messages.
    pub(crate) fn folder(&self) -> String {
        keyferry_console::shell(self.ceremony.folder())
    }
}
