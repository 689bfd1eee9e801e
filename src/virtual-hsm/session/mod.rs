//! Sessions: at most sixteen, each bound to an authentication key, gone after 30 seconds of silence.
//!
//! Chosen here, published nowhere: a message with a wrong MAC ends its session, a session keeps the rights it began with when its
//! authentication key changes or goes, and one that was created and never authenticated takes a place until it has been silent
//! too long.

mod agreement;
#[cfg(test)]
pub(crate) mod host;

use crate::store::{Capabilities, Object};
use crate::wire::{DeviceError, Fields, Frame, HEADER, MAX_FRAME};
use agreement::{Agreed, agree};
use keyferry_scp03::{Challenge, DeviceChannel, Fault, HostChannel, StaticKeys};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How many may be open.
const MAX_SESSIONS: u8 = 16;
/// How long one may be silent.
const IDLE: Duration = Duration::from_secs(30);
/// The largest data of an answer inside a session: what is left of [`MAX_FRAME`] after the channel and the header inside it.
pub(crate) const MAX_ANSWER: usize = HostChannel::capacity(MAX_FRAME) - HEADER;

/// In whose name a session acts: its authentication key as it was when the session began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Authority {
    pub(crate) key: u16,
    pub(crate) domains: u16,
    pub(crate) capabilities: Capabilities,
    pub(crate) delegated: Capabilities,
}

impl Authority {
    fn of(key: &Object) -> Self {
        Self {
            key: key.id,
            domains: key.domains,
            capabilities: key.capabilities,
            delegated: key.delegated,
        }
    }
}

/// One session. No `Debug`: it holds its keys, which are wiped when it goes.
pub(crate) struct Session {
    authority: Authority,
    channel: DeviceChannel,
    last_used: Instant,
}

impl Session {
    pub(crate) const fn authority(&self) -> Authority {
        self.authority
    }

    /// Opens a message: its data without the session id.
    pub(crate) fn open(&mut self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, DeviceError> {
        self.channel.open(sealed).map_err(refusal)
    }

    /// Seals the answer to the message that was opened last.
    pub(crate) fn seal(&mut self, answer: &[u8]) -> Result<Vec<u8>, DeviceError> {
        self.channel.seal(answer).map_err(refusal)
    }
}

/// What a client is told whose message is not taken.
const fn refusal(fault: Fault) -> DeviceError {
    match fault {
        Fault::Cryptogram | Fault::Mac => DeviceError::AuthenticationFailed,
        Fault::Session => DeviceError::InvalidSession,
        Fault::Length => DeviceError::WrongLength,
        Fault::Padding => DeviceError::InvalidData,
    }
}

/// The sessions that are open.
#[derive(Default)]
pub(crate) struct Sessions(BTreeMap<u8, Session>);

impl Sessions {
    /// Ends every session that has been silent for too long.
    pub(crate) fn expire(&mut self, now: Instant) {
        self.0.retain(|_, session| now.saturating_duration_since(session.last_used) < IDLE);
    }

    /// Begins a session: the answer to CREATE SESSION, which is its id, the card's challenge and the card's cryptogram.
    pub(crate) fn create(
        &mut self,
        key: &Object,
        host: Challenge,
        card: Challenge,
        now: Instant,
    ) -> Result<Vec<u8>, DeviceError> {
        let id = self.free_id()?;
        let keys = StaticKeys::from_bytes(key.body.expose()).map_err(refusal)?;
        let (channel, shown) = DeviceChannel::begin(&keys, id, host, card);
        self.begin(key, channel, now);
        Ok([&[id][..], &card, &shown].concat())
    }

    /// Begins a session with a key agreement: the answer to CREATE SESSION, which is its id, the device's ephemeral point and a
    /// receipt. The client is known by its key, so that nothing more is asked of it.
    pub(crate) fn agree(
        &mut self,
        key: &Object,
        device_key: &[u8],
        point: &[u8],
        now: Instant,
    ) -> Result<Vec<u8>, DeviceError> {
        let id = self.free_id()?;
        let Agreed { point, receipt, keys } = agree(device_key, key.body.expose(), point)?;
        self.begin(key, DeviceChannel::agreed(keys, id, receipt), now);
        Ok([&[id][..], &point, &receipt].concat())
    }

    fn free_id(&self) -> Result<u8, DeviceError> {
        let id = (0..MAX_SESSIONS).find(|id| !self.0.contains_key(id));
        id.ok_or(DeviceError::SessionsFull)
    }

    fn begin(&mut self, key: &Object, channel: DeviceChannel, now: Instant) {
        self.put_back(Session { authority: Authority::of(key), channel, last_used: now }, now);
    }

    /// Authenticates a session; one that fails is gone. Also says whose it is.
    pub(crate) fn authenticate(
        &mut self,
        frame: &Frame<'_>,
        now: Instant,
    ) -> (Option<Authority>, Result<(), DeviceError>) {
        let mut fields = Fields::new(frame.data);
        let Some(mut session) = fields.u8().ok().and_then(|id| self.0.remove(&id)) else {
            return (None, Err(DeviceError::InvalidSession));
        };
        let authority = session.authority;
        let outcome = session.channel.authenticate(fields.rest()).map_err(refusal);
        if outcome.is_ok() {
            self.put_back(session, now);
        }
        (Some(authority), outcome)
    }

    /// Takes an authenticated session out, with what was sealed for it. Whoever takes it puts it back, or it is gone.
    pub(crate) fn take<'a>(
        &mut self,
        frame: &Frame<'a>,
    ) -> Result<(Session, &'a [u8]), DeviceError> {
        let mut fields = Fields::new(frame.data);
        let id = fields.u8()?;
        match self.0.remove(&id) {
            Some(session) if session.channel.is_authenticated() => Ok((session, fields.rest())),
            Some(_) | None => Err(DeviceError::InvalidSession),
        }
    }

    pub(crate) fn put_back(&mut self, mut session: Session, now: Instant) {
        session.last_used = now;
        self.0.insert(session.channel.id(), session);
    }

    /// Ends them all.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
