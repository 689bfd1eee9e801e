//! `keyferry policy sign`: `keyferry sign` for a policy and nothing else.

use super::sign;
use crate::cli::policy::SignArgs;
use crate::opened::{self, file_name};
use keyferry_bundle::Kind;
use keyferry_console::{Exit, Failure, Person, Screen, files};

/// Adds one signature to a policy.
pub(crate) fn run(args: &SignArgs, person: &Person, screen: &Screen) -> Result<(), Failure> {
    let (name, bytes) = (file_name(&args.file), files::read_bundle(&args.file)?);
    let (_, kind) = opened::envelope(&name, &bytes)?;
    if kind != Kind::Policy {
        return Err(Failure::new(Exit::Refused, "bundle-refused", format!("{name} is no policy"))
            .because(format!("it is a {kind}"))
            .hint("`keyferry sign` signs every kind"));
    }
    sign::add(&args.file, &args.identity, args.trust.trust.as_deref(), person, screen)
}
