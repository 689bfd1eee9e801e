//! KMS's signatures and shared secrets, verified under the attested public key (AWS KMS developer guide, "Key spec reference").

use der::Decode as _;
use keyferry_bundle::KeySpec;
use p256::ecdsa::signature::Verifier as _;
use rsa::pkcs1v15;
use sha2::Sha256;
use spki::DecodePublicKey as _;

/// Whether a signature over a message is the key's: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 8.2), or ECDSA in DER with the
/// hash that AWS pairs with the curve (FIPS 186-5).
pub(super) fn verifies(spec: KeySpec, spki: &[u8], message: &[u8], signature: &[u8]) -> bool {
    match spec {
        KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => {
            let key = rsa::PublicKey::from_public_key_der(spki);
            key.ok().zip(pkcs1v15::Signature::try_from(signature).ok()).is_some_and(
                |(key, signature)| {
                    pkcs1v15::VerifyingKey::<Sha256>::new(key).verify(message, &signature).is_ok()
                },
            )
        }
        KeySpec::EccNistP256 => {
            let key = p256::ecdsa::VerifyingKey::from_public_key_der(spki).ok();
            let signature = p256::ecdsa::DerSignature::from_der(signature).ok();
            key.zip(signature).is_some_and(|(key, sig)| key.verify(message, &sig).is_ok())
        }
        KeySpec::EccNistP384 => {
            let key = p384::ecdsa::VerifyingKey::from_public_key_der(spki).ok();
            let signature = p384::ecdsa::DerSignature::from_der(signature).ok();
            key.zip(signature).is_some_and(|(key, sig)| key.verify(message, &sig).is_ok())
        }
        KeySpec::EccNistP521 => {
            let key = p521::ecdsa::VerifyingKey::from_public_key_der(spki).ok();
            let signature = p521::ecdsa::DerSignature::from_der(signature).ok();
            key.zip(signature).is_some_and(|(key, sig)| key.verify(message, &sig).is_ok())
        }
        KeySpec::EccSecgP256k1 => {
            let key = k256::ecdsa::VerifyingKey::from_public_key_der(spki).ok();
            // AWS signs with either s; the curve's library wants the lower one.
            let signature = k256::ecdsa::Signature::from_der(signature).ok();
            key.zip(signature)
                .is_some_and(|(key, sig)| key.verify(message, &sig.normalize_s()).is_ok())
        }
        KeySpec::SymmetricDefault
        | KeySpec::Hmac224
        | KeySpec::Hmac256
        | KeySpec::Hmac384
        | KeySpec::Hmac512
        | KeySpec::EccNistEdwards25519 => false,
    }
}

/// The x coordinate that an ephemeral private key and the public key agree on (SP 800-56A, ECC CDH), which is what KMS answers.
pub(super) fn shared_secret(spec: KeySpec, spki: &[u8], scalar: &[u8]) -> Option<Vec<u8>> {
    match spec {
        KeySpec::EccNistP256 => {
            let key = p256::PublicKey::from_public_key_der(spki).ok()?;
            let secret = p256::SecretKey::from_slice(scalar).ok()?;
            let shared = p256::ecdh::diffie_hellman(secret.to_nonzero_scalar(), key.as_affine());
            Some(shared.raw_secret_bytes().to_vec())
        }
        KeySpec::EccNistP384 => {
            let key = p384::PublicKey::from_public_key_der(spki).ok()?;
            let secret = p384::SecretKey::from_slice(scalar).ok()?;
            let shared = p384::ecdh::diffie_hellman(secret.to_nonzero_scalar(), key.as_affine());
            Some(shared.raw_secret_bytes().to_vec())
        }
        KeySpec::EccNistP521 => {
            let key = p521::PublicKey::from_public_key_der(spki).ok()?;
            let secret = p521::SecretKey::from_slice(scalar).ok()?;
            let shared = p521::ecdh::diffie_hellman(secret.to_nonzero_scalar(), key.as_affine());
            Some(shared.raw_secret_bytes().to_vec())
        }
        KeySpec::SymmetricDefault
        | KeySpec::Hmac224
        | KeySpec::Hmac256
        | KeySpec::Hmac384
        | KeySpec::Hmac512
        | KeySpec::Rsa2048
        | KeySpec::Rsa3072
        | KeySpec::Rsa4096
        | KeySpec::EccSecgP256k1
        | KeySpec::EccNistEdwards25519 => None,
    }
}
