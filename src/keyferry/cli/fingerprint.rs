//! `keyferry fingerprint`.

use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example: keyferry fingerprint policy-v1.json

The fingerprint covers what a bundle says, not who signed it: a signature more leaves it as it is.")]
pub(crate) struct Args {
    /// Bundles
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
}
