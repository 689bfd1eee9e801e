//! Writing a command's frame. Its buffer is wiped when it goes and never moves, so that no part of a secret stays behind.

use crate::{Algorithm, Capabilities, CommandCode, Place};
use keyferry_bundle::ObjectId;
use keyferry_scp03::HEADER;
use zeroize::Zeroizing;

/// Room for the largest frame of any firmware: 3136 bytes, and then some.
const ROOM: usize = 4096;
/// Bytes of a label on the wire, padded with zeros.
const LABEL: usize = 40;

/// A command and its data.
pub(super) struct Request {
    pub(super) command: CommandCode,
    frame: Zeroizing<Vec<u8>>,
    overflows: bool,
}

impl Request {
    pub(super) fn new(command: CommandCode) -> Self {
        let frame = Zeroizing::new(Vec::with_capacity(ROOM));
        Self { command, frame, overflows: false }.bytes(&[command.0, 0, 0])
    }

    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        if self.frame.len() + bytes.len() <= ROOM {
            self.frame.extend_from_slice(bytes);
        } else {
            self.overflows = true;
        }
        self
    }

    pub(super) fn u8(self, value: u8) -> Self {
        self.bytes(&[value])
    }

    pub(super) fn u16(self, value: u16) -> Self {
        self.bytes(&value.to_be_bytes())
    }

    pub(super) fn id(self, id: ObjectId) -> Self {
        self.u16(id.get())
    }

    pub(super) fn capabilities(self, capabilities: Capabilities) -> Self {
        self.bytes(&capabilities.0.to_be_bytes())
    }

    /// What every command that makes an object begins with: id, label, domains, capabilities, algorithm.
    pub(super) fn object(
        self,
        place: &Place,
        capabilities: Capabilities,
        algorithm: Algorithm,
    ) -> Self {
        let mut label = [0; LABEL];
        for (to, from) in label.iter_mut().zip(place.label.as_str().bytes()) {
            *to = from;
        }
        self.id(place.id)
            .bytes(&label)
            .u16(place.domains.mask())
            .capabilities(capabilities)
            .u8(algorithm.0)
    }

    /// The frame; none when it is longer than any device takes.
    pub(super) fn frame(mut self) -> Option<Zeroizing<Vec<u8>>> {
        if self.overflows {
            return None;
        }
        let [high, low] = u16::try_from(self.frame.len() - HEADER).ok()?.to_be_bytes();
        *self.frame.get_mut(1)? = high;
        *self.frame.get_mut(2)? = low;
        Some(self.frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyferry_bundle::Domains;

    #[test]
    fn an_object_s_fields_are_where_the_device_looks_for_them() {
        let place = Place {
            id: "0x0a01".parse().unwrap(),
            label: "key".parse().unwrap(),
            domains: Domains::ONE,
        };
        let request = Request::new(CommandCode::PUT_OPAQUE);
        let request = request.object(&place, Capabilities::PUT_OPAQUE, Algorithm::OPAQUE_DATA);
        let frame = request.bytes(b"data").frame().unwrap();
        assert_eq!(frame[..5], [0x42, 0, 57, 0x0a, 0x01]);
        assert_eq!(frame[5..9], *b"key\0");
        assert_eq!(frame[45..], *b"\x00\x01\x00\x00\x00\x00\x00\x00\x00\x02\x1edata");
    }

    #[test]
    fn the_buffer_does_not_move() {
        let request = Request::new(CommandCode::PUT_OPAQUE);
        let start = request.frame.as_ptr();
        let request = request.bytes(&[1; ROOM - HEADER]);
        assert_eq!(request.frame.as_ptr(), start);
        assert!(request.u8(1).frame().is_none());
    }
}
