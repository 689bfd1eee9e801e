//! What is done with an HSM outside of a ceremony: copies of all it holds, putting them back, the drill, the end of a plan that is given
//! up. Each leaves a record, `upkeep-N.json`, that the HSM and the witnesses sign: it accounts for what the HSM's log says of it.

pub(crate) mod abort;
pub(crate) mod backup;
mod held;
mod inventory;
mod log;
mod look;
mod record;
pub(crate) mod restore;
mod sources;

use crate::hsm_access::unmakeable;
use crate::room::{Room, RoomArgs};
use crate::transcript;
use keyferry_bundle::{Device, Policy, PublicKey, Verified};
use keyferry_ceremony::{Countersigned, device};
use keyferry_console::args::TrustArg;
use keyferry_console::ceremony::{pinned_history, refused};
use keyferry_console::{Failure, Name, files};
use std::path::{Path, PathBuf};

/// Which HSM, and what is remembered of it.
#[derive(Debug, clap::Args)]
pub(crate) struct OfHsm {
    /// The HSM's device bundle
    #[arg(long, value_name = "FILE")]
    device: PathBuf,

    #[command(flatten)]
    memory: RoomArgs,

    #[command(flatten)]
    trust: TrustArg,
}

/// The HSM that is worked on, as the pinned policy has it.
struct Accepted {
    /// Every version of the policy, oldest first: copies may be of an older one.
    history: Vec<Verified<Policy>>,
    policy: Verified<Policy>,
    device: Verified<Device>,
    public: PublicKey,
}

impl Accepted {
    fn read(of: &OfHsm) -> Result<Self, Failure> {
        let history = pinned_history(of.trust.trust.as_deref())?;
        let policy =
            history.last().cloned().ok_or_else(|| Failure::bug("no version of the policy"))?;
        let bytes = files::read_bundle(&of.device)?;
        let device = device::accept(&policy, &bytes, Countersigned::Required)
            .map_err(|refusal| refused(of.device.display(), &refusal))?;
        Self::new(history, policy, device)
    }

    fn new(
        history: Vec<Verified<Policy>>,
        policy: Verified<Policy>,
        device: Verified<Device>,
    ) -> Result<Self, Failure> {
        let public = device.body().enrolled().map_err(|error| unmakeable(&error))?.key;
        Ok(Self { history, policy, device, public })
    }
}

/// Refuses a folder in which the record or the transcript could not be written, before anything is done.
fn must_be_free(room: &Room, folder: &Path) -> Result<(), Failure> {
    transcript::must_be_free(room, folder)?;
    files::must_be_free(&folder.join(name(room)?.to_string()))
}

/// The name of the next record.
fn name(room: &Room) -> Result<Name, Failure> {
    let place = room.ledger().next_upkeep();
    let place = place.ok_or_else(|| Failure::bug("every upkeep has its number"))?;
    Ok(Name::Upkeep(place.counter))
}
