//! One session: opened, used for commands, closed.

use super::device_info::device_info;
use super::fields::Fields;
use super::frame::{Reply, reply, unproved};
use super::refusal::{self, AUTHENTICATION_FAILED, NOT_FOUND};
use super::request::Request;
use super::transport::{Fault, PATIENCE, Transport, unreachable};
use crate::{Action, Address, CommandCode, DeviceInfo, Error, Feature};
use keyferry_bundle::{ObjectId, Serial};
use keyferry_scp03::{HEADER, HostChannel, StaticKeys};
use std::cell::RefCell;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// The device closes a session after 30 seconds of silence (YubiHSM 2 user guide, "Session"). Whether it counts from a command's
/// beginning or its end is not published, so this counts from the beginning and leaves a margin.
/// A session that is left behind ends by itself. It is not closed late: its id may by then be another client's.
const IDLE: Duration = Duration::from_secs(25);
/// The largest frame before firmware 2.4 and from 2.4 on (python-yubihsm `core.py`).
const LIMITS: (usize, usize) = (2048, 3136);
const OPENING: Action = Action::Read("open a session");

/// A session with one device. It is opened again when the device must have closed it; no command is ever sent twice.
pub(super) struct Session {
    transport: Box<dyn Transport + Send>,
    address: Address,
    device: DeviceInfo,
    key: ObjectId,
    keys: StaticKeys,
    open: RefCell<Option<Open>>,
}

struct Open {
    channel: HostChannel,
    used: Instant,
}

/// What a command answered, wiped when it goes.
pub(super) struct Answer(Zeroizing<Vec<u8>>);

impl Answer {
    pub(super) fn data(&self) -> &[u8] {
        self.0.get(HEADER..).unwrap_or_default()
    }

    pub(super) fn fields(&self) -> Fields<'_> {
        Fields::new(self.data())
    }
}

impl Session {
    /// Opens a session with the device that has this serial number.
    pub(super) fn begin(
        transport: Box<dyn Transport + Send>,
        address: &Address,
        serial: Serial,
        key: ObjectId,
        keys: StaticKeys,
    ) -> Result<Self, Error> {
        let device = identify(&*transport, address, serial)?;
        let address = address.clone();
        let session = Self { transport, address, device, key, keys, open: RefCell::new(None) };
        let open = session.authenticate()?;
        session.open.replace(Some(open));
        Ok(session)
    }

    /// The device as it was when the session was opened first.
    pub(super) const fn device(&self) -> &DeviceInfo {
        &self.device
    }

    /// The device as it is now.
    pub(super) fn ask_device(&self) -> Result<DeviceInfo, Error> {
        identify(&*self.transport, &self.address, self.device.serial)
    }

    /// The largest frame, in both directions.
    fn limit(&self) -> usize {
        let (old, new) = LIMITS;
        let device = if self.device.has(Feature::RsaWrap) { new } else { old };
        self.transport.limit().map_or(device, |limit| limit.min(device))
    }

    /// Refuses a command whose answer of `length` bytes would be cut off.
    pub(super) fn expect(&self, action: Action, length: usize) -> Result<(), Error> {
        if HostChannel::sealed_length(HEADER + length) <= self.limit() {
            return Ok(());
        }
        let most = HostChannel::capacity(self.limit()).saturating_sub(HEADER);
        Err(not_asked(
            action,
            format!("its answer of {length} bytes does not fit; {most} bytes pass here"),
        ))
    }

    /// Refuses what the firmware does not have.
    pub(super) fn need(&self, action: Action, feature: Feature) -> Result<(), Error> {
        if self.device.has(feature) {
            return Ok(());
        }
        let (major, minor) = feature.since();
        let found = &self.device.firmware;
        Err(not_asked(
            action,
            format!("it needs firmware {major}.{minor} or newer, the device has {found}"),
        ))
    }

    /// Sends a command, once.
    pub(super) fn call(&self, action: Action, request: Request) -> Result<Answer, Error> {
        self.call_patiently(action, request, PATIENCE)
    }

    /// As [`Self::call`], for commands that take long.
    pub(super) fn call_patiently(
        &self,
        action: Action,
        request: Request,
        patience: Duration,
    ) -> Result<Answer, Error> {
        let command = request.command;
        let frame =
            request.frame().filter(|frame| HostChannel::sealed_length(frame.len()) <= self.limit());
        let frame = frame.ok_or_else(|| {
            not_asked(action, format!("a message has at most {} bytes here", self.limit()))
        })?;
        // Taken out: after any failure below the session is not used again.
        let current = self.open.take().filter(|open| open.used.elapsed() < IDLE);
        let mut open = match current {
            Some(open) => open,
            None => self.reopen()?,
        };
        let senseless = |problem: String| Error::NoAnswer { action, problem };
        let sealed =
            open.channel.seal(&frame).map_err(|fault| not_asked(action, fault.to_string()))?;
        open.used = Instant::now();
        let answer = self.exchange(action, &sealed, patience)?;
        let data = unproved(CommandCode::SESSION_MESSAGE, &answer).map_err(senseless)?;
        let inner = open.channel.open(data).map_err(|fault| senseless(fault.to_string()))?;
        self.open.replace(Some(open));
        match reply(command, &inner).map_err(senseless)? {
            Reply::Data(_) => Ok(Answer(inner)),
            Reply::Refused(code) => {
                Err(Error::Refused { action, reason: refusal::name(code), code })
            }
        }
    }

    /// Ends the session, if it is open.
    pub(super) fn close(&self) -> Result<(), Error> {
        let idle = self.open.borrow().as_ref().is_none_or(|open| open.used.elapsed() >= IDLE);
        if idle {
            self.open.take();
            return Ok(());
        }
        let action = Action::Read("end the session");
        let ended = self.call(action, Request::new(CommandCode::CLOSE_SESSION));
        self.open.take();
        ended.map(drop)
    }

    fn reopen(&self) -> Result<Open, Error> {
        self.ask_device()?;
        self.authenticate()
    }

    fn authenticate(&self) -> Result<Open, Error> {
        let senseless = |problem: String| Error::NoAnswer { action: OPENING, problem };
        let mut challenge = [0; 8];
        getrandom::fill(&mut challenge).map_err(|error| not_asked(OPENING, error.to_string()))?;
        let command = CommandCode::CREATE_SESSION;
        let request = Request::new(command).id(self.key).bytes(&challenge).frame();
        let request = request.ok_or_else(|| not_asked(OPENING, "too long".to_owned()))?;
        let answer = self.exchange(OPENING, &request, PATIENCE)?;
        let created = match reply(command, &answer).map_err(senseless)? {
            Reply::Data(data) => data,
            Reply::Refused(NOT_FOUND) => {
                return Err(refused_key(self.key, &"the device has no such authentication key"));
            }
            Reply::Refused(code) => return Err(refused(code)),
        };
        let mut fields = Fields::new(created);
        let parts = (fields.u8(), fields.array(), fields.array());
        let (Some(id), Some(card), Some(shown)) = parts else {
            return Err(senseless("its answer is too short".to_owned()));
        };
        fields.end(()).ok_or_else(|| senseless("its answer is too long".to_owned()))?;

        let (channel, proof) = HostChannel::begin(&self.keys, id, challenge, card, shown)
            .map_err(|_| refused_key(self.key, &"its password is another one"))?;
        let used = Instant::now();
        let answer = self.exchange(OPENING, &proof, PATIENCE)?;
        match reply(CommandCode::AUTHENTICATE_SESSION, &answer).map_err(senseless)? {
            Reply::Data([]) => Ok(Open { channel, used }),
            Reply::Data(_) => Err(senseless("its answer is too long".to_owned())),
            Reply::Refused(AUTHENTICATION_FAILED) => {
                Err(refused_key(self.key, &"the device did not accept it"))
            }
            Reply::Refused(code) => Err(refused(code)),
        }
    }

    fn exchange(&self, action: Action, frame: &[u8], patience: Duration) -> Result<Vec<u8>, Error> {
        self.transport.exchange(frame, patience).map_err(|fault| match fault {
            Fault::Unreachable(problem) => unreachable(&self.address, problem),
            Fault::Lost(problem) => Error::NoAnswer { action, problem },
        })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // The device ends it by itself if this does not arrive.
        let _ = self.close();
    }
}

/// Asks the device who it is, and insists on its serial number.
fn identify(
    transport: &dyn Transport,
    address: &Address,
    expected: Serial,
) -> Result<DeviceInfo, Error> {
    let info = device_info(transport).map_err(|fault| unreachable(address, fault.problem()))?;
    if info.serial == expected {
        Ok(info)
    } else {
        Err(Error::WrongSerial { expected, found: info.serial })
    }
}

pub(super) fn not_asked(action: Action, problem: String) -> Error {
    Error::NotAsked { action, problem }
}

fn refused(code: u8) -> Error {
    Error::Refused { action: OPENING, reason: refusal::name(code), code }
}

fn refused_key(key: ObjectId, problem: &dyn std::fmt::Display) -> Error {
    Error::Credential { key, problem: problem.to_string() }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
