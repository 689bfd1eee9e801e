//! Yubico OTP: credentials sealed under an OTP AEAD key, and the passwords they make
//! (<https://docs.yubico.com/yesdk/users-manual/application-otp/yubico-otp.html>).
//!
//! A sealed credential is a nonce of 6 bytes, then key (16) and private id (6) under AES-CCM with a tag of 8 bytes. The nonce of
//! CCM is the nonce id of the key (4), the 6 bytes, and three zeros. A body is the nonce id, as the client sent it, and the key.

use super::{Answer, Context};
use crate::store::{Capabilities, Kind, Object, Origin, Wish, random};
use crate::wire::{DeviceError, Fields};
use aes::cipher::BlockCipherDecrypt as _;
use aes::{Aes128, Aes192, Aes256};
use ccm::aead::Aead;
use ccm::consts::{U8, U13};
use ccm::{Ccm, KeyInit};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

const NONCE_ID: usize = 4;
const NONCE: usize = 6;
const TAG: usize = 8;
const KEY: usize = 16;
const PRIVATE_ID: usize = 6;
/// Bytes of a sealed credential.
const SEALED: usize = NONCE + KEY + PRIVATE_ID + TAG;
/// What the checksum of a whole password comes to (X-25 residue, as the OTP specification has it).
const RESIDUE: u16 = 0xf0b8;

/// PUT OTP AEAD KEY: the wish, the nonce id, the key.
pub(super) fn put(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let wish = Wish::read(&mut fields, Kind::OtpAeadKey)?;
    let size = wish.algorithm.aes_bytes().ok_or(DeviceError::InvalidData)?;
    let body = fields.slice(NONCE_ID + size)?;
    fields.end()?;
    context.put(Object::new(Kind::OtpAeadKey, &wish, Origin::IMPORTED, body))
}

/// GENERATE OTP AEAD KEY: the wish, the nonce id.
pub(super) fn generate(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let wish = Wish::read(&mut fields, Kind::OtpAeadKey)?;
    let nonce_id = fields.array::<NONCE_ID>()?;
    fields.end()?;
    let size = wish.algorithm.aes_bytes().ok_or(DeviceError::InvalidData)?;
    let mut key = Zeroizing::new(vec![0; size]);
    getrandom::fill(&mut key).map_err(|_| DeviceError::StorageFailed)?;
    let body = Zeroizing::new([&nonce_id[..], &key].concat());
    context.put(Object::new(Kind::OtpAeadKey, &wish, Origin::GENERATED, &body))
}

/// CREATE OTP AEAD: key and private id of a credential.
pub(super) fn create(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let id = context.target(&mut fields)?;
    let key = context.key(Kind::OtpAeadKey, id, Capabilities::CREATE_OTP_AEAD)?;
    let credential = fields.slice(KEY + PRIVATE_ID)?;
    fields.end()?;
    seal(key, credential)
}

/// RANDOMIZE OTP AEAD: a credential that nobody has seen.
pub(super) fn randomize(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let id = context.target(&mut fields)?;
    let key = context.key(Kind::OtpAeadKey, id, Capabilities::RANDOMIZE_OTP_AEAD)?;
    fields.end()?;
    seal(key, &*Zeroizing::new(random::<{ KEY + PRIVATE_ID }>()?))
}

/// REWRAP OTP AEAD: from key, to key, a sealed credential.
pub(super) fn rewrap(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let from = context.target(&mut fields)?;
    let to = fields.u16()?;
    let sealed = fields.slice(SEALED)?;
    fields.end()?;
    context.touched.second = to;
    let from = context.key(Kind::OtpAeadKey, from, Capabilities::REWRAP_FROM_OTP_AEAD_KEY)?;
    let credential = open(from, sealed)?;
    let to = context.key(Kind::OtpAeadKey, to, Capabilities::REWRAP_TO_OTP_AEAD_KEY)?;
    seal(to, &credential)
}

/// DECRYPT OTP: a sealed credential, one password. The answer is its counters: uses (2 bytes, little-endian), uses in this session,
/// time high, time low (2 bytes, little-endian).
pub(super) fn decrypt(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let id = context.target(&mut fields)?;
    let key = context.key(Kind::OtpAeadKey, id, Capabilities::DECRYPT_OTP)?;
    let sealed = fields.slice(SEALED)?;
    let password = fields.array::<KEY>()?;
    fields.end()?;
    counters(&open(key, sealed)?, password)
}

fn counters(credential: &[u8], password: [u8; KEY]) -> Answer {
    let mut credential = Fields::new(credential);
    let cipher = Aes128::new(&credential.array::<KEY>()?.into());
    let mut block = password.into();
    cipher.decrypt_block(&mut block);
    let mut token = Fields::new(&block);
    let known = credential.rest().ct_eq(token.slice(PRIVATE_ID)?);
    if !bool::from(known) || checksum(&block) != RESIDUE {
        return Err(DeviceError::InvalidOtp);
    }
    let uses = token.array::<2>()?;
    let time_low = token.array::<2>()?;
    let time_high = token.u8()?;
    let session_uses = token.u8()?;
    Ok([&uses[..], &[session_uses, time_high], &time_low].concat())
}

/// Whether a body that came in has the right length.
pub(super) fn is_sound(key: Option<usize>, bytes: &[u8]) -> bool {
    key.is_some_and(|key| bytes.len() == NONCE_ID + key)
}

fn seal(key: &Object, credential: &[u8]) -> Answer {
    let nonce = random::<NONCE>()?;
    let (secret, whole) = parts(key, nonce)?;
    let sealed = match secret.len() {
        16 => cipher::<Ccm<Aes128, U8, U13>>(secret)?.encrypt((&whole).into(), credential),
        24 => cipher::<Ccm<Aes192, U8, U13>>(secret)?.encrypt((&whole).into(), credential),
        _ => cipher::<Ccm<Aes256, U8, U13>>(secret)?.encrypt((&whole).into(), credential),
    };
    Ok([&nonce[..], &sealed.map_err(|_| DeviceError::InvalidData)?].concat())
}

fn open(key: &Object, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, DeviceError> {
    let mut fields = Fields::new(sealed);
    let (secret, whole) = parts(key, fields.array()?)?;
    let sealed = fields.rest();
    let opened = match secret.len() {
        16 => cipher::<Ccm<Aes128, U8, U13>>(secret)?.decrypt((&whole).into(), sealed),
        24 => cipher::<Ccm<Aes192, U8, U13>>(secret)?.decrypt((&whole).into(), sealed),
        _ => cipher::<Ccm<Aes256, U8, U13>>(secret)?.decrypt((&whole).into(), sealed),
    };
    opened.map(Zeroizing::new).map_err(|_| DeviceError::InvalidData)
}

fn cipher<C: KeyInit>(key: &[u8]) -> Result<C, DeviceError> {
    C::new_from_slice(key).map_err(|_| DeviceError::InvalidData)
}

/// The key in a body, and the whole nonce.
fn parts(key: &Object, nonce: [u8; NONCE]) -> Result<(&[u8], [u8; 13]), DeviceError> {
    let mut body = Fields::new(key.body.expose());
    let id = body.array::<NONCE_ID>()?;
    let mut whole = [0; 13];
    for (to, from) in whole.iter_mut().zip(id.iter().chain(&nonce)) {
        *to = *from;
    }
    Ok((body.rest(), whole))
}

/// The checksum of the OTP specification, over a whole password with the checksum it carries.
fn checksum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xffff, |crc, byte| {
        (0..8).fold(
            crc ^ u16::from(*byte),
            |crc, _| {
                if crc & 1 == 1 { crc >> 1 ^ 0x8408 } else { crc >> 1 }
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the OTP test vectors that Yubico publishes (<https://developers.yubico.com/OTP/Specifications/Test_vectors.html>).
    #[test]
    fn a_published_password_is_read() {
        let credential: Vec<u8> = (0..16).chain(1..=6).collect();
        let password = |text: &str| {
            let digits: Vec<u8> = text
                .chars()
                .map(|c| u8::try_from("cbdefghijklnrtuv".find(c).unwrap()).unwrap())
                .collect();
            let bytes: Vec<u8> = digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
            <[u8; KEY]>::try_from(bytes).unwrap()
        };
        let counted = |text| counters(&credential, password(text));
        assert_eq!(counted("dvgtiblfkbgturecfllberrvkinnctnn"), Ok(vec![1, 0, 1, 1, 1, 0]));
        assert_eq!(counted("rnibcnfhdninbrdebccrndfhjgnhftee"), Ok(vec![1, 0, 2, 1, 1, 0]));
        assert_eq!(counted("iikkijbdknrrdhfdrjltvgrbkkjblcbh"), Ok(vec![0xff, 0x0f, 1, 1, 1, 0]));
        assert_eq!(counted("iikkijbdknrrdhfdrjltvgrbkkjblcbc"), Err(DeviceError::InvalidOtp));
    }
}
