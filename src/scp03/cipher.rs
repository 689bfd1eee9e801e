//! Encryption: AES-CBC, padded with 0x80 and zeros, under an IV that is the encrypted number of the message (SCP03 section 6.2.6).

use crate::{BLOCK, Fault};
use aes::Aes128;
use aes::cipher::block_padding::Iso7816;
use aes::cipher::{
    BlockCipherEncrypt as _, BlockModeDecrypt as _, BlockModeEncrypt as _, KeyInit as _,
    KeyIvInit as _,
};
use zeroize::{Zeroize as _, Zeroizing};

/// Bytes of `length` bytes once they are padded: at least one more.
pub(crate) const fn padded(length: usize) -> usize {
    (length / BLOCK + 1) * BLOCK
}

/// Encrypts message number `counter`.
pub(crate) fn encrypt(
    key: &[u8; BLOCK],
    counter: u128,
    message: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let mut buffer = Zeroizing::new(vec![0; padded(message.len())]);
    for (to, from) in buffer.iter_mut().zip(message) {
        *to = *from;
    }
    let cipher = cbc::Encryptor::<Aes128>::new(key.into(), &iv(key, counter).into());
    cipher.encrypt_padded::<Iso7816>(&mut buffer, message.len()).map_err(|_| Fault::Length)?;
    Ok(buffer)
}

/// Decrypts message number `counter`.
pub(crate) fn decrypt(
    key: &[u8; BLOCK],
    counter: u128,
    message: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let mut buffer = Zeroizing::new(message.to_vec());
    let cipher = cbc::Decryptor::<Aes128>::new(key.into(), &iv(key, counter).into());
    let decrypted = cipher.decrypt_padded::<Iso7816>(&mut buffer);
    let length = decrypted.map_err(|_| Fault::Padding)?.len();
    if let Some(padding) = buffer.get_mut(length..) {
        padding.zeroize();
    }
    buffer.truncate(length);
    Ok(buffer)
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

    proptest! {
        #[test]
        fn messages_come_back(
            key in any::<[u8; 16]>(),
            counter in any::<u128>(),
            message in prop::collection::vec(any::<u8>(), 0..100),
        ) {
            let sealed = encrypt(&key, counter, &message).unwrap();
            prop_assert_eq!(sealed.len(), padded(message.len()));
            prop_assert_eq!(&decrypt(&key, counter, &sealed).unwrap()[..], &message[..]);
        }

        #[test]
        fn nothing_upsets_decryption(
            key in any::<[u8; 16]>(),
            message in prop::collection::vec(any::<u8>(), 0..100),
        ) {
            if let Ok(opened) = decrypt(&key, 1, &message) {
                prop_assert_eq!(padded(opened.len()), message.len());
            }
        }
    }
}
