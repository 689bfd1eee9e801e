//! The ceremony's folder as far as this program needs it, every link accepted under the pinned policy.

use keyferry_bundle::{Device, Plan, Request, Verified};
use keyferry_console::args::CeremonyArgs;
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

    /// The newest request, accepted.
    pub(crate) fn newest_request(&self) -> Result<Verified<Request>, Failure> {
        let counter = self.ceremony.newest_request();
        if counter == 0 {
            let missing = self.ceremony.path(&Name::Request(1));
            return Err(Failure::new(
                Exit::File,
                "file-unreadable",
                format!("{} is not there", missing.display()),
            )
            .because("nothing was fetched for this plan yet")
            .hint(format!("keyferry-online fetch {} --identity FILE", self.folder())));
        }
        self.ceremony.request(&self.device, &self.plan, counter)
    }

    /// The folder, for messages.
    pub(crate) fn folder(&self) -> String {
        self.ceremony.folder().display().to_string()
    }
}
