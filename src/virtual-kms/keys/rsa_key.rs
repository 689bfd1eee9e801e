//! RSA private keys: PKCS#8 (RFC 8017 appendix A.1.2), RSASSA, RSAES-OAEP.

use super::algorithm::{Hash, Oaep, Scheme};
use getrandom::SysRng;
use pkcs8::PrivateKeyInfoRef;
use pkcs8::der::Decode as _;
use rsa::pkcs1::{DecodeRsaPrivateKey as _, EncodeRsaPrivateKey as _, RsaPrivateKeyRef};
use rsa::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _};
use rsa::traits::PublicKeyParts as _;
use sha2::{Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

/// An RSA private key.
pub(crate) struct RsaKey(rsa::PrivateKey);

impl From<rsa::PrivateKey> for RsaKey {
    fn from(key: rsa::PrivateKey) -> Self {
        Self(key)
    }
}

impl RsaKey {
    /// Reads a PKCS#8 key of two primes with a modulus of exactly so many bits, whose numbers all fit one another.
    pub(crate) fn decode(bits: usize, der: &[u8]) -> Option<Self> {
        let info = PrivateKeyInfoRef::from_der(der).ok()?;
        // `rsaEncryption` with parameters NULL; RSASSA-PSS keys have an identifier of their own.
        (info.algorithm == rsa::pkcs1::ALGORITHM_ID).then_some(())?;
        let inner = info.private_key.as_bytes();
        let key = rsa::PrivateKey::from_pkcs1_der(inner).ok()?;
        let wide = usize::try_from(key.n().bit_width()).ok()?;
        (wide == bits && whole(inner, &key)).then_some(Self(key))
    }

    /// A new key of so many bits.
    pub(crate) fn generate(bits: usize) -> Option<Self> {
        rsa::PrivateKey::new(&mut SysRng, bits).ok().map(Self)
    }

    /// PKCS#8 in DER.
    pub(crate) fn to_der(&self) -> Option<Zeroizing<Vec<u8>>> {
        let document = self.0.to_pkcs8_der().ok()?;
        Some(Zeroizing::new(document.as_bytes().to_vec()))
    }

    /// `SubjectPublicKeyInfo` in DER.
    pub(crate) fn public_key_der(&self) -> Option<Vec<u8>> {
        self.0.as_public_key().to_public_key_der().ok().map(pkcs8::Document::into_vec)
    }

    /// The modulus, bytes.
    pub(crate) fn size(&self) -> usize {
        self.0.size()
    }

    /// A signature over a digest.
    pub(crate) fn sign(&self, scheme: Scheme, hash: Hash, digest: &[u8]) -> Option<Vec<u8>> {
        let (key, rng) = (&self.0, &mut SysRng);
        let signed = match (scheme, hash) {
            (Scheme::Pss, Hash::Sha256) => key.pss_sign_prehash_with_rng::<Sha256, _>(rng, digest),
            (Scheme::Pss, Hash::Sha384) => key.pss_sign_prehash_with_rng::<Sha384, _>(rng, digest),
            (Scheme::Pss, Hash::Sha512) => key.pss_sign_prehash_with_rng::<Sha512, _>(rng, digest),
            (Scheme::Pkcs1v15, Hash::Sha256) => {
                key.pkcs1v15_sign_prehash_with_rng::<Sha256, _>(rng, digest)
            }
            (Scheme::Pkcs1v15, Hash::Sha384) => {
                key.pkcs1v15_sign_prehash_with_rng::<Sha384, _>(rng, digest)
            }
            (Scheme::Pkcs1v15, Hash::Sha512) => {
                key.pkcs1v15_sign_prehash_with_rng::<Sha512, _>(rng, digest)
            }
            (Scheme::Ecdsa | Scheme::Ed25519 | Scheme::Ed25519ph, _) => return None,
        };
        signed.ok()
    }

    /// Whether a signature is one of a digest.
    pub(crate) fn verifies(
        &self,
        scheme: Scheme,
        hash: Hash,
        digest: &[u8],
        signature: &[u8],
    ) -> bool {
        let key = self.0.as_public_key();
        let verified = match (scheme, hash) {
            (Scheme::Pss, Hash::Sha256) => key.pss_verify_prehash::<Sha256>(digest, signature),
            (Scheme::Pss, Hash::Sha384) => key.pss_verify_prehash::<Sha384>(digest, signature),
            (Scheme::Pss, Hash::Sha512) => key.pss_verify_prehash::<Sha512>(digest, signature),
            (Scheme::Pkcs1v15, Hash::Sha256) => {
                key.pkcs1v15_verify_prehash::<Sha256>(digest, signature)
            }
            (Scheme::Pkcs1v15, Hash::Sha384) => {
                key.pkcs1v15_verify_prehash::<Sha384>(digest, signature)
            }
            (Scheme::Pkcs1v15, Hash::Sha512) => {
                key.pkcs1v15_verify_prehash::<Sha512>(digest, signature)
            }
            (Scheme::Ecdsa | Scheme::Ed25519 | Scheme::Ed25519ph, _) => return false,
        };
        verified.is_ok()
    }

    /// Encrypts what is not longer than [`Oaep::most`].
    pub(crate) fn encrypt(&self, oaep: Oaep, plaintext: &[u8]) -> Option<Vec<u8>> {
        let (key, rng) = (self.0.as_public_key(), &mut SysRng);
        match oaep {
            Oaep::Sha1 => key.oaep_encrypt_with_rng::<sha1::Sha1, _>(rng, plaintext),
            Oaep::Sha256 => key.oaep_encrypt_with_rng::<Sha256, _>(rng, plaintext),
        }
        .ok()
    }

    /// Decrypts; nothing, if it is no ciphertext of this key and algorithm.
    pub(crate) fn decrypt(&self, oaep: Oaep, ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (key, rng) = (&self.0, &mut SysRng);
        match oaep {
            Oaep::Sha1 => key.oaep_decrypt_with_rng::<sha1::Sha1, _>(rng, ciphertext),
            Oaep::Sha256 => key.oaep_decrypt_with_rng::<Sha256, _>(rng, ciphertext),
        }
        .ok()
        .map(Zeroizing::new)
    }
}

/// Whether the numbers that the decoder passes over, the two exponents and the coefficient of the Chinese remainder theorem, are
/// the key's own. A device that uses them would sign wrongly with others.
fn whole(given: &[u8], key: &rsa::PrivateKey) -> bool {
    let Ok(again) = key.to_pkcs1_der() else { return false };
    let (given, again) =
        (RsaPrivateKeyRef::from_der(given), RsaPrivateKeyRef::from_der(again.as_bytes()));
    matches!((given, again), (Ok(given), Ok(again)) if given.prime1 == again.prime1
        && given.exponent1 == again.exponent1
        && given.exponent2 == again.exponent2
        && given.coefficient == again.coefficient)
}
