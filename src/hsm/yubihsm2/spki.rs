//! Public keys between the device's form and SubjectPublicKeyInfo.

use crate::{Algorithm, KeyAlgorithm};
use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, UintRef};
use der::{Encode as _, Tag};
use spki::{AlgorithmIdentifier, SubjectPublicKeyInfo};

/// rsaEncryption (RFC 3279 section 2.3.1).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// id-ecPublicKey (RFC 5480 section 2.1.1).
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// Named curves (RFC 5480 section 2.1.1.1, SEC 2 section A.2.1).
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const SECP256K1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.10");
/// id-Ed25519 (RFC 8410 section 3).
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// The public exponent of every RSA key in the device, as DER writes it.
const EXPONENT: &[u8] = &[1, 0, 1];

/// A public key as the device gives it: a modulus, both coordinates of a point, or 32 bytes.
pub(super) fn encode(algorithm: Algorithm, key: &[u8]) -> Result<Vec<u8>, String> {
    let kind = KeyAlgorithm::of(algorithm)
        .ok_or_else(|| format!("{algorithm} is no algorithm of key material"))?;
    if key.len() != raw_length(kind) {
        return Err(format!("{} bytes are no {kind} public key", key.len()));
    }
    let written = match kind {
        KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => rsa(key),
        KeyAlgorithm::P256 => point(&P256, key),
        KeyAlgorithm::P384 => point(&P384, key),
        KeyAlgorithm::P521 => point(&P521, key),
        KeyAlgorithm::Secp256k1 => point(&SECP256K1, key),
        KeyAlgorithm::Ed25519 => write(ED25519, None, key),
    };
    written.map_err(|error| error.to_string())
}

/// Algorithm and modulus of an RSA public key, if it is one that the device takes, in its one DER form.
pub(super) fn modulus(der: &[u8]) -> Option<(Algorithm, &[u8])> {
    KeyAlgorithm::ALL.into_iter().find_map(|kind| {
        // The end of the DER is the exponent's INTEGER; the modulus is right before it.
        let end = der.len().checked_sub(2 + EXPONENT.len())?;
        let modulus = der.get(end.checked_sub(kind.modulus_bytes()?)?..end)?;
        let whole = modulus.first().is_some_and(|byte| byte & 0x80 != 0);
        let same = whole && rsa(modulus).is_ok_and(|written| written == der);
        same.then_some((kind.algorithm(), modulus))
    })
}

const fn raw_length(kind: KeyAlgorithm) -> usize {
    match kind {
        KeyAlgorithm::Rsa2048 => 256,
        KeyAlgorithm::Rsa3072 => 384,
        KeyAlgorithm::Rsa4096 => 512,
        KeyAlgorithm::P256 | KeyAlgorithm::Secp256k1 => 64,
        KeyAlgorithm::P384 => 96,
        KeyAlgorithm::P521 => 132,
        KeyAlgorithm::Ed25519 => 32,
    }
}

fn rsa(modulus: &[u8]) -> der::Result<Vec<u8>> {
    let mut numbers = UintRef::new(modulus)?.to_der()?;
    numbers.extend(UintRef::new(EXPONENT)?.to_der()?);
    write(RSA, Some(AnyRef::NULL), &AnyRef::new(Tag::Sequence, &numbers)?.to_der()?)
}

fn point(curve: &ObjectIdentifier, coordinates: &[u8]) -> der::Result<Vec<u8>> {
    let uncompressed = [&[4], coordinates].concat();
    write(EC, Some(curve.into()), &uncompressed)
}

fn write(
    oid: ObjectIdentifier,
    parameters: Option<AnyRef<'_>>,
    key: &[u8],
) -> der::Result<Vec<u8>> {
    let algorithm = AlgorithmIdentifier { oid, parameters };
    let subject_public_key = BitStringRef::from_bytes(key)?;
    SubjectPublicKeyInfo { algorithm, subject_public_key }.to_der()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_kind_of_key_is_written() {
        for kind in KeyAlgorithm::ALL {
            let raw = vec![0x80; raw_length(kind)];
            let der = encode(kind.algorithm(), &raw).unwrap();
            assert!(spki::SubjectPublicKeyInfoRef::try_from(der.as_slice()).is_ok(), "{kind}");
            let found = modulus(&der);
            assert_eq!(found.is_some(), kind.modulus_bytes().is_some(), "{kind}");
            if let Some((algorithm, bytes)) = found {
                assert_eq!((algorithm, bytes), (kind.algorithm(), raw.as_slice()));
            }
            assert!(encode(kind.algorithm(), &raw[1..]).is_err());
        }
        assert!(encode(Algorithm::AES256, &[1; 32]).is_err());
        assert!(encode(Algorithm(200), &[1; 32]).is_err());
    }

    /// The DER that OpenSSL writes begins like this for 2048 bits: `openssl genrsa 2048 | openssl rsa -pubout -outform der`.
    #[test]
    fn an_rsa_key_begins_as_openssl_writes_it() {
        let der = encode(Algorithm::RSA_2048, &[0xff; 256]).unwrap();
        assert_eq!(der.len(), 294);
        assert_eq!(
            der[..33],
            [
                0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d,
                0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x82, 0x01, 0x0f, 0x00, 0x30, 0x82, 0x01, 0x0a,
                0x02, 0x82, 0x01, 0x01, 0x00
            ]
        );
        assert_eq!(der[289..], [0x02, 0x03, 0x01, 0x00, 0x01]);
    }

    #[test]
    fn another_exponent_length_or_ending_is_refused() {
        let der = encode(Algorithm::RSA_2048, &[0xff; 256]).unwrap();
        let mut other = der.clone();
        other[291] = 3;
        assert_eq!(modulus(&other), None);
        assert_eq!(modulus(&[der.clone(), vec![0]].concat()), None);
        assert_eq!(modulus(&der[1..]), None);
        let short = rsa(&[0x7f; 256]).unwrap();
        assert_eq!(modulus(&short), None, "a modulus of 2047 bits");
        assert_eq!(modulus(&rsa(&[0xff; 128]).unwrap()), None);
    }

    proptest! {
        #[test]
        fn nothing_upsets_it(bytes in prop::collection::vec(any::<u8>(), 0..600), algorithm in any::<u8>()) {
            prop_assert_eq!(modulus(&bytes), None);
            let _ = encode(Algorithm(algorithm), &bytes);
        }
    }
}
