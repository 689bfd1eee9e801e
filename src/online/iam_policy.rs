//! `iam-policy`: what the roles of a ceremony need in IAM, and no more. AWS is not asked.
//!
//! Nothing here names `*` as a resource. `sts:GetCallerIdentity` needs no permission.

mod statements;

use crate::chain::Chain;
use crate::desk::Desk;
use keyferry_bundle::kinds::{Expiration, Operation, Plan, Target};
use keyferry_bundle::{
    ExpirationModel, KeyArn, KeySpec, KeyUsage, Timestamp, WrappingAlgorithm, WrappingKeySpec,
};
use keyferry_ceremony::wrapping;
use keyferry_console::Failure;
use keyferry_console::args::{CeremonyArgs, TrustArg};
use serde_json::{Value, json};
use statements::Statement;
use std::path::PathBuf;

/// AWS's limit on a managed policy, without white space (IAM user guide, "IAM and AWS STS quotas").
const MAX_CHARACTERS: usize = 6144;

/// For which role, and which keys.
#[derive(Debug, Clone, clap::Args)]
pub struct IamPolicyArgs {
    /// The role: `fetch` gets import parameters, `upload` imports and has KMS prove what it holds
    #[arg(value_name = "fetch|upload")]
    pub role: Part,

    /// Folder of the ceremony: its plan says the keys, the wrapping and the expiration
    #[arg(value_name = "CEREMONY", required_unless_present = "keys", conflicts_with = "keys")]
    pub folder: Option<PathBuf>,

    /// A key instead of a ceremony; may be repeated, for keys of one kind
    #[arg(long = "key-arn", value_name = "ARN")]
    pub keys: Vec<KeyArn>,

    /// With --key-arn: the keys' spec
    #[arg(long, value_name = "SPEC", default_value = "SYMMETRIC_DEFAULT")]
    pub key_spec: KeySpec,

    /// With --key-arn: their usage [default: what the spec allows; `SIGN_VERIFY` for RSA and ECC]
    #[arg(long, value_name = "USAGE")]
    pub key_usage: Option<KeyUsage>,

    /// With --key-arn: the wrapping algorithm [default: as `keyferry plan new` chooses]
    #[arg(long, value_name = "ALGORITHM")]
    pub wrapping_algorithm: Option<WrappingAlgorithm>,

    /// With --key-arn: the wrapping key spec
    #[arg(long, value_name = "SPEC", default_value = "RSA_4096")]
    pub wrapping_key_spec: WrappingKeySpec,

    /// With --key-arn, for `upload`: the latest expiration that may be asked for
    #[arg(long, value_name = "TIME", conflicts_with = "does_not_expire")]
    pub valid_to: Option<Timestamp>,

    /// With --key-arn, for `upload`: the material does not expire
    #[arg(long)]
    pub does_not_expire: bool,

    /// For `upload`: leave out the calls that prove what KMS holds, where another role makes them (`import --prove-profile`)
    #[arg(long)]
    pub without_proofs: bool,

    /// With --key-arn, for `upload`: also `RotateKeyOnDemand`; a ceremony says itself whether it rotates
    #[arg(long)]
    pub rotate: bool,

    /// Where the pinned policy is.
    #[command(flatten)]
    pub trust: TrustArg,
}

/// A role of the bastion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// Gets wrapping public keys and import tokens.
    Fetch,
    /// Imports, and has KMS prove what it holds.
    Upload,
}

/// One key, and how its material comes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    arn: KeyArn,
    spec: KeySpec,
    usage: KeyUsage,
    algorithm: WrappingAlgorithm,
    wrapping: WrappingKeySpec,
    /// Always there for `upload`.
    expiration: Option<Expiration>,
    /// Whether it is rotated: of a multi-Region key, the primary.
    rotates: bool,
}

/// Prints the policy.
///
/// # Errors
/// When the folder is no ceremony, or the options do not say all that is needed.
pub fn run(desk: Desk<'_>, args: &IamPolicyArgs) -> Result<(), Failure> {
    let keys = keys(args)?;
    let statements = statements::of(args.role, &keys, !args.without_proofs);
    let document = document(&statements);
    let reasons: Vec<(String, &str)> = statements
        .iter()
        .flat_map(|statement| {
            statement.actions.iter().map(|action| ((*action).to_owned(), statement.reason))
        })
        .collect();
    desk.screen.heading("What each action is for");
    desk.screen.table(&reasons);
    desk.screen.say("The key policy must allow the same: that of `create-key` leaves it to IAM.");
    let size = document.to_string().chars().filter(|c| !c.is_whitespace()).count();
    if size > MAX_CHARACTERS {
        desk.screen.warn(format!(
            "it has {size} characters, a managed policy at most {MAX_CHARACTERS}: make several of --key-arn"
        ));
    }
    desk.screen.result(serde_json::to_string_pretty(&document).map_err(Failure::bug)?)?;
    let reasons: Vec<Value> = reasons
        .iter()
        .map(|(action, reason)| json!({ "action": action, "reason": reason }))
        .collect();
    desk.screen.json(&json!({ "policy": document, "reasons": reasons }))
}

fn document(statements: &[Statement]) -> Value {
    let all: Vec<Value> = statements.iter().map(Statement::json).collect();
    json!({ "Version": "2012-10-17", "Statement": all })
}

fn keys(args: &IamPolicyArgs) -> Result<Vec<Key>, Failure> {
    if let Some(folder) = &args.folder {
        let trust = args.trust.clone();
        let chain = Chain::open(&CeremonyArgs { folder: folder.clone(), trust })?;
        let plan = chain.plan.body();
        return Ok(plan.targets.iter().map(|target| planned(plan, target)).collect());
    }
    let usage = args.key_usage.unwrap_or_else(|| wrapping::usual_usage(args.key_spec));
    if !wrapping::usages(args.key_spec).contains(&usage) {
        return Err(Failure::usage(format!("a {} key is not for {usage}", args.key_spec)));
    }
    let expiration = match (args.valid_to, args.does_not_expire) {
        (valid_to @ Some(_), _) => Some(Expiration { model: ExpirationModel::Expires, valid_to }),
        (None, true) => Some(Expiration { model: ExpirationModel::DoesNotExpire, valid_to: None }),
        (None, false) if args.role == Part::Upload => {
            return Err(Failure::usage("nothing says when the material expires")
                .hint("pass --valid-to TIME or --does-not-expire"));
        }
        (None, false) => None,
    };
    let algorithm = args.wrapping_algorithm.unwrap_or_else(|| usual_algorithm(args.key_spec));
    let key = |arn: &KeyArn| Key {
        arn: arn.clone(),
        spec: args.key_spec,
        usage,
        algorithm,
        wrapping: args.wrapping_key_spec,
        expiration,
        rotates: args.rotate,
    };
    Ok(args.keys.iter().map(key).collect())
}

fn planned(plan: &Plan, target: &Target) -> Key {
    let leads = plan.leader(target).is_some_and(|leader| leader.name == target.name);
    Key {
        arn: target.key.clone(),
        spec: target.key_spec,
        usage: target.key_usage,
        algorithm: target.wrapping_algorithm,
        wrapping: target.wrapping_key_spec,
        expiration: Some(target.expiration),
        rotates: plan.operation == Operation::Rotate && leads,
    }
}

/// Raw bytes go under OAEP, private keys under RSA and AES.
fn usual_algorithm(spec: KeySpec) -> WrappingAlgorithm {
    if spec.raw_length().is_some() {
        WrappingAlgorithm::RsaesOaepSha256
    } else {
        WrappingAlgorithm::RsaAesKeyWrapSha256
    }
}

#[cfg(test)]
mod tests;
