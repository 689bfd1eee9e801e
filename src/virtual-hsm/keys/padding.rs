//! RSA paddings as the device takes them (RFC 8017): PSS with any salt and a second hash in its mask, OAEP with the *digest* of a
//! label, and PKCS #1 v1.5 decryption that says when the padding is wrong. Crate `rsa` offers none of the three, for good reasons
//! that do not hold for a device without secrets; it does the arithmetic under them.

use super::Hash;
use crate::wire::DeviceError;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// At least this many bytes of padding go before a PKCS #1 v1.5 message.
const MIN_PADDING: usize = 8;

/// EMSA-PSS (9.1.1) for a modulus of `size` bytes, all of whose bits are in use.
pub(super) fn pss(
    hash: Hash,
    mask: Hash,
    digest: &[u8],
    salt: &[u8],
    size: usize,
) -> Result<Vec<u8>, DeviceError> {
    let data_size = size.checked_sub(hash.size() + 1).ok_or(DeviceError::InvalidData)?;
    let padding = data_size.checked_sub(salt.len() + 1).ok_or(DeviceError::InvalidData)?;
    let seal = hash.digest(&[&[0; 8], digest, salt]);
    let mut data = vec![0; padding];
    data.push(1);
    data.extend_from_slice(salt);
    mask.mask(&seal, &mut data);
    // The encoded message has one bit less than the modulus.
    if let Some(first) = data.first_mut() {
        *first &= 0x7f;
    }
    Ok([&data[..], &seal, &[0xbc]].concat())
}

/// EME-OAEP (7.1.1), with the digest of the label and a random seed of the same size.
pub(super) fn oaep(
    mask: Hash,
    label: &[u8],
    seed: &[u8],
    message: &[u8],
    size: usize,
) -> Result<Zeroizing<Vec<u8>>, DeviceError> {
    let taken = 2 * label.len() + 2 + message.len();
    let padding = size.checked_sub(taken).ok_or(DeviceError::InvalidData)?;
    let mut data = Zeroizing::new([label, &vec![0; padding], &[1], message].concat());
    mask.mask(seed, &mut data);
    let mut seed = seed.to_vec();
    mask.mask(&data, &mut seed);
    Ok(Zeroizing::new([&[0], &seed[..], &data].concat()))
}

/// The message inside an OAEP block (7.1.2).
pub(super) fn unpad_oaep(
    mask: Hash,
    label: &[u8],
    block: &[u8],
) -> Result<Zeroizing<Vec<u8>>, DeviceError> {
    let (first, rest) = block.split_first().ok_or(DeviceError::InvalidData)?;
    let (seed, data) = rest.split_at_checked(label.len()).ok_or(DeviceError::InvalidData)?;
    let mut seed = Zeroizing::new(seed.to_vec());
    let mut data = Zeroizing::new(data.to_vec());
    mask.mask(&data, &mut seed);
    mask.mask(&seed, &mut data);
    let (found, padded) = data.split_at_checked(label.len()).ok_or(DeviceError::InvalidData)?;
    let end = padded.iter().position(|byte| *byte != 0).ok_or(DeviceError::InvalidData)?;
    let (separator, message) =
        padded.split_at(end).1.split_first().ok_or(DeviceError::InvalidData)?;
    if *first != 0 || *separator != 1 || !bool::from(found.ct_eq(label)) {
        return Err(DeviceError::InvalidData);
    }
    Ok(Zeroizing::new(message.to_vec()))
}

/// The message inside a PKCS #1 v1.5 encryption block (7.2.2).
pub(super) fn unpad_pkcs1(block: &[u8]) -> Result<Zeroizing<Vec<u8>>, DeviceError> {
    let padded = block.strip_prefix(&[0, 2]).ok_or(DeviceError::InvalidData)?;
    let end = padded.iter().position(|byte| *byte == 0).ok_or(DeviceError::InvalidData)?;
    if end < MIN_PADDING {
        return Err(DeviceError::InvalidData);
    }
    Ok(Zeroizing::new(padded.iter().skip(end + 1).copied().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_block_without_eight_bytes_of_padding_is_refused() {
        let block = |padding: usize| [&[0, 2][..], &vec![7; padding], &[0, 1, 2]].concat();
        assert_eq!(*unpad_pkcs1(&block(8)).unwrap(), [1, 2]);
        assert!(unpad_pkcs1(&block(7)).is_err());
        assert!(unpad_pkcs1(&[&[0, 1][..], &block(8)[2..]].concat()).is_err());
        assert!(unpad_pkcs1(&[0, 2, 7, 7, 7, 7, 7, 7, 7, 7]).is_err());
    }

    #[test]
    fn a_salt_that_does_not_fit_is_refused() {
        let digest = [1; 32];
        assert_eq!(pss(Hash::Sha256, Hash::Sha1, &digest, &[0; 222], 256).unwrap().len(), 256);
        assert!(pss(Hash::Sha256, Hash::Sha1, &digest, &[0; 223], 256).is_err());
    }

    proptest! {
        #[test]
        fn what_was_padded_comes_back(message in prop::collection::vec(any::<u8>(), 0..190)) {
            let label = Hash::Sha256.digest(&[b"label"]);
            let block = oaep(Hash::Sha1, &label, &[9; 32], &message, 256).unwrap();
            prop_assert_eq!(block.len(), 256);
            prop_assert_eq!(&*unpad_oaep(Hash::Sha1, &label, &block).unwrap(), &message);
            prop_assert!(unpad_oaep(Hash::Sha256, &label, &block).is_err());
            prop_assert!(unpad_oaep(Hash::Sha1, &[0; 32], &block).is_err());
        }

        #[test]
        fn any_block_is_read_or_refused(block in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = unpad_pkcs1(&block);
            let _ = unpad_oaep(Hash::Sha1, &[0; 20], &block);
        }
    }
}
