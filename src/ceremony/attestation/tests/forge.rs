//! Certificates made up for these tests, sound or spoilt, written out by hand: the encoder of the code under test takes no part.

use super::super::{Attestation, Extension, Fault, verify};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;

pub(crate) const BASIC_CONSTRAINTS: &str = "2.5.29.19";
pub(crate) const KEY_USAGE: &str = "2.5.29.15";

/// One value in DER.
pub(crate) fn tlv(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
    let contents = contents.concat();
    let [high, low] = u16::try_from(contents.len()).unwrap().to_be_bytes();
    let length = match (high, low) {
        (0, 0..=127) => vec![low],
        (0, _) => vec![0x81, low],
        (_, _) => vec![0x82, high, low],
    };
    [&[tag][..], &length, &contents].concat()
}

fn oid(text: &str) -> Vec<u8> {
    let oid = der::asn1::ObjectIdentifier::new_unwrap(text);
    tlv(0x06, &[oid.as_bytes()])
}

/// A name with one common name.
fn name(text: &str) -> Vec<u8> {
    let attribute = tlv(0x30, &[&oid("2.5.4.3"), &tlv(0x0c, &[text.as_bytes()])]);
    tlv(0x30, &[&tlv(0x31, &[&attribute])])
}

/// A key from a number.
pub(crate) fn key(number: u8) -> SigningKey {
    SigningKey::from_slice(&[number; 32]).unwrap()
}

/// The BOOLEAN that makes an extension critical, and what stands there when it is not: nothing.
pub(crate) const CRITICAL: &[u8] = b"\x01\x01\xff";
pub(crate) const PLAIN: &[u8] = b"";

/// ecdsa-with-SHA256.
const ECDSA: &str = "1.2.840.10045.4.3.2";

/// An extension: its identifier, whether it is critical, its value.
pub(crate) type Field = (String, &'static [u8], Vec<u8>);

/// A certificate before it is signed.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) subject: &'static str,
    pub(crate) issuer: &'static str,
    pub(crate) key: SigningKey,
    pub(crate) signer: SigningKey,
    pub(crate) extensions: Vec<Field>,
    /// The signature's algorithm as stated in the signed part, and after it.
    pub(crate) algorithms: [&'static str; 2],
}

impl Draft {
    pub(crate) fn authority(
        subject: &'static str,
        own: u8,
        issuer: &'static str,
        signer: u8,
    ) -> Self {
        Self {
            subject,
            issuer,
            key: key(own),
            signer: key(signer),
            extensions: vec![(BASIC_CONSTRAINTS.into(), CRITICAL, constraints(None))],
            algorithms: [ECDSA; 2],
        }
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        let [inner, outer] = self.algorithms.map(|algorithm| tlv(0x30, &[&oid(algorithm)]));
        let extensions: Vec<Vec<u8>> = self
            .extensions
            .iter()
            .map(|(id, critical, value)| tlv(0x30, &[&oid(id), critical, &tlv(0x04, &[value])]))
            .collect();
        let dates = [tlv(0x17, &[b"170101000000Z"]), tlv(0x18, &[b"20711005000000Z"])];
        let tbs = tlv(
            0x30,
            &[
                &tlv(0xa0, &[&tlv(0x02, &[&[2]])]),
                &tlv(0x02, &[&[1; 16]]),
                &inner,
                &name(self.issuer),
                &tlv(0x30, &[&dates.concat()]),
                &name(self.subject),
                self.key.verifying_key().to_public_key_der().unwrap().as_bytes(),
                &tlv(0xa3, &[&tlv(0x30, &[&extensions.concat()])]),
            ],
        );
        let signature: DerSignature = self.signer.sign(&tbs);
        tlv(0x30, &[&tbs, &outer, &tlv(0x03, &[&[0], signature.as_bytes()])])
    }
}

/// Basic constraints of an authority.
pub(crate) fn constraints(path_length: Option<u8>) -> Vec<u8> {
    let limit = path_length.map(|limit| tlv(0x02, &[&[limit]])).unwrap_or_default();
    tlv(0x30, &[&tlv(0x01, &[&[0xff]]), &limit])
}

/// The value that a device writes.
pub(crate) fn value(extension: Extension) -> Vec<u8> {
    match extension {
        Extension::Firmware => tlv(0x04, &[&[2, 4, 1]]),
        Extension::Serial => tlv(0x02, &[&12_345_678_u32.to_be_bytes()]),
        Extension::Origin => tlv(0x03, &[&[0, 0x01]]),
        Extension::Domains => tlv(0x03, &[&[0, 0x00, 0x05]]),
        Extension::Capabilities => tlv(0x03, &[&[0, 0, 0, 0, 0, 0, 1, 0, 0x80]]),
        Extension::ObjectId => tlv(0x02, &[&[0x0a, 0x01]]),
        Extension::Label => tlv(0x0c, &["clé".as_bytes()]),
    }
}

fn field(extension: Extension) -> Field {
    (extension.oid().to_string(), PLAIN, value(extension))
}

/// A chain of four, every part of which a test may spoil before it is signed.
#[derive(Clone)]
pub(crate) struct Chain {
    pub(crate) leaf: Draft,
    pub(crate) device: Draft,
    pub(crate) authority: Draft,
    pub(crate) root: Draft,
}

impl Chain {
    pub(crate) fn sound() -> Self {
        let mut chain = Self {
            root: Draft::authority("Root", 1, "Root", 1),
            authority: Draft::authority("Authority", 2, "Root", 1),
            device: Draft::authority("Device", 3, "Authority", 2),
            leaf: Draft::authority("Key", 4, "Device", 3),
        };
        chain.leaf.extensions = Extension::ALL.map(field).to_vec();
        let described = [Extension::Firmware, Extension::Serial].map(field);
        chain.device.extensions.extend(described);
        chain
    }

    pub(crate) fn verify(&self) -> Result<Attestation, Fault> {
        let [device, authority, root] = [&self.device, &self.authority, &self.root].map(Draft::der);
        verify(&self.leaf.der(), &[&device, &authority], &[&root])
    }
}
