//! `keyferry sign`.

use keyferry_console::args::TrustArg;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example: keyferry sign payments-1/plan.json --identity alice.key

Who signs what: a policy its policy-root, a plan the ceremony officers, a device and a response the witnesses, a request and a \
receipt the online operators. Answers come in this order: the identity's passphrase, then the word that is asked for.")]
pub(crate) struct Args {
    /// The bundle; all but policies and devices lie in their ceremony's folder
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Whose signature
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: PathBuf,

    #[command(flatten)]
    pub(crate) trust: TrustArg,
}
