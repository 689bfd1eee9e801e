//! A software stand-in for AWS KMS's key-import operations, for rehearsals and tests. It is no KMS: its state file holds key
//! material in the clear, and it listens on loopback alone.
//!
//! # Protocol
//! AWS JSON 1.1 over HTTP (`POST /` with `X-Amz-Target: TrentService.OPERATION`) for KMS, and the AWS query protocol for STS
//! `GetCallerIdentity`, on one port. Requests are checked as AWS checks them: content type, Signature Version 4 under
//! [`SECRET_ACCESS_KEY`] with whatever access key id, the credential scope, and the date against this host's clock. Unlike AWS
//! it refuses members it does not know, because a client that sends them has a mistake.
//!
//! # Control
//! Unsigned, `Content-Type: application/json`, under `/virtual/`:
//! - `GET /virtual/clock` answers `{"now":"2026-11-24T09:00:00Z"}`. `POST /virtual/clock` with `{"set":"2026-11-24T09:00:00Z"}` or
//!   `{"advance_seconds":86400}` moves the service's clock, which runs on from there, and answers the same.
//! - `POST /virtual/fault` with `{"operation":"ImportKeyMaterial","kind":"lose-answer","count":1}`: see [`faults`].
//!
//! # What differs from AWS
//! - Ciphertexts have a layout of our own: see [`keys::ciphertext`]. So have import tokens, of AWS's sizes: [`keys::token`].
//! - A token can be used until it expires, more than once: whether AWS lets it be used twice is not known.
//! - RSA and ECC keys get wrapping parameters but their import answers `UnsupportedOperationException`, and so does `CreateKey` with
//!   origin `AWS_KMS` for them.
//! - New key material for a symmetric key that has some waits for a rotation, as on AWS, but no operation rotates.
//! - Where AWS's wording is recorded the messages are AWS's; elsewhere they are ours under AWS's error name.
//! - One service runs on a state file, but nothing locks it; wrapping key pairs stay in it for good.
//! - The signature's date is held against this host's clock, not against the service's, which may be set.

mod cli;
pub mod clock;
mod control;
mod engine;
pub mod faults;
mod http;
pub mod keys;
mod operations;
mod random;
pub mod refusal;
mod service;
mod state;
mod state_file;
mod wire;

pub use cli::{Arguments, serve};
pub use service::{Options, Service};

/// An access key id for clients. Any other will do: it only names the caller.
pub const ACCESS_KEY_ID: &str = "AKIDVIRTUALKMS";

/// The secret access key under which every request must be signed. Public: it protects nothing.
pub const SECRET_ACCESS_KEY: &str = "virtual-kms-secret";

#[cfg(test)]
mod testing;
