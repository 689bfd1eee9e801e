//! `ebs set-default`.

use super::usable;
use crate::calls::failed;
use crate::desk::Desk;
use crate::ec2::Ec2;
use crate::kms::{CallError, KeyRef, Kms};
use crate::typed;
use keyferry_console::{Exit, Failure};
use serde_json::json;

/// Which key.
#[derive(Debug, Clone, clap::Args)]
pub struct SetDefaultArgs {
    /// The key: a key id, a key ARN or an alias (alias/NAME)
    #[arg(long, value_name = "KEY")]
    pub key: KeyRef,

    /// Say what would be set, and set nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Sets it once, and looks.
///
/// # Errors
/// [`Exit::Unchanged`] for a key that EBS cannot use and when EC2 refuses, [`Exit::Declined`] when the person does, [`Exit::Unknown`] when
/// nobody knows which key is the default.
pub fn run(
    desk: Desk<'_>,
    kms: &dyn Kms,
    ec2: &dyn Ec2,
    args: &SetDefaultArgs,
) -> Result<(), Failure> {
    let (found, place) = usable(desk, kms, ec2, &args.key)?;
    let key = found.key.to_string();
    // To look is not to change: who may not look may still set.
    let now = ec2.get_ebs_default_key().unwrap_or_else(|error| format!("not known: {error}"));
    let on = ec2.encrypts_by_default();
    let by_default = match &on {
        Ok(true) => "yes".to_owned(),
        Ok(false) => "no".to_owned(),
        Err(error) => format!("not known: {error}"),
    };
    desk.screen.heading(format!("EBS in {}", place.region));
    desk.screen.table(&[
        ("default key now", now.as_str()),
        ("from now on", &key),
        ("encrypts by default", &by_default),
    ]);
    if on == Ok(false) {
        desk.screen.warn("new volumes are not encrypted by default: the key is taken where encryption is asked for without one (`aws ec2 enable-ebs-encryption-by-default` changes that)");
    }
    desk.screen.say("Volumes that exist stay under their keys. Whoever makes a volume from now on needs leave to use this one.");
    if now == key {
        desk.screen.say("It is the default already.");
        desk.screen.result(&key)?;
        return desk.screen.json(&json!({ "default_key": key, "changed": false }));
    }
    if args.dry_run {
        return desk.dry_run(&[format!("call ec2:ModifyEbsDefaultKmsKeyId: {key}")]);
    }
    let word = typed::word(&args.key, &found);
    desk.person.confirm(desk.screen, "Make this key the default of EBS?", &word)?;
    match ec2.set_ebs_default_key(&found.key) {
        Ok(answer) if answer == key => {}
        Ok(other) => return Err(unknown(&key, format!("EC2 says that the default is {other}"))),
        Err(error @ CallError::NoAnswer(_)) => {
            desk.screen.warn(format!("{error}; looking before anything else is said"));
            match ec2.get_ebs_default_key() {
                Ok(now) if now == key => {}
                Ok(other) => {
                    return Err(unknown(
                        &key,
                        format!("no answer came, and the default is {other}"),
                    ));
                }
                Err(again) => return Err(unknown(&key, again.to_string())),
            }
        }
        Err(error) => return Err(failed("ec2:ModifyEbsDefaultKmsKeyId", &error)),
    }
    desk.screen.result(&key)?;
    desk.screen.json(&json!({ "default_key": key, "changed": true }))
}

fn unknown(key: &str, because: String) -> Failure {
    let problem = format!("nobody knows whether {key} is the default of EBS");
    Failure::new(Exit::Unknown, "unknown-default", problem)
        .because(because)
        .hint("aws ec2 get-ebs-default-kms-key-id shows it; setting it once more does no harm")
}
