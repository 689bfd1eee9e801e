//! The YubiHSM 2, as far as a ceremony uses it: the [`Hsm`] trait and the device behind it.
//!
//! [`YubiHsm2`] stands on the crate `yubihsm`: its USB and connector transports, its session and its commands. What that crate
//! cannot read on current firmware (device information names algorithms it does not know) is read here from the raw frame.

mod address;
mod error;
mod hsm;
mod material;
mod model;
mod yubihsm2;

pub use address::Address;
pub use error::{Action, Error};
pub use hsm::{Hsm, Place};
pub use material::KeyMaterial;
pub use model::{Capabilities, DeviceInfo, Object, ObjectKind, Origin, Purpose, Storage};
pub use yubihsm2::{Credential, DEFAULT_AUTHENTICATION_KEY, YubiHsm2};
