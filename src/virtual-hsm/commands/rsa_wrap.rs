//! What travels under RSA wrap keys: `CKM_RSA_AES_KEY_WRAP` of PKCS #11, which is RSAES-OAEP of an AES key that nobody keeps, then the
//! material under that key with AES-KWP (RFC 5649).
//!
//! Material alone (0x74, 0x75) is PKCS #8 for an asymmetric key and the bytes of a symmetric one; no other type has any. A whole
//! object (0x76, 0x77) is what `envelope` says. That the header of a whole object names the RSA algorithm of its wrap key, where an
//! AES wrap key's is published, was chosen here.

use super::wrap::{exportable, take_in};
use super::{Answer, Context, envelope};
use crate::keys::{Body, Hash, from_pkcs8, rsa, to_pkcs8};
use crate::store::{Algorithm, Capabilities, Kind, Object, Origin, Wish};
use crate::wire::{DeviceError, Fields};
use aes_kw::cipher::KeyInit as _;
use aes_kw::{KwpAes128, KwpAes192, KwpAes256};
use zeroize::Zeroizing;

/// RFC 5649 works on, and adds, this many bytes.
const STEP: usize = 8;

/// The choices a client makes.
#[derive(Debug, Clone, Copy)]
struct Choices {
    label_hash: Hash,
    mask: Hash,
}

impl Choices {
    fn read(fields: &mut Fields<'_>, context: &Context<'_>) -> Result<Self, DeviceError> {
        let label_hash = Hash::of_oaep(fields.u8()?.try_into()?)?;
        let mask = Hash::of_mgf1(fields.u8()?.try_into()?)?;
        let options = &context.state.options;
        for algorithm in [label_hash.oaep(), mask.mgf1(), Algorithm::AesKwp] {
            options.require(algorithm)?;
        }
        Ok(Self { label_hash, mask })
    }
}

/// GET RSA WRAPPED KEY: public wrap key, type, id, AES size, OAEP hash, mask hash, digest of the OAEP label.
pub(super) fn get_key(context: &mut Context<'_>, data: &[u8]) -> Answer {
    export_with(context, data, |_, object| match object.kind {
        Kind::AsymmetricKey => to_pkcs8(object.algorithm, object.body.expose()),
        Kind::SymmetricKey => Ok(object.body.expose().to_vec().into()),
        Kind::Opaque
        | Kind::AuthenticationKey
        | Kind::WrapKey
        | Kind::HmacKey
        | Kind::Template
        | Kind::OtpAeadKey
        | Kind::PublicWrapKey => Err(DeviceError::InvalidData),
    })
}

/// EXPORT RSA WRAPPED: as GET RSA WRAPPED KEY; the whole object, whatever its type.
pub(super) fn export(context: &mut Context<'_>, data: &[u8]) -> Answer {
    // With its seed, an Ed25519 key comes back as it was; there is no format byte to ask for it.
    export_with(context, data, |wrap_key, object| {
        let seeded = object.body.expose().len() > crate::keys::ed25519::EXPANDED;
        envelope::write(wrap_key.algorithm, object, seeded)
    })
}

fn export_with(
    context: &mut Context<'_>,
    data: &[u8],
    material: impl Fn(&Object, &Object) -> Result<Zeroizing<Vec<u8>>, DeviceError>,
) -> Answer {
    let mut fields = Fields::new(data);
    let wrap_id = fields.u16()?;
    let kind = fields.u8()?;
    let id = fields.u16()?;
    let aes = Algorithm::try_from(fields.u8()?)?;
    context.touched.target = wrap_id;
    context.touched.second = id;
    let choices = Choices::read(&mut fields, context)?;
    let label = fields.slice(choices.label_hash.size())?;
    fields.end()?;
    let size = if aes.fits(Kind::SymmetricKey) { aes.aes_bytes() } else { None };
    let size = size.ok_or(DeviceError::InvalidData)?;
    let wrap_key = context.key(Kind::PublicWrapKey, wrap_id, Capabilities::EXPORT_WRAPPED)?;
    let object = exportable(context, wrap_key, kind.try_into()?, id)?;
    let mut key = Zeroizing::new(vec![0; size]);
    getrandom::fill(&mut key).map_err(|_| DeviceError::StorageFailed)?;
    let sealed_key = rsa::encrypt_oaep(wrap_key.body.expose(), choices.mask, label, &key)?;
    Ok([sealed_key, wrap(&key, &material(wrap_key, object)?)?].concat())
}

/// PUT RSA WRAPPED KEY: wrap key, type, the wish (which begins with the id), OAEP hash, mask hash, what was wrapped, digest of the
/// OAEP label. Answers with type and id.
pub(super) fn put_key(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let wrap_id = fields.u16()?;
    let kind = Kind::try_from(fields.u8()?)?;
    context.touched.target = wrap_id;
    if !matches!(kind, Kind::AsymmetricKey | Kind::SymmetricKey) {
        return Err(DeviceError::InvalidData);
    }
    let wish = Wish::read(&mut fields, kind)?;
    let (delegated, _, material) = opened(context, wrap_id, &mut fields)?;
    let body = match (kind, wish.algorithm.aes_bytes()) {
        (Kind::AsymmetricKey, _) => from_pkcs8(wish.algorithm, &material)?,
        (_, Some(size)) if size == material.len() => material,
        (_, _) => return Err(DeviceError::InvalidData),
    };
    take_in(context, delegated, Object::new(kind, &wish, Origin::IMPORTED.unwrapped(), &body))
}

/// IMPORT RSA WRAPPED: wrap key, OAEP hash, mask hash, what was wrapped, digest of the OAEP label. Answers with type and id.
pub(super) fn import(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let wrap_id = fields.u16()?;
    context.touched.target = wrap_id;
    let (delegated, wrap_key, material) = opened(context, wrap_id, &mut fields)?;
    let object = envelope::read(wrap_key, &material)?;
    take_in(context, delegated, object)
}

/// What a wrap key may hand on, its algorithm, and what was inside.
fn opened(
    context: &Context<'_>,
    wrap_id: u16,
    fields: &mut Fields<'_>,
) -> Result<(Capabilities, Algorithm, Body), DeviceError> {
    let choices = Choices::read(fields, context)?;
    let wrap_key = context.object(Kind::WrapKey, wrap_id)?;
    let size = rsa::size(wrap_key.algorithm).ok_or(DeviceError::InvalidData)?;
    let wrap_key = context.key(Kind::WrapKey, wrap_id, Capabilities::IMPORT_WRAPPED)?;
    let sealed_key = fields.slice(size)?;
    let sealed = fields.all_but(choices.label_hash.size())?;
    let body = wrap_key.body.expose();
    let key = rsa::decrypt_oaep(size, body, choices.mask, fields.rest(), sealed_key)?;
    Ok((wrap_key.delegated, wrap_key.algorithm, unwrap(&key, sealed)?))
}

fn wrap(key: &[u8], material: &[u8]) -> Answer {
    let mut sealed = vec![0; material.len().next_multiple_of(STEP) + STEP];
    let refused = |_| DeviceError::InvalidData;
    let outcome = match key.len() {
        16 => KwpAes128::new_from_slice(key).map_err(refused)?.wrap_key(material, &mut sealed),
        24 => KwpAes192::new_from_slice(key).map_err(refused)?.wrap_key(material, &mut sealed),
        _ => KwpAes256::new_from_slice(key).map_err(refused)?.wrap_key(material, &mut sealed),
    };
    outcome.map(<[u8]>::to_vec).map_err(|_| DeviceError::InvalidData)
}

fn unwrap(key: &[u8], sealed: &[u8]) -> Result<Body, DeviceError> {
    let mut material = Body::new(vec![0; sealed.len()]);
    let refused = |_| DeviceError::InvalidData;
    let outcome = match key.len() {
        16 => KwpAes128::new_from_slice(key).map_err(refused)?.unwrap_key(sealed, &mut material),
        24 => KwpAes192::new_from_slice(key).map_err(refused)?.unwrap_key(sealed, &mut material),
        _ => KwpAes256::new_from_slice(key).map_err(refused)?.unwrap_key(sealed, &mut material),
    };
    let length = outcome.map_err(|_| DeviceError::InvalidData)?.len();
    material.truncate(length);
    Ok(material)
}
