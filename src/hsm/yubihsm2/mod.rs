//! The device, behind the crate `yubihsm`.

mod capabilities;
mod credential;
mod frame;
mod open;
mod operations;

pub use credential::{Credential, DEFAULT_AUTHENTICATION_KEY};
pub use open::YubiHsm2;
