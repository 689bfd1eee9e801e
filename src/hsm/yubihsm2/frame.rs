//! Frames: a code, the length of what follows (16 bits, big-endian), what follows. The same outside and inside a session.

use super::refusal;
use crate::CommandCode;
use keyferry_scp03::{ANSWER, HEADER};

/// The code of an error.
const ERROR: u8 = 0x7f;

/// What the device said to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply<'a> {
    /// The command's answer.
    Data(&'a [u8]),
    /// The device's error code.
    Refused(u8),
}

/// Reads the frame that answers `command`.
pub(super) fn reply(command: CommandCode, frame: &[u8]) -> Result<Reply<'_>, String> {
    let shape = || "the answer is not a frame".to_owned();
    let (&[code, high, low], data) = frame.split_first_chunk::<HEADER>().ok_or_else(shape)?;
    if usize::from(u16::from_be_bytes([high, low])) != data.len() {
        return Err(shape());
    }
    match (code, data) {
        (ERROR, [error @ 1..=u8::MAX]) => Ok(Reply::Refused(*error)),
        (ERROR, _) => Err("the answer is an error without a code".to_owned()),
        (code, data) if code == command.0 | ANSWER => Ok(Reply::Data(data)),
        (code, _) => Err(format!("the answer has code {code:#04x} and is to another command")),
    }
}

/// As [`reply`], where an error proves nothing: outside a session anybody can have sent it.
pub(super) fn unproved(command: CommandCode, frame: &[u8]) -> Result<&[u8], String> {
    match reply(command, frame)? {
        Reply::Data(data) => Ok(data),
        Reply::Refused(code) => Err(format!("the answer is the error \"{}\"", refusal::name(code))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn answers_and_errors_are_told_apart() {
        let command = CommandCode::GENERATE_ASYMMETRIC_KEY;
        assert_eq!(reply(command, &[0xc6, 0, 2, 1, 2]), Ok(Reply::Data(&[1, 2])));
        assert_eq!(reply(command, &[0x7f, 0, 1, 0x11]), Ok(Reply::Refused(0x11)));
        assert_eq!(reply(command, &[0x7f, 0, 1, 0xee]), Ok(Reply::Refused(0xee)));
        for frame in [
            &[][..],
            &[0xc6, 0],
            &[0xc6, 0, 2, 1],
            &[0xc6, 0, 0, 1],
            &[0x46, 0, 2, 1, 2],
            &[0xc8, 0, 2, 1, 2],
            &[0x7f, 0, 0],
            &[0x7f, 0, 1, 0],
            &[0x7f, 0, 2, 1, 1],
        ] {
            assert!(reply(command, frame).is_err(), "{frame:?}");
        }
        let problem = unproved(command, &[0x7f, 0, 1, 3]).unwrap_err();
        assert!(problem.contains("invalid session"), "{problem}");
    }

    proptest! {
        #[test]
        fn only_the_command_s_own_answer_is_data(
            command in any::<u8>(),
            frame in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            if let Ok(Reply::Data(data)) = reply(CommandCode(command), &frame) {
                prop_assert_eq!(frame[0], command | 0x80);
                prop_assert_eq!(data, &frame[3..]);
            }
        }
    }
}
