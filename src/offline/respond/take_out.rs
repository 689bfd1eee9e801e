//! Taking an AES key that cannot be read back out of the HSM, to wrap it again: under an RSA key that this process makes, uses once and
//! forgets. Firmware 2.4.

use super::public_wrap_key::with_public_wrap_key_at;
use crate::hsm_access::hsm_failed;
use aes_kw::{KeyInit as _, KwpAes256};
use getrandom::SysRng;
use keyferry_bundle::kinds::Target;
use keyferry_bundle::{Domains, ObjectId};
use keyferry_console::{Exit, Failure};
use keyferry_hsm::{Hsm, KeyMaterial, ObjectKind};
use rsa::pkcs8::EncodePublicKey as _;
use rsa::traits::PublicKeyParts as _;
use zeroize::Zeroizing;

/// Bits of the ephemeral key: it lives for a second, on a host that sees the bytes anyway.
const BITS: usize = 2048;

/// The bytes of the target's symmetric key.
pub(super) fn take_out(hsm: &dyn Hsm, planned: &Target) -> Result<KeyMaterial, Failure> {
    take_out_of(hsm, planned.object_id, planned.domains)
}

/// The bytes of the symmetric key of that id.
pub(crate) fn take_out_of(
    hsm: &dyn Hsm,
    id: ObjectId,
    domains: Domains,
) -> Result<KeyMaterial, Failure> {
    let key =
        rsa::PrivateKey::new(&mut rsa::rand_core::UnwrapErr(SysRng), BITS).map_err(Failure::bug)?;
    let spki = key.to_public_key().to_public_key_der().map_err(Failure::bug)?;
    let export = with_public_wrap_key_at(hsm, (id, domains), spki.as_bytes(), |wrap_key| {
        hsm.export_key_material(wrap_key, ObjectKind::SymmetricKey, id)
            .map_err(|error| hsm_failed(&error))
    })?;
    let unusable = || {
        Failure::new(Exit::Unchanged, "hsm-export", "what the HSM exported does not open")
            .because(format!("symmetric key {id}"))
            .hint("run the same command again; if it stays so, do not use this HSM")
    };
    let (block, wrapped) = export.split_at_checked(key.size()).ok_or_else(unusable)?;
    let ephemeral = Zeroizing::new(
        key.oaep_decrypt_with_rng::<sha2::Sha256, _>(&mut SysRng, block).map_err(|_| unusable())?,
    );
    let cipher = KwpAes256::new_from_slice(&ephemeral).map_err(|_| unusable())?;
    let mut bytes = Zeroizing::new(vec![0; wrapped.len()]);
    let plain = cipher.unwrap_key(wrapped, &mut bytes).map_err(|_| unusable())?;
    KeyMaterial::take(plain.to_vec()).map_err(|error| hsm_failed(&error))
}
