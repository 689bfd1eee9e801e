//! The audit log: 62 entries of 32 bytes, each bound to the one before by a truncated SHA-256.
//!
//! `digest = SHA-256(entry || digest before)[..16]`. The first entry after a reset is bound to random bytes that nobody learns.

use super::random;
use crate::wire::DeviceError;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest as _, Sha256};
use std::collections::VecDeque;

/// How many entries there is room for.
pub(crate) const CAPACITY: usize = 62;
/// Stands where a command has no such key.
pub(crate) const NO_KEY: u16 = 0xffff;
const DIGEST: usize = 16;

/// What is logged of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) command: u8,
    /// Bytes of data it came with.
    pub(crate) length: u16,
    /// The authentication key of its session.
    pub(crate) session_key: u16,
    pub(crate) target: u16,
    pub(crate) second: u16,
    /// The code of its answer, or of its error.
    pub(crate) result: u8,
    /// Milliseconds since the device started.
    pub(crate) tick: u32,
}

impl Record {
    /// What the device does when it starts.
    const BOOT: Self = Self {
        command: 0,
        length: 0,
        session_key: NO_KEY,
        target: 0,
        second: 0,
        result: 0,
        tick: 0,
    };
    /// The first entry after a reset: all ones.
    const RESET: Self = Self {
        command: u8::MAX,
        length: u16::MAX,
        session_key: u16::MAX,
        target: u16::MAX,
        second: u16::MAX,
        result: u8::MAX,
        tick: u32::MAX,
    };

    fn encode(&self, number: u16) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(16);
        bytes.extend_from_slice(&number.to_be_bytes());
        bytes.push(self.command);
        bytes.extend_from_slice(&self.length.to_be_bytes());
        bytes.extend_from_slice(&self.session_key.to_be_bytes());
        bytes.extend_from_slice(&self.target.to_be_bytes());
        bytes.extend_from_slice(&self.second.to_be_bytes());
        bytes.push(self.result);
        bytes.extend_from_slice(&self.tick.to_be_bytes());
        bytes
    }
}

/// An entry as it is read out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry([u8; 32]);

impl Entry {
    fn number(self) -> u16 {
        let [high, low, ..] = self.0;
        u16::from_be_bytes([high, low])
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64_STANDARD.decode(text).map_err(D::Error::custom)?;
        bytes.try_into().map(Self).map_err(|_| D::Error::custom("a log entry has 32 bytes"))
    }
}

/// The log.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    entries: VecDeque<Entry>,
    /// The number of the last entry ever written.
    last: u16,
    /// Its digest.
    head: [u8; DIGEST],
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
        let data = record.encode(self.last);
        let digest = Sha256::new().chain_update(&data).chain_update(self.head).finalize();
        let mut entry = [0; 32];
        for (to, from) in entry.iter_mut().zip(data.iter().chain(digest.iter())) {
            *to = *from;
        }
        for (to, from) in self.head.iter_mut().zip(digest.iter()) {
            *to = *from;
        }
        if self.is_full() {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry(entry));
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
            bytes.extend_from_slice(&entry.0);
        }
        bytes
    }

    /// Frees the entries up to `number`, and with them the counters. A number that was freed before changes nothing; one that was
    /// never written is refused. (Chosen here: what a device does with either is published nowhere.)
    pub(crate) fn acknowledge(&mut self, number: u16) -> Result<(), DeviceError> {
        let Some(at) = self.entries.iter().position(|entry| entry.number() == number) else {
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
        log.entries.iter().zip(log.entries.iter().skip(1)).all(|(before, entry)| {
            let digest =
                Sha256::new().chain_update(&entry.0[..16]).chain_update(&before.0[16..]).finalize();
            digest[..16] == entry.0[16..] && entry.number() == before.number().wrapping_add(1)
        })
    }

    /// Two neighbours of the published sample in Yubico's documentation of GET LOG ENTRIES.
    #[test]
    fn the_published_sample_is_reproduced() {
        let mut log = Log::new().unwrap();
        log.last = 48;
        log.head = 0x14ac_7747_ba9b_bb24_3cfc_70be_feb5_349b_u128.to_be_bytes();
        let create = Record {
            command: 0x03,
            length: 10,
            session_key: NO_KEY,
            target: 1,
            second: NO_KEY,
            result: 0x83,
            tick: 139,
        };
        log.record(create);
        assert_eq!(u128::from_be_bytes(log.head), 0xb20a_8f25_c025_e693_a8e8_69b4_3329_4a20);
        log.record(Record { command: 0x04, length: 17, result: 0x84, ..create });
        assert_eq!(u128::from_be_bytes(log.head), 0xebfa_e425_c319_ac7a_0afb_b8b9_2597_de7c);
    }

    #[test]
    fn it_is_a_ring() {
        let mut log = Log::new().unwrap();
        assert_eq!((log.len(), log.entries[0].0[..16].to_vec()), (2, Record::RESET.encode(1)));
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
        assert_eq!(log.entries.iter().map(|e| e.number()).collect::<Vec<_>>(), [1, 2]);
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
        let expected = Sha256::new().chain_update(echo().encode(3)).chain_update(head).finalize();
        assert_eq!(log.head[..], expected[..16]);
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
