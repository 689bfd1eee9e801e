//! The device, behind a session of our own.

mod credential;
mod device_info;
mod fields;
mod frame;
mod http;
mod keys;
mod log;
mod objects;
mod open;
mod operations;
mod refusal;
mod request;
mod session;
mod spki;
mod transport;
mod usb;
mod wrapping;

pub use credential::{Credential, DEFAULT_AUTHENTICATION_KEY};
pub use open::YubiHsm2;
