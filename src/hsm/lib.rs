//! The YubiHSM 2, as far as a ceremony uses it: the [`Hsm`] trait and the device behind it.
//!
//! [`YubiHsm2`] holds one session of its own (crate `keyferry-scp03`) over the connector's HTTP, or over USB as the crate `yubihsm`
//! has it. What a device says is read with every number kept, so that newer firmware's codes do not get in the way.

mod address;
mod algorithm;
mod audit;
mod capabilities;
mod command;
mod error;
mod hsm;
mod material;
mod model;
mod object;
mod purpose;
mod yubihsm2;

pub use address::Address;
pub use algorithm::{Algorithm, KeyAlgorithm};
pub use audit::{AuditOptions, AuditSetting, LOG_ENTRY, LogEntries};
pub use capabilities::Capabilities;
pub use command::CommandCode;
pub use error::{Action, Error};
pub use hsm::{Hsm, Place};
pub use material::KeyMaterial;
pub use model::{DeviceInfo, Feature, Storage};
pub use object::{Object, ObjectKind, Origin};
pub use purpose::{Duty, Purpose};
pub use yubihsm2::{Credential, DEFAULT_AUTHENTICATION_KEY, YubiHsm2};
