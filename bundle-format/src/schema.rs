//! JSON Schemas (draft 2020-12) of the envelope's payloads, generated from the types that read them.

use crate::kinds::{Backup, Device, Plan, Policy, Receipt, Request, Response};
use crate::{Kind, kinds::payload_type};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};

fn schema<T: JsonSchema>(kind: Kind) -> (Kind, serde_json::Value) {
    let generator: SchemaGenerator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<T>();
    schema.insert("$id".to_owned(), format!("urn:keyferry:{kind}:v1").into());
    schema.insert("$comment".to_owned(), format!("payload type {}", payload_type(kind)).into());
    (kind, schema.to_value())
}

/// The schema of every kind's payload. Rules that a schema cannot say (sums over lists, digests, keys) are in SPEC.md.
#[must_use]
pub fn all() -> Vec<(Kind, serde_json::Value)> {
    vec![
        schema::<Policy>(Kind::Policy),
        schema::<Device>(Kind::Device),
        schema::<Plan>(Kind::Plan),
        schema::<Request>(Kind::Request),
        schema::<Response>(Kind::Response),
        schema::<Backup>(Kind::Backup),
        schema::<Receipt>(Kind::Receipt),
    ]
}
