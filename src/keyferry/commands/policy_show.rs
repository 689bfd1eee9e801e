//! `keyferry policy show`.

use super::inspect::{self, Shown};
use crate::body::Body;
use crate::cli::policy::ShowArgs;
use crate::opened::{Trusted, expired};
use keyferry_bundle::Kind;
use keyferry_console::{Exit, Failure, Screen};

/// Shows the pinned policy, or the one in a file, as `inspect` does.
pub(crate) fn run(args: &ShowArgs, screen: &Screen) -> Result<(), Failure> {
    let trusted = Trusted::load(args.trust.trust.as_deref())?;
    let shown = match &args.file {
        Some(path) => inspect::look(&trusted, path)?,
        None => pinned(&trusted)?,
    };
    if shown.kind != Some(Kind::Policy) {
        return Err(Failure::new(
            Exit::Refused,
            "bundle-refused",
            format!("{} is no policy", shown.file),
        ));
    }
    inspect::print(&[shown], screen)
}

pub(super) fn pinned(trusted: &Trusted) -> Result<Shown, Failure> {
    let policy = trusted.in_force()?;
    let mut remarks = vec!["it is pinned here".to_owned()];
    remarks.extend(expired(policy.body())?);
    let file = trusted.folder().join(format!("policy-v{}.json", policy.body().version));
    Ok(Shown {
        file: file.display().to_string(),
        kind: Some(Kind::Policy),
        digest: policy.digest(),
        verdict: Ok(remarks),
        signers: policy.signers().iter().map(|signer| signer.holder.to_string()).collect(),
        body: Ok(Body::Policy(Box::new(policy.body().clone()))),
    })
}
