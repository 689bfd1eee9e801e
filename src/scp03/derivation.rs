//! Derivation: AES-CMAC (NIST SP 800-38B) in the counter mode of NIST SP 800-108, with the fixed input of SCP03 section 4.1.5.

use crate::keys::Key;
use crate::{BLOCK, Cryptogram, TAG};
use aes::Aes128;
use cmac::{Cmac, KeyInit as _, Mac as _};
use zeroize::Zeroizing;

/// What is derived: the derivation constants of SCP03, table 4-1.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    CardCryptogram = 0x00,
    HostCryptogram = 0x01,
    Encryption = 0x04,
    Mac = 0x06,
    ResponseMac = 0x07,
}

/// A session key, from an authentication key and both challenges.
pub(crate) fn derive(key: &[u8; BLOCK], purpose: Purpose, context: &[u8; BLOCK]) -> Key {
    Zeroizing::new(mac(key, &[&input(purpose, 128), context]))
}

/// A cryptogram, from the session's MAC key and both challenges.
pub(crate) fn cryptogram(key: &[u8; BLOCK], purpose: Purpose, context: &[u8; BLOCK]) -> Cryptogram {
    front(mac(key, &[&input(purpose, 64), context]))
}

/// Eleven zeros and the constant, a separator, the length in bits (2 bytes), the counter.
const fn input(purpose: Purpose, bits: u8) -> [u8; BLOCK] {
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, purpose as u8, 0, 0, bits, 1]
}

/// AES-CMAC over the parts one after the other.
pub(crate) fn mac(key: &[u8; BLOCK], parts: &[&[u8]]) -> [u8; BLOCK] {
    let mut mac = Cmac::<Aes128>::new(key.into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The part of a MAC that is sent.
pub(crate) fn front(mac: [u8; BLOCK]) -> [u8; TAG] {
    let mut front = [0; TAG];
    for (to, from) in front.iter_mut().zip(mac) {
        *to = from;
    }
    front
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: u128) -> [u8; BLOCK] {
        hex.to_be_bytes()
    }

    /// RFC 4493 section 4, examples 1 and 2.
    #[test]
    fn the_published_macs_are_computed() {
        let key = bytes(0x2b7e_1516_28ae_d2a6_abf7_1588_09cf_4f3c);
        assert_eq!(mac(&key, &[]), bytes(0xbb1d_6929_e959_3728_7fa3_7d12_9b75_6746));
        let message = bytes(0x6bc1_bee2_2e40_9f96_e93d_7e11_7393_172a);
        let (one, two) = message.split_at(5);
        assert_eq!(mac(&key, &[one, two]), bytes(0x070a_16b4_6b4d_4144_f79b_dd9d_d04a_287c));
    }

    /// The card's answer in the session test of python-yubihsm (`tests/test_core.py`): the factory's keys, host challenge zero.
    #[test]
    fn the_cryptogram_of_a_real_card_is_reproduced() {
        let static_mac = bytes(0x592f_d483_f759_e299_09a0_4c45_05d2_ce0a);
        let context = bytes(0x054d_5631_c918_6f80);
        let key = derive(&static_mac, Purpose::Mac, &context);
        let shown = cryptogram(&key, Purpose::CardCryptogram, &context);
        assert_eq!(u64::from_be_bytes(shown), 0x3225_ed8a_3224_f2cf);
    }
}
