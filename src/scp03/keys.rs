//! Keys.

use crate::derivation::{Purpose, cryptogram, derive, mac};
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

/// The keys of one session.
pub(crate) struct SessionKeys {
    pub(crate) encryption: Key,
    pub(crate) mac: Key,
    pub(crate) response_mac: Key,
}

/// Both challenges, which go into everything that is derived.
pub(crate) fn context(host: Challenge, card: Challenge) -> [u8; BLOCK] {
    let mut context = [0; BLOCK];
    for (to, from) in context.iter_mut().zip(host.iter().chain(&card)) {
        *to = *from;
    }
    context
}

impl SessionKeys {
    pub(crate) fn new(keys: &StaticKeys, context: &[u8; BLOCK]) -> Self {
        Self {
            encryption: derive(&keys.encryption, Purpose::Encryption, context),
            mac: derive(&keys.mac, Purpose::Mac, context),
            response_mac: derive(&keys.mac, Purpose::ResponseMac, context),
        }
    }

    /// By which the device proves that it has the key.
    pub(crate) fn card_cryptogram(&self, context: &[u8; BLOCK]) -> Cryptogram {
        cryptogram(&self.mac, Purpose::CardCryptogram, context)
    }

    /// By which the client proves it.
    pub(crate) fn host_cryptogram(&self, context: &[u8; BLOCK]) -> Cryptogram {
        cryptogram(&self.mac, Purpose::HostCryptogram, context)
    }
}

/// What a key agreement derives for a session (SCP11): wiped when it goes, no `Debug`.
pub struct AgreedKeys {
    receipt: Key,
    pub(crate) session: SessionKeys,
}

impl AgreedKeys {
    /// Bytes of all four keys together.
    pub const LENGTH: usize = 4 * BLOCK;

    /// The receipt's key, the encryption key, the MAC key, the key for the MACs of answers: what the derivation gives, in its order.
    ///
    /// # Errors
    /// [`Fault::Length`] unless they are 64 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Fault> {
        let (keys, rest) = bytes.as_chunks::<BLOCK>();
        match (keys, rest) {
            ([receipt, encryption, mac, response_mac], []) => Ok(Self {
                receipt: Zeroizing::new(*receipt),
                session: SessionKeys {
                    encryption: Zeroizing::new(*encryption),
                    mac: Zeroizing::new(*mac),
                    response_mac: Zeroizing::new(*response_mac),
                },
            }),
            (_, _) => Err(Fault::Length),
        }
    }

    /// By which the device proves that it has the keys: AES-CMAC over its ephemeral point, then the client's.
    #[must_use]
    pub fn receipt(&self, device: &[u8], client: &[u8]) -> [u8; BLOCK] {
        mac(&self.receipt, &[device, client])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_keys_and_nothing_more() {
        for length in [0, 16, 31, 33, 64] {
            assert_eq!(StaticKeys::from_bytes(&vec![1; length]).err(), Some(Fault::Length));
        }
        assert!(StaticKeys::from_bytes(&[1; StaticKeys::LENGTH]).is_ok());
        for length in [0, 48, 63, 65, 80] {
            assert_eq!(AgreedKeys::from_bytes(&vec![1; length]).err(), Some(Fault::Length));
        }
        assert!(AgreedKeys::from_bytes(&[1; AgreedKeys::LENGTH]).is_ok());
    }
}
