//! As what the HSM keeps a target's key material.

use keyferry_bundle::kinds::{KeptAs, Target};
use keyferry_bundle::{Curve, KeyFamily, KeySpec, WrappingKeySpec};
use keyferry_ceremony::wrapping::{self, Plaintext};
use keyferry_console::Failure;
use keyferry_hsm::{KeyAlgorithm, Purpose};

/// A page of the HSM's store: objects take whole ones (YubiHSM 2 user guide, "Get Storage Info").
pub(crate) const PAGE: usize = 126;

/// About how many pages a target's object takes: raw bytes as they are; of an RSA key its modulus, its primes and what speeds
/// them up, of an ECC key its scalar and its point.
pub(super) fn pages_for(target: &Target) -> usize {
    let bytes = match target.key_spec.family() {
        KeyFamily::Rsa(modulus) => modulus.modulus_bits() / 8 * 7 / 2,
        KeyFamily::Symmetric | KeyFamily::Hmac(_) | KeyFamily::Ecc(_) | KeyFamily::Ed25519 => {
            // 198: scalar and point of the longest curve.
            target.key_spec.raw_length().unwrap_or(198)
        }
    };
    bytes.div_ceil(PAGE)
}

/// What a target's object is for.
pub(super) const fn purpose(target: &Target) -> Purpose {
    purpose_of(target.kept_as)
}

/// What an object is for that is kept like this.
pub(crate) const fn purpose_of(kept_as: KeptAs) -> Purpose {
    match kept_as {
        KeptAs::Opaque => Purpose::KeyMaterial,
        KeptAs::SymmetricKey => Purpose::SymmetricKey,
        KeptAs::AsymmetricKey => Purpose::GeneratedKey,
    }
}

/// How many random bytes a target's material has.
pub(super) fn length(target: &Target) -> Result<usize, Failure> {
    match wrapping::plaintext(target.key_spec) {
        Plaintext::Raw(length) => Ok(length),
        Plaintext::Pkcs8 => Err(Failure::bug("a private key is no random bytes")),
    }
}

/// The kind of key that the HSM generates for a spec, if it does.
pub(super) const fn algorithm(spec: KeySpec) -> Option<KeyAlgorithm> {
    match spec.family() {
        KeyFamily::Rsa(WrappingKeySpec::Rsa2048) => Some(KeyAlgorithm::Rsa2048),
        KeyFamily::Rsa(WrappingKeySpec::Rsa3072) => Some(KeyAlgorithm::Rsa3072),
        KeyFamily::Rsa(WrappingKeySpec::Rsa4096) => Some(KeyAlgorithm::Rsa4096),
        KeyFamily::Ecc(Curve::P256) => Some(KeyAlgorithm::P256),
        KeyFamily::Ecc(Curve::P384) => Some(KeyAlgorithm::P384),
        KeyFamily::Ecc(Curve::P521) => Some(KeyAlgorithm::P521),
        KeyFamily::Ecc(Curve::P256k1) => Some(KeyAlgorithm::Secp256k1),
        KeyFamily::Ed25519 => Some(KeyAlgorithm::Ed25519),
        KeyFamily::Symmetric | KeyFamily::Hmac(_) => None,
    }
}
