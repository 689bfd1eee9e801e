//! The audit log of a YubiHSM 2: its entries, the chain that binds each to the one before, and what each means in a ceremony.
//!
//! `digest = SHA-256(data || digest before)[..16]`, where data are the first 16 bytes of the entry. The chain has no key: whoever holds
//! the bytes can make a consistent one. What makes it evidence is an anchor that was recorded early, numbers without a gap, audit
//! options that cannot be taken back, every entry accounted for, and a second reader with a credential of their own.
//! (Layout: GET LOG ENTRIES in Yubico's command reference; the chain: `LogEntry.validate` in python-yubihsm.)

mod account;
mod chain;
pub mod command;
mod deed;
mod dump;
mod entry;

#[cfg(test)]
mod account_tests;

pub use account::{Account, Declared, Done, Finding, Weight};
pub use chain::{Broken, follow};
pub use deed::{Deed, Scene};
pub use dump::{Dump, NotADump, read_dump};
pub use entry::{CAPACITY, DATA, DIGEST, Digest, ENTRY, Entry, NO_KEY, Record, link};
