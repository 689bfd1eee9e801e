//! The client's side of a session, for tests of the device without a connector.

use crate::wire::{Command, Frame, header};
use keyferry_scp03::{DeviceChannel, HostChannel, StaticKeys};

/// A client in a session.
pub(crate) struct Host(HostChannel);

/// A frame as a client sends it.
pub(crate) fn frame(command: Command, data: &[u8]) -> Vec<u8> {
    [&header(command.code(), data.len())[..], data].concat()
}

/// The data of an answer, or the device's error code.
pub(crate) fn outcome(bytes: &[u8]) -> Result<Vec<u8>, u8> {
    let frame = Frame::parse(bytes).unwrap();
    if frame.code == 0x7f { Err(frame.data[0]) } else { Ok(frame.data.to_vec()) }
}

impl Host {
    /// Opens a session over `send`. Takes the device's cryptogram for right: the device is to notice a wrong password.
    pub(crate) fn open(
        key: u16,
        keys: &[u8; 32],
        mut send: impl FnMut(&[u8]) -> Vec<u8>,
    ) -> Result<Self, u8> {
        let challenge = [7; 8];
        let data = [&key.to_be_bytes()[..], &challenge].concat();
        let created = outcome(&send(&frame(Command::CreateSession, &data)))?;
        let (id, card) = (created[0], created[1..9].try_into().unwrap());
        let keys = StaticKeys::from_bytes(keys).unwrap();
        let (_, shown) = DeviceChannel::begin(&keys, id, challenge, card);
        let (channel, message) = HostChannel::begin(&keys, id, challenge, card, shown).unwrap();
        outcome(&send(&message)).map(|_| Self(channel))
    }

    /// Wraps an inner frame, of whatever form.
    pub(crate) fn wrap(&mut self, inner: &[u8]) -> Vec<u8> {
        self.0.seal(inner).unwrap()
    }

    /// Unwraps the answer: the inner frame, or an error outside the session.
    pub(crate) fn unwrap(&mut self, bytes: &[u8]) -> Result<Vec<u8>, u8> {
        let data = outcome(bytes)?;
        Ok(self.0.open(&data).unwrap().to_vec())
    }

    /// A command and its outcome.
    pub(crate) fn call(
        &mut self,
        command: Command,
        data: &[u8],
        mut send: impl FnMut(&[u8]) -> Vec<u8>,
    ) -> Result<Vec<u8>, u8> {
        let message = self.wrap(&frame(command, data));
        let inner = self.unwrap(&send(&message))?;
        outcome(&inner)
    }
}
