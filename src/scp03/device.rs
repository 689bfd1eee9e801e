//! The device's side.

use crate::channel::Channel;
use crate::cipher::{decrypt, encrypt};
use crate::keys::{AgreedKeys, SessionKeys, context};
use crate::{
    ANSWER, AUTHENTICATE_SESSION, BLOCK, Challenge, Cryptogram, Fault, SESSION_MESSAGE, StaticKeys,
    TAG,
};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// A session as the device has it. Its keys are wiped when it goes; no `Debug`.
pub struct DeviceChannel {
    channel: Channel,
    /// What the client has to show before anything else; none once it has.
    expected: Option<Cryptogram>,
}

impl DeviceChannel {
    /// Begins a session: the channel, and the cryptogram that CREATE SESSION answers with.
    #[must_use]
    pub fn begin(
        keys: &StaticKeys,
        id: u8,
        host: Challenge,
        card: Challenge,
    ) -> (Self, Cryptogram) {
        let context = context(host, card);
        let channel = Channel::new(SessionKeys::new(keys, &context), id, [0; BLOCK]);
        let shown = channel.keys.card_cryptogram(&context);
        let expected = Some(channel.keys.host_cryptogram(&context));
        (Self { channel, expected }, shown)
    }

    /// Begins a session with agreed keys, after which nobody has anything left to prove: the receipt is where its MACs begin.
    #[must_use]
    pub fn agreed(keys: AgreedKeys, id: u8, receipt: [u8; BLOCK]) -> Self {
        Self { channel: Channel::new(keys.session, id, receipt), expected: None }
    }

    /// The session's id.
    #[must_use]
    pub const fn id(&self) -> u8 {
        self.channel.id
    }

    /// Whether the client has proved that it has the keys.
    #[must_use]
    pub const fn is_authenticated(&self) -> bool {
        self.expected.is_none()
    }

    /// Takes AUTHENTICATE SESSION: the data of its frame after the session id.
    ///
    /// # Errors
    /// [`Fault::Length`] unless it is a cryptogram and a MAC; [`Fault::Session`] when the client has proved itself already; otherwise
    /// what is wrong.
    pub fn authenticate(&mut self, data: &[u8]) -> Result<(), Fault> {
        if data.len() != 2 * TAG {
            return Err(Fault::Length);
        }
        let expected = self.expected.ok_or(Fault::Session)?;
        let shown = self.channel.take_command(AUTHENTICATE_SESSION, data)?;
        let shown: &Cryptogram = shown.try_into().map_err(|_| Fault::Length)?;
        if !bool::from(shown.ct_eq(&expected)) {
            return Err(Fault::Cryptogram);
        }
        self.expected = None;
        Ok(())
    }

    /// Opens SESSION MESSAGE: the data of its frame after the session id.
    ///
    /// # Errors
    /// [`Fault::Session`] when the client has not proved itself; otherwise what is wrong.
    pub fn open(&mut self, data: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
        if !self.is_authenticated() {
            return Err(Fault::Session);
        }
        let sealed = self.channel.take_command(SESSION_MESSAGE, data)?;
        decrypt(&self.channel.keys.encryption, self.channel.counter, sealed)
    }

    /// The frame of the answer to the message that was opened last.
    ///
    /// # Errors
    /// [`Fault::Length`] when no frame can be that long.
    pub fn seal(&mut self, answer: &[u8]) -> Result<Vec<u8>, Fault> {
        let sealed = encrypt(&self.channel.keys.encryption, self.channel.counter, answer)?;
        self.channel.counter = self.channel.counter.checked_add(1).ok_or(Fault::Length)?;
        self.channel.answer(SESSION_MESSAGE | ANSWER, &sealed)
    }
}
