//! Asymmetric keys: put, generate, and their public halves.

use super::{Answer, Context};
use crate::keys::{Body, Family, rsa};
use crate::store::{Kind, Object, Origin, Wish};
use crate::wire::{DeviceError, Fields};

/// PUT ASYMMETRIC KEY: the wish, then the scalar, the seed, or both primes.
pub(super) fn put(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let wish = Wish::read(&mut fields, Kind::AsymmetricKey)?;
    let body = Family::of(wish.algorithm)?.body(fields.rest())?;
    context.put(Object::new(Kind::AsymmetricKey, &wish, Origin::IMPORTED, &body))
}

/// GENERATE ASYMMETRIC KEY: the wish alone.
pub(super) fn generate(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let wish = Wish::read(&mut fields, Kind::AsymmetricKey)?;
    fields.end()?;
    // A key takes a while; what would be refused afterwards is refused first.
    context.may_create(&wish)?;
    let body = Family::of(wish.algorithm)?.generate()?;
    context.put(Object::new(Kind::AsymmetricKey, &wish, Origin::GENERATED, &body))
}

/// GET PUBLIC KEY: the algorithm, then the modulus, both coordinates or the compressed point. Since firmware 2.4 the type may follow
/// the id: RSA wrap keys and public wrap keys have a public half too.
pub(super) fn public_key(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let id = fields.u16()?;
    let kind = if fields.is_empty() { Kind::AsymmetricKey } else { fields.u8()?.try_into()? };
    fields.end()?;
    context.touched.target = id;
    let key = context.object(kind, id)?;
    let public = match kind {
        Kind::AsymmetricKey => Family::of(key.algorithm)?.public(key.body.expose())?,
        Kind::WrapKey => {
            let size = rsa::size(key.algorithm).ok_or(DeviceError::InvalidData)?;
            Family::Rsa(size).public(key.body.expose())?
        }
        Kind::PublicWrapKey => key.body.expose(),
        Kind::Opaque
        | Kind::AuthenticationKey
        | Kind::HmacKey
        | Kind::Template
        | Kind::OtpAeadKey
        | Kind::SymmetricKey => return Err(DeviceError::InvalidData),
    };
    Ok([&[key.algorithm.into()], public].concat())
}

/// The body of an asymmetric key that came in from elsewhere, if it is sound.
pub(super) fn checked(family: Family, bytes: &[u8]) -> Result<Body, DeviceError> {
    if family.is_sound(bytes) { Ok(bytes.to_vec().into()) } else { Err(DeviceError::InvalidData) }
}
