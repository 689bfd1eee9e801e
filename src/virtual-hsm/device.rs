//! The device: takes frames, keeps sessions, runs commands, writes the log, and saves its state before it answers.

use crate::commands::{self, Context, Touched};
use crate::faults::{Faults, Strike};
use crate::session::{Authority, MAX_ANSWER, Session, Sessions};
use crate::store::{Algorithm, FileError, Kind, NO_KEY, Record, State, StateFile, random};
use crate::wire::{Command, DeviceError, Fields, Frame, answer, answer_code};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What a client gets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// A frame.
    Frame(Vec<u8>),
    /// Nothing: a fault.
    Lost,
    /// Nothing, and the connection stays: a fault.
    Hang,
}

/// A device at work.
pub(crate) struct Device {
    state: State,
    /// What a command goes back to whose change cannot be saved. Commands that only read copy nothing.
    kept: State,
    file: StateFile,
    sessions: Sessions,
    faults: Faults,
    started: Instant,
    /// How many commands sessions have sent since the faults were set.
    session_commands: u64,
    path: PathBuf,
    /// The other device, once it answers in place of this one.
    second: Option<Box<Self>>,
    gone: bool,
    hanging: bool,
    /// How often each command took effect inside a session, and on which object.
    done: BTreeMap<(u8, u16), u64>,
}

impl Device {
    /// Switches a device on: the one in the file, or a new one.
    pub(crate) fn open(
        path: &Path,
        (serial, fips): (Option<u32>, bool),
        faults: Faults,
        now: Instant,
    ) -> Result<Self, FileError> {
        let (file, mut state) = StateFile::open(path, serial, fips)?;
        state.store.set_limit(faults.store_limit());
        let mut device = Self {
            kept: state.clone(),
            state,
            file,
            sessions: Sessions::default(),
            faults: Faults::default(),
            started: now,
            session_commands: 0,
            path: path.to_owned(),
            second: None,
            gone: false,
            hanging: false,
            done: BTreeMap::new(),
        };
        device.set_faults(faults)?;
        Ok(device)
    }

    /// Shows these faults and no others from now on.
    pub(crate) fn set_faults(&mut self, faults: Faults) -> Result<(), FileError> {
        self.faults = faults;
        self.session_commands = 0;
        self.gone = false;
        self.hanging = false;
        self.state.store.set_limit(faults.store_limit());
        let before = self.state.log.len();
        while self.state.log.len() < faults.least_log() {
            self.state.log.boot(false);
        }
        self.kept = self.state.clone();
        if self.state.log.len() == before { Ok(()) } else { Ok(self.file.write(&self.state)?) }
    }

    /// Whether the connector is gone.
    pub(crate) const fn is_gone(&self) -> bool {
        self.gone
    }

    /// Whether a client waits for an answer that does not come.
    pub(crate) const fn is_hanging(&self) -> bool {
        self.hanging
    }

    /// The client that waited has gone.
    pub(crate) const fn release(&mut self) {
        self.hanging = false;
    }

    /// What a test may want to know.
    pub(crate) fn tally(&self) -> serde_json::Value {
        let done = self.done.iter();
        let named = done.map(|((code, id), count)| (format!("{code:02x}:{id:04x}"), *count));
        let done: BTreeMap<String, u64> = named.collect();
        serde_json::json!({"commands": self.session_commands, "hanging": self.hanging, "done": done})
    }

    /// How much longer an answer takes.
    pub(crate) const fn delay(&self) -> Duration {
        self.faults.delay()
    }

    pub(crate) const fn serial(&self) -> u32 {
        self.state.serial
    }

    /// Answers one frame.
    pub(crate) fn handle(&mut self, request: &[u8], now: Instant) -> Reply {
        if self.gone {
            return Reply::Lost;
        }
        if let Some(second) = &mut self.second {
            return second.handle(request, now);
        }
        self.sessions.expire(now);
        let frame = match Frame::parse(request) {
            Ok(frame) => frame,
            Err(error) => return Reply::Frame(answer(0, Err(error))),
        };
        let command = Command::from_code(frame.code);
        if command == Some(Command::SessionMessage) {
            return self.session_message(&frame, now);
        }
        let outcome = self.saved(|device| match command {
            Some(Command::Echo) => Ok(frame.data.to_vec()),
            Some(Command::DeviceInfo) => commands::device_info(&device.state, frame.data),
            Some(Command::GetDevicePublicKey) => {
                commands::device_public_key(&device.state, frame.data)
            }
            Some(Command::CreateSession) => device.create_session(&frame, now),
            Some(Command::AuthenticateSession) => device.authenticate_session(&frame, now),
            Some(_) | None => Err(DeviceError::InvalidCommand),
        });
        Reply::Frame(answer(frame.code, outcome.as_deref().map_err(|error| *error)))
    }

    /// Does some work and saves what it changed; when that fails, nothing has changed.
    fn saved<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, DeviceError>,
    ) -> Result<T, DeviceError> {
        let outcome = work(self);
        if self.state.take_changed() {
            if self.file.write(&self.state).is_err() {
                self.state = self.kept.clone();
                return Err(DeviceError::StorageFailed);
            }
            self.kept = self.state.clone();
        }
        outcome
    }

    /// The key's algorithm says which of the two protocols follows: a challenge of 8 bytes, or a point.
    fn create_session(&mut self, frame: &Frame<'_>, now: Instant) -> Result<Vec<u8>, DeviceError> {
        let mut fields = Fields::new(frame.data);
        let id = fields.u16()?;
        let State { store, device_key, .. } = &self.state;
        let outcome = match store.get(Kind::AuthenticationKey, id) {
            Some(key) if key.algorithm == Algorithm::EcP256Authentication => {
                self.sessions.agree(key, device_key.expose(), fields.rest(), now)
            }
            Some(key) => fields.array().and_then(|challenge| {
                fields.end()?;
                self.sessions.create(key, challenge, random()?, now)
            }),
            None => Err(DeviceError::ObjectNotFound),
        };
        let touched = Touched { target: id, second: NO_KEY };
        self.log(Command::CreateSession, frame, NO_KEY, touched, outcome.as_ref().err(), now);
        outcome
    }

    fn authenticate_session(
        &mut self,
        frame: &Frame<'_>,
        now: Instant,
    ) -> Result<Vec<u8>, DeviceError> {
        let (authority, outcome) = self.sessions.authenticate(frame, now);
        let target = authority.map_or(NO_KEY, |authority| authority.key);
        let touched = Touched { target, second: NO_KEY };
        self.log(Command::AuthenticateSession, frame, NO_KEY, touched, outcome.as_ref().err(), now);
        outcome.map(|()| Vec::new())
    }

    fn session_message(&mut self, frame: &Frame<'_>, now: Instant) -> Reply {
        let opened = self.sessions.take(frame).and_then(|(mut session, sealed)| {
            let message = session.open(sealed)?;
            Ok((session, message))
        });
        let (mut session, message) = match opened {
            Ok(opened) => opened,
            Err(error) => return Reply::Frame(answer(frame.code, Err(error))),
        };
        self.session_commands = self.session_commands.saturating_add(1);
        let strike = self.faults.strike(self.session_commands);
        match strike {
            Strike::None | Strike::LostAnswer | Strike::PowerCutAfter | Strike::HangAfter => {}
            Strike::HangBefore => {
                self.hanging = true;
                return Reply::Hang;
            }
            Strike::SessionEnded => {
                return Reply::Frame(answer(frame.code, Err(DeviceError::InvalidSession)));
            }
            Strike::PowerCutBefore => return self.power_cut(now),
            Strike::Gone => {
                self.gone = true;
                return Reply::Lost;
            }
            Strike::SecondDevice => return self.swap(now),
        }
        let (inner, ended) = self.inner(&message, &session, now);
        let reply = session.seal(&inner);
        let reply = reply.unwrap_or_else(|error| answer(frame.code, Err(error)));
        match ended {
            Ended::No => self.sessions.put_back(session, now),
            Ended::This => {}
            Ended::All => self.sessions.clear(),
        }
        match strike {
            Strike::PowerCutAfter => self.power_cut(now),
            Strike::LostAnswer => Reply::Lost,
            Strike::HangAfter => {
                self.hanging = true;
                Reply::Hang
            }
            Strike::None
            | Strike::PowerCutBefore
            | Strike::Gone
            | Strike::HangBefore
            | Strike::SecondDevice
            | Strike::SessionEnded => Reply::Frame(reply),
        }
    }

    /// Off and on again: sessions are gone, and the log says so.
    fn power_cut(&mut self, now: Instant) -> Reply {
        self.sessions.clear();
        self.started = now;
        let forced = self.state.options.is_forced();
        self.state.log.boot(forced);
        self.kept = self.state.clone();
        // A file that cannot be written is noticed at the next command that changes something.
        let _ = self.file.write(&self.state);
        Reply::Lost
    }

    /// From now on the other device answers.
    fn swap(&mut self, now: Instant) -> Reply {
        let mut path = self.path.clone().into_os_string();
        path.push(".second");
        let serial = (Some(self.state.serial.wrapping_add(1)), self.state.fips_device);
        let second = Self::open(Path::new(&path), serial, Faults::default(), now);
        self.second = second.ok().map(Box::new);
        Reply::Lost
    }

    /// Runs the command inside a message: the frame that answers it, and which sessions it ended.
    fn inner(&mut self, message: &[u8], session: &Session, now: Instant) -> (Vec<u8>, Ended) {
        let frame = match Frame::parse(message) {
            Ok(frame) => frame,
            Err(error) => return (answer(0, Err(error)), Ended::No),
        };
        let Some(command) = Command::from_code(frame.code) else {
            return (answer(frame.code, Err(DeviceError::InvalidCommand)), Ended::No);
        };
        let outcome = self.saved(|device| device.run(command, &frame, session.authority(), now));
        let ended = match (command, &outcome) {
            (Command::CloseSession, Ok(_)) => Ended::This,
            (Command::ResetDevice, Ok(_)) => Ended::All,
            (_, _) => Ended::No,
        };
        (answer(frame.code, outcome.as_deref().map_err(|error| *error)), ended)
    }

    fn run(
        &mut self,
        command: Command,
        frame: &Frame<'_>,
        authority: Authority,
        now: Instant,
    ) -> Result<Vec<u8>, DeviceError> {
        if self.must_log_and_cannot(command) && !always_runs(command) {
            return Err(DeviceError::LogFull);
        }
        let data = self.faults.data(command, frame.data);
        let mut context = Context::new(&mut self.state, authority);
        let outcome = commands::run(command, &mut context, &data).and_then(|data| {
            if data.len() <= MAX_ANSWER { Ok(data) } else { Err(DeviceError::WrongLength) }
        });
        let touched = context.touched;
        if outcome.is_ok() {
            let count = self.done.entry((command.code(), touched.target)).or_default();
            *count = count.saturating_add(1);
        }
        // A reset leaves nothing to write it into but the entry it makes itself.
        if command != Command::ResetDevice || outcome.is_err() {
            self.log(command, frame, authority.key, touched, outcome.as_ref().err(), now);
        }
        outcome
    }

    /// Logs a command if it is to be logged, or counts an authentication that should have been and finds no room.
    fn log(
        &mut self,
        command: Command,
        frame: &Frame<'_>,
        session_key: u16,
        touched: Touched,
        error: Option<&DeviceError>,
        now: Instant,
    ) {
        if !self.state.options.is_audited(command) {
            return;
        }
        if self.must_log_and_cannot(command) {
            if command == Command::AuthenticateSession && error.is_none() {
                self.state.log.count_authentication();
                self.state.touch();
            }
            return;
        }
        let milliseconds = now.saturating_duration_since(self.started).as_millis();
        self.state.log.record(Record {
            command: command.code(),
            // A frame's length is 16 bits.
            length: u16::try_from(frame.data.len()).unwrap_or(u16::MAX),
            session_key,
            target: touched.target,
            second: touched.second,
            result: error.map_or(answer_code(command.code()), |error| error.code()),
            tick: u32::try_from(milliseconds % (1 << 32)).unwrap_or(0),
        });
        self.state.touch();
    }

    fn must_log_and_cannot(&self, command: Command) -> bool {
        let State { options, log, .. } = &self.state;
        options.is_forced() && log.is_full() && options.is_audited(command)
    }
}

/// Which sessions a command ended.
enum Ended {
    No,
    This,
    All,
}

/// What a full log never stops, so that it can be read and emptied. (Sessions are published; the others are chosen here.)
fn always_runs(command: Command) -> bool {
    matches!(command, Command::GetLogEntries | Command::SetLogIndex | Command::CloseSession)
}
