//! The client's side of a session, for tests of the device without a connector.

use super::scp03::{
    BLOCK, Key, Purpose, TAG, cryptogram, decrypt, derive_key, encrypt, front, mac,
};
use crate::wire::{Command, Frame, header};

/// A client in a session.
pub(crate) struct Host {
    id: u8,
    encryption: Key,
    mac: Key,
    response_mac: Key,
    chain: [u8; BLOCK],
    counter: u128,
}

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
    /// Opens a session over `send`.
    pub(crate) fn open(
        key: u16,
        keys: &[u8; 32],
        mut send: impl FnMut(&[u8]) -> Vec<u8>,
    ) -> Result<Self, u8> {
        let challenge = [7; 8];
        let data = [&key.to_be_bytes()[..], &challenge].concat();
        let card = outcome(&send(&frame(Command::CreateSession, &data)))?;
        let mut context = [0; BLOCK];
        context[..8].copy_from_slice(&challenge);
        context[8..].copy_from_slice(&card[1..9]);
        let (encryption, static_mac) =
            (keys[..16].try_into().unwrap(), keys[16..].try_into().unwrap());
        let mut host = Self {
            id: card[0],
            encryption: derive_key(encryption, Purpose::Encryption, &context),
            mac: derive_key(static_mac, Purpose::Mac, &context),
            response_mac: derive_key(static_mac, Purpose::ResponseMac, &context),
            chain: [0; BLOCK],
            counter: 1,
        };
        let shown = cryptogram(&host.mac, Purpose::HostCryptogram, &context);
        let message = host.tagged(Command::AuthenticateSession, &shown);
        outcome(&send(&message)).map(|_| host)
    }

    /// A message with the session's id and MAC.
    fn tagged(&mut self, command: Command, body: &[u8]) -> Vec<u8> {
        let header = header(command.code(), 1 + body.len() + TAG);
        self.chain = mac(&self.mac, &self.chain, &[&header, &[self.id], body]);
        [&header[..], &[self.id], body, &front(self.chain)].concat()
    }

    /// Wraps an inner frame, of whatever form.
    pub(crate) fn wrap(&mut self, inner: &[u8]) -> Vec<u8> {
        let sealed = encrypt(&self.encryption, self.counter, inner);
        self.tagged(Command::SessionMessage, &sealed)
    }

    /// Unwraps the answer: the inner frame, or an error outside the session.
    pub(crate) fn unwrap(&mut self, bytes: &[u8]) -> Result<Vec<u8>, u8> {
        let data = outcome(bytes)?;
        let (body, tag) = data.split_last_chunk::<TAG>().unwrap();
        let header = header(0x85, data.len());
        assert_eq!(front(mac(&self.response_mac, &self.chain, &[&header, body])), *tag);
        let inner = decrypt(&self.encryption, self.counter, &body[1..]).unwrap();
        self.counter += 1;
        Ok(inner.to_vec())
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
