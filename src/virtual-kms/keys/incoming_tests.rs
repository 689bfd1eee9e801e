use super::algorithm::{Hash, MessageType, SigningAlgorithm};
use super::spec::algorithms;
use super::{Incoming, PrivateKey};
use crate::keys::ec_key::EcKey;
use crate::refusal::Kind;
use keyferry_bundle::{Curve, KeyFamily, KeySpec, KeyUsage};
use pkcs8::der::asn1::OctetStringRef;
use pkcs8::der::{Decode as _, Encode as _};
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
use proptest::prelude::*;
use rsa::pkcs1::RsaPrivateKeyRef;
use std::sync::LazyLock;

/// One private key of each asymmetric key spec, as PKCS#8.
static KEYS: LazyLock<Vec<(KeySpec, Vec<u8>)>> = LazyLock::new(|| {
    let asymmetric = KeySpec::ALL.iter().filter(|spec| spec.raw_length().is_none());
    asymmetric.map(|spec| (*spec, fresh(*spec))).collect()
});

fn fresh(spec: KeySpec) -> Vec<u8> {
    PrivateKey::generate(spec).unwrap().to_der().unwrap().to_vec()
}

fn of(spec: KeySpec) -> &'static [u8] {
    &KEYS.iter().find(|(of, _)| *of == spec).unwrap().1
}

fn fitting(spec: KeySpec, der: &[u8]) -> Result<Incoming, Kind> {
    Incoming::fitting(spec, der.to_vec().into()).map_err(|refusal| refusal.kind)
}

fn refused(spec: KeySpec, der: &[u8]) -> bool {
    fitting(spec, der).err() == Some(Kind::IncorrectKeyMaterial)
}

/// The key with its algorithm or its private key exchanged.
fn rewritten<'a>(der: &'a [u8], change: impl FnOnce(&mut PrivateKeyInfoRef<'a>)) -> Vec<u8> {
    let mut info = PrivateKeyInfoRef::from_der(der).unwrap();
    change(&mut info);
    info.to_der().unwrap()
}

#[test]
fn a_key_fits_its_own_spec_alone() {
    for (of, der) in KEYS.iter() {
        for (spec, _) in KEYS.iter() {
            assert_eq!(fitting(*spec, der).is_ok(), of == spec, "{of} {spec}");
        }
        let mut longer = der.clone();
        longer.push(0);
        assert!(refused(*of, &longer), "{of}: a byte behind it");
        assert!(refused(*of, &der[..der.len() - 1]), "{of}: a byte short");
        assert!(refused(*of, &[]), "{of}");
        let info = PrivateKeyInfoRef::from_der(der).unwrap();
        assert!(refused(*of, info.private_key.as_bytes()), "{of}: the key without its PKCS#8");
        let public_key = fitting(*of, der).unwrap().known_by;
        assert!(refused(*of, public_key.as_bytes()), "{of}: the public key");
    }
    for spec in [KeySpec::SymmetricDefault, KeySpec::Hmac256] {
        assert_eq!(fitting(spec, of(KeySpec::EccNistP256)).err(), Some(Kind::InvalidCiphertext));
    }
}

#[test]
fn the_curve_must_be_named_and_the_public_key_its_own() {
    let spec = KeySpec::EccNistP256;
    let der = of(spec);
    let secp256k1 = ObjectIdentifier::new_unwrap("1.3.132.0.10");
    assert!(refused(spec, &rewritten(der, |info| info.algorithm.parameters = None)));
    assert!(refused(spec, &rewritten(der, |i| i.algorithm.parameters = Some((&secp256k1).into()))));
    // Explicit parameters are a sequence in the name's place.
    let explicit = pkcs8::der::AnyRef::new(pkcs8::der::Tag::Sequence, &[2, 1, 1]).unwrap();
    assert!(refused(spec, &rewritten(der, |info| info.algorithm.parameters = Some(explicit))));

    // The public key is the last thing in it.
    let mut wrong = der.to_vec();
    *wrong.last_mut().unwrap() ^= 1;
    assert!(refused(spec, &wrong));
    let mine = p256_scalar(der);
    let info = PrivateKeyInfoRef::from_der(der).unwrap();
    let zero = [0; 32];
    let order = elliptic_curve::bigint::ArrayEncoding::to_be_byte_array(
        elliptic_curve::bigint::Odd::as_ref(&<p256::NistP256 as elliptic_curve::Curve>::ORDER),
    );
    for (scalar, fits) in [(&mine[..], true), (&zero, false), (&order, false)] {
        // ECPrivateKey ::= SEQUENCE { version 1, privateKey OCTET STRING } without a public key
        let inner = [&[0x30, 37, 2, 1, 1, 4, 32], scalar].concat();
        let bare = rewritten(der, |i| i.private_key = OctetStringRef::new(&inner).unwrap());
        assert_eq!(fitting(spec, &bare).is_ok(), fits);
        if fits {
            let (one, two) = (fitting(spec, &bare).unwrap(), fitting(spec, der).unwrap());
            assert!(one.known_by == two.known_by && one.bytes == two.bytes, "the same key");
        }
    }
    assert!(info.public_key.is_none());
}

fn p256_scalar(der: &[u8]) -> Vec<u8> {
    use pkcs8::DecodePrivateKey as _;
    p256::SecretKey::from_pkcs8_der(der).unwrap().to_bytes().to_vec()
}

#[test]
fn the_numbers_of_an_rsa_key_must_belong_together() {
    let spec = KeySpec::Rsa2048;
    let der = of(spec);
    let info = PrivateKeyInfoRef::from_der(der).unwrap();
    let own = RsaPrivateKeyRef::from_der(info.private_key.as_bytes()).unwrap();
    let with = |change: &dyn Fn(&mut RsaPrivateKeyRef<'static>)| {
        let mut key = own.clone();
        change(&mut key);
        let inner = key.to_der().unwrap();
        rewritten(der, |info| info.private_key = OctetStringRef::new(&inner).unwrap())
    };
    assert!(fitting(spec, &with(&|_| {})).is_ok());
    let other = RsaPrivateKeyRef::from_der(
        PrivateKeyInfoRef::from_der(of(KeySpec::Rsa3072)).unwrap().private_key.as_bytes(),
    )
    .unwrap();
    assert!(refused(spec, &with(&|key| key.modulus = other.modulus)));
    assert!(refused(spec, &with(&|key| key.public_exponent = other.exponent1)));
    assert!(refused(spec, &with(&|key| key.private_exponent = other.private_exponent)));
    assert!(refused(spec, &with(&|key| key.prime1 = other.prime1)));
    assert!(refused(spec, &with(&|key| key.exponent1 = key.exponent2)));
    assert!(refused(spec, &with(&|key| key.exponent2 = key.exponent1)));
    assert!(refused(spec, &with(&|key| key.coefficient = key.exponent1)));
    assert!(refused(spec, &with(&|key| std::mem::swap(&mut key.prime1, &mut key.prime2))));
    let pss = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
    assert!(refused(
        spec,
        &rewritten(der, |info| {
            info.algorithm.oid = pss;
            info.algorithm.parameters = None;
        })
    ));
    assert!(refused(spec, &rewritten(der, |info| info.algorithm.parameters = None)));
}

#[test]
fn an_rsa_key_with_its_primes_exchanged_is_the_same_key() {
    use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
    use rsa::traits::{PrivateKeyParts as _, PublicKeyParts as _};
    let der = of(KeySpec::Rsa2048);
    let key = rsa::PrivateKey::from_pkcs8_der(der).unwrap();
    let [p, q] = key.primes() else { panic!("two primes") };
    let exchanged =
        rsa::PrivateKey::from_p_q(q.as_ref().clone(), p.as_ref().clone(), key.e().clone());
    let again = exchanged.unwrap().to_pkcs8_der().unwrap();
    assert_ne!(again.as_bytes(), der);
    let known_by = |der: &[u8]| fitting(KeySpec::Rsa2048, der).unwrap().known_by;
    assert!(known_by(again.as_bytes()) == known_by(der));
}

#[test]
fn every_signing_algorithm_of_every_spec_verifies_its_own_alone() {
    for (spec, der) in KEYS.iter() {
        let key = PrivateKey::decode(*spec, der).unwrap();
        let other = PrivateKey::generate(*spec).unwrap();
        let own = algorithms(*spec, KeyUsage::SignVerify).unwrap();
        for algorithm in SigningAlgorithm::ALL {
            let mine = own.contains(&algorithm.name);
            let message = [7; 64];
            let input = algorithm.input(&message, MessageType::Raw).unwrap_or(message.to_vec());
            let Some(signature) = key.sign(*algorithm, &input) else {
                assert!(!mine, "{spec} {}", algorithm.name);
                continue;
            };
            let verifies = |signature: &[u8]| key.verifies(*algorithm, &input, signature);
            assert!(verifies(&signature), "{spec} {}", algorithm.name);
            assert!(!other.verifies(*algorithm, &input, &signature));
            assert!(!verifies(&[]) && !verifies(&signature[1..]));
            let mut changed = signature.clone();
            changed[40] ^= 1;
            assert!(!verifies(&changed));
            assert!(!key.verifies(*algorithm, &Hash::Sha512.digest(&input), &signature));
        }
    }
}

#[test]
fn both_halves_of_s_are_given_and_taken() {
    use pkcs8::DecodePrivateKey as _;
    let der = of(KeySpec::EccSecgP256k1);
    let key = EcKey::decode(Curve::P256k1, der).unwrap();
    let outside = k256::ecdsa::SigningKey::from_pkcs8_der(der).unwrap();
    let mut halves = [0, 0];
    for _ in 0..64 {
        let der = key.sign(&[1; 32]).unwrap();
        assert!(key.verifies(&[1; 32], &der));
        let signature = k256::ecdsa::Signature::from_der(&der).unwrap();
        let low = signature.normalize_s();
        halves[usize::from(low != signature)] += 1;
        let key = outside.verifying_key();
        assert!(
            ecdsa::signature::hazmat::PrehashVerifier::verify_prehash(key, &[1; 32], &low).is_ok()
        );
    }
    assert!(halves.iter().all(|count| *count > 0), "{halves:?}");
}

proptest! {
    #[test]
    fn no_bytes_are_out_of_hand(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for (spec, _) in KEYS.iter() {
            prop_assert!(fitting(*spec, &bytes).is_err());
        }
        for curve in [Curve::P256, Curve::P384, Curve::P521, Curve::P256k1] {
            prop_assert!(EcKey::generate(curve).unwrap().agree(&bytes).is_none());
        }
    }

    /// Whatever a key with changed bytes is read as, it is written and read back as the same.
    #[test]
    fn changed_keys_are_refused_or_whole(
        which in 0..8_usize,
        at in any::<proptest::sample::Index>(),
        change in 1..=u8::MAX,
    ) {
        let (spec, der) = &KEYS[which % KEYS.len()];
        let mut changed = der.clone();
        let place = at.index(changed.len());
        changed[place] ^= change;
        if let Ok(read) = fitting(*spec, &changed) {
            let again = fitting(*spec, read.bytes.as_bytes());
            prop_assert!(again.is_ok_and(|again| again.known_by == read.known_by));
        }
    }

    /// Public keys with changed bytes: refused, or a point on the curve.
    #[test]
    fn changed_public_keys_are_no_panic(at in any::<proptest::sample::Index>(), change in 1..=u8::MAX) {
        for (spec, der) in KEYS.iter() {
            let KeyFamily::Ecc(curve) = spec.family() else { continue };
            let key = EcKey::decode(curve, der).unwrap();
            let mut peer = key.public_key_der().unwrap();
            prop_assert!(key.agree(&peer).is_some());
            let place = at.index(peer.len());
            peer[place] ^= change;
            let _ = key.agree(&peer);
        }
    }
}
