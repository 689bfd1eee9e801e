//! `keyferry policy pin`: from now on, this machine trusts it.

mod unfinished;

use super::{policy_diff, sign};
use crate::body::Body;
use crate::cli::policy::PinArgs;
use crate::opened::{Trusted, expired, file_name, open};
use crate::render::Page;
use keyferry_bundle::{Digest, Policy};
use keyferry_console::trust::Trust;
use keyferry_console::{Exit, Failure, Person, Screen, files, fingerprint, shell};
use serde_json::json;

/// Checks a policy, shows it, has its fingerprint confirmed and pins it.
pub(crate) fn run(args: &PinArgs, person: &Person, screen: &Screen) -> Result<(), Failure> {
    let trusted = Trusted::load(args.trust.trust.as_deref())?;
    let (name, bytes) = (file_name(&args.file), files::read_bundle(&args.file)?);
    let opened = open(&trusted, &args.file, &bytes)?;
    let digest = opened.envelope.digest();
    let Body::Policy(policy) = &opened.body else {
        return Err(Failure::new(
            Exit::Refused,
            "bundle-refused",
            format!("{name} is not accepted"),
        )
        .because(format!("it is a {}, not a policy", opened.body.kind())));
    };
    if let Some(missing) = opened.missing() {
        return Err(Failure::new(
            Exit::Policy,
            "policy-not-met",
            format!("{name} is not accepted"),
        )
        .because(missing)
        .hint(format!(
            "have the missing people sign it: keyferry sign {} --identity FILE",
            shell(&args.file)
        )));
    }
    if let Some(newest) = trusted.history().last() {
        if newest.digest() == digest {
            check_given(args.fingerprint, digest)?;
            screen.say(format!("It is pinned here already, in {}.", trusted.folder().display()));
            return answer(args, &trusted, policy, digest, screen);
        }
        if policy.version < newest.body().version {
            return Err(Failure::new(
                Exit::Refused,
                "policy-rollback",
                format!("{name} is not accepted"),
            )
            .because(format!(
                "it is version {}, but version {} is pinned here",
                policy.version,
                newest.body().version
            ))
            .hint("nobody goes back to an older policy: make a new version instead"));
        }
    }
    let left = match &args.ceremonies {
        Some(folder) => unfinished::under(trusted.history(), folder)?,
        None => Vec::new(),
    };
    if args.fingerprint.is_some() {
        sign::show(&opened, screen);
        tell(&trusted, policy, &left, screen)?;
        check_given(args.fingerprint, digest)?;
    } else {
        // Not its fingerprint: it must come from what the person was given, not from this screen.
        let page = Page::of(&opened.body);
        screen.heading(&page.heading);
        screen.table(&page.rows);
        for remark in &opened.remarks {
            screen.warn(remark);
        }
        tell(&trusted, policy, &left, screen)?;
        person.type_back(screen, &digest)?;
    }
    Trust::pin(trusted.folder(), &bytes, digest, policy.version)?;
    screen.say(format!("Pinned in {}.", trusted.folder().display()));
    answer(args, &trusted, policy, digest, screen)
}

/// What pinning it changes here: what differs from the pinned version, and what is left behind.
fn tell(
    trusted: &Trusted,
    policy: &Policy,
    left: &[String],
    screen: &Screen,
) -> Result<(), Failure> {
    if let Some(newest) = trusted.history().last() {
        policy_diff::show(newest.body(), policy, screen);
    }
    if let Some(expired) = expired(policy)? {
        screen.warn(expired);
    }
    for ceremony in left {
        screen.warn(ceremony);
    }
    Ok(())
}

fn check_given(given: Option<Digest>, found: Digest) -> Result<(), Failure> {
    if given.is_none_or(|given| given == found) {
        return Ok(());
    }
    Err(Failure::new(Exit::Refused, "fingerprint", "this is not the policy of that fingerprint")
        .because(format!("its fingerprint is {found}"))
        .hint("stop: somebody changed the policy, or it is another one"))
}

fn answer(
    args: &PinArgs,
    trusted: &Trusted,
    policy: &Policy,
    digest: Digest,
    screen: &Screen,
) -> Result<(), Failure> {
    screen.result(format!("policy \"{}\", version {}", policy.name, policy.version))?;
    screen.result(fingerprint::hex(&digest))?;
    screen.json(&json!({
        "file": args.file.display().to_string(),
        "trust": trusted.folder().display().to_string(),
        "name": policy.name,
        "version": policy.version,
        "environment": policy.environment,
        "digest": digest,
    }))
}
