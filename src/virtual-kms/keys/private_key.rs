//! Private keys of the asymmetric key specs, as key material: unencrypted PKCS#8 (RFC 5958) in DER.

use super::algorithm::{Scheme, SigningAlgorithm};
use super::ec_key::EcKey;
use super::rsa_key::RsaKey;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _};
use ed25519_dalek::{Digest as _, Sha512, Signature, SigningKey};
use keyferry_bundle::{KeyFamily, KeySpec};
use zeroize::Zeroizing;

/// A private key.
pub(crate) enum PrivateKey {
    /// RSA.
    Rsa(Box<RsaKey>),
    /// On a Weierstrass curve.
    Ec(EcKey),
    /// Ed25519.
    Ed25519(Box<SigningKey>),
}

impl PrivateKey {
    /// Reads a private key that fits the key spec; nothing else, and nothing behind it.
    pub(crate) fn decode(spec: KeySpec, der: &[u8]) -> Option<Self> {
        match spec.family() {
            KeyFamily::Symmetric | KeyFamily::Hmac(_) => None,
            KeyFamily::Rsa(size) => {
                RsaKey::decode(size.modulus_bits(), der).map(|key| Self::Rsa(Box::new(key)))
            }
            KeyFamily::Ecc(curve) => EcKey::decode(curve, der).map(Self::Ec),
            KeyFamily::Ed25519 => {
                SigningKey::from_pkcs8_der(der).ok().map(|key| Self::Ed25519(Box::new(key)))
            }
        }
    }

    /// A new private key; nothing for the specs that have none.
    pub(crate) fn generate(spec: KeySpec) -> Option<Self> {
        match spec.family() {
            KeyFamily::Symmetric | KeyFamily::Hmac(_) => None,
            KeyFamily::Rsa(size) => {
                RsaKey::generate(size.modulus_bits()).map(|key| Self::Rsa(Box::new(key)))
            }
            KeyFamily::Ecc(curve) => EcKey::generate(curve).map(Self::Ec),
            KeyFamily::Ed25519 => {
                let mut seed = Zeroizing::new([0; 32]);
                getrandom::fill(seed.as_mut_slice()).ok()?;
                Some(Self::Ed25519(Box::new(SigningKey::from_bytes(&seed))))
            }
        }
    }

    /// PKCS#8 in DER, always the same for the same key in the same form.
    pub(crate) fn to_der(&self) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Self::Rsa(key) => key.to_der(),
            Self::Ec(key) => key.to_der(),
            Self::Ed25519(key) => {
                let document = key.to_pkcs8_der().ok()?;
                Some(Zeroizing::new(document.as_bytes().to_vec()))
            }
        }
    }

    /// `SubjectPublicKeyInfo` (RFC 5280) in DER.
    pub(crate) fn public_key_der(&self) -> Option<Vec<u8>> {
        match self {
            Self::Rsa(key) => key.public_key_der(),
            Self::Ec(key) => key.public_key_der(),
            Self::Ed25519(key) => {
                key.verifying_key().to_public_key_der().ok().map(pkcs8::Document::into_vec)
            }
        }
    }

    /// Signs what [`SigningAlgorithm::input`] made; nothing, if the algorithm is none of this key's.
    pub(crate) fn sign(&self, algorithm: SigningAlgorithm, input: &[u8]) -> Option<Vec<u8>> {
        match (self, algorithm.scheme) {
            (Self::Rsa(key), scheme) => key.sign(scheme, algorithm.hash, input),
            (Self::Ec(key), Scheme::Ecdsa) => key.sign(input),
            (Self::Ed25519(key), Scheme::Ed25519) => {
                Some(ed25519_dalek::Signer::sign(key.as_ref(), input).to_vec())
            }
            (Self::Ed25519(key), Scheme::Ed25519ph) => {
                let hashed = Sha512::new().chain_update(input);
                Some(key.sign_prehashed(hashed, None).ok()?.to_vec())
            }
            _ => None,
        }
    }

    /// Whether a signature is one of what [`SigningAlgorithm::input`] made.
    pub(crate) fn verifies(
        &self,
        algorithm: SigningAlgorithm,
        input: &[u8],
        signature: &[u8],
    ) -> bool {
        match (self, algorithm.scheme) {
            (Self::Rsa(key), scheme) => key.verifies(scheme, algorithm.hash, input, signature),
            (Self::Ec(key), Scheme::Ecdsa) => key.verifies(input, signature),
            (Self::Ed25519(key), Scheme::Ed25519) => Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(input, &signature).is_ok()),
            (Self::Ed25519(key), Scheme::Ed25519ph) => {
                let hashed = Sha512::new().chain_update(input);
                Signature::from_slice(signature)
                    .is_ok_and(|signature| key.verify_prehashed(hashed, None, &signature).is_ok())
            }
            _ => false,
        }
    }
}
