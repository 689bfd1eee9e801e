//! The device itself: what it is, what room it has, back to the factory, and its lamp.

use super::{Answer, Context};
use crate::keys::Curve;
use crate::store::{Algorithm, LOG_CAPACITY, MAX_OBJECTS, PAGE, PAGES, State};
use crate::wire::{DeviceError, Fields};

/// The firmware this service behaves like.
pub(super) const FIRMWARE: [u8; 3] = [2, 4, 1];
/// Stands where a device names its chip.
const PART: &[u8] = b"VIRTUAL-HSM";

/// DEVICE INFO: page 0 is version, serial, size and use of the log, enabled algorithms; page 1, since firmware 2.4, the chip.
pub(crate) fn info(state: &State, data: &[u8]) -> Answer {
    match data {
        [] | [0] => {
            let mut info = FIRMWARE.to_vec();
            info.extend_from_slice(&state.serial.to_be_bytes());
            info.push(byte(LOG_CAPACITY));
            info.push(byte(state.log.len()));
            let enabled = Algorithm::ALL.iter().filter(|a| state.options.is_enabled(**a));
            info.extend(enabled.map(|algorithm| u8::from(*algorithm)));
            Ok(info)
        }
        [1] => Ok(PART.to_vec()),
        [_] => Err(DeviceError::InvalidData),
        _ => Err(DeviceError::WrongLength),
    }
}

/// GET DEVICE PUBLIC KEY: the algorithm, then both coordinates of the key behind asymmetric sessions.
pub(crate) fn public_key(state: &State, data: &[u8]) -> Answer {
    Fields::new(data).end()?;
    let public = Curve::P256.public(state.device_key.expose())?;
    Ok([&[Algorithm::EcP256Authentication.into()], public].concat())
}

/// GET STORAGE INFO: objects and pages, in all and free, then the size of a page.
pub(super) fn storage_info(context: &Context<'_>, data: &[u8]) -> Answer {
    Fields::new(data).end()?;
    let store = &context.state.store;
    let free = store.limit().saturating_sub(store.len());
    let free_pages = PAGES.saturating_sub(store.pages());
    let numbers = [MAX_OBJECTS, free, PAGES, free_pages, PAGE];
    Ok(numbers
        .into_iter()
        .flat_map(|n| u16::try_from(n).unwrap_or(u16::MAX).to_be_bytes())
        .collect())
}

/// RESET DEVICE: everything is forgotten but the serial. The caller ends every session.
pub(super) fn reset(context: &mut Context<'_>, data: &[u8]) -> Answer {
    Fields::new(data).end()?;
    context.state.reset()?;
    Ok(Vec::new())
}

/// BLINK DEVICE: takes the seconds; there is no lamp.
pub(super) fn blink(data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    fields.u8()?;
    fields.end()?;
    Ok(Vec::new())
}

/// CLOSE SESSION. The caller ends it.
pub(super) fn close_session(data: &[u8]) -> Answer {
    Fields::new(data).end()?;
    Ok(Vec::new())
}

fn byte(number: usize) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}
