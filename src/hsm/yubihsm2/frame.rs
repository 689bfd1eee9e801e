//! Device information from the raw frame: a command outside of any session. The crate `yubihsm` refuses every answer that
//! names an algorithm it does not know, as firmware 2.4 does.

use crate::{Action, DeviceInfo, Error};
use keyferry_bundle::{Firmware, Serial};
use yubihsm::{Connector, Uuid};

/// DEVICE INFO (YubiHSM 2 user guide, "Device info"); an answer has the command's code with the top bit set.
const DEVICE_INFO: u8 = 0x06;
const ACTION: Action = Action::Read("describe itself");

/// Asks the device behind `connector` who it is.
pub(super) fn device_info(connector: &Connector) -> Result<DeviceInfo, Error> {
    let request = vec![DEVICE_INFO, 0, 0];
    let answer = connector
        .send_message(Uuid::nil(), request.into())
        .map_err(|error| Error::NoAnswer { action: ACTION, problem: error.to_string() })?;
    parse(answer.as_ref()).ok_or_else(|| Error::NoAnswer {
        action: ACTION,
        problem: "its answer is not a device information frame".to_owned(),
    })
}

/// Version (3 bytes), serial number (4, big-endian), log entries in all and used (1 each), then one byte an algorithm.
fn parse(frame: &[u8]) -> Option<DeviceInfo> {
    let (&[code, high, low], body) = frame.split_first_chunk()?;
    if code != DEVICE_INFO | 0x80 || usize::from(u16::from_be_bytes([high, low])) != body.len() {
        return None;
    }
    let (&[major, minor, build], rest) = body.split_first_chunk()?;
    let (&serial, rest) = rest.split_first_chunk()?;
    let (&[log_capacity, log_used], algorithms) = rest.split_first_chunk()?;
    let firmware: Firmware = format!("{major}.{minor}.{build}").parse().ok()?;
    Some(DeviceInfo {
        serial: Serial::new(u32::from_be_bytes(serial)),
        firmware,
        log_capacity,
        log_used,
        algorithms: algorithms.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_newer_device_with_unknown_algorithms_is_read() {
        let frame = [0x86, 0, 12, 2, 4, 1, 0x00, 0xbc, 0x61, 0x4e, 62, 3, 0x01, 0x36, 0xff];
        let info = parse(&frame).unwrap();
        assert_eq!((info.serial.get(), info.firmware.as_str()), (12_345_678, "2.4.1"));
        assert_eq!((info.log_capacity, info.log_used), (62, 3));
        assert_eq!(info.algorithms, [0x01, 0x36, 0xff]);
    }

    #[test]
    fn an_error_or_a_short_frame_is_not_taken() {
        assert_eq!(parse(&[0x7f, 0, 1, 1]), None);
        assert_eq!(parse(&[0x86, 0, 3, 2, 4, 1]), None);
        assert_eq!(parse(&[0x86, 0, 9, 2, 4, 1]), None);
        assert_eq!(parse(&[]), None);
    }

    proptest! {
        #[test]
        fn any_frame_is_survived(frame in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = parse(&frame);
        }
    }
}
