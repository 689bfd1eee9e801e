//! An entry as 32 bytes, and what binds it to the one before.

use super::command;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// Bytes of an entry.
pub const ENTRY: usize = 32;
/// Bytes of an entry without its digest.
pub const DATA: usize = 16;
/// Bytes of a digest.
pub const DIGEST: usize = 16;
/// How many entries a device has room for.
pub const CAPACITY: usize = 62;
/// Stands where a command has no such key.
pub const NO_KEY: u16 = 0xffff;

/// The digest of an entry.
pub type Digest = [u8; DIGEST];

/// What an entry says of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// The command's code, known here or not.
    pub command: u8,
    /// Bytes of data it came with.
    pub length: u16,
    /// The authentication key of its session.
    pub session_key: u16,
    /// The object it was about.
    pub target: u16,
    /// The other object it was about.
    pub second: u16,
    /// The code of its answer (the command's with 0x80 added), or the error code.
    pub result: u8,
    /// Milliseconds since the device started.
    pub tick: u32,
}

impl Record {
    /// What a device writes when it starts.
    pub const BOOT: Self = Self {
        command: 0,
        length: 0,
        session_key: NO_KEY,
        target: 0,
        second: 0,
        result: 0,
        tick: 0,
    };
    /// The first entry after a reset: all ones.
    pub const RESET: Self = Self {
        command: u8::MAX,
        length: u16::MAX,
        session_key: u16::MAX,
        target: u16::MAX,
        second: u16::MAX,
        result: u8::MAX,
        tick: u32::MAX,
    };
}

/// In words, without a judgement.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::RESET {
            return f.write_str("reset");
        }
        f.write_str(&command::name(self.command))?;
        if self.command != command::BOOT {
            for (before, id) in [
                ("by authentication key", self.session_key),
                ("of object", self.target),
                ("and", self.second),
            ] {
                if id != NO_KEY {
                    write!(f, " {before} {id:#06x}")?;
                }
            }
            if self.result != self.command | 0x80 {
                write!(f, ": refused, error {:#04x}", self.result)?;
            }
        }
        write!(f, " (tick {})", self.tick)
    }
}

/// An entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Its number, one more than the number before; after 65,535 comes 0.
    pub number: u16,
    /// What it says.
    pub record: Record,
    /// What binds it to the entry before.
    pub digest: Digest,
}

impl Entry {
    /// The entry that follows on a digest.
    #[must_use]
    pub fn after(previous: &Digest, number: u16, record: Record) -> Self {
        let digest = link(&data(number, &record), previous);
        Self { number, record, digest }
    }

    /// Reads an entry. Any 32 bytes are one.
    #[must_use]
    pub const fn decode(bytes: &[u8; ENTRY]) -> Self {
        let [n0, n1, command, l0, l1, k0, k1, t0, t1, s0, s1, result, m0, m1, m2, m3, digest @ ..] =
            *bytes;
        Self {
            number: u16::from_be_bytes([n0, n1]),
            record: Record {
                command,
                length: u16::from_be_bytes([l0, l1]),
                session_key: u16::from_be_bytes([k0, k1]),
                target: u16::from_be_bytes([t0, t1]),
                second: u16::from_be_bytes([s0, s1]),
                result,
                tick: u32::from_be_bytes([m0, m1, m2, m3]),
            },
            digest,
        }
    }

    /// Writes an entry.
    #[must_use]
    pub fn encode(&self) -> [u8; ENTRY] {
        let mut bytes = [0; ENTRY];
        let whole = data(self.number, &self.record).into_iter().chain(self.digest);
        for (to, from) in bytes.iter_mut().zip(whole) {
            *to = from;
        }
        bytes
    }

    /// Its first 16 bytes.
    #[must_use]
    pub const fn data(&self) -> [u8; DATA] {
        data(self.number, &self.record)
    }

    /// Whether it is the entry after `previous`: the next number, and bound to its digest.
    #[must_use]
    pub fn follows(&self, previous: &Self) -> bool {
        self.number == previous.number.wrapping_add(1) && self.is_bound_to(&previous.digest)
    }

    /// Whether its digest continues a chain that stands at `previous`.
    #[must_use]
    pub fn is_bound_to(&self, previous: &Digest) -> bool {
        self.digest == link(&self.data(), previous)
    }
}

/// The next digest of the chain.
#[must_use]
pub fn link(data: &[u8; DATA], previous: &Digest) -> Digest {
    let whole = Sha256::new().chain_update(data).chain_update(previous).finalize();
    let mut digest = [0; DIGEST];
    for (to, from) in digest.iter_mut().zip(whole) {
        *to = from;
    }
    digest
}

const fn data(number: u16, record: &Record) -> [u8; DATA] {
    let [n0, n1] = number.to_be_bytes();
    let [l0, l1] = record.length.to_be_bytes();
    let [k0, k1] = record.session_key.to_be_bytes();
    let [t0, t1] = record.target.to_be_bytes();
    let [s0, s1] = record.second.to_be_bytes();
    let [m0, m1, m2, m3] = record.tick.to_be_bytes();
    let Record { command, result, .. } = *record;
    [n0, n1, command, l0, l1, k0, k1, t0, t1, s0, s1, result, m0, m1, m2, m3]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(number: u16, record: Record, digest: u128) -> Entry {
        Entry { number, record, digest: digest.to_be_bytes() }
    }

    fn record(command: u8, length: u16, keys: [u16; 3], result: u8, tick: u32) -> Record {
        let [session_key, target, second] = keys;
        Record { command, length, session_key, target, second, result, tick }
    }

    /// The sample of GET LOG ENTRIES in Yubico's command reference.
    fn sample() -> [Entry; 6] {
        const NO: u16 = NO_KEY;
        let import = record(0x4b, 234, [1, 0xcf94, 0x997e], 0xcb, 335_725);
        let put = record(0x4c, 77, [1, 0xaff7, NO], 0xcc, 351_714);
        let create = record(0x03, 10, [NO, 1, NO], 0x83, 139);
        let authenticate = record(0x04, 17, [NO, 1, NO], 0x84, 139);
        let set = record(0x67, 2, [1, NO, NO], 0xe7, 697);
        [
            entry(46, import, 0x415f_51f1_f035_a1b7_13e7_30e4_464e_4033),
            entry(47, put, 0x5496_a60d_478c_2b9c_801d_8d32_ca66_b554),
            entry(48, Record::BOOT, 0x14ac_7747_ba9b_bb24_3cfc_70be_feb5_349b),
            entry(49, create, 0xb20a_8f25_c025_e693_a8e8_69b4_3329_4a20),
            entry(50, authenticate, 0xebfa_e425_c319_ac7a_0afb_b8b9_2597_de7c),
            entry(51, set, 0x2e39_5d1b_7066_6873_7e1d_2215_813d_b47e),
        ]
    }

    #[test]
    fn the_six_published_links_hold() {
        let sample = sample();
        for pair in sample.windows(2) {
            assert!(pair[1].follows(&pair[0]), "{}", pair[1].number);
        }
        // `tests/test_core.py` of python-yubihsm.
        let boot = entry(2, Record::BOOT, 0xf696_906e_5b39_29c6_3ca6_f10a_83d2_a0cc);
        let create = record(0x03, 10, [NO_KEY, 1, NO_KEY], 0x83, 35);
        let digest = 0x2264_d451_b5ef_f5df_a94c_544f_33b7_87a9;
        assert!(entry(3, create, digest).follows(&boot));
        assert!(!entry(3, create, digest ^ 1).follows(&boot));
        assert!(!entry(4, create, digest).follows(&boot));
    }

    #[test]
    fn what_is_made_after_a_digest_follows_it() {
        let [_, _, boot, create, ..] = sample();
        assert_eq!(Entry::after(&boot.digest, 49, create.record), create);
        let last = Entry::after(&boot.digest, u16::MAX, create.record);
        assert!(Entry::after(&last.digest, 0, create.record).follows(&last));
    }

    proptest! {
        #[test]
        fn every_32_bytes_are_an_entry(bytes in prop::array::uniform32(any::<u8>())) {
            let entry = Entry::decode(&bytes);
            prop_assert_eq!(entry.encode(), bytes);
            prop_assert_eq!(&entry.data()[..], &bytes[..DATA]);
        }

        #[test]
        fn no_bit_can_change(at in 0_usize..8 * ENTRY) {
            let [before, entry, ..] = sample();
            let mut bytes = entry.encode();
            bytes[at / 8] ^= 1 << (at % 8);
            prop_assert!(!Entry::decode(&bytes).follows(&before));
        }
    }
}
