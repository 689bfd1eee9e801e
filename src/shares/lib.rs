//! A wrap key in verifiable shares: Shamir's scheme over the order of P-256 with Feldman's commitments. [`split`] makes them,
//! [`Share`] is what a custodian keeps, [`prove`] shows that one is there without showing it, [`combine`] makes the wrap key again.
//!
//! The wrap key's 32 bytes, read as a big-endian number, are the secret. The arithmetic is that of crate `vsss-rs`; why, and what
//! the commitments reveal, is in `docs/decisions/0008-shares.md`. No files, no prompts, no random numbers of its own.

mod combine;
mod feldman;
mod files;
mod proof;
mod share;
mod split;
#[cfg(test)]
mod testing;
mod text;

pub use combine::{CombineError, combine};
pub use files::{ProofFile, SET_FILE, SetFile, proof_file, share_file};
pub use proof::{ProofError, present, prove, verify_proof, verify_proofs};
pub use share::{Mismatch, Share, ShareValue, verify};
pub use split::{Split, SplitError, is_secret, randomness, split};
pub use text::{LINES, LineError, TextError, check_line, tidy};
