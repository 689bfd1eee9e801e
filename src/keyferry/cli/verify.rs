//! `keyferry verify`.

use keyferry_bundle::Digest;
use keyferry_console::args::TrustArg;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example: keyferry verify payments-1
Example: keyferry verify payments-1 --cloudtrail 111122223333_CloudTrail_eu-central-1_*.json
Example: keyferry verify --complete ceremonies

Exit codes: 0 every claim holds, 3 a bundle is refused, 4 only a quorum or a rule of the policy is not met, 8 a file cannot be \
read. Without a pin the policy is taken from the folder and its fingerprint shown: compare it yourself.

With --cloudtrail each request must have its GetParametersForImport and each receipt its ImportKeyMaterial, by key, key material, \
ceremony and time, to five minutes. One without its event is refused where the files have events of that account and region from \
before and after. An import into a planned key that no receipt here accounts for is refused; where another ceremony made it, give \
the bundles of both, under different names. Whether the files are AWS's and complete, aws cloudtrail validate-logs says.

Where DIR holds folders and no bundle of a ceremony beside them, each folder is one ceremony. One that holds is one line. Policies and \
device bundles may lie beside the folders, and each is checked once. Plans, logs and CloudTrail's events are held against all \
ceremonies. A folder that cannot be read fails by itself; the worst exit code wins: 3, then 8, then 4.")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) subject: Subject,

    /// Where DIR is a folder of ceremonies, state every claim of those that hold, too
    #[arg(long)]
    pub(crate) all_claims: bool,
}

// What is examined, under which trust. No documentation comment: it would replace that of the command.
#[derive(Debug, clap::Args)]
pub(crate) struct Subject {
    /// A ceremony's folder, or its files; for `verify` also a folder of ceremonies' folders
    #[arg(value_name = "DIR|FILE", required = true)]
    pub(crate) paths: Vec<PathBuf>,

    /// The fingerprint of the newest policy there, 64 hexadecimal digits [default: every version this machine has pinned]
    #[arg(long, value_name = "HEX", conflicts_with = "no_pin")]
    pub(crate) pin: Option<Digest>,

    /// Use no pin, not even the one of this machine
    #[arg(long)]
    pub(crate) no_pin: bool,

    /// End with exit code 3 when something of the chain is missing: a plan, a request, a response, a receipt, its proof, or a private
    /// key's attestation that leads to a root
    #[arg(long)]
    pub(crate) complete: bool,

    /// What AWS recorded: log files of the trail as JSON, or the output of aws cloudtrail lookup-events
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) cloudtrail: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) trust: TrustArg,
}
