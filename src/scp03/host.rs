//! The client's side.

use crate::channel::Channel;
use crate::cipher::{decrypt, encrypt};
use crate::keys::{SessionKeys, context};
use crate::{
    ANSWER, AUTHENTICATE_SESSION, BLOCK, Challenge, Cryptogram, Fault, HEADER, SESSION_MESSAGE,
    StaticKeys, TAG,
};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// A session as its client has it. Its keys are wiped when it goes; no `Debug`.
///
/// One message at a time: [`Self::seal`] a command, send it, [`Self::open`] the answer. Whoever does not get a sound answer must
/// drop the channel: whether the device has counted the message nobody knows.
pub struct HostChannel(Channel);

impl HostChannel {
    /// Begins a session with what CREATE SESSION answered, after checking that the device has the same keys: the channel, and the
    /// frame of AUTHENTICATE SESSION that is to be sent.
    ///
    /// # Errors
    /// [`Fault::Cryptogram`] when the device has other keys.
    pub fn begin(
        keys: &StaticKeys,
        id: u8,
        host: Challenge,
        card: Challenge,
        shown: Cryptogram,
    ) -> Result<(Self, Vec<u8>), Fault> {
        let context = context(host, card);
        let mut channel = Channel::new(SessionKeys::new(keys, &context), id, [0; BLOCK]);
        if !bool::from(channel.keys.card_cryptogram(&context).ct_eq(&shown)) {
            return Err(Fault::Cryptogram);
        }
        let own = channel.keys.host_cryptogram(&context);
        let frame = channel.command(AUTHENTICATE_SESSION, &own)?;
        Ok((Self(channel), frame))
    }

    /// The session's id, as the device numbers it.
    #[must_use]
    pub const fn id(&self) -> u8 {
        self.0.id
    }

    /// Bytes of the frame that `length` bytes of message become, in both directions.
    #[must_use]
    pub const fn sealed_length(length: usize) -> usize {
        HEADER + 1 + crate::cipher::padded(length) + TAG
    }

    /// The most bytes of message that a frame of `length` bytes can carry, in both directions.
    #[must_use]
    pub const fn capacity(length: usize) -> usize {
        (length.saturating_sub(HEADER + 1 + TAG) / BLOCK * BLOCK).saturating_sub(1)
    }

    /// The frame of SESSION MESSAGE around a command.
    ///
    /// # Errors
    /// [`Fault::Length`] when no frame can be that long.
    pub fn seal(&mut self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        let sealed = encrypt(&self.0.keys.encryption, self.0.counter, message)?;
        self.0.command(SESSION_MESSAGE, &sealed)
    }

    /// Opens the answer to the message that was sealed last: the data of its frame, whose code must be [`SESSION_MESSAGE`] with
    /// [`ANSWER`] set.
    ///
    /// # Errors
    /// [`Fault`]; nothing of the answer was believed.
    pub fn open(&mut self, data: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let sealed = self.0.take_answer(SESSION_MESSAGE | ANSWER, data)?;
        let message = decrypt(&self.0.keys.encryption, self.0.counter, sealed)?;
        self.0.counter = self.0.counter.checked_add(1).ok_or(Fault::Length)?;
        Ok(message)
    }
}
