//! `create-key`: a KMS key without key material, and its alias.

mod replicas;

use crate::calls::failed;
use crate::desk::Desk;
use crate::kms::{CallError, KeyDescription, KeyRef, Kms, NewKey};
use crate::names::{Alias, Principal, TagArg};
use crate::regions::Regions;
use crate::{key_policy, session};
use keyferry_bundle::{AwsRegion, KeyArn, KeySpec, KeyUsage, Text};
use keyferry_ceremony::wrapping::{self, Forbidden};
use keyferry_console::{Exit, Failure};
use serde_json::json;

/// What to create.
#[derive(Debug, Clone, clap::Args)]
pub struct CreateKeyArgs {
    /// The alias, which must be free
    #[arg(long, value_name = "NAME")]
    pub alias: Alias,

    /// A description: 1 to 256 printable ASCII characters
    #[arg(long, value_name = "TEXT")]
    pub description: Option<Text>,

    /// A tag; may be repeated
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    pub tags: Vec<TagArg>,

    /// An IAM user or role that manages the key and imports its material, but may not use it; may be repeated
    #[arg(long = "administrator", value_name = "ARN")]
    pub administrators: Vec<Principal>,

    /// An IAM user or role that uses the key, but may not manage it; may be repeated
    #[arg(long = "user", value_name = "ARN")]
    pub users: Vec<Principal>,

    /// The key spec
    #[arg(long, value_name = "SPEC", default_value = "SYMMETRIC_DEFAULT")]
    pub key_spec: KeySpec,

    /// The key usage: `ENCRYPT_DECRYPT`, `SIGN_VERIFY`, `GENERATE_VERIFY_MAC` or `KEY_AGREEMENT` [default: what the spec allows;
    /// `SIGN_VERIFY` for RSA and ECC]
    #[arg(long, value_name = "USAGE")]
    pub key_usage: Option<KeyUsage>,

    /// A multi-Region primary key
    #[arg(long)]
    pub multi_region: bool,

    /// Another Region that gets a replica, which waits for the same key material; may be repeated
    #[arg(long = "replica-region", value_name = "REGION", requires = "multi_region")]
    pub replica_regions: Vec<AwsRegion>,

    /// Say what would be created, with its key policy, and create nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Creates the key, its replicas, then its alias in every Region.
///
/// # Errors
/// [`Exit::Usage`] for what KMS would refuse, [`Exit::Unchanged`] when nothing was created, [`Exit::Unknown`] when something was,
/// or may have been, and not all of it.
pub fn run(
    desk: Desk<'_>,
    kms: &dyn Kms,
    regions: &dyn Regions,
    args: &CreateKeyArgs,
) -> Result<(), Failure> {
    let usage = usage(args.key_spec, args.key_usage)?;
    if let Some(both) = args.users.iter().find(|user| args.administrators.contains(user)) {
        return Err(Failure::usage(format!("{both} cannot both manage and use the key"))
            .hint("name different roles with --administrator and --user"));
    }
    let session = session::open(desk, kms, None)?;
    replicas::must_differ(&args.replica_regions, &session.region)?;
    let policy = key_policy::document(&session, usage, &args.administrators, &args.users);
    let key = NewKey {
        key_spec: args.key_spec,
        usage,
        description: args.description.clone(),
        policy: policy.to_string(),
        tags: args.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect(),
        multi_region: args.multi_region,
    };
    let alias = args.alias.key_ref().map_err(Failure::bug)?;
    must_be_free(kms, &alias)?;
    let elsewhere = replicas::Elsewhere::open(desk, regions, &args.replica_regions)?;
    elsewhere.must_be_free(&alias)?;
    show(desk, args, usage, &policy)?;
    if args.dry_run {
        let mut steps =
            vec![format!("call kms:CreateKey: {} {usage}, origin EXTERNAL", args.key_spec)];
        steps.extend(
            args.replica_regions.iter().map(|to| format!("call kms:ReplicateKey: to {to}")),
        );
        steps.push(format!("call kms:CreateAlias: {alias}"));
        let there = |to: &AwsRegion| format!("call kms:CreateAlias: {alias} in {to}");
        steps.extend(args.replica_regions.iter().map(there));
        return desk.dry_run(&steps);
    }
    let created = kms.create_key(&key).map_err(|error| not_created(&error))?;
    if created.origin != "EXTERNAL" {
        return Err(Failure::new(Exit::Unknown, "wrong-origin", "KMS made another kind of key")
            .because(format!("{} has origin {:?}, not EXTERNAL", created.key, created.origin))
            .hint(format!("delete it: aws kms schedule-key-deletion --key-id {}", created.key)));
    }
    let replicas = elsewhere.replicate(desk, kms, &created.key, &key, &alias)?;
    let keys: Vec<&KeyArn> =
        std::iter::once(&created.key).chain(replicas.iter().map(|replica| &replica.key)).collect();
    for (done, kms) in std::iter::once(kms).chain(elsewhere.services()).enumerate() {
        let (named, [key, rest @ ..]) = keys.split_at(done) else { break };
        kms.create_alias(&alias, key)
            .map_err(|error| without_alias(&error, &alias, key, named, rest))?;
    }
    for key in &keys {
        desk.screen.result(key.to_string())?;
    }
    let replica =
        |found: &KeyDescription| json!({ "arn": found.key, "state": found.state.to_string() });
    desk.screen.json(&json!({
        "arn": created.key, "id": created.key.key_id, "alias": alias.as_str(), "state": created.state.to_string(),
        "arns": keys, "replicas": replicas.iter().map(replica).collect::<Vec<_>>(),
    }))
}

fn usage(spec: KeySpec, asked: Option<KeyUsage>) -> Result<KeyUsage, Failure> {
    if spec == KeySpec::EccNistEdwards25519 {
        return Err(Failure::usage(format!("no plan can import into a {spec} key"))
            .because(Forbidden::Undocumented(spec)));
    }
    let possible = wrapping::usages(spec);
    match asked {
        None => Ok(wrapping::usual_usage(spec)),
        Some(asked) if possible.contains(&asked) => Ok(asked),
        Some(asked) => {
            let names: Vec<String> = possible.iter().map(ToString::to_string).collect();
            Err(Failure::usage(format!("a {spec} key is not for {asked}"))
                .hint(format!("--key-usage {}", names.join(" or "))))
        }
    }
}

fn must_be_free(kms: &dyn Kms, alias: &KeyRef) -> Result<(), Failure> {
    match kms.describe_key(alias) {
        Err(error) if error.is("NotFoundException") => Ok(()),
        Err(error) => Err(failed("kms:DescribeKey", &error)),
        Ok(taken) => Err(Failure::new(Exit::Unchanged, "alias-taken", format!("{alias} is taken"))
            .because(format!("it names {}, which is {}", taken.key, taken.state))
            .hint("choose another --alias; nothing was created")),
    }
}

fn show(
    desk: Desk<'_>,
    args: &CreateKeyArgs,
    usage: KeyUsage,
    policy: &serde_json::Value,
) -> Result<(), Failure> {
    let policy = serde_json::to_string_pretty(policy).map_err(Failure::bug)?;
    let described = args.description.as_ref().map_or("-", Text::as_str);
    let tags: Vec<String> =
        args.tags.iter().map(|tag| format!("{}={}", tag.key, tag.value)).collect();
    desk.screen.heading("The key");
    desk.screen.table(&[
        ("alias", args.alias.to_string()),
        ("spec", format!("{}, {usage}", args.key_spec)),
        ("description", described.to_owned()),
        ("tags", if tags.is_empty() { "-".to_owned() } else { tags.join("\n") }),
        ("multi-Region", if args.multi_region { "yes" } else { "no" }.to_owned()),
        ("key policy", policy),
    ]);
    if args.administrators.is_empty() || args.users.is_empty() {
        desk.screen.warn("without --administrator and --user, the account's IAM policies alone decide who may do what");
    }
    Ok(())
}

fn not_created(error: &CallError) -> Failure {
    if !matches!(error, CallError::NoAnswer(_)) {
        return failed("kms:CreateKey", error);
    }
    Failure::new(Exit::Unknown, "unknown-created", "nobody knows whether the key was created")
        .caused_by(error)
        .hint("look for a new key in state PendingImport without an alias (`aws kms list-keys`); delete it or alias it before you try again")
}

/// `named` have their alias already, `rest` are without it too.
fn without_alias(
    error: &CallError,
    alias: &KeyRef,
    key: &KeyArn,
    named: &[&KeyArn],
    rest: &[&KeyArn],
) -> Failure {
    let failure = if matches!(error, CallError::NoAnswer(_)) {
        Failure::new(
            Exit::Unknown,
            "unknown-alias",
            format!("{key} was created, but nobody knows whether it has its alias"),
        )
    } else {
        Failure::new(Exit::Unknown, "no-alias", format!("{key} was created, but without its alias"))
    };
    let mut failure = failure.caused_by(error);
    for key in named {
        failure = failure.because(format!("{key} was created, with its alias"));
    }
    for key in rest {
        failure = failure.because(format!("{key} was created too, without its alias"));
    }
    let region = &key.region;
    let others = if rest.is_empty() { "" } else { ", and the same in the other Regions," };
    failure.hint(format!(
        "give it one with `aws kms create-alias --region {region} --alias-name {alias} --target-key-id {key}`{others} or delete it with `aws kms schedule-key-deletion --region {region} --key-id {key}`"
    ))
}

#[cfg(test)]
mod tests;
