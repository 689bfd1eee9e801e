//! As what the HSM keeps a target's key material.

use keyferry_bundle::KeySpec;
use keyferry_bundle::kinds::{KeptAs, Target};
use keyferry_ceremony::wrapping::{self, Plaintext};
use keyferry_console::Failure;
use keyferry_hsm::{KeyAlgorithm, Purpose};

/// About how many bytes a target's object takes: raw bytes as they are, of a private key what its private half can take.
pub(super) fn room_for(target: &Target) -> usize {
    match (wrapping::plaintext(target.key_spec), target.key_spec) {
        (Plaintext::Raw(length), _) => length,
        (Plaintext::Pkcs8, KeySpec::Rsa2048) => 256,
        (Plaintext::Pkcs8, KeySpec::Rsa3072) => 384,
        (Plaintext::Pkcs8, KeySpec::Rsa4096) => 512,
        (Plaintext::Pkcs8, _) => 66,
    }
}

/// What a target's object is for.
pub(super) const fn purpose(target: &Target) -> Purpose {
    match target.kept_as {
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
    match spec {
        KeySpec::Rsa2048 => Some(KeyAlgorithm::Rsa2048),
        KeySpec::Rsa3072 => Some(KeyAlgorithm::Rsa3072),
        KeySpec::Rsa4096 => Some(KeyAlgorithm::Rsa4096),
        KeySpec::EccNistP256 => Some(KeyAlgorithm::P256),
        KeySpec::EccNistP384 => Some(KeyAlgorithm::P384),
        KeySpec::EccNistP521 => Some(KeyAlgorithm::P521),
        KeySpec::EccSecgP256k1 => Some(KeyAlgorithm::Secp256k1),
        KeySpec::EccNistEdwards25519 => Some(KeyAlgorithm::Ed25519),
        KeySpec::SymmetricDefault
        | KeySpec::Hmac224
        | KeySpec::Hmac256
        | KeySpec::Hmac384
        | KeySpec::Hmac512 => None,
    }
}
