//! What KMS is asked to answer: drawn for the occasion.

use elliptic_curve::Generate as _;
use getrandom::SysRng;
use keyferry_bundle::{Curve, KeyFamily, KeySpec};
use keyferry_console::Failure;
use sha2::Sha256;
use spki::{DecodePublicKey as _, EncodePublicKey as _};

/// Fresh bytes: what makes a challenge new.
pub(crate) fn draw() -> Result<[u8; 32], Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(Failure::bug)?;
    Ok(bytes)
}

/// Encrypts a challenge so that only the private key's holder can read it: RSAES-OAEP with SHA-256 (RFC 8017 section 7.1).
pub(crate) fn encrypt_to(public_key: &[u8], challenge: &[u8]) -> Result<Vec<u8>, Failure> {
    let key = rsa::PublicKey::from_public_key_der(public_key).map_err(Failure::bug)?;
    key.oaep_encrypt_with_rng::<Sha256, _>(&mut SysRng, challenge).map_err(Failure::bug)
}

/// A key pair of one exchange. Its private half is the challenge, and no secret: whoever reads the proof computes the answer from it.
#[derive(Debug)]
pub(crate) struct Ephemeral {
    /// The private half, a big-endian scalar of the curve's length.
    pub(crate) scalar: Vec<u8>,
    /// The public half: SubjectPublicKeyInfo, DER.
    pub(crate) public_key: Vec<u8>,
}

macro_rules! drawn_on {
    ($curve:ident) => {{
        let key = $curve::SecretKey::try_generate_from_rng(&mut SysRng).map_err(Failure::bug)?;
        let spki = key.public_key().to_public_key_der().map_err(Failure::bug)?;
        Ok(Ephemeral { scalar: key.to_bytes().to_vec(), public_key: spki.into_vec() })
    }};
}

impl Ephemeral {
    /// A fresh one on the curve of a key that agrees.
    pub(crate) fn draw(spec: KeySpec) -> Result<Self, Failure> {
        match spec.family() {
            KeyFamily::Ecc(Curve::P256) => drawn_on!(p256),
            KeyFamily::Ecc(Curve::P384) => drawn_on!(p384),
            KeyFamily::Ecc(Curve::P521) => drawn_on!(p521),
            KeyFamily::Ecc(Curve::P256k1)
            | KeyFamily::Symmetric
            | KeyFamily::Hmac(_)
            | KeyFamily::Rsa(_)
            | KeyFamily::Ed25519 => Err(Failure::bug(format!("a {spec} key agrees on no secrets"))),
        }
    }
}
