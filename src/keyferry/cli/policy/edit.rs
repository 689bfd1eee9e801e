//! `keyferry policy edit`.

use crate::cli::values::{CustodianValue, KeyValue, RevokeValue, RoleValue};
use keyferry_bundle::{
    AccountId, AwsRegion, Digest, Holder, KeyId, KeySpec, Serial, Text, Timestamp,
    WrappingAlgorithm, WrappingKeySpec,
};
use keyferry_console::args::TrustArg;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: keyferry policy edit --out policy-v2.json --add-key dora=dora.key.pub.pem --witness 1:wendy,dora
Example: keyferry policy edit --out policy-v2.json --expires 2027-12-01T00:00:00Z
Example: keyferry policy edit --out policy-v2.json --revoke-key \\
  5b1cf6e0a9a4b9d1c54a5b7f3c1f0f3f8f7a1c9c7b0e6e1d2c3b4a5968778695@2026-11-24T00:00:00Z --witness 1:bob

The version, the version before and the date come by themselves. Removing comes before adding. Nothing is written before the \
differences were shown, and nothing is signed: afterwards `keyferry policy sign`, by the policy-root quorums of both versions."
)]
pub(crate) struct EditArgs {
    /// Where to write it
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,

    /// The version that this one replaces [default: the pinned one]
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,

    /// What people call it
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Option<Text>,

    /// From when on no plan and no device is accepted, such as 2027-12-01T00:00:00Z
    #[arg(long, value_name = "TIME", conflicts_with = "no_expiry")]
    pub(crate) expires: Option<Timestamp>,

    /// It does not expire
    #[arg(long)]
    pub(crate) no_expiry: bool,

    /// Add somebody's public key
    #[arg(long, value_name = "HOLDER=FILE", num_args = 1.., help_heading = "Keys")]
    pub(crate) add_key: Vec<KeyValue>,

    /// Take a key away; what it signed under the versions before still counts
    #[arg(long, value_name = "KEYID", num_args = 1.., help_heading = "Keys")]
    pub(crate) remove_key: Vec<KeyId>,

    /// Take a key away, and let it count on nothing that was made then or later, under the versions before too [TIME: now]
    #[arg(long, value_name = "KEYID[@TIME]", num_args = 1.., help_heading = "Keys")]
    pub(crate) revoke_key: Vec<RevokeValue>,

    /// Who may replace this policy, and how many of them it takes
    #[arg(long, value_name = "N:HOLDER,…", help_heading = "Roles")]
    pub(crate) policy_root: Option<RoleValue>,

    /// Who approves plans
    #[arg(long, value_name = "N:HOLDER,…", help_heading = "Roles")]
    pub(crate) ceremony_officer: Option<RoleValue>,

    /// Who signs requests and receipts
    #[arg(long, value_name = "N:HOLDER,…", help_heading = "Roles")]
    pub(crate) online_operator: Option<RoleValue>,

    /// Who countersigns devices and responses
    #[arg(long, value_name = "N:HOLDER,…", help_heading = "Roles")]
    pub(crate) witness: Option<RoleValue>,

    #[command(flatten)]
    pub(crate) allowed: AllowedArgs,

    #[command(flatten)]
    pub(crate) trust: TrustArg,
}

/// What plans may ask for, and who and what takes part.
#[derive(Debug, clap::Args)]
pub(crate) struct AllowedArgs {
    /// Allow accounts
    #[arg(long, value_name = "ACCOUNT", num_args = 1.., help_heading = "Allowed")]
    pub(crate) add_account: Vec<AccountId>,

    /// Allow accounts no more
    #[arg(long, value_name = "ACCOUNT", num_args = 1.., help_heading = "Allowed")]
    pub(crate) remove_account: Vec<AccountId>,

    /// Allow regions
    #[arg(long, value_name = "REGION", num_args = 1.., help_heading = "Allowed")]
    pub(crate) add_region: Vec<AwsRegion>,

    /// Allow regions no more
    #[arg(long, value_name = "REGION", num_args = 1.., help_heading = "Allowed")]
    pub(crate) remove_region: Vec<AwsRegion>,

    /// Allow key specs, each with its usual wrapping algorithm unless --add-wrapping-algorithm says which
    #[arg(long, value_name = "SPEC", num_args = 1.., help_heading = "Allowed")]
    pub(crate) add_key_spec: Vec<KeySpec>,

    /// Allow key specs no more
    #[arg(long, value_name = "SPEC", num_args = 1.., help_heading = "Allowed")]
    pub(crate) remove_key_spec: Vec<KeySpec>,

    /// Allow wrapping algorithms
    #[arg(long, value_name = "ALGORITHM", num_args = 1.., help_heading = "Allowed")]
    pub(crate) add_wrapping_algorithm: Vec<WrappingAlgorithm>,

    /// Allow wrapping algorithms no more
    #[arg(long, value_name = "ALGORITHM", num_args = 1.., help_heading = "Allowed")]
    pub(crate) remove_wrapping_algorithm: Vec<WrappingAlgorithm>,

    /// The smallest wrapping public key
    #[arg(long, value_name = "SPEC", help_heading = "Allowed")]
    pub(crate) smallest_wrapping_key: Option<WrappingKeySpec>,

    /// Add HSMs by their serial numbers
    #[arg(long, value_name = "SERIAL", num_args = 1.., help_heading = "Allowed")]
    pub(crate) add_device: Vec<Serial>,

    /// Take HSMs away by their serial numbers
    #[arg(long, value_name = "SERIAL", num_args = 1.., help_heading = "Allowed")]
    pub(crate) remove_device: Vec<Serial>,

    /// Add certificates that an HSM's attestations must lead to, PEM or DER
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = "Allowed")]
    pub(crate) add_attestation_root: Vec<PathBuf>,

    /// Take such certificates away, by the digests that `policy show` shows
    #[arg(long, value_name = "DIGEST", num_args = 1.., help_heading = "Allowed")]
    pub(crate) remove_attestation_root: Vec<Digest>,

    /// Add somebody who may keep an age copy of key material
    #[arg(long, value_name = "HOLDER=age1…", num_args = 1..)]
    pub(crate) add_custodian: Vec<CustodianValue>,

    /// Take such a person away
    #[arg(long, value_name = "HOLDER", num_args = 1..)]
    pub(crate) remove_custodian: Vec<Holder>,
}
