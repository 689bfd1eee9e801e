//! Keys in the encodings of others: PKCS #8 (RFC 5958, with RFC 5915, 8017 and 8410 inside) and SubjectPublicKeyInfo (RFC 5280).

use super::{Body, Family, ed25519, rsa};
use crate::store::Algorithm;
use crate::wire::DeviceError;
use ::rsa::PrivateKey;
use ::rsa::pkcs1::{ALGORITHM_ID as RSA, RsaPublicKey, UintRef};
use ::rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use der::asn1::{AnyRef, BitString, OctetStringRef};
use der::{Decode as _, Encode as _};
use pkcs8::{AlgorithmIdentifierRef, ObjectIdentifier, PrivateKeyInfoRef};
use sec1::EcPrivateKey;
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfo};
use zeroize::Zeroizing;

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const EXPONENT: &[u8] = &[1, 0, 1];

/// A private key in PKCS #8. An Ed25519 key without its seed has none.
pub(crate) fn to_pkcs8(algorithm: Algorithm, body: &[u8]) -> Result<Body, DeviceError> {
    let refused = |_: der::Error| DeviceError::InvalidData;
    match Family::of(algorithm)? {
        Family::Rsa(size) => {
            let document = rsa::private(size, body)?.to_pkcs8_der();
            let document = document.map_err(|_| DeviceError::InvalidData)?;
            Ok(Zeroizing::new(document.as_bytes().to_vec()))
        }
        Family::Curve(curve) => {
            let point = [&[4][..], curve.public(body)?].concat();
            let key = EcPrivateKey {
                private_key: curve.scalar(body)?,
                parameters: None,
                public_key: Some(&point),
            };
            let key = Zeroizing::new(key.to_der().map_err(refused)?);
            let oid = curve.oid();
            wrapped(EC, Some(AnyRef::from(&oid)), &key).map_err(refused)
        }
        Family::Ed25519 => {
            let seed = ed25519::seed(body).ok_or(DeviceError::InvalidData)?;
            let seed = OctetStringRef::new(seed).and_then(|seed| seed.to_der());
            wrapped(ED25519, None, &Zeroizing::new(seed.map_err(refused)?)).map_err(refused)
        }
    }
}

fn wrapped(oid: ObjectIdentifier, parameters: Option<AnyRef<'_>>, key: &[u8]) -> der::Result<Body> {
    let algorithm = AlgorithmIdentifierRef { oid, parameters };
    let info = PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(key)?);
    info.to_der().map(Zeroizing::new)
}

/// The body of a private key in PKCS #8 that has this algorithm.
pub(crate) fn from_pkcs8(algorithm: Algorithm, bytes: &[u8]) -> Result<Body, DeviceError> {
    let refused = |_: der::Error| DeviceError::InvalidData;
    let family = Family::of(algorithm)?;
    if let Family::Rsa(size) = family {
        let key = PrivateKey::from_pkcs8_der(bytes).map_err(|_| DeviceError::InvalidData)?;
        return rsa::body_of(&key, size);
    }
    let info = PrivateKeyInfoRef::try_from(bytes).map_err(|_| DeviceError::InvalidData)?;
    let parameters = info.algorithm.parameters;
    let inner = info.private_key.as_bytes();
    match family {
        Family::Curve(curve) if info.algorithm.oid == EC => {
            let named: ObjectIdentifier =
                parameters.ok_or(DeviceError::InvalidData)?.decode_as().map_err(refused)?;
            if named != curve.oid() {
                return Err(DeviceError::InvalidData);
            }
            family.body(EcPrivateKey::from_der(inner).map_err(refused)?.private_key)
        }
        Family::Ed25519 if info.algorithm.oid == ED25519 => {
            family.body(<&OctetStringRef>::from_der(inner).map_err(refused)?.as_bytes())
        }
        Family::Rsa(_) | Family::Curve(_) | Family::Ed25519 => Err(DeviceError::InvalidData),
    }
    .map_err(|_| DeviceError::InvalidData)
}

/// The public half as a SubjectPublicKeyInfo.
pub(crate) fn spki(
    algorithm: Algorithm,
    body: &[u8],
) -> Result<SubjectPublicKeyInfo<der::Any, BitString>, DeviceError> {
    let family = Family::of(algorithm)?;
    let public = family.public(body)?;
    encode_spki(family, public).map_err(|_| DeviceError::InvalidData)
}

fn encode_spki(
    family: Family,
    public: &[u8],
) -> der::Result<SubjectPublicKeyInfo<der::Any, BitString>> {
    let (algorithm, key) = match family {
        Family::Rsa(_) => {
            let key = RsaPublicKey {
                modulus: UintRef::new(public)?,
                public_exponent: UintRef::new(EXPONENT)?,
            };
            let algorithm =
                AlgorithmIdentifierOwned { oid: RSA.oid, parameters: Some(der::Any::null()) };
            (algorithm, key.to_der()?)
        }
        Family::Curve(curve) => {
            let parameters = Some(der::Any::from(curve.oid()));
            (AlgorithmIdentifierOwned { oid: EC, parameters }, [&[4][..], public].concat())
        }
        Family::Ed25519 => {
            (AlgorithmIdentifierOwned { oid: ED25519, parameters: None }, public.to_vec())
        }
    };
    let subject_public_key = BitString::from_bytes(&key)?;
    Ok(SubjectPublicKeyInfo { algorithm, subject_public_key })
}
