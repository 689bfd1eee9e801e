//! An object as it travels under a wrap key.
//!
//! Not published as a format, but written by Yubico's own `yubihsm-wrap` (`yhwrap/main.c` in yubihsm-shell), and the same here: 59
//! bytes, big-endian: algorithm of the wrap key (1), capabilities (8), id (2), number of bytes after the header (2), domains (2), type
//! (1), algorithm (1), sequence (1), origin (1), label (40). Then, for authentication keys and wrap keys, the delegated capabilities
//! (8); then the body: bytes as they are for opaque objects, templates, AES keys of every kind and authentication keys; scalar and
//! coordinates for the curves; p, q, the three CRT numbers and the modulus for RSA; scalar, prefix and public key for Ed25519; the
//! key with both pads for HMAC.
//!
//! Chosen here: an Ed25519 key exported with its seed has the seed after the public key; an OTP AEAD key has its nonce id before the
//! key; public wrap keys travel like wrap keys; and bytes that do not add up are "invalid data".

use super::{asymmetric, hmac, otp};
use crate::keys::{Family, ed25519, rsa};
use crate::store::{Algorithm, Capabilities, Kind, Label, Object, Origin, Wish};
use crate::wire::{DeviceError, Fields};
use zeroize::Zeroizing;

/// Writes an object; an Ed25519 key with its seed on request.
pub(super) fn write(
    wrap_key: Algorithm,
    object: &Object,
    seed_wanted: bool,
) -> Result<Zeroizing<Vec<u8>>, DeviceError> {
    let mut body = object.body.expose();
    if object.algorithm == Algorithm::Ed25519 {
        if !seed_wanted {
            body = Fields::new(body).slice(ed25519::EXPANDED)?;
        } else if body.len() == ed25519::EXPANDED {
            // It came in without its seed.
            return Err(DeviceError::InvalidData);
        }
    }
    let delegated = object.delegated.0.to_be_bytes();
    let delegated = if object.kind.delegates() { &delegated[..] } else { &[] };
    let length =
        u16::try_from(delegated.len() + body.len()).map_err(|_| DeviceError::WrongLength)?;
    let head = object.head(length);
    Ok(Zeroizing::new([&[wrap_key.into()], &head[..], delegated, body].concat()))
}

/// Reads an object.
pub(super) fn read(wrap_key: Algorithm, plaintext: &[u8]) -> Result<Object, DeviceError> {
    read_object(wrap_key, plaintext).map_err(|_| DeviceError::InvalidData)
}

fn read_object(wrap_key: Algorithm, plaintext: &[u8]) -> Result<Object, DeviceError> {
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
    if !whole || id == 0 || !algorithm.fits(kind) || wrapped_with != u8::from(wrap_key) {
        return Err(DeviceError::InvalidData);
    }
    check(kind, algorithm, body)?;
    let wish = Wish { id, label, domains, capabilities, algorithm };
    Ok(Object::new(kind, &wish, origin.unwrapped(), body).delegating(delegated))
}

/// Refuses a body that no object of this type and algorithm has.
fn check(kind: Kind, algorithm: Algorithm, body: &[u8]) -> Result<(), DeviceError> {
    let sound = match (kind, rsa::size(algorithm)) {
        (Kind::AsymmetricKey, _) => {
            return asymmetric::checked(Family::of(algorithm)?, body).map(|_| ());
        }
        (Kind::WrapKey, Some(size)) => {
            return asymmetric::checked(Family::Rsa(size), body).map(|_| ());
        }
        (Kind::PublicWrapKey, size) => size.is_some_and(|size| rsa::is_modulus(size, body)),
        (Kind::Opaque | Kind::Template, _) => !body.is_empty(),
        (Kind::AuthenticationKey, _) => algorithm.authentication_bytes() == Some(body.len()),
        (Kind::WrapKey | Kind::SymmetricKey, _) => algorithm.aes_bytes() == Some(body.len()),
        (Kind::HmacKey, _) => hmac::is_sound(algorithm, body),
        (Kind::OtpAeadKey, _) => otp::is_sound(algorithm.aes_bytes(), body),
    };
    if sound { Ok(()) } else { Err(DeviceError::InvalidData) }
}
