//! The command line.

use crate::aws::AwsOptions;
use crate::check::CheckArgs;
use crate::cloudwatch_alarm::CloudwatchAlarmArgs;
use crate::create_key::CreateKeyArgs;
use crate::delete_material::DeleteMaterialArgs;
use crate::ebs::EbsArgs;
use crate::fetch::FetchArgs;
use crate::iam_policy::IamPolicyArgs;
use crate::import::ImportArgs;
use crate::move_alias::MoveAliasArgs;
use crate::prove::ProveArgs;
use crate::status::StatusArgs;
use keyferry_console::args::Common;

/// The bastion's part of a ceremony: creates KMS keys, fetches wrapping public keys and import tokens, imports what the room answers
///
/// Account, region and endpoint are shown before anything is asked of KMS. Exit codes: 0 done, 2 usage, 3 bundle refused, 4 policy or
/// quorum not met, 5 KMS failed and nothing changed, 6 KMS's state is unknown, 7 a person declined, 8 a file is missing or in the way.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "keyferry-online", version, max_term_width = 120)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,

    /// Where AWS is and who asks.
    #[command(flatten)]
    pub aws: AwsOptions,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Command {
    /// Create a KMS key without key material, and its alias
    ///
    /// The key policy leaves the account in control, lets administrators manage and users use, and denies each group the other's part.
    CreateKey(CreateKeyArgs),
    /// Fetch wrapping public keys and import tokens for a plan, as a signed request
    Fetch(FetchArgs),
    /// Hold the newest request, and the response to it, against the room's rules before anything travels
    Check(CheckArgs),
    /// Import what the room answered, have KMS prove that it holds it, and write a signed receipt
    Import(ImportArgs),
    /// Go on with an import that was cut off: `import --resume`
    Resume(ImportArgs),
    /// Have KMS prove once more that it holds the key material that was imported
    ///
    /// Private keys: `GetPublicKey` gives the response's public key, and KMS signs, decrypts or agrees under it on a fresh challenge.
    /// HMAC keys: `GenerateMac` gives the MAC that the room computed. Symmetric keys: `Encrypt` and `Decrypt` work and the id of the key
    /// material is the receipt's; which key material it is, nobody outside KMS can tell. Needs credentials that may use the key. Writes
    /// nothing.
    Prove(ProveArgs),
    /// Show what KMS says about keys, and what is not as the ceremonies left it
    ///
    /// State, expiry, every generation of the key material, and the other keys of a multi-Region key; a ceremony's keys are held against
    /// its plan and its newest receipt. Writes nothing. For cron: ends with 0 when all is well, and with 5 when a key cannot be read or
    /// used, is not as its ceremony left it, or expires within `--warn-days`; `--json` has a code for each finding. A ceremony without a
    /// receipt is well while its keys wait for key material.
    Status(StatusArgs),
    /// Delete imported key material from KMS; the key stays, without use
    ///
    /// Shows what stops working, asks for the alias or the last part of the key id, calls `DeleteImportedKeyMaterial` once and waits until
    /// KMS shows the key `PendingImport`. The same key material can be imported again; without a backup it is gone for good.
    DeleteMaterial(DeleteMaterialArgs),
    /// Have an alias name another key: the rotation of an asymmetric or HMAC key
    ///
    /// The new key must be Enabled and of the same spec and usage. Asks for the alias, calls `UpdateAlias` once and waits until KMS shows
    /// it.
    MoveAlias(MoveAliasArgs),
    /// Print the IAM policy of the role that fetches or of the role that uploads; AWS is not asked
    ///
    /// Each action on the planned keys alone, under the conditions that KMS has for it: origin, wrapping algorithm and key spec, expiration
    /// model and date, and for the proofs their algorithm or encryption context.
    IamPolicy(IamPolicyArgs),
    /// Print an alarm before key material expires, for the aws CLI or `CloudFormation`; AWS is not asked
    CloudwatchAlarm(CloudwatchAlarmArgs),
    /// EBS volumes under a key, and the key that EBS takes by default
    Ebs(EbsArgs),
    /// Try this program out before anybody relies on it, and show which file it is
    ///
    /// Published vectors for every primitive, bundles that must be accepted or refused, and what the host gives. Compare the SHA-256 with
    /// `sha256sum` and with the paper: a program that lies prints what it likes.
    SelfTest,
}
