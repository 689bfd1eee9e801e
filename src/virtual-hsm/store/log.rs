//! The audit log: 62 entries of 32 bytes, each bound to the one before by a truncated SHA-256.
//!
//! Entries and chain are those of `keyferry_ceremony::hsm_log`, by which logs are verified. The first entry after a reset is bound to
//! random bytes that nobody learns.

use super::random;
use crate::wire::DeviceError;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use keyferry_ceremony::hsm_log::{Digest, ENTRY, Entry, Record};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::collections::VecDeque;

pub(crate) use keyferry_ceremony::hsm_log::CAPACITY;

/// An entry in the state file: its bytes in base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kept(Entry);

impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(self.0.encode()))
    }
}

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64_STANDARD.decode(text).map_err(D::Error::custom)?;
        let bytes: Result<[u8; ENTRY], _> = bytes.try_into();
        let bytes = bytes.map_err(|_| D::Error::custom("a log entry has 32 bytes"))?;
        Ok(Self(Entry::decode(&bytes)))
    }
}

/// The log.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    entries: VecDeque<Kept>,
    /// The number of the last entry ever written.
    last: u16,
    /// Its digest.
    head: Digest,
    unlogged_boots: u16,
    unlogged_authentications: u16,
}

impl Log {
    /// The log of a device that was reset and has started.
    pub(crate) fn new() -> Result<Self, DeviceError> {
        let mut log = Self {
            entries: VecDeque::new(),
            last: 0,
            head: random()?,
            unlogged_boots: 0,
            unlogged_authentications: 0,
        };
        log.record(Record::RESET);
        log.record(Record::BOOT);
        Ok(log)
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.len() >= CAPACITY
    }

    /// Adds an entry, over the oldest one when the log is full.
    pub(crate) fn record(&mut self, record: Record) {
        self.last = self.last.wrapping_add(1);
        let entry = Entry::after(&self.head, self.last, record);
        self.head = entry.digest;
        if self.is_full() {
            self.entries.pop_front();
        }
        self.entries.push_back(Kept(entry));
    }

    /// The device starts: logged, or counted when it has to be and cannot.
    pub(crate) fn boot(&mut self, forced: bool) {
        if forced && self.is_full() {
            self.unlogged_boots = self.unlogged_boots.saturating_add(1);
        } else {
            self.record(Record::BOOT);
        }
    }

    /// Counts an authentication that had to be logged and could not.
    pub(crate) const fn count_authentication(&mut self) {
        self.unlogged_authentications = self.unlogged_authentications.saturating_add(1);
    }

    /// The answer to GET LOG ENTRIES: counters, number of entries, entries from the oldest on.
    pub(crate) fn read(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(5 + 32 * CAPACITY);
        bytes.extend_from_slice(&self.unlogged_boots.to_be_bytes());
        bytes.extend_from_slice(&self.unlogged_authentications.to_be_bytes());
        bytes.push(u8::try_from(self.len()).unwrap_or(u8::MAX));
        for entry in &self.entries {
            bytes.extend_from_slice(&entry.0.encode());
        }
        bytes
    }

    /// Frees the entries up to `number`, and with them the counters. A number that was freed before changes nothing; one that was
    /// never written is refused. (Chosen here: what a device does with either is published nowhere.)
    pub(crate) fn acknowledge(&mut self, number: u16) -> Result<(), DeviceError> {
        let Some(at) = self.entries.iter().position(|entry| entry.0.number == number) else {
            let ahead = number.wrapping_sub(self.last);
            return if ahead == 0 || ahead > u16::MAX / 2 {
                Ok(())
            } else {
                Err(DeviceError::InvalidData)
            };
        };
        self.entries.drain(..=at);
        self.unlogged_boots = 0;
        self.unlogged_authentications = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echo() -> Record {
        Record { command: 1, result: 0x81, ..Record::BOOT }
    }

    fn chain_holds(log: &Log) -> bool {
        let pairs = log.entries.iter().zip(log.entries.iter().skip(1));
        pairs.into_iter().all(|(before, entry)| entry.0.follows(&before.0))
    }

    #[test]
    fn it_is_a_ring() {
        let mut log = Log::new().unwrap();
        assert_eq!((log.len(), log.entries[0].0.record), (2, Record::RESET));
        for _ in 0..100 {
            log.record(echo());
            assert!(chain_holds(&log));
        }
        assert_eq!((log.len(), log.last), (CAPACITY, 102));
        assert_eq!(log.read().len(), 5 + 32 * CAPACITY);
    }

    #[test]
    fn numbers_wrap() {
        let mut log = Log::new().unwrap();
        log.last = 0xfffe;
        log.entries.clear();
        for _ in 0..4 {
            log.record(echo());
        }
        assert!(chain_holds(&log));
        log.acknowledge(0).unwrap();
        assert_eq!(log.entries.iter().map(|e| e.0.number).collect::<Vec<_>>(), [1, 2]);
        log.acknowledge(0xffff).unwrap();
        assert_eq!(log.len(), 2);
    }

    #[test]
    fn acknowledged_entries_go_and_the_chain_goes_on() {
        let mut log = Log::new().unwrap();
        log.count_authentication();
        let head = log.head;
        assert_eq!(log.acknowledge(3), Err(DeviceError::InvalidData));
        log.acknowledge(2).unwrap();
        assert_eq!(log.read(), [0, 0, 0, 0, 0]);
        log.record(echo());
        assert_eq!(log.entries[0].0, Entry::after(&head, 3, echo()));
    }

    #[test]
    fn a_forced_log_counts_what_it_cannot_hold() {
        let mut log = Log::new().unwrap();
        while !log.is_full() {
            log.record(echo());
        }
        let last = log.last;
        log.boot(true);
        assert_eq!((log.last, log.unlogged_boots), (last, 1));
        log.boot(false);
        assert_eq!(log.last, last + 1);
    }
}
