//! Asymmetric keys: their bodies, their public halves, and what they can do. All arithmetic is that of public crates.
//!
//! A body is what the device keeps, and what Yubico's `yubihsm-wrap` puts under a wrap key.

mod brainpool512;
mod curve;
pub(crate) mod ed25519;
mod encoding;
mod hash;
mod padding;
pub(crate) mod rsa;

pub(crate) use curve::Curve;
pub(crate) use encoding::{from_pkcs8, spki, to_pkcs8};
pub(crate) use hash::Hash;

use crate::store::{Algorithm, random};
use crate::wire::DeviceError;
use zeroize::Zeroizing;

/// The body of a key.
pub(crate) type Body = Zeroizing<Vec<u8>>;

/// What kind of key an algorithm makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// RSA, with the bytes of its modulus.
    Rsa(usize),
    Curve(Curve),
    Ed25519,
}

impl Family {
    /// The family of an algorithm of asymmetric keys.
    pub(crate) fn of(algorithm: Algorithm) -> Result<Self, DeviceError> {
        if algorithm == Algorithm::Ed25519 {
            return Ok(Self::Ed25519);
        }
        let curve = Curve::of(algorithm).map(Self::Curve);
        curve.or(rsa::size(algorithm).map(Self::Rsa)).ok_or(DeviceError::InvalidData)
    }

    /// The body behind what a client sends: a scalar, a seed, or two primes.
    pub(crate) fn body(self, secret: &[u8]) -> Result<Body, DeviceError> {
        match self {
            Self::Rsa(size) => rsa::body(size, secret),
            Self::Curve(curve) => curve.body(secret),
            Self::Ed25519 => ed25519::body(secret),
        }
    }

    /// The body of a new key.
    pub(crate) fn generate(self) -> Result<Body, DeviceError> {
        match self {
            Self::Rsa(size) => rsa::generate(size),
            Self::Curve(curve) => curve.generate(),
            Self::Ed25519 => ed25519::body(&*Zeroizing::new(random::<32>()?)),
        }
    }

    /// The public half as the device gives it: the modulus, both coordinates, or the compressed point.
    pub(crate) fn public(self, body: &[u8]) -> Result<&[u8], DeviceError> {
        match self {
            Self::Rsa(size) => rsa::public(size, body),
            Self::Curve(curve) => curve.public(body),
            Self::Ed25519 => ed25519::public(body),
        }
    }

    /// Whether a body that came in is a key whose parts belong together.
    pub(crate) fn is_sound(self, bytes: &[u8]) -> bool {
        match self {
            Self::Rsa(size) => rsa::is_sound(size, bytes),
            Self::Curve(curve) => {
                let body = curve.scalar(bytes).and_then(|scalar| curve.body(scalar));
                body.is_ok_and(|body| *body == bytes)
            }
            Self::Ed25519 => ed25519::is_sound(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_whole_or_refused() {
        for algorithm in [Algorithm::EcP256, Algorithm::EcP521, Algorithm::Ed25519] {
            let family = Family::of(algorithm).unwrap();
            let body = family.generate().unwrap();
            assert!(family.is_sound(&body));
            for at in 0..body.len() {
                let mut spoiled = body.to_vec();
                spoiled[at] ^= 2;
                assert!(!family.is_sound(&spoiled), "{algorithm:?} {at}");
            }
            assert!(!family.is_sound(&body[..body.len() - 1]));
            assert!(!family.is_sound(&[]));
        }
        let family = Family::Ed25519;
        assert!(family.is_sound(&family.generate().unwrap()[..ed25519::EXPANDED]));
    }

    #[test]
    fn an_rsa_body_is_whole_or_refused() {
        let family = Family::of(Algorithm::Rsa2048).unwrap();
        let body = family.generate().unwrap();
        assert_eq!(body.len(), 896);
        assert_eq!(family.body(&body[..256]).unwrap(), body);
        assert!(family.is_sound(&body));
        for at in (0..body.len()).step_by(97) {
            let mut spoiled = body.to_vec();
            spoiled[at] ^= 2;
            assert!(!family.is_sound(&spoiled), "{at}");
        }
        assert!(!family.is_sound(&body[..895]));
    }

    #[test]
    fn a_key_comes_back_from_pkcs8() {
        for algorithm in
            [Algorithm::Rsa2048, Algorithm::EcP224, Algorithm::EcBp512, Algorithm::Ed25519]
        {
            let body = Family::of(algorithm).unwrap().generate().unwrap();
            let encoded = to_pkcs8(algorithm, &body).unwrap();
            assert_eq!(from_pkcs8(algorithm, &encoded).unwrap(), body, "{algorithm:?}");
            assert!(from_pkcs8(Algorithm::EcP256, &encoded).is_err());
        }
    }
}
