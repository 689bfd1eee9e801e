//! Getting a frame to the device and its answer back.

use super::{http::Http, usb};
use crate::{Address, Error};
use std::time::Duration;

/// How long an answer to most commands may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
/// How long an answer may take to a command that generates RSA keys: no figure is published, so this is generous.
pub(super) const GENERATING: Duration = Duration::from_mins(10);

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing was sent.
    Unreachable(String),
    /// The device may have got it.
    Lost(String),
}

impl Fault {
    pub(super) fn problem(self) -> String {
        match self {
            Self::Unreachable(problem) | Self::Lost(problem) => problem,
        }
    }
}

/// A way to one device.
pub(super) trait Transport {
    /// Sends one frame, once, and waits for the frame that answers it.
    fn exchange(&self, frame: &[u8], patience: Duration) -> Result<Vec<u8>, Fault>;

    /// The largest frame that passes, in bytes, where that is less than the device's own limit.
    fn limit(&self) -> Option<usize>;
}

/// The way to an address. Nothing is sent yet.
pub(super) fn connect(address: &Address) -> Result<Box<dyn Transport + Send>, Error> {
    match address {
        Address::Connector { host, port } => Ok(Box::new(Http::new(host, *port))),
        Address::Usb(serial) => Ok(Box::new(usb::connect(address, *serial)?)),
    }
}

pub(super) fn unreachable(address: &Address, problem: impl std::fmt::Display) -> Error {
    Error::Unreachable { address: address.to_string(), problem: problem.to_string() }
}
