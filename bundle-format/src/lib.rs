//! What crosses the air gap: Keyferry's signed JSON bundles and nothing else.
//!
//! A bundle is a DSSE v1 envelope ([`Envelope`]) around one strict-JSON payload of a [`Kind`]. The reader's path is
//! [`Unverified::from_slice`] -> a check against the keys somebody already trusts -> [`Verified`]; an [`Unverified`]
//! payload has no accessor. `SPEC.md` beside this crate is the normative text, `schemas/` its JSON Schemas and
//! `testkit/` its test vectors.
//!
//! This crate knows no clock, no files, no random numbers, no HSM and no AWS.

pub mod envelope;
mod error;
pub mod identifiers;
pub mod json;
pub mod key;
pub mod kinds;
pub mod schema;
pub mod seal;

pub use envelope::Envelope;
pub use error::{Error, FieldError, Part};
pub use identifiers::{
    AccountId, AgeRecipient, AwsRegion, Base64, CeremonyId, Curve, Digest, Domains, Endpoint,
    Environment, ExpirationModel, Firmware, HmacHash, Holder, KeyArn, KeyFamily, KeyMaterialId,
    KeySpec, KeyUsage, KmsKeyId, Label, LogDigest, ObjectId, Partition, Role, Serial, Shown,
    TargetName, Text, Timestamp, WrappingAlgorithm, WrappingKeySpec,
};
pub use key::{KeyAlgorithm, KeyId, PublicKey};
pub use kinds::{
    Backup, Bundle, Custodian, Device, Expiration, Kind, Log, Plan, Policy, Receipt, Request,
    Response, Transcript, Upkeep,
};
pub use seal::{Enrolled, Quorum, Requirements, Signer, Unverified, Verified};
