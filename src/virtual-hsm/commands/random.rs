//! Random bytes.

use super::Answer;
use crate::session::MAX_ANSWER;
use crate::wire::{DeviceError, Fields};

/// GET PSEUDO RANDOM: as many bytes as asked for, from the operating system.
pub(super) fn get(data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let count = usize::from(fields.u16()?);
    fields.end()?;
    if count > MAX_ANSWER {
        return Err(DeviceError::WrongLength);
    }
    let mut bytes = vec![0; count];
    getrandom::fill(&mut bytes).map_err(|_| DeviceError::StorageFailed)?;
    Ok(bytes)
}
