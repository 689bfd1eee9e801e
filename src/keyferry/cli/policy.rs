//! `keyferry policy`.

mod edit;

pub(crate) use edit::{AllowedArgs, EditArgs};

use super::values::{CustodianValue, KeyValue, RoleValue};
use keyferry_bundle::{
    AccountId, AwsRegion, Digest, Environment, KeySpec, Partition, Serial, Text, Timestamp,
    WrappingAlgorithm, WrappingKeySpec,
};
use keyferry_console::args::TrustArg;
use std::path::PathBuf;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Task {
    /// Make a policy; its policy-root quorum signs it afterwards
    New(Box<NewArgs>),
    /// Make the next version of a policy
    Edit(Box<EditArgs>),
    /// Show what differs between two policies
    Diff(DiffArgs),
    /// Check a policy, show it, and add one signature, as `keyferry sign` does
    Sign(SignArgs),
    /// Decide to trust a policy on this machine
    Pin(PinArgs),
    /// Show the pinned policy, or one in a file
    Show(ShowArgs),
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: keyferry policy new --out policy-v1.json --environment rehearsal --name Payments \\
  --key alice=alice.key.pub.pem bob=bob.key.pub.pem \\
  --policy-root 2:alice,bob --ceremony-officer 2:alice,bob \\
  --online-operator 1:alice --witness 1:bob --account 111122223333 \\
  --region eu-central-1 --key-spec SYMMETRIC_DEFAULT --device 12345678

With --identity, answers come in this order: for each identity its passphrase, then the policy's name."
)]
pub(crate) struct NewArgs {
    /// Where to write it
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,

    /// production or rehearsal; nothing of one is accepted in the other
    #[arg(long, value_name = "ENVIRONMENT")]
    pub(crate) environment: Environment,

    /// What people call it
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Text,

    /// From when on no plan and no device is accepted, such as 2027-12-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) expires: Option<Timestamp>,

    /// Everybody's public keys
    #[arg(long, value_name = "HOLDER=FILE", num_args = 1.., required = true)]
    pub(crate) key: Vec<KeyValue>,

    /// Who may replace this policy, and how many of them it takes
    #[arg(long, value_name = "N:HOLDER,…", help_heading = "Roles")]
    pub(crate) policy_root: RoleValue,

    /// Who approves plans
    #[arg(long, value_name = "N:HOLDER,…", help_heading = "Roles")]
    pub(crate) ceremony_officer: RoleValue,

    /// Who signs requests and receipts
    #[arg(long, value_name = "N:HOLDER,…", help_heading = "Roles")]
    pub(crate) online_operator: RoleValue,

    /// Who countersigns devices and responses
    #[arg(long, value_name = "N:HOLDER,…", help_heading = "Roles")]
    pub(crate) witness: RoleValue,

    /// The partition of every key
    #[arg(long, value_name = "PARTITION", default_value = "aws", help_heading = "Allowed")]
    pub(crate) partition: Partition,

    /// Accounts
    #[arg(long, value_name = "ACCOUNT", num_args = 1.., required = true, help_heading = "Allowed")]
    pub(crate) account: Vec<AccountId>,

    /// Regions
    #[arg(long, value_name = "REGION", num_args = 1.., required = true, help_heading = "Allowed")]
    pub(crate) region: Vec<AwsRegion>,

    /// Key specs
    #[arg(long, value_name = "SPEC", num_args = 1.., required = true, help_heading = "Allowed")]
    pub(crate) key_spec: Vec<KeySpec>,

    /// Wrapping algorithms [default: the usual one of each key spec]
    #[arg(long, value_name = "ALGORITHM", num_args = 1.., help_heading = "Allowed")]
    pub(crate) wrapping_algorithm: Vec<WrappingAlgorithm>,

    /// The smallest wrapping public key
    #[arg(long, value_name = "SPEC", default_value = "RSA_4096", help_heading = "Allowed")]
    pub(crate) smallest_wrapping_key: WrappingKeySpec,

    /// Serial numbers of the HSMs
    #[arg(long, value_name = "SERIAL", num_args = 1.., required = true, help_heading = "Allowed")]
    pub(crate) device: Vec<Serial>,

    /// Certificates that an HSM's attestations must lead to, PEM or DER: the vendor's root, or the certificate that issued the HSM's own
    /// attestation certificate
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = "Allowed")]
    pub(crate) attestation_root: Vec<PathBuf>,

    /// Who may keep an age copy of key material
    #[arg(long, value_name = "HOLDER=age1…", num_args = 1..)]
    pub(crate) custodian: Vec<CustodianValue>,

    /// The version that this one replaces
    #[arg(long, value_name = "FILE")]
    pub(crate) previous: Option<PathBuf>,

    /// Sign at once with these identities
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) identity: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) trust: TrustArg,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example: keyferry policy pin policy-v1.json

Where a version is pinned already, what differs from it is shown first. Take the fingerprint from somebody you trust, over another \
channel. Without --fingerprint two groups of it are typed back; the \
screen does not show it before. A wrong --fingerprint ends with exit code 3, a wrong group with 7.")]
pub(crate) struct PinArgs {
    /// The policy
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// The whole fingerprint, 64 hexadecimal digits, instead of typing groups back
    #[arg(long, value_name = "HEX")]
    pub(crate) fingerprint: Option<Digest>,

    /// A folder with the folders of ceremonies: those that are open and would be refused from then on are told
    #[arg(long, value_name = "DIR")]
    pub(crate) ceremonies: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) trust: TrustArg,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example: keyferry policy diff pinned policy-v2.json

What was added begins with +, what was removed with -. The version, the version before and the date always differ and are not told.")]
pub(crate) struct DiffArgs {
    /// The older policy, or `pinned`
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,

    /// The newer policy, or `pinned`
    #[arg(value_name = "NEW")]
    pub(crate) new: PathBuf,

    #[command(flatten)]
    pub(crate) trust: TrustArg,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example: keyferry policy sign policy-v2.json --identity alice.key

Answers come in this order: the identity's passphrase, then the policy's name.")]
pub(crate) struct SignArgs {
    /// The policy
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Whose signature
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: PathBuf,

    #[command(flatten)]
    pub(crate) trust: TrustArg,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example: keyferry policy show")]
pub(crate) struct ShowArgs {
    /// A policy in a file instead of the pinned one
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) trust: TrustArg,
}
