//! `ebs create-volume`.

use super::usable;
use crate::calls::failed;
use crate::desk::Desk;
use crate::ec2::{ClientToken, Ec2, NewVolume, Volume, VolumeState, VolumeType, Zone};
use crate::kms::{CallError, KeyRef, Kms};
use crate::names::TagArg;
use keyferry_bundle::KeyArn;
use keyferry_console::{Exit, Failure};
use serde_json::json;
use std::time::Duration;

/// Seconds before each look at the volume: an empty one is there within seconds. A minute and a half in all.
const LOOKS: [u64; 9] = [0, 1, 2, 4, 8, 15, 20, 20, 20];

/// Which volume.
#[derive(Debug, Clone, clap::Args)]
pub struct CreateVolumeArgs {
    /// The key it is encrypted under: a key id, a key ARN or an alias (alias/NAME)
    #[arg(long, value_name = "KEY")]
    pub key: KeyRef,

    /// The Availability Zone
    #[arg(long, value_name = "ZONE")]
    pub zone: Zone,

    /// The size
    #[arg(long, value_name = "GIB", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub size: u32,

    /// The volume's type
    #[arg(long = "type", value_name = "TYPE", default_value = "gp3")]
    pub kind: VolumeType,

    /// Provisioned operations a second; `io1` and `io2` need it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(100..=256_000))]
    pub iops: Option<u32>,

    /// A tag; may be repeated
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    pub tags: Vec<TagArg>,

    /// What EC2 knows a repeated call by: pass the one that was shown, after a call without an answer [default: a new one]
    #[arg(long, value_name = "TOKEN")]
    pub client_token: Option<ClientToken>,

    /// Say what would be created, and create nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Creates it, and waits until it can be attached.
///
/// # Errors
/// [`Exit::Unchanged`] for a key that EBS cannot use and when EC2 refuses, [`Exit::Unknown`] when the volume may exist, is under another
/// key, or does not become available.
pub fn run(
    desk: Desk<'_>,
    kms: &dyn Kms,
    ec2: &dyn Ec2,
    args: &CreateVolumeArgs,
) -> Result<(), Failure> {
    if matches!(args.kind, VolumeType::Io1 | VolumeType::Io2) && args.iops.is_none() {
        return Err(Failure::usage(format!("{} volumes need --iops", args.kind.as_str())));
    }
    let (key, place) = usable(desk, kms, ec2, &args.key)?;
    if !args.zone.is_in(&place.region) {
        let problem = format!("zone {} is not in {}", args.zone, place.region);
        return Err(Failure::usage(problem).hint("pass --region, or another --zone"));
    }
    let token = match &args.client_token {
        Some(token) => token.clone(),
        None => ClientToken::draw().map_err(Failure::bug)?,
    };
    let volume = NewVolume {
        key: key.key,
        zone: args.zone.clone(),
        gibibytes: args.size,
        kind: args.kind,
        iops: args.iops,
        tags: args.tags.clone(),
        token,
    };
    show(desk, &volume);
    if args.dry_run {
        let what = format!("{} GiB {} in {}", volume.gibibytes, volume.kind.as_str(), volume.zone);
        return desk.dry_run(&[format!("call ec2:CreateVolume: {what} under {}", volume.key)]);
    }
    let made = ec2.create_volume(&volume).map_err(|error| not_created(&error, &volume))?;
    // From here on its id is not lost, whatever comes.
    desk.screen.result(made.id.as_str())?;
    must_be_under(&made, &volume.key)?;
    let ready = wait(desk, ec2, &made)?;
    must_be_under(&ready, &volume.key)?;
    desk.screen.json(&json!({
        "volume": ready.id.as_str(), "state": ready.state.to_string(), "key": volume.key, "client_token": volume.token.as_str(),
    }))
}

fn show(desk: Desk<'_>, volume: &NewVolume) {
    let iops = volume.iops.map_or_else(String::new, |iops| format!(", {iops} IOPS"));
    let tags: Vec<String> =
        volume.tags.iter().map(|tag| format!("{}={}", tag.key, tag.value)).collect();
    desk.screen.heading("The volume");
    desk.screen.table(&[
        ("key", volume.key.to_string()),
        ("zone", volume.zone.to_string()),
        ("size", format!("{} GiB, {}{iops}", volume.gibibytes, volume.kind.as_str())),
        ("tags", if tags.is_empty() { "-".to_owned() } else { tags.join("\n") }),
        ("client token", volume.token.to_string()),
    ]);
}

fn not_created(error: &CallError, volume: &NewVolume) -> Failure {
    if !matches!(error, CallError::NoAnswer(_)) {
        return failed("ec2:CreateVolume", error);
    }
    Failure::new(Exit::Unknown, "unknown-volume", "nobody knows whether the volume was created")
        .caused_by(error)
        .hint(format!(
            "run the same command with --client-token {}: it makes no second volume",
            volume.token
        ))
}

/// EC2 must have taken the key that it was told.
fn must_be_under(volume: &Volume, key: &KeyArn) -> Result<(), Failure> {
    if volume.encrypted && volume.key.as_deref() == Some(&key.to_string()) {
        return Ok(());
    }
    let under = match &volume.key {
        Some(other) if volume.encrypted => format!("EC2 says that it is under {other}"),
        Some(_) | None => "EC2 says that it is not encrypted under a key".to_owned(),
    };
    let problem = format!("{} is not under the key that was asked for", volume.id);
    Err(Failure::new(Exit::Unknown, "other-key", problem)
        .because(under)
        .hint(format!("nobody uses it: aws ec2 delete-volume --volume-id {}", volume.id)))
}

/// A volume whose key cannot be used is accepted at first, and fails then.
fn wait(desk: Desk<'_>, ec2: &dyn Ec2, made: &Volume) -> Result<Volume, Failure> {
    let problem = |code, because: String| {
        Failure::new(Exit::Unknown, code, format!("{} is not available", made.id))
            .because(because)
            .hint(format!(
                "aws ec2 describe-volumes --volume-ids {}; a volume that failed could not use the key: look at the key policy and at CloudTrail",
                made.id
            ))
    };
    let mut last = String::new();
    for seconds in LOOKS {
        desk.clock.wait(Duration::from_secs(seconds));
        match ec2.describe_volume(&made.id) {
            Ok(volume) if volume.state == VolumeState::Available => return Ok(volume),
            Ok(volume) if volume.state == VolumeState::Creating => {
                "it is still creating".clone_into(&mut last);
            }
            Ok(volume) => {
                return Err(problem("volume-failed", format!("its state is {}", volume.state)));
            }
            Err(error) => last = format!("DescribeVolumes: {error}"),
        }
    }
    Err(problem("volume-not-ready", last))
}
