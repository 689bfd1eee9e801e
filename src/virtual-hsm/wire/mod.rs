//! Frames and their fields: what travels between a client and the device, in the clear or inside a session.

mod command;
mod error;
mod fields;

pub(crate) use command::Command;
pub(crate) use error::DeviceError;
pub(crate) use fields::Fields;

/// The largest frame, header included, from firmware 2.4 on.
pub(crate) const MAX_FRAME: usize = 3136;
/// Code, then length.
pub(crate) const HEADER: usize = 3;
/// Set in the code of an answer.
const ANSWER: u8 = 0x80;
/// The code of an error answer.
const ERROR: u8 = 0x7f;

/// One frame: a code, the length of its data (16 bits, big-endian), its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// The command code, known or not.
    pub(crate) code: u8,
    /// What comes with it.
    pub(crate) data: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads exactly one frame: nothing missing, nothing after it.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, DeviceError> {
        if bytes.len() > MAX_FRAME {
            return Err(DeviceError::WrongLength);
        }
        let mut fields = Fields::new(bytes);
        let code = fields.u8()?;
        let length = fields.u16()?;
        let data = fields.rest();
        if data.len() == usize::from(length) {
            Ok(Self { code, data })
        } else {
            Err(DeviceError::WrongLength)
        }
    }
}

/// The answer to `code`.
pub(crate) fn answer(code: u8, outcome: Result<&[u8], DeviceError>) -> Vec<u8> {
    match outcome {
        Ok(data) => join(code | ANSWER, data),
        Err(error) => join(ERROR, &[error.code()]),
    }
}

/// The code an answer to `code` carries.
pub(crate) const fn answer_code(code: u8) -> u8 {
    code | ANSWER
}

/// The bytes in front of `length` bytes of data.
pub(crate) fn header(code: u8, length: usize) -> [u8; HEADER] {
    // Answers are checked against MAX_FRAME before they come here.
    let [high, low] = u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
    [code, high, low]
}

fn join(code: u8, data: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEADER + data.len());
    frame.extend_from_slice(&header(code, data.len()));
    frame.extend_from_slice(data);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_frame_is_exactly_one_frame() {
        assert_eq!(Frame::parse(&[1, 0, 1, 9]).unwrap(), Frame { code: 1, data: &[9] });
        for bytes in [&[][..], &[1], &[1, 0], &[1, 0, 1], &[1, 0, 0, 9]] {
            assert_eq!(Frame::parse(bytes), Err(DeviceError::WrongLength));
        }
        assert!(Frame::parse(&vec![0; MAX_FRAME + 1]).is_err());
    }

    #[test]
    fn answers_carry_the_code_or_the_error() {
        assert_eq!(answer(0x46, Ok(&[1, 2])), [0xc6, 0, 2, 1, 2]);
        assert_eq!(answer(0x46, Err(DeviceError::ObjectNotFound)), [0x7f, 0, 1, 0x0b]);
    }

    proptest! {
        #[test]
        fn what_parses_is_what_was_sent(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(frame) = Frame::parse(&bytes) {
                prop_assert_eq!(join(frame.code, frame.data), bytes);
            }
        }
    }
}
