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

    /// Put in the wrap key of another HSM, from shares of its custodians who are here: their age files
    #[arg(
        long,
        value_name = "FILE",
        num_args = 1..,
        conflicts_with = "shares",
        requires = "identity",
        help_heading = "Wrap key from shares"
    )]
    pub(super) shares_from: Vec<PathBuf>,

    /// The age identity of a custodian who is here; once for each
    #[arg(
        long,
        value_name = "FILE",
        num_args = 1..,
        requires = "shares_from",
        help_heading = "Wrap key from shares"
    )]
    pub(super) identity: Vec<PathBuf>,

    /// How many more shares are typed from paper, line by line
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        hide_default_value = true,
        conflicts_with = "shares",
        value_parser = clap::value_parser!(u8).range(..=16),
        help_heading = "Wrap key from shares"
    )]
    pub(super) printed: u8,

    /// Whose shares they are: the device bundle of an HSM with that wrap key, or shares.json of its share folder [default: shares.json
    /// beside the first share]
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "shares",
        help_heading = "Wrap key from shares"
    )]
    pub(super) share_set: Option<PathBuf>,
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
