//! Device options: force-audit, command-audit, and which algorithms are on.

use super::{Answer, Context};
use crate::store::{Algorithm, Options};
use crate::wire::{Command, DeviceError, Fields};

const FORCE_AUDIT: u8 = 1;
const COMMAND_AUDIT: u8 = 3;
const ALGORITHM_TOGGLE: u8 = 4;
const FIPS_MODE: u8 = 5;
/// FIPS mode is on, and the factory's password still stands in its way.
const PENDING: u8 = 3;

/// GET OPTION. FIPS mode is unknown to a device that is no FIPS device.
pub(super) fn get(context: &Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let option = fields.u8()?;
    fields.end()?;
    let options = &context.state.options;
    match option {
        FORCE_AUDIT => Ok(vec![options.force_audit().byte()]),
        COMMAND_AUDIT => Ok(pairs(Command::ALL, |c| [c.code(), options.audit(c).byte()])),
        ALGORITHM_TOGGLE => {
            Ok(pairs(Algorithm::ALL, |a| [a.into(), u8::from(options.is_enabled(a))]))
        }
        FIPS_MODE if context.state.fips_device => Ok(vec![match options.is_fips() {
            false => 0,
            true if context.state.has_factory_password() => PENDING,
            true => 1,
        }]),
        _ => Err(DeviceError::InvalidData),
    }
}

/// SET OPTION: which, how many bytes, the bytes. All of it is done or nothing.
pub(super) fn set(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let option = fields.u8()?;
    let length = usize::from(fields.u16()?);
    let value = fields.slice(length)?;
    fields.end()?;
    let mut options = context.state.options.clone();
    match option {
        FORCE_AUDIT => match value {
            [setting] => options.set_force_audit((*setting).try_into()?)?,
            _ => return Err(DeviceError::WrongLength),
        },
        COMMAND_AUDIT => set_command_audit(&mut options, value)?,
        ALGORITHM_TOGGLE => {
            fresh(context)?;
            toggle(&mut options, value)?;
        }
        FIPS_MODE if context.state.fips_device => {
            fresh(context)?;
            match value {
                [0] => options.set_fips(false),
                [1] => options.set_fips(true),
                [_] => return Err(DeviceError::InvalidData),
                _ => return Err(DeviceError::WrongLength),
            }
        }
        _ => return Err(DeviceError::InvalidData),
    }
    context.state.options = options;
    context.state.touch();
    Ok(Vec::new())
}

/// Only a device that holds nothing but its first authentication key may be changed in this way.
fn fresh(context: &Context<'_>) -> Result<(), DeviceError> {
    if context.state.store.len() == 1 { Ok(()) } else { Err(DeviceError::InsufficientPermissions) }
}

fn set_command_audit(options: &mut Options, value: &[u8]) -> Result<(), DeviceError> {
    let mut fields = Fields::new(value);
    while !fields.is_empty() {
        let command = Command::from_code(fields.u8()?).ok_or(DeviceError::InvalidData)?;
        options.set_audit(command, fields.u8()?.try_into()?)?;
    }
    Ok(())
}

fn toggle(options: &mut Options, value: &[u8]) -> Result<(), DeviceError> {
    let mut fields = Fields::new(value);
    while !fields.is_empty() {
        let algorithm = fields.u8()?.try_into()?;
        match fields.u8()? {
            0 => options.enable(algorithm, false),
            1 if options.may_enable(algorithm) => options.enable(algorithm, true),
            1 => return Err(DeviceError::InsufficientPermissions),
            _ => return Err(DeviceError::InvalidData),
        }
    }
    Ok(())
}

fn pairs<T: Copy>(all: &[T], pair: impl Fn(T) -> [u8; 2]) -> Vec<u8> {
    all.iter().flat_map(|item| pair(*item)).collect()
}
