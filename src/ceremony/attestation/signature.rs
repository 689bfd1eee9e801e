//! Signatures on certificates: those of Yubico's chains (RSA), and those of an attesting P-256 key (RFC 4055, RFC 5758).

use der::asn1::ObjectIdentifier;
use der::{AnyRef, Decode as _, Encode as _};
use p256::ecdsa::DerSignature;
use rsa::pkcs1v15;
use rsa::signature::Verifier as _;
use sha2::{Sha256, Sha384, Sha512};
use spki::{AlgorithmIdentifierOwned, DecodePublicKey as _, SubjectPublicKeyInfoOwned};

const SHA256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const SHA384_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const SHA512_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");

/// Whether `signature` over `message` is that of `key`; none for algorithms and keys that are not verified here.
pub(super) fn verifies(
    key: &SubjectPublicKeyInfoOwned,
    algorithm: &AlgorithmIdentifierOwned,
    message: &[u8],
    signature: &[u8],
) -> Option<bool> {
    let null = algorithm.parameters.as_ref().is_some_and(|it| AnyRef::from(it).is_null());
    let key = key.to_der().ok()?;
    if algorithm.oid == ECDSA_WITH_SHA256 && algorithm.parameters.is_none() {
        let key = p256::ecdsa::VerifyingKey::from_public_key_der(&key).ok()?;
        let signature = DerSignature::from_der(signature);
        return Some(signature.is_ok_and(|signature| key.verify(message, &signature).is_ok()));
    }
    let oid = null.then_some(algorithm.oid)?;
    let key = rsa::PublicKey::from_public_key_der(&key).ok()?;
    let Ok(signature) = pkcs1v15::Signature::try_from(signature) else { return Some(false) };
    let verified = match oid {
        SHA256_WITH_RSA => pkcs1v15::VerifyingKey::<Sha256>::new(key).verify(message, &signature),
        SHA384_WITH_RSA => pkcs1v15::VerifyingKey::<Sha384>::new(key).verify(message, &signature),
        SHA512_WITH_RSA => pkcs1v15::VerifyingKey::<Sha512>::new(key).verify(message, &signature),
        _ => return None,
    };
    Some(verified.is_ok())
}
