//! ECC private keys on the four Weierstrass curves: PKCS#8 with the curve named (RFC 5915, RFC 5480), ECDSA, ECDH.

use ecdsa::signature::hazmat::{PrehashVerifier as _, RandomizedPrehashSigner as _};
use elliptic_curve::Generate as _;
use getrandom::SysRng;
use keyferry_bundle::Curve;
use pkcs8::{
    DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _,
};
use zeroize::Zeroizing;

/// An ECC private key.
pub(crate) enum EcKey {
    /// On P-256.
    P256(p256::SecretKey),
    /// On P-384.
    P384(p384::SecretKey),
    /// On P-521.
    P521(p521::SecretKey),
    /// On secp256k1.
    P256k1(k256::SecretKey),
}

/// The same words for the key of each curve.
macro_rules! on_its_curve {
    ($of:expr, $key:ident => $does:expr) => {
        match $of {
            EcKey::P256($key) => $does,
            EcKey::P384($key) => $does,
            EcKey::P521($key) => $does,
            EcKey::P256k1($key) => $does,
        }
    };
}

impl EcKey {
    /// Reads a PKCS#8 key that names the curve and whose public key, where it is there, is the private key's.
    pub(crate) fn decode(curve: Curve, der: &[u8]) -> Option<Self> {
        Some(match curve {
            Curve::P256 => Self::P256(p256::SecretKey::from_pkcs8_der(der).ok()?),
            Curve::P384 => Self::P384(p384::SecretKey::from_pkcs8_der(der).ok()?),
            Curve::P521 => Self::P521(p521::SecretKey::from_pkcs8_der(der).ok()?),
            Curve::P256k1 => Self::P256k1(k256::SecretKey::from_pkcs8_der(der).ok()?),
        })
    }

    /// A new key.
    pub(crate) fn generate(curve: Curve) -> Option<Self> {
        let rng = &mut SysRng;
        Some(match curve {
            Curve::P256 => Self::P256(p256::SecretKey::try_generate_from_rng(rng).ok()?),
            Curve::P384 => Self::P384(p384::SecretKey::try_generate_from_rng(rng).ok()?),
            Curve::P521 => Self::P521(p521::SecretKey::try_generate_from_rng(rng).ok()?),
            Curve::P256k1 => Self::P256k1(k256::SecretKey::try_generate_from_rng(rng).ok()?),
        })
    }

    /// PKCS#8 in DER.
    pub(crate) fn to_der(&self) -> Option<Zeroizing<Vec<u8>>> {
        let document = on_its_curve!(self, key => key.to_pkcs8_der()).ok()?;
        Some(Zeroizing::new(document.as_bytes().to_vec()))
    }

    /// `SubjectPublicKeyInfo` in DER.
    pub(crate) fn public_key_der(&self) -> Option<Vec<u8>> {
        let document = on_its_curve!(self, key => key.public_key().to_public_key_der()).ok()?;
        Some(document.into_vec())
    }

    /// An ECDSA signature in DER. As on AWS, S is in the upper half as often as in the lower one, on secp256k1 too.
    pub(crate) fn sign(&self, digest: &[u8]) -> Option<Vec<u8>> {
        let high = getrandom::u32().ok()? & 1 == 1;
        on_its_curve!(self, key => {
            let signer = ecdsa::SigningKey::from(key);
            let signature: ecdsa::Signature<_> = signer.sign_prehash_with_rng(&mut SysRng, digest).ok()?;
            let low = signature.normalize_s();
            let (r, s) = low.split_scalars();
            let chosen = if high { ecdsa::Signature::from_scalars(r, -s).ok()? } else { low };
            Some(chosen.to_der().as_bytes().to_vec())
        })
    }

    /// Whether a signature in DER is one of a digest. Either S will do.
    pub(crate) fn verifies(&self, digest: &[u8], signature: &[u8]) -> bool {
        on_its_curve!(self, key => {
            let signer = ecdsa::SigningKey::from(key);
            let signature = ecdsa::Signature::from_der(signature);
            signature.is_ok_and(|signature| {
                signer.verifying_key().verify_prehash(digest, &signature.normalize_s()).is_ok()
            })
        })
    }

    /// The shared secret with a public key (`SubjectPublicKeyInfo`) on the same curve: the X coordinate (SP 800-56A section 5.7.1.2;
    /// the cofactor is 1).
    pub(crate) fn agree(&self, peer: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        on_its_curve!(self, key => {
            let peer = elliptic_curve::PublicKey::from_public_key_der(peer).ok()?;
            let secret = key.diffie_hellman(&peer);
            Some(Zeroizing::new(secret.raw_secret_bytes().to_vec()))
        })
    }
}
