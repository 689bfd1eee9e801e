//! Writing an X.509 certificate (RFC 5280).

use crate::keys::{Curve, Family, Hash, rsa, spki};
use crate::store::{Algorithm, random};
use crate::wire::DeviceError;
use der::asn1::{BitString, GeneralizedTime, OctetString, UintRef, UtcTime};
use der::{Any, DateTime, Encode as _, Sequence, Tag};
use pkcs8::ObjectIdentifier;
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfo};
use std::str::FromStr as _;
use x509_cert::ext::Extension;
use x509_cert::name::Name;
use x509_cert::time::{Time, Validity};

/// Where Yubico's extensions are.
const ARC: &str = "1.3.6.1.4.1.41482.4";
const VERSION_3: u8 = 2;
const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const ECDSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");

/// The key that signs a certificate.
#[derive(Clone, Copy)]
pub(crate) struct Signer<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) body: &'a [u8],
}

/// What a certificate says.
pub(crate) struct Certificate {
    serial: Vec<u8>,
    issuer: Name,
    subject: Name,
    key: SubjectPublicKeyInfo<Any, BitString>,
    extensions: Vec<Extension>,
}

impl Certificate {
    /// A certificate for the public half of a key, with a random serial number.
    pub(crate) fn new(
        issuer: Name,
        subject: &str,
        (algorithm, body): (Algorithm, &[u8]),
    ) -> Result<Self, DeviceError> {
        let mut serial = random::<16>()?.to_vec();
        if let Some(first) = serial.first_mut() {
            // Positive, and never shorter than it looks.
            *first = *first & 0x7f | 0x01;
        }
        let key = spki(algorithm, body)?;
        Ok(Self { serial, issuer, subject: name(subject)?, key, extensions: Vec::new() })
    }

    /// The same with another serial number.
    pub(super) fn numbered(self, serial: &[u8]) -> Self {
        Self { serial: serial.to_vec(), ..self }
    }

    /// The key identifier of the certificate's key.
    pub(super) fn key_identifier(&self) -> Vec<u8> {
        Hash::Sha1.digest(&[self.key.subject_public_key.raw_bytes()])
    }

    /// Adds one of Yubico's extensions.
    pub(crate) fn extend(&mut self, number: u32, value: &Any) -> Result<(), DeviceError> {
        let oid = ObjectIdentifier::from_str(ARC).and_then(|arc| arc.push_arc(number));
        self.extend_with(oid.map_err(|_| DeviceError::InvalidData)?, false, value)
    }

    /// Adds any extension.
    pub(super) fn extend_with(
        &mut self,
        oid: ObjectIdentifier,
        critical: bool,
        value: &impl der::Encode,
    ) -> Result<(), DeviceError> {
        let value = value.to_der().and_then(OctetString::new).map_err(refused)?;
        self.extensions.push(Extension { extn_id: oid, critical, extn_value: value });
        Ok(())
    }

    /// Signs it: the certificate in DER.
    pub(crate) fn sign(self, signer: Signer<'_>) -> Result<Vec<u8>, DeviceError> {
        let (algorithm, hash) = scheme(signer.algorithm)?;
        let content = Signed {
            version: VERSION_3,
            serial: UintRef::new(&self.serial).map_err(refused)?,
            algorithm: algorithm.clone(),
            issuer: self.issuer,
            validity: validity().map_err(refused)?,
            subject: self.subject,
            key: self.key,
            extensions: self.extensions,
        };
        let digest = hash.digest(&[&content.to_der().map_err(refused)?]);
        let signature = match Family::of(signer.algorithm)? {
            Family::Rsa(size) => rsa::sign_pkcs1(size, signer.body, &digest, Some(hash))?,
            Family::Curve(curve) => curve.sign(signer.body, &digest)?,
            Family::Ed25519 => return Err(DeviceError::InvalidData),
        };
        let signature = BitString::from_bytes(&signature).map_err(refused)?;
        Whole { content, algorithm, signature }.to_der().map_err(refused)
    }
}

/// `TBSCertificate`.
#[derive(Sequence)]
struct Signed<'a> {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    version: u8,
    serial: UintRef<'a>,
    algorithm: AlgorithmIdentifierOwned,
    issuer: Name,
    validity: Validity,
    subject: Name,
    key: SubjectPublicKeyInfo<Any, BitString>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT")]
    extensions: Vec<Extension>,
}

/// `Certificate`.
#[derive(Sequence)]
struct Whole<'a> {
    content: Signed<'a>,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
}

/// The signature algorithm of a key. Ed25519 keys sign no certificates.
fn scheme(algorithm: Algorithm) -> Result<(AlgorithmIdentifierOwned, Hash), DeviceError> {
    let (oid, hash, parameters) = match Family::of(algorithm)? {
        Family::Rsa(_) => (RSA_SHA256, Hash::Sha256, Some(Any::null())),
        Family::Curve(Curve::P384 | Curve::Brainpool384) => (ECDSA_SHA384, Hash::Sha384, None),
        Family::Curve(Curve::P521 | Curve::Brainpool512) => (ECDSA_SHA512, Hash::Sha512, None),
        Family::Curve(Curve::P224 | Curve::P256 | Curve::K256 | Curve::Brainpool256) => {
            (ECDSA_SHA256, Hash::Sha256, None)
        }
        Family::Ed25519 => return Err(DeviceError::InvalidData),
    };
    Ok((AlgorithmIdentifierOwned { oid, parameters }, hash))
}

/// The dates of every certificate.
fn validity() -> der::Result<Validity> {
    let from = UtcTime::from_date_time(DateTime::new(2017, 1, 1, 0, 0, 0)?)?;
    let until = GeneralizedTime::from_date_time(DateTime::new(2071, 10, 5, 0, 0, 0)?);
    Ok(Validity::new(Time::UtcTime(from), Time::GeneralTime(until)))
}

/// A name that is a common name alone.
pub(crate) fn name(common: &str) -> Result<Name, DeviceError> {
    Name::from_str(&format!("CN={common}")).map_err(refused)
}

/// An OCTET STRING.
pub(crate) fn octets(bytes: &[u8]) -> Result<Any, DeviceError> {
    Any::new(Tag::OctetString, bytes).map_err(refused)
}

/// A BIT STRING of whole bytes.
pub(crate) fn bits(bytes: &[u8]) -> Result<Any, DeviceError> {
    Any::new(Tag::BitString, [&[0], bytes].concat()).map_err(refused)
}

/// A `UTF8String`. The device does not look into its labels, and neither does this.
pub(crate) fn text(bytes: &[u8]) -> Result<Any, DeviceError> {
    Any::new(Tag::Utf8String, bytes).map_err(refused)
}

/// An INTEGER that is not negative.
pub(crate) fn integer(number: u32) -> Result<Any, DeviceError> {
    Any::encode_from(&number).map_err(refused)
}

fn refused(_: der::Error) -> DeviceError {
    DeviceError::InvalidData
}
