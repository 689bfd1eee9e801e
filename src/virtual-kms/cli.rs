//! The command line.

use crate::clock::Time;
use crate::{ACCESS_KEY_ID, Options, SECRET_ACCESS_KEY, Service};
use keyferry_bundle::{AccountId, AwsRegion};
use keyferry_console::{Failure, Screen};
use std::net::SocketAddr;
use std::path::PathBuf;

/// A software stand-in for AWS KMS's key-import operations, for rehearsals and tests. It is no KMS.
#[derive(Debug, clap::Parser)]
#[command(name = "keyferry-virtual-kms", version)]
pub struct Arguments {
    /// Loopback address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: SocketAddr,

    /// State file, made when it is not there; it holds key material in the clear
    #[arg(long, value_name = "FILE")]
    state: PathBuf,

    /// Account of the caller, and of the keys of a new state file [default: the state file's, else 111122223333]
    #[arg(long)]
    account: Option<AccountId>,

    /// Region to begin with; every Region is served [default: the state file's, else eu-central-1]
    #[arg(long)]
    region: Option<AwsRegion>,

    /// Set the service's clock; it runs on from there [default: as the state file says, else the host's]
    #[arg(long, value_name = "TIME")]
    clock: Option<Time>,

    /// Hand out import parameters at AWS's pace: once a second in each Region of an account
    #[arg(long)]
    throttle: bool,
}

/// Runs the service until the process is ended. The first line on stdout is `listening on http://ADDRESS:PORT`.
///
/// # Errors
/// When it cannot start.
pub fn serve(screen: &Screen, arguments: Arguments) -> Result<(), Failure> {
    let Arguments { listen, state, account, region, clock, throttle } = arguments;
    let service = Service::start(Options { listen, state, account, region, clock })?;
    if throttle {
        service.throttle();
    }
    screen.warn("THIS IS NO KMS. It keeps key material in a file, in the clear, for rehearsals.");
    screen.say(format!(
        "AWS_ENDPOINT_URL={} AWS_REGION={} AWS_ACCESS_KEY_ID={ACCESS_KEY_ID} \
         AWS_SECRET_ACCESS_KEY={SECRET_ACCESS_KEY}",
        service.url(),
        service.region()
    ));
    screen.result(format!("listening on {}", service.url()))?;
    service.wait();
    Ok(())
}
