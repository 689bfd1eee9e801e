//! `keyferry inspect`.

use keyferry_console::args::TrustArg;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example: keyferry inspect payments-1/plan.json

VERIFIED means: complete under the pinned policy and the ceremony's folder it lies in. An UNVERIFIED line is nothing but a claim.")]
pub(crate) struct Args {
    /// Bundles
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) trust: TrustArg,
}
