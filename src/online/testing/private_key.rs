//! Private keys as an HSM and KMS hold them, to answer for them in scripts.

use ecdsa::signature::Signer as _;
use elliptic_curve::Generate as _;
use getrandom::SysRng;
use keyferry_bundle::KeySpec;
use sha2::{Digest as _, Sha256};
use spki::{DecodePublicKey as _, EncodePublicKey as _};

pub(crate) enum PrivateKey {
    Rsa(Box<rsa::PrivateKey>),
    P256(p256::SecretKey),
    P384(p384::SecretKey),
    P521(p521::SecretKey),
    P256k1(k256::SecretKey),
}

impl PrivateKey {
    pub(crate) fn of(spec: KeySpec) -> Self {
        match spec {
            KeySpec::EccNistP256 => Self::P256(p256::SecretKey::generate()),
            KeySpec::EccNistP384 => Self::P384(p384::SecretKey::generate()),
            KeySpec::EccNistP521 => Self::P521(p521::SecretKey::generate()),
            KeySpec::EccSecgP256k1 => Self::P256k1(k256::SecretKey::generate()),
            KeySpec::Rsa2048 => {
                Self::Rsa(Box::new(rsa::PrivateKey::new(&mut SysRng, 2048).unwrap()))
            }
            KeySpec::SymmetricDefault
            | KeySpec::Hmac224
            | KeySpec::Hmac256
            | KeySpec::Hmac384
            | KeySpec::Hmac512
            | KeySpec::Rsa3072
            | KeySpec::Rsa4096
            | KeySpec::EccNistEdwards25519 => panic!("no test here makes a {spec} key"),
        }
    }

    pub(crate) fn public_key(&self) -> Vec<u8> {
        match self {
            Self::Rsa(key) => key.as_public_key().to_public_key_der(),
            Self::P256(key) => key.public_key().to_public_key_der(),
            Self::P384(key) => key.public_key().to_public_key_der(),
            Self::P521(key) => key.public_key().to_public_key_der(),
            Self::P256k1(key) => key.public_key().to_public_key_der(),
        }
        .unwrap()
        .into_vec()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        macro_rules! ecdsa {
            ($curve:ident, $key:expr) => {{
                let signature: $curve::ecdsa::Signature =
                    $curve::ecdsa::SigningKey::from($key).sign(message);
                signature.to_der().as_bytes().to_vec()
            }};
        }
        match self {
            Self::Rsa(key) => {
                let digest = Sha256::digest(message);
                key.pkcs1v15_sign_prehash_with_rng::<Sha256, _>(&mut SysRng, &digest).unwrap()
            }
            Self::P256(key) => ecdsa!(p256, key),
            Self::P384(key) => ecdsa!(p384, key),
            Self::P521(key) => ecdsa!(p521, key),
            Self::P256k1(key) => ecdsa!(k256, key),
        }
    }

    pub(crate) fn decrypt(&self, ciphertext: &[u8]) -> Vec<u8> {
        let Self::Rsa(key) = self else { panic!("only RSA keys decrypt") };
        key.oaep_decrypt_with_rng::<Sha256, _>(&mut SysRng, ciphertext).unwrap()
    }

    pub(crate) fn agree(&self, peer: &[u8]) -> Vec<u8> {
        macro_rules! ecdh {
            ($curve:ident, $key:expr) => {{
                let peer = $curve::PublicKey::from_public_key_der(peer).unwrap();
                let secret =
                    $curve::ecdh::diffie_hellman($key.to_nonzero_scalar(), peer.as_affine());
                secret.raw_secret_bytes().to_vec()
            }};
        }
        match self {
            Self::P256(key) => ecdh!(p256, key),
            Self::P384(key) => ecdh!(p384, key),
            Self::P521(key) => ecdh!(p521, key),
            Self::Rsa(_) | Self::P256k1(_) => panic!("this key agrees on nothing"),
        }
    }
}
