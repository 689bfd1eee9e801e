//! The steps that change the HSM.

use super::shares::{self, Found, Source};
use super::{Args, Layout};
use crate::audit;
use crate::hsm_access::{HsmArgs, hsm_failed, sign};
use keyferry_bundle::{Envelope, ObjectId};
use keyferry_console::{Exit, Failure, Person, Screen};
use keyferry_hsm::{Credential, Duty, Error, Hsm, ObjectKind, Place, Purpose, YubiHsm2};

/// Makes the keys, proves the new credential, removes the factory's. Returns a session of the new credential; none where the wrap key
/// was split now, and its custodians are to prove their shares first.
pub(super) fn set_up(
    args: &Args,
    access: &HsmArgs,
    new: &YubiHsm2,
    layout: &Layout,
    source: Source<'_>,
    person: &Person,
    screen: &Screen,
) -> Result<Option<YubiHsm2>, Failure> {
    let factory = Credential::factory().map_err(Failure::bug)?;
    refuse_strangers(new, layout, factory.key)?;
    if let Source::Split(sharing, Found::Proved(_)) = source
        && !is_there(new, layout.wrap, &layout.wrap_key)?
    {
        return Err(sharing.gone(layout.wrap_key.id));
    }
    let info = new.device().map_err(|error| hsm_failed(&error))?;
    let how = match source {
        Source::Generated => "generated".to_owned(),
        Source::Joined(joined) => joined.told(),
        Source::Split(sharing, Found::Nothing | Found::Waiting(_)) => {
            format!("drawn from the HSM, put back, and split {}", sharing.plan())
        }
        Source::Split(_, Found::Proved(file)) => {
            format!("split {}; everybody proved a share", shares::split(&file.shares))
        }
    };
    screen.heading(format!("HSM {} is about to be set up", args.name));
    screen.table(&[
        ("serial", info.serial.to_string()),
        ("firmware", info.firmware.to_string()),
        ("signing key", format!("{}, P-256, generated, not exportable", layout.signing.id)),
        ("wrap key", format!("{}, AES-256, {how}", layout.wrap_key.id)),
        ("credentials", credentials(layout)),
        ("audit log", "every command that matters, fixed until the HSM is reset".to_owned()),
        ("the factory's", format!("authentication key {} is deleted, last", factory.key)),
    ]);
    person.confirm(screen, "Set this HSM up?", &info.serial.to_string())?;
    if let Source::Split(sharing, Found::Nothing) = source {
        audit::fix(new)?;
        let file = sharing.begin(new, &layout.wrap_key)?;
        return sharing.wait(&file, screen).map(|()| None);
    }
    let choose = |place: &Place| {
        let prompt = format!("New password of authentication key {}, {}", place.id, place.label);
        Ok::<_, Failure>(Credential::new(place.id, person.new_secret(screen, &prompt)?))
    };
    let chosen = layout
        .credentials
        .iter()
        .map(|(duty, place)| Ok((*duty, place, choose(place)?)))
        .collect::<Result<Vec<_>, Failure>>()?;

    // First, so that everything below leaves its entry.
    audit::fix(new)?;
    make(new, Purpose::SigningKey, layout.signing.id, || {
        new.generate_signing_key(&layout.signing)
    })?;
    match source {
        Source::Split(_, Found::Proved(file)) => {
            shares::hold(new, &layout.wrap_key, file)?;
            refuse_strangers(new, layout, factory.key)?;
        }
        Source::Joined(joined) => joined.put(new, &layout.wrap_key)?,
        Source::Generated | Source::Split(..) => {
            make(new, layout.wrap, layout.wrap_key.id, || new.generate_wrap_key(&layout.wrap_key))?;
        }
    }
    let mut ceremony = None;
    for (duty, place, credential) in &chosen {
        // One that an interrupted run left has a password that nobody may know.
        if found(new, Purpose::Credential(*duty), place.id)?.is_some() {
            new.delete_authentication_key(place.id).map_err(|error| hsm_failed(&error))?;
        }
        new.put_credential(*duty, place, credential).map_err(|error| hsm_failed(&error))?;
        let opened = open(access, args, credential)?;
        if *duty == Duty::Ceremony {
            ceremony = Some(opened);
        } else {
            opened.close().map_err(|error| hsm_failed(&error))?;
        }
    }
    let proved = ceremony.ok_or_else(|| Failure::bug("no credential is for ceremonies"))?;
    prove(&proved, layout)?;
    new.delete_authentication_key(factory.key).map_err(|error| hsm_failed(&error))?;
    let left = proved.objects().map_err(|error| hsm_failed(&error))?;
    if !left.contains(&(ObjectKind::AuthenticationKey, factory.key)) {
        return Ok(Some(proved));
    }
    Err(Failure::new(
        Exit::Unknown,
        "factory-credential",
        "the factory's credential is still there",
    )
    .hint("do not use this HSM; reset it and begin again"))
}

/// The authentication keys in words.
fn credentials(layout: &Layout) -> String {
    let each = layout.credentials.iter();
    let lines = each.map(|(_, place)| format!("authentication key {}, {}", place.id, place.label));
    lines.collect::<Vec<_>>().join("\n")
}

fn open(access: &HsmArgs, args: &Args, credential: &Credential) -> Result<YubiHsm2, Failure> {
    YubiHsm2::open(&access.hsm, args.serial, credential).map_err(|error| hsm_failed(&error))
}

/// Anything that `init` did not make may belong to somebody.
fn refuse_strangers(hsm: &dyn Hsm, layout: &Layout, factory: ObjectId) -> Result<(), Failure> {
    let mut ours: Vec<_> = layout.keys().map(|(purpose, at)| (purpose.kind(), at.id)).collect();
    ours.push((ObjectKind::AuthenticationKey, factory));
    let objects = hsm.objects().map_err(|error| hsm_failed(&error))?;
    // What an interrupted run left is used again, or deleted: it must be what `init` makes there.
    for (purpose, place) in layout.keys() {
        is_there(hsm, purpose, place)?;
    }
    // What an interrupted run left in the wrap key's name.
    if layout.wrap == Purpose::SplitWrapKey && shares::probe_is_there(hsm, layout.wrap_key.id)? {
        ours.push((ObjectKind::Opaque, layout.wrap_key.id));
    }
    match objects.iter().find(|object| !ours.contains(object)) {
        None => Ok(()),
        Some((kind, id)) => Err(Failure::new(
            Exit::Unchanged,
            "hsm-not-new",
            "this HSM is not factory-new",
        )
        .because(format!("it holds the {kind} {id}"))
        .hint(
            "reset it, if nothing on it is needed: hold its rim for ten seconds while inserting it",
        )),
    }
}

fn make(
    hsm: &dyn Hsm,
    purpose: Purpose,
    id: ObjectId,
    generate: impl FnOnce() -> Result<(), Error>,
) -> Result<(), Failure> {
    if found(hsm, purpose, id)?.is_none() {
        generate().map_err(|error| hsm_failed(&error))?;
    }
    Ok(())
}

fn found(
    hsm: &dyn Hsm,
    purpose: Purpose,
    id: ObjectId,
) -> Result<Option<keyferry_hsm::Object>, Failure> {
    hsm.object(purpose.kind(), id).map_err(|error| hsm_failed(&error))
}

/// The new credential draws random bytes and signs, and the signature holds.
fn prove(hsm: &dyn Hsm, layout: &Layout) -> Result<(), Failure> {
    check_keys(hsm, layout)?;
    hsm.random(32).map_err(|error| hsm_failed(&error))?;
    let public = hsm.public_key(layout.signing.id).map_err(|error| hsm_failed(&error))?;
    let mut probe =
        Envelope::unsigned("text/plain".to_owned(), b"proof of the credential".to_vec());
    sign(hsm, layout.signing.id, &public, &mut probe)
}

/// Each key is there and is what it must be: generated here, with these capabilities and no others.
pub(super) fn check_keys(hsm: &dyn Hsm, layout: &Layout) -> Result<(), Failure> {
    for (purpose, place) in layout.keys() {
        if !is_there(hsm, purpose, place)? {
            return Err(unusable(purpose, place, "it is not there".to_owned()));
        }
    }
    Ok(())
}

/// Whether a key is there; what is there under its id and is not what `init` makes is refused.
fn is_there(hsm: &dyn Hsm, purpose: Purpose, place: &Place) -> Result<bool, Failure> {
    let Some(object) = found(hsm, purpose, place.id)? else { return Ok(false) };
    let problem = match object.serves(purpose) {
        Ok(()) if object.label != place.label.as_str() => {
            format!("it is labelled {:?}, not {:?}", object.label, place.label.as_str())
        }
        Ok(()) if object.domains == place.domains => return Ok(true),
        Ok(()) => format!("it is in domains {}, not {}", object.domains, place.domains),
        Err(problem) => problem,
    };
    Err(unusable(purpose, place, problem))
}

fn unusable(purpose: Purpose, place: &Place, problem: String) -> Failure {
    Failure::new(
        Exit::Unchanged,
        "hsm-key",
        format!("the {} {} cannot be used", purpose.kind(), place.id),
    )
    .because(problem)
    .hint("on an HSM that was set up before: give the same --name, ids, --shares and --share-folder as then; reset it only if nothing on it is needed")
}
