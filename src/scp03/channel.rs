//! What both sides do alike: MACs that take in the one before, and messages under a number.

use crate::derivation::{front, mac};
use crate::keys::SessionKeys;
use crate::{BLOCK, Fault, HEADER, TAG};
use subtle::ConstantTimeEq as _;

/// A session's keys and how far it has come.
pub(crate) struct Channel {
    pub(crate) keys: SessionKeys,
    pub(crate) id: u8,
    /// The MAC of the client's last message; zeros, or the receipt of a key agreement, before the first.
    chain: [u8; BLOCK],
    /// The number of the message that is due; the first one after authentication has 1.
    pub(crate) counter: u128,
}

impl Channel {
    pub(crate) const fn new(keys: SessionKeys, id: u8, chain: [u8; BLOCK]) -> Self {
        Self { keys, id, chain, counter: 1 }
    }

    /// The frame of a client's message.
    pub(crate) fn command(&mut self, code: u8, body: &[u8]) -> Result<Vec<u8>, Fault> {
        let header = header(code, 1 + body.len() + TAG)?;
        self.chain = mac(&self.keys.mac, &[&self.chain, &header, &[self.id], body]);
        Ok([&header[..], &[self.id], body, &front(self.chain)].concat())
    }

    /// What a client's message carries, from the data of its frame after the session id.
    pub(crate) fn take_command<'a>(&mut self, code: u8, data: &'a [u8]) -> Result<&'a [u8], Fault> {
        let header = header(code, 1 + data.len())?;
        let (body, tag) = data.split_last_chunk::<TAG>().ok_or(Fault::Length)?;
        let chain = mac(&self.keys.mac, &[&self.chain, &header, &[self.id], body]);
        same(*tag, front(chain))?;
        self.chain = chain;
        Ok(body)
    }

    /// The frame of a device's answer to the message that came last.
    pub(crate) fn answer(&self, code: u8, body: &[u8]) -> Result<Vec<u8>, Fault> {
        let header = header(code, 1 + body.len() + TAG)?;
        let tag = mac(&self.keys.response_mac, &[&self.chain, &header, &[self.id], body]);
        Ok([&header[..], &[self.id], body, &front(tag)].concat())
    }

    /// What a device's answer carries, from the data of its frame.
    pub(crate) fn take_answer<'a>(&self, code: u8, data: &'a [u8]) -> Result<&'a [u8], Fault> {
        let header = header(code, data.len())?;
        let (id, rest) = data.split_first().ok_or(Fault::Length)?;
        if *id != self.id {
            return Err(Fault::Session);
        }
        let (body, tag) = rest.split_last_chunk::<TAG>().ok_or(Fault::Length)?;
        let due = mac(&self.keys.response_mac, &[&self.chain, &header, &[self.id], body]);
        same(*tag, front(due))?;
        Ok(body)
    }
}

/// The bytes in front of `length` bytes of data.
fn header(code: u8, length: usize) -> Result<[u8; HEADER], Fault> {
    let [high, low] = u16::try_from(length).map_err(|_| Fault::Length)?.to_be_bytes();
    Ok([code, high, low])
}

fn same(one: [u8; TAG], other: [u8; TAG]) -> Result<(), Fault> {
    if one.ct_eq(&other).into() { Ok(()) } else { Err(Fault::Mac) }
}
