//! `keyferry identity`.

use std::path::PathBuf;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Task {
    /// Make a key: FILE, under a passphrase, and FILE.pub.pem for the policy
    #[command(after_help = "Example: keyferry identity new alice.key")]
    New(FileArg),
    /// Show the public half of a key
    #[command(after_help = "Example: keyferry identity show alice.key")]
    Show(FileArg),
}

#[derive(Debug, clap::Args)]
pub(crate) struct FileArg {
    /// The identity: an age file around a PKCS#8 key
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}
