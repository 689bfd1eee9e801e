//! Wrap keys, and what travels under them.
//!
//! Published: a wrapped object is a nonce of 13 bytes, then AES-CCM ciphertext, then a tag of 16 bytes
//! (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-cmd-reference.html>, EXPORT WRAPPED).
//!
//! Not published as a format, but written by Yubico's own `yubihsm-wrap` (`yhwrap/main.c` in yubihsm-shell), and the same here: the
//! plaintext begins with 59 bytes, big-endian: algorithm of the wrap key (1), capabilities (8), id (2), number of bytes after the
//! header (2), domains (2), type (1), algorithm (1), sequence (1), origin (1), label (40). Then, for authentication keys and wrap
//! keys, the delegated capabilities (8); then the body: bytes as they are for opaque objects and wrap keys, encryption key and
//! MAC key, scalar and coordinates for P-256, scalar, prefix and public key for Ed25519.
//!
//! Chosen here: an Ed25519 key exported with its seed has the seed after the public key; bytes that do not add up are "invalid
//! data"; an import must stay within the delegated capabilities of the session as well as of the wrap key; and the log names the
//! wrap key as the target, the object as the second key. None of it was tried on hardware.

use super::{Answer, Context, asymmetric};
use crate::store::{Algorithm, Capabilities, Kind, Label, Object, Origin, Wish, random};
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

/// PUT WRAP KEY: the wish, delegated capabilities, the key.
pub(super) fn put(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let (wish, delegated, size) = wished(&mut fields)?;
    let key = fields.slice(size)?;
    fields.end()?;
    context.put(Object::new(Kind::WrapKey, &wish, delegated, Origin::IMPORTED, key))
}

/// GENERATE WRAP KEY: the wish, delegated capabilities.
pub(super) fn generate(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let (wish, delegated, size) = wished(&mut fields)?;
    fields.end()?;
    let mut key = Zeroizing::new(vec![0; size]);
    getrandom::fill(&mut key).map_err(|_| DeviceError::StorageFailed)?;
    context.put(Object::new(Kind::WrapKey, &wish, delegated, Origin::GENERATED, &key))
}

fn wished(fields: &mut Fields<'_>) -> Result<(Wish, Capabilities, usize), DeviceError> {
    let wish = Wish::read(fields)?;
    let delegated = Capabilities(fields.u64()?);
    match (wish.algorithm.kind(), wish.algorithm.key_bytes()) {
        (Some(Kind::WrapKey), Some(size)) => Ok((wish, delegated, size)),
        (_, _) => Err(DeviceError::InvalidData),
    }
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
    let wrap_key = context.key(Kind::WrapKey, wrap_id, Capabilities::EXPORT_WRAPPED)?;
    let object = context.object(kind.try_into()?, id)?;
    if !object.capabilities.contain(Capabilities::EXPORTABLE_UNDER_WRAP)
        || !wrap_key.delegated.contain(object.capabilities)
    {
        return Err(DeviceError::InsufficientPermissions);
    }
    let seed_wanted = match (format, object.algorithm) {
        (0, _) => false,
        (WITH_SEED, Algorithm::Ed25519) => true,
        (_, _) => return Err(DeviceError::InvalidData),
    };
    seal(wrap_key, &plaintext(wrap_key, object, seed_wanted)?)
}

/// IMPORT WRAPPED: wrap key, then what was exported. Answers with type and id.
pub(super) fn import(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let wrap_id = fields.u16()?;
    context.touched.target = wrap_id;
    let wrap_key = context.key(Kind::WrapKey, wrap_id, Capabilities::IMPORT_WRAPPED)?;
    let object = object(wrap_key, &open(wrap_key, fields.rest())?)?;
    if !wrap_key.delegated.contain(object.capabilities) {
        return Err(DeviceError::InsufficientPermissions);
    }
    let kind = object.kind;
    context.touched.second = object.id;
    let id = context.create(object)?;
    context.touched.second = id;
    let [high, low] = id.to_be_bytes();
    Ok(vec![kind.into(), high, low])
}

/// WRAP DATA: wrap key, then any bytes.
pub(super) fn wrap_data(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let key = data_key(context, fields.u16()?, Capabilities::WRAP_DATA)?;
    seal(key, fields.rest())
}

/// UNWRAP DATA: wrap key, then what was wrapped.
pub(super) fn unwrap_data(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let key = data_key(context, fields.u16()?, Capabilities::UNWRAP_DATA)?;
    open(key, fields.rest()).map(|bytes| bytes.to_vec())
}

/// A key that lacks the capability is "invalid data" up to firmware 2.4, as python-yubihsm's device tests have it.
fn data_key<'a>(
    context: &'a mut Context<'_>,
    id: u16,
    needed: Capabilities,
) -> Result<&'a Object, DeviceError> {
    context.touched.target = id;
    let key = context.object(Kind::WrapKey, id)?;
    if key.capabilities.contain(needed) { Ok(key) } else { Err(DeviceError::InvalidData) }
}

fn plaintext(
    wrap_key: &Object,
    object: &Object,
    seed_wanted: bool,
) -> Result<Zeroizing<Vec<u8>>, DeviceError> {
    let mut body = object.body.expose();
    if object.algorithm == Algorithm::Ed25519 {
        if !seed_wanted {
            body = Fields::new(body).slice(asymmetric::ED25519_EXPANDED)?;
        } else if body.len() == asymmetric::ED25519_EXPANDED {
            // It came in without its seed.
            return Err(DeviceError::InvalidData);
        }
    }
    let delegated = object.delegated.0.to_be_bytes();
    let delegated = if object.kind.delegates() { &delegated[..] } else { &[] };
    let length =
        u16::try_from(delegated.len() + body.len()).map_err(|_| DeviceError::WrongLength)?;
    let head = object.head(length);
    Ok(Zeroizing::new([&[wrap_key.algorithm.into()], &head[..], delegated, body].concat()))
}

fn object(wrap_key: &Object, plaintext: &[u8]) -> Result<Object, DeviceError> {
    read_object(wrap_key, plaintext).map_err(|_| DeviceError::InvalidData)
}

fn read_object(wrap_key: &Object, plaintext: &[u8]) -> Result<Object, DeviceError> {
    let mut fields = Fields::new(plaintext);
    let wrapped_with = fields.u8()?;
    let capabilities = Capabilities(fields.u64()?);
    let id = fields.u16()?;
    let length = fields.u16()?;
    let domains = fields.u16()?;
    let kind: Kind = fields.u8()?.try_into()?;
    let algorithm: Algorithm = fields.u8()?.try_into()?;
    let _sequence = fields.u8()?;
    let origin = Origin(fields.u8()?);
    let label = Label(fields.array()?);
    let whole = fields.rest().len() == usize::from(length);
    let delegated = if kind.delegates() { Capabilities(fields.u64()?) } else { Capabilities::NONE };
    let body = fields.rest();
    let sound = match kind {
        Kind::AsymmetricKey => asymmetric::is_sound(algorithm, body),
        Kind::Opaque => !body.is_empty(),
        Kind::AuthenticationKey | Kind::WrapKey => algorithm.key_bytes() == Some(body.len()),
        Kind::HmacKey
        | Kind::Template
        | Kind::OtpAeadKey
        | Kind::SymmetricKey
        | Kind::PublicWrapKey => false,
    };
    if !whole
        || !sound
        || id == 0
        || algorithm.kind() != Some(kind)
        || wrapped_with != u8::from(wrap_key.algorithm)
    {
        return Err(DeviceError::InvalidData);
    }
    let wish = Wish { id, label, domains, capabilities, algorithm };
    Ok(Object::new(kind, &wish, delegated, origin.unwrapped(), body))
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
