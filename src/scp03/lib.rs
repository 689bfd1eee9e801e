//! The YubiHSM 2's secure channel: Global Platform SCP03 (`GPC_SPE_014`) with AES-128, as far as that device uses it.
//!
//! Pure: bytes in, bytes out. A client begins a [`HostChannel`] with what CREATE SESSION answered; a device, or what stands in for
//! one, begins a [`DeviceChannel`]. Keys, key schedules and every message in the clear are wiped when they go, and nothing that is
//! secret has a `Debug`.
//!
//! Frames, big-endian: a code (1 byte), the length of what follows (2), then what follows. Inside a session that is the session id
//! (1), whole blocks of AES-CBC, and the first 8 bytes of a MAC over all of it (YubiHSM 2 user guide, "Session").

mod channel;
mod cipher;
mod derivation;
mod device;
mod fault;
mod host;
mod keys;

pub use device::DeviceChannel;
pub use fault::Fault;
pub use host::HostChannel;
pub use keys::{AgreedKeys, StaticKeys};

/// Bytes of a block of AES.
pub const BLOCK: usize = 16;
/// Bytes of a MAC and of a cryptogram on the wire.
pub const TAG: usize = 8;
/// Bytes in front of a frame's data.
pub const HEADER: usize = 3;

/// What each side gives to a new session: eight random bytes that it must never give again.
pub type Challenge = [u8; 8];
/// What proves to the other side that one has the MAC key.
pub type Cryptogram = [u8; TAG];

/// AUTHENTICATE SESSION.
pub const AUTHENTICATE_SESSION: u8 = 0x04;
/// SESSION MESSAGE.
pub const SESSION_MESSAGE: u8 = 0x05;
/// Set in the code of an answer.
pub const ANSWER: u8 = 0x80;
