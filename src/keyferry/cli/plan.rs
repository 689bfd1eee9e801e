//! `keyferry plan`.

use super::values::domains;
use keyferry_bundle::kinds::KeptAs;
use keyferry_bundle::{
    CeremonyId, Domains, Holder, KeyArn, KeySpec, KeyUsage, Label, ObjectId, TargetName, Timestamp,
    WrappingAlgorithm, WrappingKeySpec,
};
use keyferry_console::args::TrustArg;
use std::path::PathBuf;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Task {
    /// Make a ceremony's folder with its plan; the ceremony-officer quorum signs it afterwards
    New(Box<NewArgs>),
    /// Say everything that would be refused later about a plan, and what its makers should have meant
    Lint(LintArgs),
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example: keyferry plan lint payments-1

The plan may be signed, partly signed or unsigned. Exit codes: 0 nothing but remarks, 4 only a rule of the policy or a quorum is \
not met, 3 something else will be refused, 8 a file is missing. What each code of a finding means is in docs/plan-lint.md.")]
pub(crate) struct LintArgs {
    /// The ceremony's folder, or plan.json in it
    #[arg(value_name = "CEREMONY|FILE")]
    pub(crate) path: PathBuf,

    #[command(flatten)]
    pub(crate) trust: TrustArg,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: keyferry plan new payments-1 --device device.json --ceremony-id payments-1 \\
  --target payments --object-id 0x0a01 --does-not-expire --first \\
  --key-arn arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
)]
pub(crate) struct NewArgs {
    /// The folder to make
    #[arg(value_name = "CEREMONY")]
    pub(crate) folder: PathBuf,

    /// The HSM's device bundle, countersigned by its witnesses
    #[arg(long, value_name = "FILE")]
    pub(crate) device: PathBuf,

    /// The ceremony's name; people type it to confirm
    #[arg(long, value_name = "ID")]
    pub(crate) ceremony_id: CeremonyId,

    /// The key's name in this ceremony
    #[arg(long, value_name = "NAME", help_heading = "KMS key")]
    pub(crate) target: TargetName,

    /// The KMS key; multi-Region if its id begins with mrk-
    #[arg(long, value_name = "ARN", help_heading = "KMS key")]
    pub(crate) key_arn: KeyArn,

    /// Its key spec
    #[arg(
        long,
        value_name = "SPEC",
        default_value = "SYMMETRIC_DEFAULT",
        help_heading = "KMS key"
    )]
    pub(crate) key_spec: KeySpec,

    /// What KMS does with it [default: what the spec allows; `SIGN_VERIFY` for RSA and ECC]
    #[arg(long, value_name = "USAGE", help_heading = "KMS key")]
    pub(crate) key_usage: Option<KeyUsage>,

    /// How the key material travels [default: `RSAES_OAEP_SHA_256`; for RSA and ECC `RSA_AES_KEY_WRAP_SHA_256`]
    #[arg(long, value_name = "ALGORITHM", help_heading = "KMS key")]
    pub(crate) wrapping_algorithm: Option<WrappingAlgorithm>,

    /// The wrapping public key to ask for
    #[arg(long, value_name = "SPEC", default_value = "RSA_4096", help_heading = "KMS key")]
    pub(crate) wrapping_key_spec: WrappingKeySpec,

    #[command(flatten)]
    pub(crate) expiry: Expiry,

    /// Where the HSM keeps the key material
    #[arg(long, value_name = "ID", help_heading = "HSM object")]
    pub(crate) object_id: ObjectId,

    /// As what: opaque, symmetric-key (`SYMMETRIC_DEFAULT`, firmware 2.4) or asymmetric-key [default: opaque; for RSA and ECC
    /// asymmetric-key]
    #[arg(long, value_name = "KIND", help_heading = "HSM object")]
    pub(crate) keep_as: Option<KeptAs>,

    /// The object's label [default: the target's name]
    #[arg(long, value_name = "TEXT", help_heading = "HSM object")]
    pub(crate) label: Option<Label>,

    /// The object's domains
    #[arg(
        long,
        value_name = "N,…",
        default_value = "1",
        value_parser = domains,
        help_heading = "HSM object"
    )]
    pub(crate) domains: Domains,

    /// Custodians of the policy who get an age copy
    #[arg(long, value_name = "HOLDER", value_delimiter = ',')]
    pub(crate) custodian: Vec<Holder>,

    /// How often the HSM may be started from the log before to the end of this ceremony: once for each time it gets power, the
    /// auditor's among them
    #[arg(long, value_name = "N", default_value_t = 4, help_heading = "HSM object")]
    pub(crate) boots: u8,

    #[command(flatten)]
    pub(crate) place: Place,

    #[command(flatten)]
    pub(crate) trust: TrustArg,
}

/// Where the plan stands among those for its HSM.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Place {
    /// plan.json of the plan before this one, in its own ceremony's folder: the last that the HSM of this serial number began
    #[arg(long, value_name = "FILE")]
    pub(crate) previous: Option<PathBuf>,

    /// No plan was ever made for the HSM of this serial number
    #[arg(long)]
    pub(crate) first: bool,
}

/// When KMS deletes the key material.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Expiry {
    /// KMS deletes the key material then: UTC, at most 365 days ahead
    #[arg(long, value_name = "TIME", help_heading = "KMS key")]
    pub(crate) valid_to: Option<Timestamp>,

    /// KMS keeps the key material until somebody deletes it
    #[arg(long, help_heading = "KMS key")]
    pub(crate) does_not_expire: bool,
}
