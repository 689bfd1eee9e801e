//! `keyferry plan`.

mod targets;

pub(crate) use targets::{Keys, Objects};

use keyferry_bundle::kinds::Operation;
use keyferry_bundle::{CeremonyId, Holder, Timestamp};
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
Example: keyferry plan lint payments-2 --previous payments-1/plan.json --of payments-1

The plan may be signed, partly signed or unsigned. Exit codes: 0 nothing but remarks, 4 only a rule of the policy or a quorum is \
not met, 3 something else will be refused, 8 a file is missing. What each code of a finding means is in docs/plan-lint.md.")]
pub(crate) struct LintArgs {
    /// The ceremony's folder, or plan.json in it
    #[arg(value_name = "CEREMONY|FILE")]
    pub(crate) path: PathBuf,

    /// plan.json of the plan before this one, in its own ceremony's folder: is this one the next, are its object ids free?
    #[arg(long, value_name = "FILE")]
    pub(crate) previous: Option<PathBuf>,

    /// The folder of an earlier ceremony whose key material is imported again: is it in this HSM? May be repeated
    #[arg(long, value_name = "CEREMONY")]
    pub(crate) of: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) trust: TrustArg,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: keyferry plan new payments-1 --device device.json --ceremony-id payments-1 \\
  --target payments --object-id 0x0a01 --does-not-expire --first \\
  --key-arn arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
Example: keyferry plan new batch-1 --device device.json --ceremony-id batch-1 --targets keys.json --previous payments-1/plan.json
Example: keyferry plan new payments-2 --device device.json --ceremony-id payments-2 --operation reimport --of payments-1 \\
  --valid-to 2027-11-01T00:00:00Z --previous payments-1/plan.json
Example: keyferry plan new payments-3 --device device.json --ceremony-id payments-3 --operation rotate --of payments-1 \\
  --object-id 0x0a02 --does-not-expire --previous payments-2/plan.json

Keys with the same object id get the same key material: replicas of a multi-Region key, the primary first, or keys of several accounts.

--of takes from an earlier ceremony which keys it was, what they are, where the HSM keeps their key material and KMS's id of it: of its \
newest response that has a receipt. For reimport its keys are planned, all or those of --target, and --add adds further keys for the \
same key material. For rotate name the ceremony of each generation of the key, the first one first.

FILE of --targets is a JSON list, one object a key: name, key (its ARN), object_id; if wanted key_spec, key_usage, \
wrapping_algorithm, wrapping_key_spec, expiration ({\"model\", \"valid_to\"} as in a plan), kept_as, label, domains (\"1,2\"). What is \
left out is as the first key of the object id has it, or as the options say. Other members are refused. Nothing in it is secret."
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

    /// What is done: import (new key material into keys that have none), reimport (key material that the HSM holds already, once more
    /// or into further keys) or rotate (new key material into keys that have some)
    #[arg(long, value_name = "OPERATION", default_value = "import")]
    pub(crate) operation: Operation,

    #[command(flatten)]
    pub(crate) keys: Keys,

    #[command(flatten)]
    pub(crate) expiry: Expiry,

    #[command(flatten)]
    pub(crate) objects: Objects,

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
#[group(multiple = false)]
pub(crate) struct Expiry {
    /// KMS deletes the key material then: UTC, at most 365 days ahead
    #[arg(
        long,
        value_name = "TIME",
        required_unless_present_any = ["does_not_expire", "targets"],
        help_heading = "KMS key"
    )]
    pub(crate) valid_to: Option<Timestamp>,

    /// KMS keeps the key material until somebody deletes it
    #[arg(long, help_heading = "KMS key")]
    pub(crate) does_not_expire: bool,
}
