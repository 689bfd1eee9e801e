//! Which keys a plan is for, and where the HSM keeps their key material.

use crate::cli::values::{AddValue, domains};
use keyferry_bundle::kinds::KeptAs;
use keyferry_bundle::{
    Domains, KeyArn, KeySpec, KeyUsage, Label, ObjectId, TargetName, WrappingAlgorithm,
    WrappingKeySpec,
};
use std::path::PathBuf;

// The keys. No documentation comment: it would replace that of the command.
#[derive(Debug, clap::Args)]
pub(crate) struct Keys {
    /// The key's name in this ceremony; with --of the names of those that are wanted, each with its own --target [default with --of:
    /// all of them]
    #[arg(long, value_name = "NAME", help_heading = "KMS key")]
    pub(crate) target: Vec<TargetName>,

    /// The KMS key; multi-Region if its id begins with mrk-
    #[arg(long, value_name = "ARN", conflicts_with = "of", help_heading = "KMS key")]
    pub(crate) key_arn: Option<KeyArn>,

    /// A further key, which shares the options of the first; may be repeated. The same object id: the same key material. With --of
    /// the object id may be left out where only one is meant
    #[arg(long, value_name = "NAME=ARN@ID[#GENERATION]", help_heading = "KMS key")]
    pub(crate) add: Vec<AddValue>,

    /// The folder of an earlier ceremony of these keys, for reimport and rotate; may be repeated
    #[arg(long, value_name = "CEREMONY", help_heading = "KMS key")]
    pub(crate) of: Vec<PathBuf>,

    /// A list of keys, instead of naming them one by one
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["target", "key_arn", "add", "object_id"],
        help_heading = "KMS key"
    )]
    pub(crate) targets: Option<PathBuf>,

    /// Its key spec [default: `SYMMETRIC_DEFAULT`]
    #[arg(long, value_name = "SPEC", conflicts_with = "of", help_heading = "KMS key")]
    pub(crate) key_spec: Option<KeySpec>,

    /// What KMS does with it [default: what the spec allows; `SIGN_VERIFY` for RSA and ECC]
    #[arg(long, value_name = "USAGE", conflicts_with = "of", help_heading = "KMS key")]
    pub(crate) key_usage: Option<KeyUsage>,

    /// How the key material travels [default: `RSAES_OAEP_SHA_256`; for RSA and ECC `RSA_AES_KEY_WRAP_SHA_256`]
    #[arg(long, value_name = "ALGORITHM", help_heading = "KMS key")]
    pub(crate) wrapping_algorithm: Option<WrappingAlgorithm>,

    /// The wrapping public key to ask for [default: as in the earlier ceremony, else `RSA_4096`]
    #[arg(long, value_name = "SPEC", help_heading = "KMS key")]
    pub(crate) wrapping_key_spec: Option<WrappingKeySpec>,
}

// Where it is kept.
#[derive(Debug, clap::Args)]
pub(crate) struct Objects {
    /// Where the HSM keeps the key material. For rotate: the new key material; of several the others get the free ids that follow
    #[arg(long, value_name = "ID", help_heading = "HSM object")]
    pub(crate) object_id: Option<ObjectId>,

    /// As what: opaque, symmetric-key (`SYMMETRIC_DEFAULT`, firmware 2.4) or asymmetric-key [default: opaque; for RSA and ECC
    /// asymmetric-key]
    #[arg(long, value_name = "KIND", help_heading = "HSM object")]
    pub(crate) keep_as: Option<KeptAs>,

    /// The object's label [default: the name of the first key with its object id]
    #[arg(long, value_name = "TEXT", help_heading = "HSM object")]
    pub(crate) label: Option<Label>,

    /// The object's domains [default: 1]
    #[arg(long, value_name = "N,…", value_parser = domains, help_heading = "HSM object")]
    pub(crate) domains: Option<Domains>,
}
