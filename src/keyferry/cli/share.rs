//! `keyferry share`.

use std::path::PathBuf;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Task {
    /// Prove that a share is there and is the right one, without showing it
    #[command(
        after_help = "Example: keyferry share prove share-2-carol.age --identity carol.key\n\
            Example: keyferry share prove --printed --set shares.json"
    )]
    Prove(ProveArgs),
    /// Show a share on this terminal, for a printer or a pen
    #[command(after_help = "Example: keyferry share show share-2-carol.age --identity carol.key")]
    Show(ShowArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct ProveArgs {
    /// The share: the age file that `keyferry-offline init` wrote for you
    #[arg(value_name = "SHARE", required_unless_present = "printed", requires = "identity")]
    pub(crate) share: Option<PathBuf>,

    /// Your age identity, which opens it
    #[arg(long, value_name = "FILE", requires = "share")]
    pub(crate) identity: Option<PathBuf>,

    /// Type the share from paper instead, line by line
    #[arg(long, conflicts_with = "share")]
    pub(crate) printed: bool,

    /// The public part of the shares [default: shares.json beside the share]
    #[arg(long, value_name = "FILE")]
    pub(crate) set: Option<PathBuf>,

    /// Where to write the proof [default: share-N-HOLDER.proof.json beside the share]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// The share: the age file that `keyferry-offline init` wrote for you
    #[arg(value_name = "SHARE")]
    pub(crate) share: PathBuf,

    /// Your age identity, which opens it
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: PathBuf,
}
