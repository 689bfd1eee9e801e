//! `ebs`: an EBS volume under a key, and the key that EBS takes where nobody names one. Both only where the key can be used now: EC2 lets
//! a volume under any other key fail later, unseen.

pub mod create_volume;
pub mod set_default;

use crate::calls::failed;
use crate::desk::Desk;
use crate::ec2::{Ec2, Place};
use crate::kms::{KeyDescription, KeyRef, KeyState, Kms};
use crate::session;
use keyferry_bundle::Endpoint;
use keyferry_console::{Exit, Failure};

/// What to do with EBS.
#[derive(Debug, Clone, clap::Args)]
pub struct EbsArgs {
    /// Another endpoint for EC2 [also: `AWS_ENDPOINT_URL_EC2`, `AWS_ENDPOINT_URL`, the profile]
    #[arg(long, global = true, value_name = "URL")]
    pub ec2_endpoint_url: Option<Endpoint>,

    /// What to do.
    #[command(subcommand)]
    pub command: EbsCommand,
}

/// What to do with EBS.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum EbsCommand {
    /// Create an encrypted volume under a key, and wait until it can be attached
    ///
    /// Prints the volume's id. After no answer (exit 6), the same command with the `--client-token` that was shown makes no second volume.
    CreateVolume(create_volume::CreateVolumeArgs),
    /// Make a key the one that EBS takes in this account and Region where nobody names one
    SetDefault(set_default::SetDefaultArgs),
}

/// Runs one command.
///
/// # Errors
/// As the command.
pub fn run(desk: Desk<'_>, kms: &dyn Kms, ec2: &dyn Ec2, args: &EbsArgs) -> Result<(), Failure> {
    match &args.command {
        EbsCommand::CreateVolume(args) => create_volume::run(desk, kms, ec2, args),
        EbsCommand::SetDefault(args) => set_default::run(desk, kms, ec2, args),
    }
}

/// Who asks what where; and a key that EBS can use now.
fn usable(
    desk: Desk<'_>,
    kms: &dyn Kms,
    ec2: &dyn Ec2,
    key: &KeyRef,
) -> Result<(KeyDescription, Place), Failure> {
    session::open(desk, kms, None)?;
    let place = ec2.place();
    desk.screen.table(&[("EC2 endpoint", place.endpoint.as_str())]);
    if !place.of_aws {
        desk.screen.warn(format!("{} is no endpoint of AWS", place.endpoint));
    }
    let found = kms.describe_key(key).map_err(|error| failed("kms:DescribeKey", &error))?;
    let refuse = |code, because: String, hint: &str| {
        let problem = format!("EBS cannot use {}", found.key);
        Err(Failure::new(Exit::Unchanged, code, problem).because(because).hint(hint))
    };
    // Such keys encrypt and decrypt, and nothing else.
    if found.key_spec != "SYMMETRIC_DEFAULT" {
        let because = format!("it is a {} key for {}", found.key_spec, found.key_usage);
        return refuse("other-spec", because, "EBS takes SYMMETRIC_DEFAULT keys alone");
    }
    if found.state != KeyState::Enabled {
        let because = format!("it is {}", found.state);
        return refuse("not-in-use", because, "import its key material first, and prove it");
    }
    if found.key.region != place.region {
        let because = format!("it is in {}, the volumes are in {}", found.key.region, place.region);
        return refuse(
            "other-region",
            because,
            "a multi-Region key has a replica there, or pass --region",
        );
    }
    Ok((found, place))
}

#[cfg(test)]
mod tests;
