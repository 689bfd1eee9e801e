//! DEVICE INFO, which the device answers outside of any session.

use super::fields::Fields;
use super::frame::unproved;
use super::transport::{Fault, PATIENCE, Transport};
use crate::{CommandCode, DeviceInfo};
use keyferry_bundle::{Firmware, Serial};

/// Asks the device who it is. Nothing proves that it is the device that answers, until a session is opened.
pub(super) fn device_info(transport: &dyn Transport) -> Result<DeviceInfo, Fault> {
    let command = CommandCode::DEVICE_INFO;
    let answer = transport.exchange(&[command.0, 0, 0], PATIENCE)?;
    let data = unproved(command, &answer).map_err(Fault::Lost)?;
    parse(data).ok_or_else(|| Fault::Lost("its answer is no device information".to_owned()))
}

/// Version (3 bytes), serial number (4), log entries in all and used (1 each), then one byte an algorithm.
fn parse(data: &[u8]) -> Option<DeviceInfo> {
    let mut fields = Fields::new(data);
    let [major, minor, build] = fields.array()?;
    let firmware: Firmware = format!("{major}.{minor}.{build}").parse().ok()?;
    Some(DeviceInfo {
        serial: Serial::new(fields.u32()?),
        firmware,
        log_capacity: fields.u8()?,
        log_used: fields.u8()?,
        algorithms: fields.rest().to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_newer_device_with_unknown_algorithms_is_read() {
        let data = [2, 4, 1, 0x00, 0xbc, 0x61, 0x4e, 62, 3, 0x01, 0x36, 0xff];
        let info = parse(&data).unwrap();
        assert_eq!((info.serial.get(), info.firmware.as_str()), (12_345_678, "2.4.1"));
        assert_eq!((info.log_capacity, info.log_used), (62, 3));
        assert_eq!(info.algorithms, [0x01, 0x36, 0xff]);
    }

    proptest! {
        #[test]
        fn any_answer_is_survived(data in prop::collection::vec(any::<u8>(), 0..64)) {
            prop_assert_eq!(parse(&data).is_some(), data.len() >= 9);
        }
    }
}
