//! DSSE v1 envelopes (secure-systems-lab/dsse, `protocol.md` and `envelope.md`) with several signers.

use crate::{Digest, Error, FieldError, KeyId, Part, PublicKey, json};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde::Serialize;
use serde_json::{Map, Value};

/// The most bytes a bundle may have.
pub const MAX_BYTES: usize = 512 * 1024;
/// The most bytes a payload may have: as much as leaves room for every signature within [`MAX_BYTES`].
pub const MAX_PAYLOAD_BYTES: usize = 384_000;
/// The most signatures an envelope may have.
pub const MAX_SIGNATURES: usize = 32;
/// The most bytes one signature may have.
const MAX_SIGNATURE_BYTES: usize = 128;

/// One signature over the envelope's PAE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Which key is said to have made it.
    pub key_id: KeyId,
    /// The signature's bytes: 64 for Ed25519, DER for ECDSA.
    pub bytes: Vec<u8>,
}

/// A payload, its type, and signatures over both. Holding one says nothing about whether any signature is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    payload_type: String,
    payload: Vec<u8>,
    signatures: Vec<Signature>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    payload_type: &'a str,
    payload: String,
    signatures: Vec<WireSignature<'a>>,
}

#[derive(Serialize)]
struct WireSignature<'a> {
    keyid: &'a KeyId,
    sig: String,
}

/// The pre-authentication encoding: the bytes that are signed.
#[must_use]
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes =
        format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

impl Envelope {
    /// An envelope nobody signed yet.
    #[must_use]
    pub fn unsigned(payload_type: String, payload: Vec<u8>) -> Self {
        Self { payload_type, payload, signatures: Vec::new() }
    }

    /// Reads any well-formed DSSE envelope. What a reader may overlook but evidence may not (members that DSSE does not define,
    /// the URL-safe base64 alphabet, other white space) is returned as remarks.
    ///
    /// # Errors
    /// Oversize, not strict JSON, or a member missing or malformed.
    pub fn decode(bytes: &[u8]) -> Result<(Self, Vec<String>), Error> {
        if bytes.len() > MAX_BYTES {
            return Err(Error::Oversize { size: bytes.len(), limit: MAX_BYTES });
        }
        let tree =
            json::tree(bytes).map_err(|problem| Error::Json { part: Part::Envelope, problem })?;
        let mut remarks = Vec::new();
        note_unknown(&tree, &["payloadType", "payload", "signatures"], "", &mut remarks);
        let payload_type = text(&tree, "payloadType", "payloadType")?.to_owned();
        let payload = decode_base64(&tree, "payload", "payload", &mut remarks)?;
        if payload.len() > MAX_PAYLOAD_BYTES {
            let problem =
                format!("has {} bytes, more than {MAX_PAYLOAD_BYTES}, decoded", payload.len());
            return Err(field("payload", &problem));
        }
        let signatures = signatures(&tree, &mut remarks)?;
        let envelope = Self { payload_type, payload, signatures };
        if remarks.is_empty() && envelope.encode() != bytes {
            remarks
                .push("white space, member order or escapes differ from the canonical form".into());
        }
        Ok((envelope, remarks))
    }

    /// Reads an envelope that is written byte for byte as [`Self::encode`] writes it: what every verification asks for.
    ///
    /// # Errors
    /// As [`Self::decode`], and [`Error::NotCanonical`].
    pub fn decode_canonical(bytes: &[u8]) -> Result<Self, Error> {
        let (envelope, remarks) = Self::decode(bytes)?;
        match remarks.into_iter().next() {
            None => Ok(envelope),
            Some(remark) => Err(Error::NotCanonical(remark)),
        }
    }

    /// The canonical form: compact JSON, members in the order `payloadType`, `payload`, `signatures` (`keyid`, `sig`),
    /// padded base64 in the standard alphabet, one line feed at the end.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let wire = Wire {
            payload_type: &self.payload_type,
            payload: STANDARD.encode(&self.payload),
            signatures: self
                .signatures
                .iter()
                .map(|s| WireSignature { keyid: &s.key_id, sig: STANDARD.encode(&s.bytes) })
                .collect(),
        };
        // Strings and arrays of strings always serialise.
        let mut bytes = json::encode(&wire).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// The payload's type.
    #[must_use]
    pub fn payload_type(&self) -> &str {
        &self.payload_type
    }

    /// The signatures, in the order they were added.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// The bytes that are signed.
    #[must_use]
    pub fn pae(&self) -> Vec<u8> {
        pae(&self.payload_type, &self.payload)
    }

    /// The bundle's digest: the SHA-256 of its PAE. It covers the type and the payload but not the signatures, so that a
    /// countersignature leaves every reference to the bundle intact. It is also what a P-256 key signs.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.pae())
    }

    /// Adds a signature that somebody made over [`Self::pae`].
    ///
    /// # Errors
    /// When it does not verify, when the key signed already, or when there are [`MAX_SIGNATURES`] already.
    pub fn add_signature(&mut self, key: &PublicKey, bytes: Vec<u8>) -> Result<(), String> {
        if !key.verifies(&self.pae(), &bytes) {
            return Err("the new signature does not verify under its own key".to_owned());
        }
        let key_id = key.id()?;
        if self.signatures.iter().any(|s| s.key_id == key_id) {
            return Err(format!("key {key_id} signed this bundle already"));
        }
        if self.signatures.len() >= MAX_SIGNATURES {
            return Err(format!("the bundle has {MAX_SIGNATURES} signatures already"));
        }
        self.signatures.push(Signature { key_id, bytes });
        Ok(())
    }

    /// The payload's bytes before anybody checked a signature. For showing them, marked as unverified, and for nothing else.
    #[must_use]
    pub fn untrusted_payload(&self) -> &[u8] {
        &self.payload
    }
}

fn field(name: &str, problem: &str) -> Error {
    Error::Envelope(FieldError::new(name, problem))
}

fn text<'a>(tree: &'a Map<String, Value>, member: &str, path: &str) -> Result<&'a str, Error> {
    let value = tree.get(member).ok_or_else(|| field(path, "is missing"))?;
    value.as_str().ok_or_else(|| field(path, "is not a string"))
}

fn note_unknown(
    tree: &Map<String, Value>,
    known: &[&str],
    prefix: &str,
    remarks: &mut Vec<String>,
) {
    for member in tree.keys().filter(|member| !known.contains(&member.as_str())) {
        remarks.push(format!("member {prefix}{member:?} is not defined by DSSE and was ignored"));
    }
}

fn decode_base64(
    tree: &Map<String, Value>,
    member: &str,
    path: &str,
    remarks: &mut Vec<String>,
) -> Result<Vec<u8>, Error> {
    let text = text(tree, member, path)?;
    if let Ok(bytes) = STANDARD.decode(text) {
        return Ok(bytes);
    }
    let bytes = URL_SAFE.decode(text).map_err(|_| field(path, "is not canonical padded base64"))?;
    remarks.push(format!("{path} is in the URL-safe base64 alphabet"));
    Ok(bytes)
}

fn signatures(
    tree: &Map<String, Value>,
    remarks: &mut Vec<String>,
) -> Result<Vec<Signature>, Error> {
    let value = tree.get("signatures").ok_or_else(|| field("signatures", "is missing"))?;
    let list = value.as_array().ok_or_else(|| field("signatures", "is not an array"))?;
    if list.len() > MAX_SIGNATURES {
        return Err(field("signatures", &format!("has more than {MAX_SIGNATURES} entries")));
    }
    let mut signatures = Vec::with_capacity(list.len());
    for (index, entry) in list.iter().enumerate() {
        let path = format!("signatures[{index}]");
        let entry = entry.as_object().ok_or_else(|| field(&path, "is not an object"))?;
        note_unknown(entry, &["keyid", "sig"], &format!("{path}."), remarks);
        let id_path = format!("{path}.keyid");
        let key_id = text(entry, "keyid", &id_path)?;
        let key_id = key_id.parse().map_err(|problem: String| field(&id_path, &problem))?;
        let sig_path = format!("{path}.sig");
        let bytes = decode_base64(entry, "sig", &sig_path, remarks)?;
        if bytes.is_empty() || bytes.len() > MAX_SIGNATURE_BYTES {
            return Err(field(&sig_path, "has a length no signature has"));
        }
        signatures.push(Signature { key_id, bytes });
    }
    Ok(signatures)
}
