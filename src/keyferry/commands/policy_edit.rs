//! `keyferry policy edit`: the next version, from the one before.

mod apply;

use super::policy_diff;
use crate::cli::policy::EditArgs;
use crate::opened::{Trusted, file_name};
use crate::render::changes;
use keyferry_bundle::{Bundle as _, Policy, Verified};
use keyferry_ceremony::{draft, policy};
use keyferry_console::ceremony::refused;
use keyferry_console::files::{self, Mode};
use keyferry_console::{Exit, Failure, Screen, clock, fingerprint, shell};
use serde_json::json;

/// Makes the next version, shows what differs and writes it, unsigned.
pub(crate) fn run(args: &EditArgs, screen: &Screen) -> Result<(), Failure> {
    files::must_be_free(&args.out)?;
    let trusted = Trusted::load(args.trust.trust.as_deref())?;
    let before = before(args, &trusted)?;
    let next = next(args, &before, screen)?;
    if policy::changes(before.body(), &next).is_empty() {
        return Err(Failure::usage("this edit changes nothing")
            .because(format!("version {} says all of it already", before.body().version))
            .hint("`keyferry policy edit --help` lists what can be changed"));
    }
    let name = file_name(&args.out);
    let envelope = next.to_envelope().map_err(|field| {
        Failure::new(Exit::Refused, "bundle-refused", "this policy cannot be made").because(field)
    })?;
    let bytes = envelope.encode();
    let (_, seats) =
        draft::policy(Some(&before), &bytes).map_err(|refusal| refused(&name, &refusal))?;
    policy_diff::show(before.body(), &next, screen);
    screen.table(&fingerprint::rows(&envelope.digest()));
    for remark in policy::remarks(&next) {
        screen.warn(remark);
    }
    files::write_new(&args.out, &bytes, Mode::Public)?;
    let missing = seats.missing().map(ToString::to_string);
    screen.say(format!(
        "Next: the policy-root quorums of versions {} and {}: keyferry policy sign {} --identity FILE",
        before.body().version,
        next.version,
        shell(&args.out)
    ));
    screen.result(args.out.display().to_string())?;
    screen.json(&json!({
        "file": args.out.display().to_string(),
        "version": next.version,
        "previous": before.digest(),
        "digest": envelope.digest(),
        "complete": missing.is_none(),
        "missing": missing,
        "changes": changes::values(before.body(), &next),
    }))
}

/// The version that the new one follows: the newest, or what would make a branch.
fn before(args: &EditArgs, trusted: &Trusted) -> Result<Verified<Policy>, Failure> {
    let Some(path) = &args.from else { return trusted.in_force().cloned() };
    let (name, bytes) = (file_name(path), files::read_bundle(path)?);
    let found = trusted.accept(&name, &bytes)?;
    let newest = trusted.history().last().map_or(0, |newest| newest.body().version);
    if found.body().version >= newest {
        return Ok(found);
    }
    let because =
        format!("it is version {}, but version {newest} is pinned here", found.body().version);
    Err(Failure::new(Exit::Refused, "policy-rollback", format!("nothing follows {name}"))
        .because(because)
        .hint("leave --from away: the next version follows the pinned one"))
}

fn next(args: &EditArgs, before: &Verified<Policy>, screen: &Screen) -> Result<Policy, Failure> {
    let now = clock::now()?;
    let mut next = before.body().clone();
    if now < next.created {
        return Err(Failure::new(Exit::Refused, "clock", "this machine's clock is wrong")
            .because(format!(
                "it says {now}, but version {} was made at {}",
                next.version, next.created
            ))
            .hint(
                "set the clock: the date of a version decides which plans are of the one before",
            ));
    }
    next.version = next.version.saturating_add(1);
    next.previous = Some(before.digest());
    next.created = now;
    apply::apply(args, &mut next, screen)?;
    if let Some(expired) = next.expires.filter(|expires| *expires <= now) {
        return Err(Failure::usage("the next version would have expired when it is made")
            .because(format!("it expires at {expired}, and this machine's clock says {now}"))
            .hint("pass --expires TIME or --no-expiry"));
    }
    Ok(next)
}
