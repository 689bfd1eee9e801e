//! Encrypting key material under AWS's wrapping public key.

use getrandom::SysRng;
use keyferry_bundle::{Base64, WrappingAlgorithm};
use keyferry_ceremony::wrapping_key::WrappingPublicKey;
use keyferry_console::{Exit, Failure};
use keyferry_hsm::KeyMaterial;

/// RSAES-OAEP with SHA-256, MGF1-SHA-256 and an empty label (RFC 8017 section 7.1); the seed is the operating system's.
///
/// # Errors
/// For any other algorithm, which the plan's rules never let through here.
pub(crate) fn wrap(
    material: &KeyMaterial,
    under: &WrappingPublicKey,
    algorithm: WrappingAlgorithm,
) -> Result<Base64, Failure> {
    match algorithm {
        WrappingAlgorithm::RsaesOaepSha256 => {
            let encrypted = under
                .rsa()
                .oaep_encrypt_with_rng::<sha2::Sha256, _>(&mut SysRng, material.expose())
                .map_err(Failure::bug)?;
            Base64::new(encrypted).map_err(Failure::bug)
        }
        WrappingAlgorithm::RsaesOaepSha1
        | WrappingAlgorithm::RsaAesKeyWrapSha256
        | WrappingAlgorithm::RsaAesKeyWrapSha1 => Err(Failure::new(
            Exit::Policy,
            "wrapping-algorithm",
            "this room wraps with RSAES_OAEP_SHA_256 only",
        )
        .because(format!("the plan asks for {algorithm}"))),
    }
}
