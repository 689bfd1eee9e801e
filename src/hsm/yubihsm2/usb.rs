//! USB, as the crate `yubihsm` has it.

use super::transport::{Fault, GENERATING, Transport, unreachable};
use crate::{Address, Error};
use keyferry_bundle::Serial;
use std::time::Duration;
use yubihsm::connector::usb::Devices;
use yubihsm::{Connector, UsbConfig, Uuid};

/// The crate receives into a buffer of this size, whatever the firmware can send.
const LIMIT: usize = 2048;

/// The one device on USB.
pub(super) struct Usb(Connector);

/// Finds the device; there must be exactly one.
pub(super) fn connect(address: &Address, serial: Serial) -> Result<Usb, Error> {
    let attached = Devices::serial_numbers().map_err(|error| unreachable(address, error))?;
    alone(attached.len())?;
    // The crate's serial numbers have ten digits.
    let number = format!("{:010}", serial.get())
        .parse()
        .map_err(|error: yubihsm::device::Error| unreachable(address, error))?;
    // One time limit for every command, so it is the longest.
    let timeout_ms = u64::try_from(GENERATING.as_millis()).unwrap_or(u64::MAX);
    Ok(Usb(Connector::usb(&UsbConfig { serial: Some(number), timeout_ms })))
}

/// Which of several is meant, no serial number in a file can say: whoever attached them may have exchanged them.
const fn alone(attached: usize) -> Result<(), Error> {
    if attached == 1 { Ok(()) } else { Err(Error::NotAlone(attached)) }
}

impl Transport for Usb {
    fn exchange(&self, frame: &[u8], _patience: Duration) -> Result<Vec<u8>, Fault> {
        // What is inside a session is encrypted, so the crate's own copies may stay behind.
        let answer = self.0.send_message(Uuid::nil(), frame.to_vec().into());
        answer.map(Into::into).map_err(|error| Fault::Lost(error.to_string()))
    }

    fn limit(&self) -> Option<usize> {
        Some(LIMIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_hsms_on_usb_are_refused() {
        assert!(alone(1).is_ok());
        for attached in [0, 2, 3] {
            assert!(matches!(alone(attached), Err(Error::NotAlone(found)) if found == attached));
        }
    }
}
