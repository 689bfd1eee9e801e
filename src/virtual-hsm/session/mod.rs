//! Sessions: at most sixteen, each bound to an authentication key, gone after 30 seconds of silence.
//!
//! Chosen here, published nowhere: a message with a wrong MAC ends its session, a session keeps the rights it began with when its
//! authentication key changes or goes, and one that was created and never authenticated takes a place until it has been silent
//! too long.

mod agreement;
#[cfg(test)]
pub(crate) mod host;
mod scp03;

use crate::store::{Capabilities, Object};
use crate::wire::{Command, DeviceError, Fields, Frame, HEADER, MAX_FRAME, answer_code, header};
use scp03::{BLOCK, Key, Purpose, TAG, cryptogram, decrypt, derive_key, encrypt, front, mac};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// How many may be open.
const MAX_SESSIONS: u8 = 16;
/// How long one may be silent.
const IDLE: Duration = Duration::from_secs(30);
/// The largest data of an answer inside a session: what is left of [`MAX_FRAME`] after both headers, the session id, the MAC and
/// whole blocks with at least one byte of padding.
pub(crate) const MAX_ANSWER: usize = (MAX_FRAME - HEADER - 1 - TAG) / BLOCK * BLOCK - 1 - HEADER;

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
    id: u8,
    authority: Authority,
    encryption: Key,
    mac: Key,
    response_mac: Key,
    chain: [u8; BLOCK],
    counter: u128,
    /// What the client has to show before anything else; none once it has.
    expected: Option<[u8; TAG]>,
    last_used: Instant,
}

impl Session {
    pub(crate) const fn authority(&self) -> Authority {
        self.authority
    }

    /// Checks the client's cryptogram: its data without the session id.
    fn authenticate(
        &mut self,
        frame: &Frame<'_>,
        mut fields: Fields<'_>,
    ) -> Result<(), DeviceError> {
        let shown: [u8; TAG] = fields.array()?;
        let tag: [u8; TAG] = fields.array()?;
        fields.end()?;
        let expected = self.expected.take().ok_or(DeviceError::InvalidSession)?;
        let chain = mac(&self.mac, &self.chain, &[&frame.header(), &[self.id], &shown]);
        let sound = shown.ct_eq(&expected) & tag.ct_eq(&front(chain));
        if !bool::from(sound) {
            return Err(DeviceError::AuthenticationFailed);
        }
        self.chain = chain;
        Ok(())
    }

    /// Opens a message: its data without the session id.
    pub(crate) fn open(
        &mut self,
        frame: &Frame<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, DeviceError> {
        let (sealed, tag) = sealed.split_last_chunk::<TAG>().ok_or(DeviceError::WrongLength)?;
        let chain = mac(&self.mac, &self.chain, &[&frame.header(), &[self.id], sealed]);
        if !bool::from(tag.ct_eq(&front(chain))) {
            return Err(DeviceError::AuthenticationFailed);
        }
        let message =
            decrypt(&self.encryption, self.counter, sealed).ok_or(DeviceError::InvalidData)?;
        self.chain = chain;
        Ok(message)
    }

    /// Seals the answer to the message that was opened last.
    pub(crate) fn seal(&mut self, answer: &[u8]) -> Vec<u8> {
        let sealed = encrypt(&self.encryption, self.counter, answer);
        self.counter = self.counter.saturating_add(1);
        let code = answer_code(Command::SessionMessage.code());
        let header = header(code, 1 + sealed.len() + TAG);
        let tag = front(mac(&self.response_mac, &self.chain, &[&header, &[self.id], &sealed]));
        [&header[..], &[self.id], &sealed, &tag].concat()
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
        host_challenge: [u8; 8],
        card_challenge: [u8; 8],
        now: Instant,
    ) -> Result<Vec<u8>, DeviceError> {
        let id = (0..MAX_SESSIONS).find(|id| !self.0.contains_key(id));
        let id = id.ok_or(DeviceError::SessionsFull)?;
        let mut keys = Fields::new(key.body.expose());
        let (static_encryption, static_mac) = (Key::new(keys.array()?), Key::new(keys.array()?));
        let mut context = [0; BLOCK];
        for (to, from) in context.iter_mut().zip(host_challenge.iter().chain(&card_challenge)) {
            *to = *from;
        }
        let mac = derive_key(&static_mac, Purpose::Mac, &context);
        let shown = cryptogram(&mac, Purpose::CardCryptogram, &context);
        let session = Session {
            id,
            authority: Authority::of(key),
            encryption: derive_key(&static_encryption, Purpose::Encryption, &context),
            response_mac: derive_key(&static_mac, Purpose::ResponseMac, &context),
            expected: Some(cryptogram(&mac, Purpose::HostCryptogram, &context)),
            mac,
            chain: [0; BLOCK],
            counter: 1,
            last_used: now,
        };
        self.0.insert(id, session);
        Ok([&[id][..], &card_challenge, &shown].concat())
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
        let id = (0..MAX_SESSIONS).find(|id| !self.0.contains_key(id));
        let id = id.ok_or(DeviceError::SessionsFull)?;
        let agreed = agreement::agree(device_key, key.body.expose(), point)?;
        let answer = [&[id][..], &agreed.point, &agreed.receipt].concat();
        let session = Session {
            id,
            authority: Authority::of(key),
            encryption: agreed.encryption,
            mac: agreed.mac,
            response_mac: agreed.response_mac,
            expected: None,
            chain: agreed.receipt,
            counter: 1,
            last_used: now,
        };
        self.0.insert(id, session);
        Ok(answer)
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
        let outcome = session.authenticate(frame, fields);
        if outcome.is_ok() {
            session.last_used = now;
            self.0.insert(session.id, session);
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
            Some(session) if session.expected.is_none() => Ok((session, fields.rest())),
            Some(_) | None => Err(DeviceError::InvalidSession),
        }
    }

    pub(crate) fn put_back(&mut self, mut session: Session, now: Instant) {
        session.last_used = now;
        self.0.insert(session.id, session);
    }

    /// Ends them all.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
