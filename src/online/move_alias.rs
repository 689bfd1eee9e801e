//! `move-alias`: an alias names another key from now on. That is how asymmetric and HMAC keys are rotated, which KMS does not do itself.

use crate::calls::failed;
use crate::desk::Desk;
use crate::kms::{CallError, KeyDescription, KeyRef, KeyState, Kms};
use crate::names::Alias;
use crate::{session, waiting};
use keyferry_console::{Exit, Failure};
use serde_json::json;

/// Which alias, and where to.
#[derive(Debug, Clone, clap::Args)]
pub struct MoveAliasArgs {
    /// The alias, which must exist
    #[arg(value_name = "ALIAS")]
    pub alias: Alias,

    /// The key it names from now on: a key id, a key ARN or another alias
    #[arg(long = "to", value_name = "KEY")]
    pub key: KeyRef,

    /// Say what would be moved, and move nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Moves it once, and waits until KMS shows it.
///
/// # Errors
/// [`Exit::Unchanged`] when the two keys do not fit or KMS refuses, [`Exit::Declined`] when the person does, and [`Exit::Unknown`] when
/// nobody knows which key the alias names.
pub fn run(desk: Desk<'_>, kms: &dyn Kms, args: &MoveAliasArgs) -> Result<(), Failure> {
    session::open(desk, kms, None)?;
    let alias = args.alias.key_ref().map_err(Failure::bug)?;
    let describe =
        |key| kms.describe_key(key).map_err(|error| failed("kms:DescribeKey", &error).because(key));
    let (old, new) = (describe(&alias)?, describe(&args.key)?);
    desk.screen.heading(format!("Alias {alias}"));
    desk.screen.table(&[("names now", row(&old)), ("will name", row(&new))]);
    must_fit(&alias, &old, &new)?;
    if old.key_spec == "SYMMETRIC_DEFAULT" || old.key_usage == "ENCRYPT_DECRYPT" {
        desk.screen.warn(
            "what was encrypted under the old key still needs it: keep it, and its key material",
        );
    }
    if args.dry_run {
        return desk.dry_run(&[format!("call kms:UpdateAlias: {alias} to {}", new.key)]);
    }
    desk.person.confirm(desk.screen, "Move this alias?", alias.as_str())?;
    let answered = match kms.update_alias(&alias, &new.key) {
        Ok(()) => true,
        Err(error @ CallError::NoAnswer(_)) => {
            desk.screen.warn(format!("{error}; looking at the alias before anything else is said"));
            false
        }
        Err(error) => return Err(failed("kms:UpdateAlias", &error)),
    };
    waiting::until(desk, kms, &alias, |found| {
        if found.key == new.key { Ok(()) } else { Err(format!("it names {}", found.key)) }
    })
    .map_err(|last| unknown(&alias, &last, answered))?;
    desk.screen.result(format!("{alias}: {}", new.key))?;
    desk.screen.say("An application that holds key ids or ARNs still uses the old key; where the alias is cached, it does for a while.");
    desk.screen.json(
        &json!({ "alias": alias.as_str(), "from": old.key, "to": new.key, "answered": answered }),
    )
}

fn row(key: &KeyDescription) -> String {
    format!("{}\n{} {}, {}, origin {}", key.key, key.key_spec, key.key_usage, key.state, key.origin)
}

/// The new key must do what the old one did, and now.
fn must_fit(alias: &KeyRef, old: &KeyDescription, new: &KeyDescription) -> Result<(), Failure> {
    let refuse = |code, because: String, hint: &str| {
        let problem = format!("{alias} is not moved to {}", new.key);
        Err(Failure::new(Exit::Unchanged, code, problem).because(because).hint(hint))
    };
    if old.key == new.key {
        return refuse(
            "same-key",
            "it names that key already".to_owned(),
            "there is nothing to do",
        );
    }
    if new.state != KeyState::Enabled {
        let because = format!("the new key is {}", new.state);
        return refuse("not-in-use", because, "import its key material first, and prove it");
    }
    let hint =
        "applications that use the alias would fail: choose a key of the same spec and usage";
    if new.key_spec != old.key_spec {
        let because = format!("it is a {} key, the old one is {}", new.key_spec, old.key_spec);
        return refuse("other-spec", because, hint);
    }
    if new.key_usage != old.key_usage {
        let because = format!("it is for {}, the old one for {}", new.key_usage, old.key_usage);
        return refuse("other-usage", because, hint);
    }
    let same_place = (&new.key.account, &new.key.region) == (&old.key.account, &old.key.region);
    if !same_place {
        let because = "an alias names keys of its own account and Region".to_owned();
        return refuse("other-region", because, "make an alias there: keyferry-online create-key");
    }
    Ok(())
}

fn unknown(alias: &KeyRef, last: &str, answered: bool) -> Failure {
    let how = if answered { "KMS had answered" } else { "KMS had not answered" };
    Failure::new(Exit::Unknown, "unknown-alias", format!("nobody knows which key {alias} names"))
        .because(last)
        .because(format!("{how} that it was moved"))
        .hint(format!("wait a few minutes, then `keyferry-online status {alias}`; moving it once more does no harm"))
}

#[cfg(test)]
mod tests;
