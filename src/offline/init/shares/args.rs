//! Options for splitting the wrap key.

use keyferry_bundle::{Custodian, Holder, Policy};
use keyferry_console::{Exit, Failure};
use std::path::PathBuf;

/// How the wrap key is split, if it is.
#[derive(Debug, clap::Args)]
pub(crate) struct ShareArgs {
    /// Split the wrap key among custodians: any T shares make it; one would be the wrap key itself
    #[arg(
        long,
        value_name = "T",
        requires = "share_folder",
        value_parser = clap::value_parser!(u8).range(2..=16),
        help_heading = "Wrap key in shares"
    )]
    pub(super) shares: Option<u8>,

    /// Folder for the share files, their public part and the custodians' proofs
    #[arg(long, value_name = "DIR", requires = "shares", help_heading = "Wrap key in shares")]
    pub(super) share_folder: Option<PathBuf>,

    /// A custodian of the policy who gets a share; once for each [default: all of them]
    #[arg(long, value_name = "NAME", requires = "shares", help_heading = "Wrap key in shares")]
    custodian: Vec<Holder>,
}

impl ShareArgs {
    /// Whether the command line says who gets a share.
    pub(super) const fn names_custodians(&self) -> bool {
        !self.custodian.is_empty()
    }

    /// The custodians who get a share, in the order of the policy.
    pub(super) fn custodians(&self, policy: &Policy) -> Result<Vec<Custodian>, Failure> {
        let known = |name: &Holder| policy.custodians.iter().any(|one| one.holder == *name);
        if let Some(stranger) = self.custodian.iter().find(|name| !known(name)) {
            return Err(Failure::new(
                Exit::Policy,
                "policy-not-met",
                format!("{stranger} cannot get a share"),
            )
            .because("the policy has no custodian of that name")
            .hint("name custodians of the policy, or enrol them in a new version of it"));
        }
        let wanted =
            |one: &&Custodian| self.custodian.is_empty() || self.custodian.contains(&one.holder);
        Ok(policy.custodians.iter().filter(wanted).cloned().collect())
    }
}
