//! Key material on the host, for the moment of wrapping.

use crate::Error;
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, Zeroizing};

/// Secret bytes on a memory page of their own, locked out of swap and wiped when dropped. No copy, no `Debug`.
pub struct KeyMaterial {
    // Dropped first: a page must not go back to the allocator while it is locked.
    _lock: region::LockGuard,
    buffer: Box<[u8]>,
    start: usize,
    length: usize,
}

impl KeyMaterial {
    /// Moves bytes in; the vector is wiped.
    ///
    /// # Errors
    /// [`Error::Memory`] when they do not fit on a page or the page cannot be locked.
    pub fn take(bytes: Vec<u8>) -> Result<Self, Error> {
        Self::copy(&Zeroizing::new(bytes))
    }

    /// Copies bytes in, which whoever has them wipes.
    pub(crate) fn copy(bytes: &[u8]) -> Result<Self, Error> {
        let page = region::page::size();
        // Two pages hold one whole page wherever they begin. Locks do not nest, so nothing else may live on it.
        let mut buffer = vec![0; page * 2].into_boxed_slice();
        let start = buffer.as_ptr().align_offset(page);
        let target = buffer
            .get_mut(start..start.saturating_add(page))
            .and_then(|page| page.get_mut(..bytes.len()))
            .ok_or_else(|| Error::Memory("it does not fit on one page".to_owned()))?;
        let lock = region::lock(target.as_ptr(), page)
            .map_err(|error| Error::Memory(error.to_string()))?;
        target.copy_from_slice(bytes);
        Ok(Self { _lock: lock, buffer, start, length: bytes.len() })
    }

    /// The bytes. Whoever looks must not copy them anywhere else.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.buffer.get(self.start..self.start + self.length).unwrap_or_default()
    }

    /// Whether both are the same bytes, in constant time.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }
}

impl Drop for KeyMaterial {
    fn drop(&mut self) {
        self.buffer.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_go_in_and_compare() {
        let one = KeyMaterial::take(vec![1; 32]).unwrap();
        let same = KeyMaterial::take(vec![1; 32]).unwrap();
        let other = KeyMaterial::take(vec![2; 32]).unwrap();
        assert_eq!(one.expose(), [1; 32]);
        assert!(one.same_as(&same) && !one.same_as(&other));
        assert!(!one.same_as(&KeyMaterial::take(vec![1; 31]).unwrap()));
        assert!(KeyMaterial::take(vec![0; region::page::size() + 1]).is_err());
    }

    #[test]
    fn the_page_is_locked() {
        let locked = || {
            let status = std::fs::read_to_string("/proc/self/status").unwrap();
            let line = status.lines().find(|line| line.starts_with("VmLck:")).unwrap().to_owned();
            line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
        };
        let _material = KeyMaterial::take(vec![1; 32]).unwrap();
        assert!(locked() > 0);
    }
}
