//! A software stand-in for AWS KMS's key import and for what is done with imported keys, for rehearsals and tests. It is no KMS: its
//! state file holds key material in the clear, and it listens on loopback alone.
//!
//! # Protocol
//! AWS JSON 1.1 over HTTP (`POST /` with `X-Amz-Target: TrentService.OPERATION`) for KMS, the AWS query protocol for STS
//! `GetCallerIdentity` and for what EC2 does with keys (encrypted EBS volumes), on one port. Requests are checked as AWS checks them:
//! content type, Signature Version 4 under [`SECRET_ACCESS_KEY`], the credential scope, and the date against this host's clock.
//! Unlike AWS it refuses members it does not know, because a client that sends them has a mistake.
//!
//! One service is every Region: the credential scope says which. Keys, aliases and volumes are a Region's own; multi-Region keys
//! know one another. An access key id of `AKID` and twelve digits (`AKID444455556666`) is of the account of that number, any other
//! of the account of [`Options`]. No account can use another's keys.
//!
//! # Control
//! Unsigned, `Content-Type: application/json`, under `/virtual/`:
//! - `GET /virtual/clock` answers `{"now":"2026-11-24T09:00:00Z"}`. `POST /virtual/clock` with `{"set":"2026-11-24T09:00:00Z"}` or
//!   `{"advance_seconds":86400}` moves the service's clock, which runs on from there, and answers the same.
//! - `POST /virtual/fault` with `{"operation":"ImportKeyMaterial","kind":"lose-answer","count":1}` or with
//!   `{"kind":"other-key","key_id":"1234abcd-12ab-34cd-56ef-1234567890ab"}`: see [`faults`].
//!
//! # What differs from AWS
//! - Ciphertexts have a layout of our own: see [`keys::ciphertext`]. So have import tokens, of AWS's sizes: [`keys::token`].
//! - A token can be used until it expires, more than once: whether AWS lets it be used twice is not known.
//! - `ECC_NIST_EDWARDS25519` keys take imports like ECC keys of other curves. AWS's service model does not say that they cannot, and
//!   no document of AWS's says that they can.
//! - Key material that unwraps but does not fit the key spec is refused with `InvalidCiphertextException` where it is raw bytes and with
//!   `IncorrectKeyMaterialException` where it should be a private key (other curve or modulus, explicit curve parameters,
//!   numbers that do not belong together, anything but unencrypted PKCS#8). Which of the two AWS gives is not recorded.
//! - A private key is the same key in whatever PKCS#8 form it comes again.
//! - Signatures are random where the scheme allows, as on AWS, and those on secp256k1 have a high S as often as a low one.
//! - `GrantTokens`, `DryRun`, `Recipient` and ML-DSA's `EXTERNAL_MU` are refused.
//! - Nothing takes time: what AWS does a few seconds after its answer (a replica's creation, a rotation, an import seen everywhere)
//!   is done when the answer is given. Keys rotate on demand alone.
//! - A replica is refused other bytes than its primary key's, and new ones, with `IncorrectKeyMaterialException`; a rotation before
//!   every replica has what waits with `KMSInvalidStateException`. AWS documents the rules, not the errors.
//! - `ListKeyRotations` lists oldest first. Key material that waits and was deleted or expired stays listed until other takes its place.
//! - Any well-formed name is a Region, each in the partition `aws`; `UpdatePrimaryRegion` is not there.
//! - A volume's key is looked at when the volume is made, and never again; `alias/aws/ebs` is no key of this service.
//! - Where AWS's wording is recorded the messages are AWS's; elsewhere they are ours under AWS's error name.
//! - `GetParametersForImport` makes eight wrapping key pairs of a spec, then hands out the one that nobody had for longest, with a
//!   token of its own; AWS makes a pair for every call. They stay in the state file for good.
//! - Throttling is on request alone: as a fault, or with `--throttle` at AWS's pace of `GetParametersForImport`.
//! - The signature's date is held against this host's clock, not against the service's, which may be set.

mod cli;
pub mod clock;
mod control;
mod ec2;
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
mod throttle;
mod wire;
mod world;

pub use cli::{Arguments, serve};
pub use service::{Options, Service};

/// An access key id for clients. Any other will do: it only names the caller.
pub const ACCESS_KEY_ID: &str = "AKIDVIRTUALKMS";

/// The secret access key under which every request must be signed. Public: it protects nothing.
pub const SECRET_ACCESS_KEY: &str = "virtual-kms-secret";

#[cfg(test)]
mod testing;
