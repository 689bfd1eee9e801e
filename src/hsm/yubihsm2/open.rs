//! Finding the device and opening one session.

use super::session::Session;
use super::transport::{connect, unreachable};
use super::{Credential, device_info::device_info};
use crate::{Address, DeviceInfo, Error};
use keyferry_bundle::Serial;

/// A YubiHSM 2 with one open session, which is closed when this is dropped. The device closes it by itself after 30 seconds
/// without a command; the next command then opens another, after asking the device for its serial number again.
pub struct YubiHsm2 {
    pub(super) session: Session,
}

impl YubiHsm2 {
    /// Asks the device at `address` who it is, without any credential.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::NotAlone`].
    pub fn identify(address: &Address) -> Result<DeviceInfo, Error> {
        let transport = connect(address)?;
        device_info(&*transport).map_err(|fault| unreachable(address, fault.problem()))
    }

    /// Opens a session with the device that has this serial number and no other.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::NotAlone`], [`Error::WrongSerial`]; [`Error::Credential`] for a wrong password or a key
    /// that is not there; [`Error::Refused`] when all sessions are in use; [`Error::NoAnswer`].
    pub fn open(address: &Address, serial: Serial, credential: &Credential) -> Result<Self, Error> {
        let (transport, keys) = (connect(address)?, credential.keys()?);
        let session = Session::begin(transport, address, serial, credential.key, keys)?;
        Ok(Self { session })
    }
}
