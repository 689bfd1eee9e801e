//! JSON Schemas (draft 2020-12) of the envelope and of the payloads, generated from the types that read them.

use crate::envelope::{MAX_PAYLOAD_BYTES, MAX_SIGNATURES};
use crate::kinds::{
    Backup, Device, Log, Plan, Policy, Receipt, Request, Response, Transcript, Upkeep,
};
use crate::{Base64, KeyId, Kind, kinds::payload_type};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Value, json};

fn schema<T: JsonSchema>(kind: Kind) -> (Kind, Value) {
    let generator: SchemaGenerator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<T>();
    schema.insert("$id".to_owned(), format!("urn:keyferry:{kind}:v1").into());
    schema.insert("$comment".to_owned(), format!("payload type {}", payload_type(kind)).into());
    (kind, schema.to_value())
}

/// The schema of every kind's payload. Rules that a schema cannot say (sums over lists, digests, keys) are in SPEC.md.
#[must_use]
pub fn all() -> Vec<(Kind, Value)> {
    vec![
        schema::<Policy>(Kind::Policy),
        schema::<Device>(Kind::Device),
        schema::<Plan>(Kind::Plan),
        schema::<Request>(Kind::Request),
        schema::<Response>(Kind::Response),
        schema::<Backup>(Kind::Backup),
        schema::<Receipt>(Kind::Receipt),
        schema::<Log>(Kind::Log),
        schema::<Transcript>(Kind::Transcript),
        schema::<Upkeep>(Kind::Upkeep),
    ]
}

/// The schema of the envelope, as every verification asks for it: no members but those of DSSE.
#[must_use]
pub fn envelope() -> Value {
    let types: Vec<String> = Kind::ALL.iter().map(|kind| payload_type(*kind)).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:keyferry:envelope:v1",
        "$comment": "a DSSE v1 envelope in the canonical form of SPEC.md section 3, which a schema cannot say in full",
        "title": "Envelope",
        "type": "object",
        "properties": {
            "payloadType": { "description": "The kind and its version.", "type": "string", "enum": types },
            "payload": {
                "description": "The payload.",
                "$ref": "#/$defs/Base64",
                "maxLength": MAX_PAYLOAD_BYTES.div_ceil(3) * 4,
            },
            "signatures": {
                "description": "Signatures over the PAE of type and payload.",
                "type": "array",
                "maxItems": MAX_SIGNATURES,
                "items": { "$ref": "#/$defs/Signature" },
            },
        },
        "required": ["payloadType", "payload", "signatures"],
        "additionalProperties": false,
        "$defs": {
            "Base64": { "type": "string", "pattern": Base64::PATTERN, "contentEncoding": "base64" },
            "Signature": {
                "type": "object",
                "properties": {
                    "keyid": {
                        "description": "The SHA-256 of the signer's SubjectPublicKeyInfo, a hint.",
                        "type": "string",
                        "pattern": KeyId::PATTERN,
                    },
                    "sig": {
                        "description": "64 bytes of Ed25519, or ECDSA in DER.",
                        "$ref": "#/$defs/Base64",
                        "maxLength": 172,
                    },
                },
                "required": ["keyid", "sig"],
                "additionalProperties": false,
            },
        },
    })
}

/// Every schema as the file of `schemas/` that it is committed as: name and text.
#[must_use]
pub fn files() -> Vec<(String, String)> {
    let envelope = ("envelope".to_owned(), envelope());
    let kinds = all().into_iter().map(|(kind, schema)| (kind.to_string(), schema));
    std::iter::once(envelope)
        .chain(kinds)
        .map(|(name, schema)| (format!("{name}.v1.json"), format!("{schema:#}\n")))
        .collect()
}
