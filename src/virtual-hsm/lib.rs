//! A software YubiHSM 2 behind the connector's HTTP protocol, for rehearsals and tests. It is no HSM: its state, keys and all, is a
//! file in the clear.
//!
//! It behaves like a device with firmware 2.4.1, as far as that is published or can be read from Yubico's own libraries: every command,
//! algorithm and key of the published command reference works, and all of Yubico's device tests pass (`tests/peers`). Where it is
//! neither published nor readable, the code says "chosen here". Nothing here was compared with hardware. Device information names
//! the chip `VIRTUAL-HSM`, and every name in its attestation certificates says that nothing stands behind them.
//!
//! - `wire`: frames, fields, command codes, error codes.
//! - `session`: the sixteen sessions, each with its secure channel (`keyferry-scp03`).
//! - `keys`: asymmetric keys, what they are and can do.
//! - `attestation`: certificates, and the root of virtual devices.
//! - `store`: objects, options, the audit log, and the state file.
//! - `commands`: what each command does, one family a file.
//! - `device`: puts these together and saves before it answers.
//! - [`Faults`]: what can go wrong on request, at the start or later.
//! - `http`, [`Service`]: the connector.
//!
//! ```no_run
//! use keyferry_virtual_hsm::{Options, Service};
//!
//! let service = Service::start(Options::new("/tmp/hsm.json"))?;
//! assert!(service.url().starts_with("http://127.0.0.1:"));
//! # Ok::<(), keyferry_virtual_hsm::StartError>(())
//! ```

mod attestation;
mod commands;
mod device;
#[cfg(test)]
mod device_tests;
mod faults;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod http;
mod keys;
pub mod program;
mod service;
mod session;
mod store;
mod wire;

pub use attestation::root_certificate;
pub use faults::Faults;
pub use service::{Options, Service, StartError};
pub use store::FileError;
