//! Keys.

use crate::derivation::{Purpose, cryptogram, derive};
use crate::{BLOCK, Challenge, Cryptogram, Fault};
use zeroize::Zeroizing;

/// One AES-128 key, wiped when it goes.
pub(crate) type Key = Zeroizing<[u8; BLOCK]>;

/// An authentication key: what both sides have before a session. Wiped when it goes; no `Debug`.
pub struct StaticKeys {
    encryption: Key,
    mac: Key,
}

impl StaticKeys {
    /// Bytes of both keys together.
    pub const LENGTH: usize = 2 * BLOCK;

    /// The encryption key, then the MAC key: what PUT AUTHENTICATION KEY takes and PBKDF2 makes of a password.
    ///
    /// # Errors
    /// [`Fault::Length`] unless they are 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Fault> {
        let (encryption, mac) = bytes.split_first_chunk::<BLOCK>().ok_or(Fault::Length)?;
        let mac: &[u8; BLOCK] = mac.try_into().map_err(|_| Fault::Length)?;
        Ok(Self { encryption: Zeroizing::new(*encryption), mac: Zeroizing::new(*mac) })
    }
}

/// The keys of one session, which both challenges go into.
pub(crate) struct SessionKeys {
    pub(crate) encryption: Key,
    pub(crate) mac: Key,
    pub(crate) response_mac: Key,
    context: [u8; BLOCK],
}

impl SessionKeys {
    pub(crate) fn new(keys: &StaticKeys, host: Challenge, card: Challenge) -> Self {
        let mut context = [0; BLOCK];
        for (to, from) in context.iter_mut().zip(host.iter().chain(&card)) {
            *to = *from;
        }
        Self {
            encryption: derive(&keys.encryption, Purpose::Encryption, &context),
            mac: derive(&keys.mac, Purpose::Mac, &context),
            response_mac: derive(&keys.mac, Purpose::ResponseMac, &context),
            context,
        }
    }

    /// By which the device proves that it has the key.
    pub(crate) fn card_cryptogram(&self) -> Cryptogram {
        cryptogram(&self.mac, Purpose::CardCryptogram, &self.context)
    }

    /// By which the client proves it.
    pub(crate) fn host_cryptogram(&self) -> Cryptogram {
        cryptogram(&self.mac, Purpose::HostCryptogram, &self.context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_keys_and_nothing_more() {
        for length in [0, 16, 31, 33, 64] {
            assert_eq!(StaticKeys::from_bytes(&vec![1; length]).err(), Some(Fault::Length));
        }
        assert!(StaticKeys::from_bytes(&[1; StaticKeys::LENGTH]).is_ok());
    }
}
