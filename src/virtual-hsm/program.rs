//! The program `keyferry-virtual-hsm`.

use crate::{Faults, Options, Service, StartError};
use keyferry_console::{Exit, Failure, Screen};
use std::net::SocketAddr;
use std::path::PathBuf;

/// A software YubiHSM 2 behind the connector's HTTP protocol, for rehearsals and tests. It is no HSM.
#[derive(Debug, clap::Parser)]
#[command(name = "keyferry-virtual-hsm", version)]
pub struct Arguments {
    /// Loopback address and port to listen on; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:12345")]
    listen: SocketAddr,

    /// State file; made when it is not there
    #[arg(long, value_name = "FILE")]
    state: PathBuf,

    /// Serial number of a device made now [default: eight random digits]
    #[arg(long, value_name = "N")]
    serial: Option<u32>,

    /// A device made now is a FIPS device: it has the option, and no certificate
    #[arg(long)]
    fips: bool,

    /// Fault: the store is full at N objects
    #[arg(long, value_name = "N", help_heading = "Faults")]
    store_limit: Option<usize>,

    /// Fault: from the Nth session command on, commands take effect and their answers are lost
    #[arg(long, value_name = "N", help_heading = "Faults")]
    fail_after: Option<u64>,
}

/// Serves until the process is ended. The first line on stdout is `listening on URL`.
///
/// # Errors
/// When the service does not start.
pub fn run(screen: &Screen, arguments: Arguments) -> Result<(), Failure> {
    let Arguments { listen, state, serial, fips, store_limit, fail_after } = arguments;
    let options =
        Options { listen, state, serial, fips, faults: Faults { store_limit, fail_after } };
    screen.warn(
        "THIS IS NO HSM: its keys lie in a file, in the clear. For rehearsals and tests alone.",
    );
    let service = Service::start(options).map_err(|error| failure(&error))?;
    screen.say(format!("serial number {}", service.serial()));
    screen.result(format!("listening on {}", service.url()))?;
    service.wait();
    Ok(())
}

fn failure(error: &StartError) -> Failure {
    let (exit, code, hint) = match error {
        StartError::NotLoopback(_) => {
            (Exit::Usage, "usage", "name a loopback address, such as 127.0.0.1:12345")
        }
        StartError::Listen(_, _) => {
            (Exit::Unchanged, "listen", "name another port, or 0 for a free one")
        }
        StartError::State(_, _) => (
            Exit::File,
            "state",
            "name a file in a folder that exists, which no other service uses",
        ),
    };
    Failure::new(exit, code, "the virtual HSM does not start").caused_by(error).hint(hint)
}
