//! Wrap keys, and what travels under the AES ones.
//!
//! Published: a wrapped object is a nonce of 13 bytes, then AES-CCM ciphertext, then a tag of 16 bytes
//! (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-cmd-reference.html>, EXPORT WRAPPED). `envelope` says what the
//! plaintext is.
//!
//! Chosen here: an import must stay within the delegated capabilities of the session as well as of the wrap key; and the log names
//! the wrap key as the target, the object as the second key. None of it was tried on hardware.

use super::{Answer, Context, envelope};
use crate::keys::{Body, Family, rsa};
use crate::store::{Algorithm, Capabilities, Kind, Object, Origin, Wish, random};
use crate::wire::{DeviceError, Fields};
use aes::{Aes128, Aes192, Aes256};
use ccm::aead::Aead;
use ccm::consts::{U13, U16};
use ccm::{Ccm, KeyInit};
use zeroize::Zeroizing;

const NONCE: usize = 13;
const TAG: usize = 16;
/// Export an Ed25519 key with its seed.
const WITH_SEED: u8 = 1;

/// PUT WRAP KEY: the wish, delegated capabilities, the AES key or both primes of an RSA key.
pub(super) fn put(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let wish = Wish::read(&mut fields, Kind::WrapKey)?;
    let delegated = Capabilities(fields.u64()?);
    let key = fields.rest();
    let body = match (rsa::size(wish.algorithm), wish.algorithm.aes_bytes()) {
        (Some(size), _) => Family::Rsa(size).body(key)?,
        (None, Some(size)) if size == key.len() => Body::new(key.to_vec()),
        (None, _) => return Err(DeviceError::WrongLength),
    };
    context.put(Object::new(Kind::WrapKey, &wish, Origin::IMPORTED, &body).delegating(delegated))
}

/// GENERATE WRAP KEY: the wish, delegated capabilities.
pub(super) fn generate(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let wish = Wish::read(&mut fields, Kind::WrapKey)?;
    let delegated = Capabilities(fields.u64()?);
    fields.end()?;
    context.may_create(&wish)?;
    let body = match (rsa::size(wish.algorithm), wish.algorithm.aes_bytes()) {
        (Some(size), _) => Family::Rsa(size).generate()?,
        (None, Some(size)) => {
            let mut key = Body::new(vec![0; size]);
            getrandom::fill(&mut key).map_err(|_| DeviceError::StorageFailed)?;
            key
        }
        (None, None) => return Err(DeviceError::InvalidData),
    };
    context.put(Object::new(Kind::WrapKey, &wish, Origin::GENERATED, &body).delegating(delegated))
}

/// PUT PUBLIC WRAP KEY: the wish, delegated capabilities, the modulus.
pub(super) fn put_public(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let wish = Wish::read(&mut fields, Kind::PublicWrapKey)?;
    let delegated = Capabilities(fields.u64()?);
    let size = rsa::size(wish.algorithm).ok_or(DeviceError::InvalidData)?;
    let modulus = fields.slice(size)?;
    fields.end()?;
    if !rsa::is_modulus(size, modulus) {
        return Err(DeviceError::InvalidData);
    }
    let object = Object::new(Kind::PublicWrapKey, &wish, Origin::IMPORTED, modulus);
    context.put(object.delegating(delegated))
}

/// EXPORT WRAPPED: wrap key, type, id, and since firmware 2.4 optionally a format.
pub(super) fn export(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let wrap_id = fields.u16()?;
    let kind = fields.u8()?;
    let id = fields.u16()?;
    let format = if fields.is_empty() { 0 } else { fields.u8()? };
    fields.end()?;
    context.touched.target = wrap_id;
    context.touched.second = id;
    let wrap_key = aes_key(context, wrap_id, Capabilities::EXPORT_WRAPPED)?;
    let object = exportable(context, wrap_key, kind.try_into()?, id)?;
    let seed_wanted = match (format, object.algorithm) {
        (0, _) => false,
        (WITH_SEED, Algorithm::Ed25519) => true,
        (_, _) => return Err(DeviceError::InvalidData),
    };
    seal(wrap_key, &envelope::write(wrap_key.algorithm, object, seed_wanted)?)
}

/// IMPORT WRAPPED: wrap key, then what was exported. Answers with type and id.
pub(super) fn import(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let wrap_id = fields.u16()?;
    context.touched.target = wrap_id;
    let wrap_key = aes_key(context, wrap_id, Capabilities::IMPORT_WRAPPED)?;
    let object = envelope::read(wrap_key.algorithm, &open(wrap_key, fields.rest())?)?;
    let delegated = wrap_key.delegated;
    take_in(context, delegated, object)
}

/// An object that a wrap key may carry out.
pub(super) fn exportable<'a>(
    context: &'a Context<'_>,
    wrap_key: &Object,
    kind: Kind,
    id: u16,
) -> Result<&'a Object, DeviceError> {
    let object = context.object(kind, id)?;
    if object.capabilities.contain(Capabilities::EXPORTABLE_UNDER_WRAP)
        && wrap_key.delegated.contain(object.capabilities)
    {
        Ok(object)
    } else {
        Err(DeviceError::InsufficientPermissions)
    }
}

/// Adds an object that a wrap key with these delegated capabilities carried in. Answers with type and id.
pub(super) fn take_in(
    context: &mut Context<'_>,
    delegated: Capabilities,
    object: Object,
) -> Answer {
    if !delegated.contain(object.capabilities) {
        return Err(DeviceError::InsufficientPermissions);
    }
    let kind = object.kind;
    context.touched.second = object.id;
    let id = context.create(object)?;
    context.touched.second = id;
    let [high, low] = id.to_be_bytes();
    Ok(vec![kind.into(), high, low])
}

/// A wrap key of the kind that AES-CCM takes. An RSA one is "invalid data", whatever its capabilities, as python-yubihsm's device
/// tests have it.
fn aes_key<'a>(
    context: &'a Context<'_>,
    id: u16,
    needed: Capabilities,
) -> Result<&'a Object, DeviceError> {
    if context.object(Kind::WrapKey, id)?.algorithm.aes_bytes().is_none() {
        return Err(DeviceError::InvalidData);
    }
    context.key(Kind::WrapKey, id, needed)
}

/// WRAP DATA: wrap key, then any bytes.
pub(super) fn wrap_data(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let id = context.target(&mut fields)?;
    let key = data_key(context, id, Capabilities::WRAP_DATA)?;
    seal(key, fields.rest())
}

/// UNWRAP DATA: wrap key, then what was wrapped.
pub(super) fn unwrap_data(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let id = context.target(&mut fields)?;
    let key = data_key(context, id, Capabilities::UNWRAP_DATA)?;
    open(key, fields.rest()).map(|bytes| bytes.to_vec())
}

/// A key that lacks the capability is "invalid data" up to firmware 2.4, as python-yubihsm's device tests have it.
fn data_key<'a>(
    context: &'a Context<'_>,
    id: u16,
    needed: Capabilities,
) -> Result<&'a Object, DeviceError> {
    let key = context.object(Kind::WrapKey, id)?;
    let fits = key.algorithm.aes_bytes().is_some() && key.capabilities.contain(needed);
    if fits { Ok(key) } else { Err(DeviceError::InvalidData) }
}

fn seal(key: &Object, plaintext: &[u8]) -> Answer {
    let nonce = random::<NONCE>()?;
    let sealed = match key.body.expose().len() {
        16 => encrypt::<Ccm<Aes128, U16, U13>>(key, &nonce, plaintext),
        24 => encrypt::<Ccm<Aes192, U16, U13>>(key, &nonce, plaintext),
        _ => encrypt::<Ccm<Aes256, U16, U13>>(key, &nonce, plaintext),
    }?;
    Ok([&nonce[..], &sealed].concat())
}

fn open(key: &Object, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, DeviceError> {
    if wrapped.len() < NONCE + TAG {
        return Err(DeviceError::WrongLength);
    }
    let mut fields = Fields::new(wrapped);
    let nonce = fields.array::<NONCE>()?;
    let sealed = fields.rest();
    match key.body.expose().len() {
        16 => decrypt::<Ccm<Aes128, U16, U13>>(key, &nonce, sealed),
        24 => decrypt::<Ccm<Aes192, U16, U13>>(key, &nonce, sealed),
        _ => decrypt::<Ccm<Aes256, U16, U13>>(key, &nonce, sealed),
    }
}

fn encrypt<C>(key: &Object, nonce: &[u8; NONCE], plaintext: &[u8]) -> Answer
where
    C: Aead<NonceSize = U13> + KeyInit,
{
    let cipher = C::new_from_slice(key.body.expose()).map_err(|_| DeviceError::InvalidData)?;
    cipher.encrypt(nonce.into(), plaintext).map_err(|_| DeviceError::InvalidData)
}

fn decrypt<C>(
    key: &Object,
    nonce: &[u8; NONCE],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, DeviceError>
where
    C: Aead<NonceSize = U13> + KeyInit,
{
    let cipher = C::new_from_slice(key.body.expose()).map_err(|_| DeviceError::InvalidData)?;
    let plaintext = cipher.decrypt(nonce.into(), sealed).map_err(|_| DeviceError::InvalidData)?;
    Ok(Zeroizing::new(plaintext))
}
