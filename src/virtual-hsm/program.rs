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

    #[command(flatten)]
    faults: FaultArguments,
}

/// Faults are counted in commands inside sessions, from 1. They can also be set later: POST /virtual/faults.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Faults")]
struct FaultArguments {
    /// The store is full at N objects
    #[arg(long, value_name = "N")]
    store_limit: Option<usize>,

    /// The log has room for N more entries
    #[arg(long, value_name = "N")]
    log_room: Option<usize>,

    /// From the Nth command on, commands take effect and their answers are lost
    #[arg(long, value_name = "N")]
    fail_after: Option<u64>,

    /// The Nth command takes effect and its answer is lost
    #[arg(long, value_name = "N")]
    lose_at: Option<u64>,

    /// At the Nth command the device knows the session no more
    #[arg(long, value_name = "N")]
    end_session_at: Option<u64>,

    /// The power is cut before the Nth command takes effect
    #[arg(long, value_name = "N")]
    power_cut_before: Option<u64>,

    /// The power is cut after the Nth command took effect, before it is answered
    #[arg(long, value_name = "N")]
    power_cut_after: Option<u64>,

    /// From the Nth command on, the connector answers nothing and nothing takes effect
    #[arg(long, value_name = "N")]
    gone_at: Option<u64>,

    /// At the Nth command the connector falls silent and keeps the connection; it does not take effect
    #[arg(long, value_name = "N")]
    hang_before: Option<u64>,

    /// At the Nth command the connector falls silent and keeps the connection; it takes effect
    #[arg(long, value_name = "N")]
    hang_after: Option<u64>,

    /// At the Nth command another device takes the place of this one; its state is in FILE.second
    #[arg(long, value_name = "N")]
    second_device_at: Option<u64>,

    /// PUT PUBLIC WRAP KEY stores another public key of the same size than it was given
    #[arg(long)]
    swap_public_wrap_key: bool,

    /// Every answer takes N milliseconds longer
    #[arg(long, value_name = "N", default_value_t = 0)]
    delay_ms: u64,
}

impl From<FaultArguments> for Faults {
    fn from(arguments: FaultArguments) -> Self {
        Self {
            store_limit: arguments.store_limit,
            log_room: arguments.log_room,
            fail_after: arguments.fail_after,
            lose_at: arguments.lose_at,
            end_session_at: arguments.end_session_at,
            power_cut_before: arguments.power_cut_before,
            power_cut_after: arguments.power_cut_after,
            gone_at: arguments.gone_at,
            hang_before: arguments.hang_before,
            hang_after: arguments.hang_after,
            second_device_at: arguments.second_device_at,
            swap_public_wrap_key: arguments.swap_public_wrap_key,
            delay_ms: arguments.delay_ms,
        }
    }
}

/// Serves until the process is ended. The first line on stdout is `listening on URL`.
///
/// # Errors
/// When the service does not start.
pub fn run(screen: &Screen, arguments: Arguments) -> Result<(), Failure> {
    let Arguments { listen, state, serial, fips, faults } = arguments;
    let options = Options { listen, state, serial, fips, faults: faults.into() };
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
