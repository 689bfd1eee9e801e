//! Reading big-endian fields off the front of a frame's data.

use super::DeviceError;

/// What is left to read. Every shortfall is [`DeviceError::WrongLength`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], DeviceError> {
        let (head, tail) = self.0.split_first_chunk::<N>().ok_or(DeviceError::WrongLength)?;
        self.0 = tail;
        Ok(*head)
    }

    /// The next `count` bytes.
    pub(crate) fn slice(&mut self, count: usize) -> Result<&'a [u8], DeviceError> {
        let (head, tail) = self.0.split_at_checked(count).ok_or(DeviceError::WrongLength)?;
        self.0 = tail;
        Ok(head)
    }

    /// Everything but the last `count` bytes; those stay.
    pub(crate) fn all_but(&mut self, count: usize) -> Result<&'a [u8], DeviceError> {
        let taken = self.0.len().checked_sub(count).ok_or(DeviceError::WrongLength)?;
        self.slice(taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, DeviceError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, DeviceError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, DeviceError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, DeviceError> {
        self.array().map(u64::from_be_bytes)
    }

    /// Whether nothing is left.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything that is left.
    pub(crate) const fn rest(self) -> &'a [u8] {
        self.0
    }

    /// Insists that nothing is left.
    pub(crate) const fn end(self) -> Result<(), DeviceError> {
        if self.0.is_empty() { Ok(()) } else { Err(DeviceError::WrongLength) }
    }
}
