//! Symmetric keys: AES in ECB and CBC mode (NIST SP 800-38A), without padding.

use super::{Answer, Context};
use crate::store::{Algorithm, Capabilities, Kind, Object, Origin, Wish};
use crate::wire::{DeviceError, Fields};
use aes::cipher::{
    Block, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt as _, BlockModeEncrypt as _,
    BlockSizeUser, KeyInit, KeyIvInit as _, consts::U16,
};
use aes::{Aes128, Aes192, Aes256};
use zeroize::Zeroizing;

/// Bytes of a block and of an IV.
const BLOCK: usize = 16;

/// PUT SYMMETRIC KEY: the wish, then the key.
pub(super) fn put(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let wish = Wish::read(&mut fields, Kind::SymmetricKey)?;
    let key = fields.slice(size(wish.algorithm)?)?;
    fields.end()?;
    context.put(Object::new(Kind::SymmetricKey, &wish, Origin::IMPORTED, key))
}

/// GENERATE SYMMETRIC KEY: the wish alone.
pub(super) fn generate(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let wish = Wish::read(&mut fields, Kind::SymmetricKey)?;
    fields.end()?;
    let mut key = Zeroizing::new(vec![0; size(wish.algorithm)?]);
    getrandom::fill(&mut key).map_err(|_| DeviceError::StorageFailed)?;
    context.put(Object::new(Kind::SymmetricKey, &wish, Origin::GENERATED, &key))
}

fn size(algorithm: Algorithm) -> Result<usize, DeviceError> {
    algorithm.aes_bytes().ok_or(DeviceError::InvalidData)
}

/// Which way.
#[derive(Debug, Clone, Copy)]
enum Way {
    Encrypt,
    Decrypt,
}

/// ENCRYPT ECB: whole blocks.
pub(super) fn encrypt_ecb(context: &mut Context<'_>, data: &[u8]) -> Answer {
    ecb(context, data, Capabilities::ENCRYPT_ECB, Way::Encrypt)
}

/// DECRYPT ECB: whole blocks.
pub(super) fn decrypt_ecb(context: &mut Context<'_>, data: &[u8]) -> Answer {
    ecb(context, data, Capabilities::DECRYPT_ECB, Way::Decrypt)
}

/// ENCRYPT CBC: an IV, then whole blocks.
pub(super) fn encrypt_cbc(context: &mut Context<'_>, data: &[u8]) -> Answer {
    chained(context, data, Capabilities::ENCRYPT_CBC, Way::Encrypt)
}

/// DECRYPT CBC: an IV, then whole blocks.
pub(super) fn decrypt_cbc(context: &mut Context<'_>, data: &[u8]) -> Answer {
    chained(context, data, Capabilities::DECRYPT_CBC, Way::Decrypt)
}

fn ecb(context: &mut Context<'_>, data: &[u8], needed: Capabilities, way: Way) -> Answer {
    let mut fields = Fields::new(data);
    let id = context.target(&mut fields)?;
    let key = context.key(Kind::SymmetricKey, id, needed)?;
    let blocks = blocks(fields.rest())?;
    context.state.options.require(Algorithm::AesEcb)?;
    let bytes = key.body.expose();
    match key.algorithm.aes_bytes() {
        Some(16) => run_ecb::<Aes128>(bytes, blocks, way),
        Some(24) => run_ecb::<Aes192>(bytes, blocks, way),
        _ => run_ecb::<Aes256>(bytes, blocks, way),
    }
}

fn chained(context: &mut Context<'_>, data: &[u8], needed: Capabilities, way: Way) -> Answer {
    let mut fields = Fields::new(data);
    let id = context.target(&mut fields)?;
    let key = context.key(Kind::SymmetricKey, id, needed)?;
    let iv = fields.array::<BLOCK>()?;
    let blocks = blocks(fields.rest())?;
    context.state.options.require(Algorithm::AesCbc)?;
    let bytes = key.body.expose();
    match key.algorithm.aes_bytes() {
        Some(16) => run_cbc::<Aes128>(bytes, &iv, blocks, way),
        Some(24) => run_cbc::<Aes192>(bytes, &iv, blocks, way),
        _ => run_cbc::<Aes256>(bytes, &iv, blocks, way),
    }
}

/// A block of any of the three ciphers.
type Aes = Block<Aes128>;

fn blocks(data: &[u8]) -> Result<Vec<Aes>, DeviceError> {
    let (blocks, rest) = data.as_chunks::<BLOCK>();
    if blocks.is_empty() || !rest.is_empty() {
        return Err(DeviceError::WrongLength);
    }
    Ok(blocks.iter().map(|block| Aes::from(*block)).collect())
}

fn run_ecb<C>(key: &[u8], mut blocks: Vec<Aes>, way: Way) -> Answer
where
    C: BlockCipherEncrypt + BlockCipherDecrypt + BlockSizeUser<BlockSize = U16> + KeyInit,
{
    let cipher = C::new_from_slice(key).map_err(|_| DeviceError::InvalidData)?;
    match way {
        Way::Encrypt => cipher.encrypt_blocks(&mut blocks),
        Way::Decrypt => cipher.decrypt_blocks(&mut blocks),
    }
    Ok(blocks.concat())
}

fn run_cbc<C>(key: &[u8], iv: &[u8; BLOCK], mut blocks: Vec<Aes>, way: Way) -> Answer
where
    C: BlockCipherEncrypt + BlockCipherDecrypt + BlockSizeUser<BlockSize = U16> + KeyInit,
{
    let refused = |_| DeviceError::InvalidData;
    match way {
        Way::Encrypt => cbc::Encryptor::<C>::new_from_slices(key, iv)
            .map_err(refused)?
            .encrypt_blocks(&mut blocks),
        Way::Decrypt => cbc::Decryptor::<C>::new_from_slices(key, iv)
            .map_err(refused)?
            .decrypt_blocks(&mut blocks),
    }
    Ok(blocks.concat())
}
