//! `keyferry sign`: check, show, ask, sign, check again, write.

use crate::cli::sign::Args;
use crate::opened::{Opened, Trusted, file_name, open};
use crate::render::Page;
use keyferry_bundle::{Envelope, Holder, Role};
use keyferry_ceremony::draft::{NoSeat, Seats};
use keyferry_console::identity::Identity;
use keyferry_console::{Exit, Failure, Person, Screen, files, fingerprint};
use serde_json::json;
use std::path::Path;

/// Adds one signature to the file that the command line names.
pub(crate) fn run(args: &Args, person: &Person, screen: &Screen) -> Result<(), Failure> {
    add(&args.file, &args.identity, args.trust.trust.as_deref(), person, screen)
}

/// Adds one signature to a file.
pub(super) fn add(
    file: &Path,
    identity_file: &Path,
    trust: Option<&Path>,
    person: &Person,
    screen: &Screen,
) -> Result<(), Failure> {
    let trusted = Trusted::load(trust)?;
    let before = files::read_bundle(file)?;
    let opened = open(&trusted, file, &before)?;
    let seats = seats(&opened, file)?;
    let identity = Identity::ask(person, screen, identity_file)?;
    let (holder, role) = seat(seats, &identity, identity_file)?;

    show(&opened, screen);
    let question = format!("Sign this {} as {holder}, {role}?", opened.body.kind());
    person.confirm(screen, &question, opened.body.word())?;

    let mut envelope = opened.envelope;
    identity.sign(&mut envelope)?;
    let after = envelope.encode();
    // Our own work is held against the same rules before it takes the other's place.
    let complete = open(&trusted, file, &after)?;
    files::countersign(file, &before, &after)?;

    let name = file.display().to_string();
    screen.say(format!("{holder} signed {name} as {role}."));
    tell_missing(&complete, screen);
    screen.result(format!("{name}: {} signature(s)", envelope.signatures().len()))?;
    screen.json(&json!({
        "file": name,
        "kind": complete.body.kind(),
        "digest": envelope.digest(),
        "holder": holder,
        "role": role,
        "complete": complete.missing().is_none(),
        "missing": complete.missing(),
    }))
}

/// Adds a signature to a policy that is being made and is not a file yet.
pub(crate) fn sign_new_policy(
    envelope: &mut Envelope,
    reopen: impl Fn(&[u8]) -> Result<Opened, Failure>,
    path: &Path,
    person: &Person,
    screen: &Screen,
) -> Result<(), Failure> {
    let opened = reopen(&envelope.encode())?;
    let identity = Identity::ask(person, screen, path)?;
    let (holder, role) = seat(seats(&opened, path)?, &identity, path)?;
    let question = format!("Sign this policy as {holder}, {role}?");
    person.confirm(screen, &question, opened.body.word())?;
    identity.sign(envelope)?;
    reopen(&envelope.encode()).map(drop)
}

/// Shows what is about to be signed.
pub(crate) fn show(opened: &Opened, screen: &Screen) {
    let page = Page::of(&opened.body);
    screen.heading(&page.heading);
    screen.table(&page.rows);
    screen.table(&fingerprint::rows(&opened.envelope.digest()));
    let signers: Vec<&str> =
        opened.seats.iter().flat_map(Seats::signers).map(Holder::as_str).collect();
    let signers = if signers.is_empty() { "nobody yet".to_owned() } else { signers.join(", ") };
    screen.table(&[("signed by", signers)]);
    for holder in opened.seats.iter().flat_map(Seats::discounted) {
        screen.warn(format!("{holder}'s signature does not count: the key is revoked"));
    }
    for remark in &opened.remarks {
        screen.warn(remark);
    }
}

/// Says who is still missing.
pub(crate) fn tell_missing(opened: &Opened, screen: &Screen) {
    match opened.missing() {
        Some(missing) => screen.say(format!("Not complete yet: {missing}.")),
        None => screen.say("It is complete: every quorum is met."),
    }
}

fn seats<'a>(opened: &'a Opened, path: &Path) -> Result<&'a Seats, Failure> {
    opened.seats.as_ref().ok_or_else(|| {
        Failure::new(
            Exit::Policy,
            "wrong-signer",
            format!("{} is not for people to sign", file_name(path)),
        )
        .because(format!("a {} is signed by the HSM alone", opened.body.kind()))
    })
}

/// The seat this key takes, or why it has none: a signature that does not count is never added, for it would only confuse.
fn seat(seats: &Seats, identity: &Identity, path: &Path) -> Result<(Holder, Role), Failure> {
    let key = identity.public_key()?.id().map_err(Failure::bug)?;
    seats.offer(&key).map_err(|reason| {
        let (exit, code, hint) = match reason {
            NoSeat::SameKey(_) => {
                (Exit::Refused, "signed-already", "pass it on to whoever is still missing")
            }
            NoSeat::SamePerson(_) => (Exit::Policy, "signed-already", "have somebody else sign it"),
            NoSeat::Stranger(_)
            | NoSeat::OtherRole { .. }
            | NoSeat::OutsideValidity { .. }
            | NoSeat::Revoked { .. } => {
                (Exit::Policy, "wrong-signer", "`keyferry policy show` names who counts as what")
            }
        };
        let error = format!("a signature by {} would not count", path.display());
        Failure::new(exit, code, error).because(reason).hint(hint)
    })
}
