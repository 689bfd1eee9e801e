//! `keyferry share prove` and `show`.

use crate::cli::share::{ProveArgs, ShowArgs};
use keyferry_console::custodian::CustodianIdentity;
use keyferry_console::files::{self, Mode};
use keyferry_console::{Exit, Failure, Person, Screen, share};
use keyferry_shares::{ProofFile, SET_FILE, SetFile, prove};
use serde_json::json;
use std::io::IsTerminal as _;
use std::path::Path;

/// The most bytes a public part may have.
const MAX_SET: usize = 64 * 1024;

/// Opens a share, holds it against its set, signs with it.
pub(crate) fn run_prove(args: &ProveArgs, person: &Person, screen: &Screen) -> Result<(), Failure> {
    let beside = |name: &str| args.share.as_deref().unwrap_or(Path::new(name)).with_file_name(name);
    let path = args.set.clone().unwrap_or_else(|| beside(SET_FILE));
    let set = read_set(&path)?;
    let share = match (&args.share, &args.identity) {
        (Some(share), Some(identity)) => {
            share::open(share, &CustodianIdentity::ask(person, screen, identity)?)?
        }
        _ => share::typed(person, screen)?,
    };
    let holder = share.holder();
    let proof = prove(&set.shares, set.serial, &share).map_err(|error| {
        Failure::new(Exit::Refused, "share-refused", "this share is not proved")
            .caused_by(&error)
            .hint("tell the room: a share that cannot be proved must not be relied on")
    })?;
    let proof = ProofFile {
        set: set.shares.id,
        serial: set.serial,
        index: share.index(),
        holder: holder.clone(),
        proof,
    };
    let out = args.out.clone().unwrap_or_else(|| beside(&proof.name()));
    files::write_new(&out, &proof.encode().map_err(Failure::bug)?, Mode::Public)?;
    screen.say(format!(
        "Share {} of {}, {holder}'s, is there and is the right one: any {} make the wrap key of HSM {}.",
        share.index(),
        share.count(),
        share.threshold(),
        set.serial
    ));
    screen.say("Next: bring the proof to the room; keep the share and its identity to yourself.");
    screen.result(out.display().to_string())?;
    screen.json(&json!({
        "proof": out.display().to_string(),
        "set": proof.set,
        "serial": proof.serial,
        "index": proof.index,
        "holder": proof.holder,
    }))
}

/// Shows a share, to a person's eyes alone.
pub(crate) fn run_show(args: &ShowArgs, person: &Person, screen: &Screen) -> Result<(), Failure> {
    if screen.is_json() || !std::io::stdout().is_terminal() {
        return Err(Failure::usage("a share is shown on a terminal and nowhere else")
            .because("what a file or another program gets, somebody else can read")
            .hint("run it at a terminal, without --json"));
    }
    let share = share::open(&args.share, &CustodianIdentity::ask(person, screen, &args.identity)?)?;
    screen.warn(format!(
        "what follows is secret: {} such shares are the wrap key of HSM {}",
        share.threshold(),
        share.serial()
    ));
    person.confirm(screen, "Are you alone, and is nothing recorded?", share.holder().as_str())?;
    screen.result(share.to_text().trim_end())?;
    screen.warn("close this terminal afterwards: what it showed, it may still show");
    Ok(())
}

fn read_set(path: &Path) -> Result<SetFile, Failure> {
    let bytes = files::read_capped(path, MAX_SET).map_err(|failure| {
        failure.hint("name the public part of the shares with --set: the room's shares.json")
    })?;
    SetFile::decode(&bytes).map_err(|error| {
        let shown = path.display();
        Failure::new(Exit::Refused, "share-set", format!("{shown} is no set of shares"))
            .because(error)
            .hint("take the shares.json that `keyferry-offline init` wrote")
    })
}
