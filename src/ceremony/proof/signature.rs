//! KMS's signatures and shared secrets, verified under the attested public key (AWS KMS developer guide, "Key spec reference").

use keyferry_bundle::{Curve, KeyFamily, KeySpec};
use p256::ecdsa::signature::Verifier as _;
use rsa::pkcs1v15;
use sha2::Sha256;
use spki::DecodePublicKey as _;

/// Whether a signature over a message is the key's: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 8.2), or ECDSA in DER with the
/// hash that AWS pairs with the curve (FIPS 186-5).
pub(crate) fn verifies(spec: KeySpec, spki: &[u8], message: &[u8], signature: &[u8]) -> bool {
    macro_rules! ecdsa {
        ($curve:ident) => {{
            let key = $curve::ecdsa::VerifyingKey::from_public_key_der(spki).ok();
            // AWS signs with either s; the library of secp256k1 wants the lower one.
            let signature = $curve::ecdsa::Signature::from_der(signature).ok();
            key.zip(signature)
                .is_some_and(|(key, sig)| key.verify(message, &sig.normalize_s()).is_ok())
        }};
    }
    match spec.family() {
        KeyFamily::Rsa(_) => {
            let key = rsa::PublicKey::from_public_key_der(spki);
            key.ok().zip(pkcs1v15::Signature::try_from(signature).ok()).is_some_and(
                |(key, signature)| {
                    pkcs1v15::VerifyingKey::<Sha256>::new(key).verify(message, &signature).is_ok()
                },
            )
        }
        KeyFamily::Ecc(Curve::P256) => ecdsa!(p256),
        KeyFamily::Ecc(Curve::P384) => ecdsa!(p384),
        KeyFamily::Ecc(Curve::P521) => ecdsa!(p521),
        KeyFamily::Ecc(Curve::P256k1) => ecdsa!(k256),
        KeyFamily::Symmetric | KeyFamily::Hmac(_) | KeyFamily::Ed25519 => false,
    }
}

/// The x coordinate that an ephemeral private key and the public key agree on (SP 800-56A, ECC CDH), which is what KMS answers.
pub(crate) fn shared_secret(spec: KeySpec, spki: &[u8], scalar: &[u8]) -> Option<Vec<u8>> {
    macro_rules! agreed {
        ($curve:ident) => {{
            let key = $curve::PublicKey::from_public_key_der(spki).ok()?;
            let secret = $curve::SecretKey::from_slice(scalar).ok()?;
            let shared = $curve::ecdh::diffie_hellman(secret.to_nonzero_scalar(), key.as_affine());
            Some(shared.raw_secret_bytes().to_vec())
        }};
    }
    match spec.family() {
        KeyFamily::Ecc(Curve::P256) => agreed!(p256),
        KeyFamily::Ecc(Curve::P384) => agreed!(p384),
        KeyFamily::Ecc(Curve::P521) => agreed!(p521),
        KeyFamily::Ecc(Curve::P256k1)
        | KeyFamily::Symmetric
        | KeyFamily::Hmac(_)
        | KeyFamily::Rsa(_)
        | KeyFamily::Ed25519 => None,
    }
}
