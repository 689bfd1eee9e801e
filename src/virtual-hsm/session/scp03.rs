//! The secure channel: Global Platform SCP03 as the YubiHSM 2 uses it, AES-128 throughout.
//!
//! Keys are derived with AES-CMAC (NIST SP 800-108 in counter mode, the fixed input of SCP03), messages are encrypted with AES-CBC
//! under an IV that is the encrypted message counter, and every MAC takes in the one before it.

use aes::Aes128;
use aes::cipher::block_padding::Iso7816;
use aes::cipher::{
    BlockCipherEncrypt as _, BlockModeDecrypt as _, BlockModeEncrypt as _, KeyInit as _,
    KeyIvInit as _,
};
use cmac::{Cmac, Mac as _};
use zeroize::{Zeroize, Zeroizing};

/// Bytes of a key, a MAC chain and a block.
pub(crate) const BLOCK: usize = 16;
/// Bytes of a MAC and of a cryptogram on the wire.
pub(crate) const TAG: usize = 8;

/// What a derived key is for: the derivation constants of SCP03, table 4-1.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    CardCryptogram = 0x00,
    HostCryptogram = 0x01,
    Encryption = 0x04,
    Mac = 0x06,
    ResponseMac = 0x07,
}

/// One AES-128 key.
pub(crate) type Key = Zeroizing<[u8; BLOCK]>;

/// Derives a key from a key and both challenges.
pub(crate) fn derive_key(key: &[u8; BLOCK], purpose: Purpose, context: &[u8; BLOCK]) -> Key {
    Zeroizing::new(derive(key, purpose, context, 0x80))
}

/// Derives a cryptogram, by which a side proves that it has the MAC key.
pub(crate) fn cryptogram(key: &[u8; BLOCK], purpose: Purpose, context: &[u8; BLOCK]) -> [u8; TAG] {
    front(derive(key, purpose, context, 0x40))
}

fn derive(key: &[u8; BLOCK], purpose: Purpose, context: &[u8; BLOCK], bits: u8) -> [u8; BLOCK] {
    let mut mac = <Cmac<Aes128> as cmac::KeyInit>::new(key.into());
    mac.update(&[0; 11]);
    mac.update(&[purpose as u8, 0, 0, bits, 1]);
    mac.update(context);
    mac.finalize().into_bytes().into()
}

/// The MAC over a message, in the chain: the new chain, whose front is the MAC on the wire.
pub(crate) fn mac(key: &[u8; BLOCK], chain: &[u8; BLOCK], parts: &[&[u8]]) -> [u8; BLOCK] {
    let mut mac = <Cmac<Aes128> as cmac::KeyInit>::new(key.into());
    mac.update(chain);
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The receipt of a key agreement.
pub(crate) fn receipt(key: &[u8; BLOCK], parts: &[&[u8]]) -> [u8; BLOCK] {
    let mut mac = <Cmac<Aes128> as cmac::KeyInit>::new(key.into());
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

/// Encrypts message number `counter`, padded with 0x80 and zeros.
pub(crate) fn encrypt(key: &[u8; BLOCK], counter: u128, message: &[u8]) -> Vec<u8> {
    let mut buffer = Zeroizing::new(vec![0; (message.len() / BLOCK + 1) * BLOCK]);
    for (to, from) in buffer.iter_mut().zip(message) {
        *to = *from;
    }
    let cipher = cbc::Encryptor::<Aes128>::new(key.into(), &iv(key, counter).into());
    // The buffer is always long enough for the padding.
    cipher
        .encrypt_padded::<Iso7816>(&mut buffer, message.len())
        .map(<[u8]>::to_vec)
        .unwrap_or_default()
}

/// Decrypts message number `counter`; none when it is no whole number of blocks or the padding is wrong.
pub(crate) fn decrypt(
    key: &[u8; BLOCK],
    counter: u128,
    message: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let mut buffer = Zeroizing::new(message.to_vec());
    let cipher = cbc::Decryptor::<Aes128>::new(key.into(), &iv(key, counter).into());
    let length = cipher.decrypt_padded::<Iso7816>(&mut buffer).ok()?.len();
    if let Some(padding) = buffer.get_mut(length..) {
        padding.zeroize();
    }
    buffer.truncate(length);
    Some(buffer)
}

fn iv(key: &[u8; BLOCK], counter: u128) -> [u8; BLOCK] {
    let mut block = counter.to_be_bytes().into();
    Aes128::new(key.into()).encrypt_block(&mut block);
    block.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The card's answer in the session test of python-yubihsm (`tests/test_core.py`): default keys, host challenge zero.
    #[test]
    fn the_cryptogram_of_a_real_card_is_reproduced() {
        let static_mac = 0x592f_d483_f759_e299_09a0_4c45_05d2_ce0a_u128.to_be_bytes();
        let context = 0x054d_5631_c918_6f80_u128.to_be_bytes();
        let mac = derive_key(&static_mac, Purpose::Mac, &context);
        let shown = cryptogram(&mac, Purpose::CardCryptogram, &context);
        assert_eq!(u64::from_be_bytes(shown), 0x3225_ed8a_3224_f2cf);
    }

    proptest! {
        #[test]
        fn messages_come_back(
            key in any::<[u8; 16]>(),
            counter in any::<u128>(),
            message in prop::collection::vec(any::<u8>(), 0..100),
        ) {
            let sealed = encrypt(&key, counter, &message);
            prop_assert_eq!(sealed.len() % BLOCK, 0);
            prop_assert!(sealed.len() > message.len());
            prop_assert_eq!(&decrypt(&key, counter, &sealed).unwrap()[..], &message[..]);
        }

        #[test]
        fn nothing_upsets_decryption(
            key in any::<[u8; 16]>(),
            message in prop::collection::vec(any::<u8>(), 0..100),
        ) {
            let _ = decrypt(&key, 1, &message);
        }
    }
}
