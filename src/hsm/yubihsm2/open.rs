//! Finding the device and opening one session.

use super::{Credential, frame};
use crate::{Address, DeviceInfo, Error};
use keyferry_bundle::Serial;
use yubihsm::connector::usb::Devices;
use yubihsm::{Client, Connector, HttpConfig, UsbConfig};

/// A YubiHSM 2 with one open session, which is closed when this is dropped. The device closes it by itself after 30 seconds
/// without a command; the next command then opens another.
pub struct YubiHsm2 {
    pub(super) client: Client,
}

impl YubiHsm2 {
    /// Asks the device at `address` who it is, without any credential.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::NotAlone`].
    pub fn identify(address: &Address) -> Result<DeviceInfo, Error> {
        frame::device_info(&connect(address)?).map_err(|error| unreachable(address, &error))
    }

    /// Opens a session with the device that has this serial number and no other.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::NotAlone`], [`Error::WrongSerial`], [`Error::Credential`].
    pub fn open(address: &Address, serial: Serial, credential: &Credential) -> Result<Self, Error> {
        let connector = connect(address)?;
        let info = frame::device_info(&connector).map_err(|error| unreachable(address, &error))?;
        if info.serial != serial {
            return Err(Error::WrongSerial { expected: serial, found: info.serial });
        }
        let client = Client::open(connector, credential.session(), true).map_err(|error| {
            Error::Credential { key: credential.key, problem: error.to_string() }
        })?;
        Ok(Self { client })
    }
}

fn unreachable(address: &Address, problem: &dyn std::fmt::Display) -> Error {
    Error::Unreachable { address: address.to_string(), problem: problem.to_string() }
}

fn connect(address: &Address) -> Result<Connector, Error> {
    match address {
        Address::Connector { host, port } => {
            let config = HttpConfig { addr: host.clone(), port: *port, ..HttpConfig::default() };
            Ok(Connector::http(&config))
        }
        Address::Usb(serial) => {
            let attached =
                Devices::serial_numbers().map_err(|error| unreachable(address, &error))?;
            if attached.len() != 1 {
                return Err(Error::NotAlone(attached.len()));
            }
            // The crate's serial numbers have ten digits.
            let number = format!("{:010}", serial.get())
                .parse()
                .map_err(|error: yubihsm::device::Error| unreachable(address, &error))?;
            Ok(Connector::usb(&UsbConfig { serial: Some(number), ..UsbConfig::default() }))
        }
    }
}
