//! `keyferry share prove` and `show`.

use crate::cli::share::{ProveArgs, ShowArgs};
use keyferry_console::custodian::CustodianIdentity;
use keyferry_console::files::{self, Mode};
use keyferry_console::{Exit, Failure, Person, Screen};
use keyferry_shares::{LINES, ProofFile, SET_FILE, SetFile, Share, check_line, prove, tidy};
use secrecy::ExposeSecret as _;
use serde_json::json;
use std::io::IsTerminal as _;
use std::path::Path;
use zeroize::Zeroizing;

/// The most bytes a public part may have.
const MAX_SET: usize = 64 * 1024;

/// Opens a share, holds it against its set, signs with it.
pub(crate) fn run_prove(args: &ProveArgs, person: &Person, screen: &Screen) -> Result<(), Failure> {
    let beside = |name: &str| args.share.as_deref().unwrap_or(Path::new(name)).with_file_name(name);
    let path = args.set.clone().unwrap_or_else(|| beside(SET_FILE));
    let set = read_set(&path)?;
    let share = match (&args.share, &args.identity) {
        (Some(share), Some(identity)) => {
            open(share, &CustodianIdentity::ask(person, screen, identity)?)?
        }
        _ => typed(person, screen)?,
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
    let share = open(&args.share, &CustodianIdentity::ask(person, screen, &args.identity)?)?;
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

fn open(path: &Path, identity: &CustodianIdentity) -> Result<Share, Failure> {
    let bytes = identity.open(path)?;
    std::str::from_utf8(&bytes)
        .map_err(|_| "it is no text".to_owned())
        .and_then(|text| Share::from_text(text).map_err(|error| error.to_string()))
        .map_err(|problem| {
            Failure::new(Exit::Refused, "share", format!("{} holds no share", path.display()))
                .because(problem)
        })
}

/// Types a share line by line: nothing of it is shown. At a terminal a line with a mistake is asked for again.
fn typed(person: &Person, screen: &Screen) -> Result<Share, Failure> {
    screen.say(format!("Type the share's {LINES} lines as they are printed. They are not shown."));
    let mut text = Zeroizing::new(String::with_capacity(4096));
    for number in 1..=LINES {
        loop {
            let typed = person.secret(screen, &format!("Line {number} of {LINES}"))?;
            let line = tidy(typed.expose_secret());
            match check_line(number, &line) {
                Ok(()) => {
                    text.push_str(&line);
                    text.push('\n');
                    break;
                }
                Err(error) if person.is_at_terminal() => screen.say(error.to_string()),
                Err(error) => {
                    return Err(Failure::new(Exit::Refused, "share", "this is no share")
                        .because(error)
                        .hint("type that line again"));
                }
            }
        }
    }
    Share::from_text(&text).map_err(|error| {
        Failure::new(Exit::Refused, "share", "the lines do not make a share").because(error)
    })
}
