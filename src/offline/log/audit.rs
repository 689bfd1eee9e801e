//! `keyferry-offline log audit`.

use super::dump;
use crate::hsm_access::{HsmArgs, hsm_failed};
use crate::isolation;
use keyferry_bundle::{Log, Upkeep, Verified};
use keyferry_ceremony::hsm_log::{Deed, Scene};
use keyferry_ceremony::log::{Compared, compare};
use keyferry_console::args::CeremonyArgs;
use keyferry_console::{Ceremony, Exit, Failure, Name, Person, Screen};
use keyferry_hsm::Hsm;
use serde_json::json;
use std::path::PathBuf;

/// Whose log.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: keyferry-offline --hsm usb:12345678 log audit /media/usb/payments-2026"
)]
pub(crate) struct Args {
    #[command(flatten)]
    ceremony: CeremonyArgs,

    /// Hold it against the log of this request, not the newest
    #[arg(long, value_name = "N")]
    request: Option<u32>,

    /// Read what `yubihsm-shell -a get-logs` printed instead of the HSM
    #[arg(long, value_name = "FILE", conflicts_with = "acknowledge")]
    dump: Option<PathBuf>,

    /// Then have the HSM forget the entries that the log bundle has: afterwards nobody can compare them any more
    #[arg(long)]
    acknowledge: bool,
}

pub(super) fn run(
    args: &Args,
    access: &HsmArgs,
    person: &Person,
    screen: &Screen,
) -> Result<(), Failure> {
    let ceremony = Ceremony::open(&args.ceremony)?;
    let device = ceremony.device()?;
    let counter = args.request.or_else(|| newest(&ceremony)).ok_or_else(|| {
        Failure::new(Exit::File, "file-missing", "there is no log bundle here")
            .because(format!("{} has no log-N.json", ceremony.folder().display()))
    })?;
    let log = ceremony.log(&device, counter)?;
    let plan = ceremony.plan(&device)?;
    if log.body().plan != Some(plan.digest()) {
        return Err(Failure::new(Exit::Refused, "bundle-refused", "the log is of another plan")
            .because(Name::Log(counter)));
    }
    let (entries, unlogged, hsm) = if let Some(path) = &args.dump {
        let dump = dump(path)?;
        (dump.entries, (dump.unlogged_boots, dump.unlogged_authentications), None)
    } else {
        isolation::check(ceremony.policy().body().environment, access.allow_network, screen)?;
        let key = device.body().credentials.audit;
        let hsm = access.open(device.body().serial, key, person, screen)?;
        let read = hsm.log_entries().map_err(|error| hsm_failed(&error))?;
        (read.entries, (read.unlogged_boots, read.unlogged_authentications), Some(hsm))
    };
    let compared = compare(log.body(), &entries).map_err(|disagreement| {
        Failure::new(Exit::Refused, "log-differs", "the HSM tells another story than the room")
            .because(disagreement)
            .hint("keep the HSM and the host as they are, and tell the officers")
    })?;
    let upkeeps = ceremony.upkeeps(&device)?;
    let upkeeps: Vec<&Upkeep> = upkeeps.iter().map(Verified::body).collect();
    let scene = Scene {
        device: device.body(),
        plan: Some(plan.body()),
        upkeeps: &upkeeps,
        from_anchor: false,
    };
    let told = tell(&scene, &log, &compared, unlogged, counter, screen);
    // What was compared is safe in two places, whatever came after it.
    if args.acknowledge
        && let (Some(hsm), Some(last)) = (hsm, keyferry_ceremony::log::last(log.body()))
    {
        let question = format!("Have the HSM forget its log up to entry {}?", last.number);
        person.confirm(screen, &question, plan.body().ceremony.as_str())?;
        hsm.set_log_index(last.number).map_err(|error| hsm_failed(&error))?;
        screen.say("The HSM has forgotten them.");
    }
    told
}

/// The newest log bundle's number.
fn newest(ceremony: &Ceremony) -> Option<u32> {
    let number = |name: &Name| if let Name::Log(counter) = name { Some(*counter) } else { None };
    ceremony.names().iter().filter_map(number).max()
}

fn tell(
    scene: &Scene<'_>,
    log: &Verified<Log>,
    compared: &Compared,
    unlogged: (u16, u16),
    counter: u32,
    screen: &Screen,
) -> Result<(), Failure> {
    let total = log.body().entries().len();
    let name = Name::Log(counter);
    screen.result(format!(
        "{} of the {total} entries of {name} are still in the HSM, and are the same",
        compared.same
    ))?;
    let mut strange = Vec::new();
    for entry in &compared.newer {
        let meaning = scene.deed(&entry.record);
        if !matches!(meaning, Ok(ref deed) if !matches!(deed, Deed::Upkeep { .. })) {
            strange.push(entry.number);
        }
        let words = meaning.map_or_else(|strange| strange, |deed| deed.to_string());
        screen.result(format!("{:5}  since then: {words}", entry.number))?;
    }
    let (boots, sessions) = unlogged;
    screen.result(format!("not logged: {boots} starts, {sessions} sessions"))?;
    screen.json(&json!({
        "log": name.to_string(),
        "same": compared.same,
        "newer": compared.newer.len(),
        "unaccounted": strange,
        "unlogged_boots": boots,
        "unlogged_authentications": sessions,
    }))?;
    let refuse = |because: String| {
        Failure::new(Exit::Refused, "log-unaccounted", "the HSM did what nobody was to do")
            .because(because)
            .hint("keep the HSM as it is, and tell the officers")
    };
    if unlogged != (0, 0) {
        return Err(refuse(format!("{boots} starts and {sessions} sessions were not logged")));
    }
    match strange.first() {
        Some(number) => Err(refuse(format!("entry {number}, after the ceremony's log"))),
        None if compared.same == 0 => {
            screen.warn("nothing of the ceremony's log is left in the HSM to compare");
            Ok(())
        }
        None => Ok(()),
    }
}
