//! Whether a public key is one of a key spec.

use crate::wrapping_key::WrappingPublicKey;
use keyferry_bundle::{Curve, KeyFamily, KeySpec};
use spki::{DecodePublicKey as _, EncodePublicKey as _};

/// Whether this is the one DER form of a public key of the spec: RSA with exactly its modulus bits, no small factor and the exponent
/// 65537; or a point on its curve, named and uncompressed. No response has an Ed25519 key: AWS documents no import of one.
pub(super) fn fits(spec: KeySpec, spki: &[u8]) -> bool {
    macro_rules! on {
        ($curve:ident) => {
            $curve::PublicKey::from_public_key_der(spki)
                .ok()
                .and_then(|key| key.to_public_key_der().ok())
                .is_some_and(|written| written.as_bytes() == spki)
        };
    }
    match spec.family() {
        KeyFamily::Rsa(bits) => WrappingPublicKey::from_der(spki, bits).is_ok(),
        KeyFamily::Ecc(Curve::P256) => on!(p256),
        KeyFamily::Ecc(Curve::P384) => on!(p384),
        KeyFamily::Ecc(Curve::P521) => on!(p521),
        KeyFamily::Ecc(Curve::P256k1) => on!(k256),
        KeyFamily::Symmetric | KeyFamily::Hmac(_) | KeyFamily::Ed25519 => false,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::attestation::tests::forge::tlv;

    const PRIVATE: [KeySpec; 7] = [
        KeySpec::Rsa2048,
        KeySpec::Rsa3072,
        KeySpec::Rsa4096,
        KeySpec::EccNistP256,
        KeySpec::EccNistP384,
        KeySpec::EccNistP521,
        KeySpec::EccSecgP256k1,
    ];

    /// An RSA key that nobody has: the first modulus above a fixed one that passes for one.
    fn rsa_key(bytes: usize, exponent: &[u8], passes: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let algorithm = tlv(0x30, &[b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"]);
        let mut modulus = vec![0xc5; bytes];
        let mut candidates =
            (0..=u8::MAX).flat_map(|high| (1..=u8::MAX).map(move |low| [high, low]));
        let mut next = || {
            modulus[bytes - 2..].copy_from_slice(&candidates.next().unwrap());
            let key = tlv(0x30, &[&tlv(0x02, &[&[0], &modulus]), &tlv(0x02, &[exponent])]);
            tlv(0x30, &[&algorithm, &tlv(0x03, &[&[0], &key])])
        };
        loop {
            let spki = next();
            if passes(&spki) {
                return spki;
            }
        }
    }

    /// A public key of the spec.
    pub(in super::super) fn a_key(spec: KeySpec) -> Vec<u8> {
        macro_rules! ecc {
            ($curve:ident, $length:literal) => {{
                let mut scalar = [7; $length];
                scalar[0] = 0;
                let key = $curve::SecretKey::from_slice(&scalar).unwrap().public_key();
                key.to_public_key_der().unwrap().into_vec()
            }};
        }
        match spec {
            KeySpec::Rsa2048 => rsa_key(256, &[1, 0, 1], |spki| fits(spec, spki)),
            KeySpec::Rsa3072 => rsa_key(384, &[1, 0, 1], |spki| fits(spec, spki)),
            KeySpec::Rsa4096 => rsa_key(512, &[1, 0, 1], |spki| fits(spec, spki)),
            KeySpec::EccNistP256 => ecc!(p256, 32),
            KeySpec::EccNistP384 => ecc!(p384, 48),
            KeySpec::EccNistP521 => ecc!(p521, 66),
            KeySpec::EccSecgP256k1 => ecc!(k256, 32),
            KeySpec::SymmetricDefault
            | KeySpec::Hmac224
            | KeySpec::Hmac256
            | KeySpec::Hmac384
            | KeySpec::Hmac512
            | KeySpec::EccNistEdwards25519 => panic!("no {spec} key is needed here"),
        }
    }

    #[test]
    fn each_key_fits_its_own_spec_and_no_other() {
        for of in PRIVATE {
            let key = a_key(of);
            for spec in KeySpec::ALL {
                assert_eq!(fits(*spec, &key), *spec == of, "a {of} key as {spec}");
            }
            assert!(!fits(of, &[&key[..], &[0]].concat()), "{of}");
            assert!(!fits(of, &key[..key.len() - 1]), "{of}");
        }
        let small_exponent = rsa_key(256, &[3], |_| true);
        assert!(!fits(KeySpec::Rsa2048, &small_exponent));
    }

    #[test]
    fn a_compressed_point_is_not_the_one_form() {
        let key = a_key(KeySpec::EccNistP256);
        let parameters = &key[2..23];
        let compressed = [&[2 + key[key.len() - 1] % 2][..], &key[27..59]].concat();
        let bits = tlv(0x03, &[&[0], &compressed]);
        let written = tlv(0x30, &[parameters, &bits]);
        assert!(p256::PublicKey::from_public_key_der(&written).is_ok());
        assert!(!fits(KeySpec::EccNistP256, &written));
    }
}
