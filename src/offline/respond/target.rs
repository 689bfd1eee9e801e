//! One target: its part of the response, and the files that go with it.

use super::NewFile;
use super::material::Work;
use super::{copy, private, raw};
use keyferry_bundle::Digest;
use keyferry_bundle::kinds::{KeptAs, ResponseTarget, Target};
use keyferry_ceremony::wrapping_key::WrappingPublicKey;
use keyferry_console::Failure;

/// A target's part of the response, and the files that go with it.
pub(super) struct Part {
    pub(super) entry: ResponseTarget,
    pub(super) files: Vec<NewFile>,
}

pub(super) fn make(work: &mut Work<'_>, planned: &Target) -> Result<Part, Failure> {
    let accepted = work.accepted;
    let asked = accepted
        .request
        .body()
        .target(&planned.name)
        .ok_or_else(|| Failure::bug("an accepted request lacks a planned target"))?;
    let wrapping_public_key =
        WrappingPublicKey::from_der(asked.wrapping_public_key.as_bytes(), asked.wrapping_key_spec)
            .map_err(Failure::bug)?;
    let material = match planned.kept_as {
        KeptAs::Opaque | KeptAs::SymmetricKey => raw::make(work, planned, &wrapping_public_key)?,
        KeptAs::AsymmetricKey => private::make(work, planned, asked)?,
    };
    let mut files = Vec::new();
    let backup = copy::make(work, planned, &material, &mut files)?;
    let entry = ResponseTarget {
        name: planned.name.clone(),
        key: planned.key.clone(),
        key_spec: planned.key_spec,
        wrapping_algorithm: planned.wrapping_algorithm,
        wrapping_public_key_sha256: Digest::of(asked.wrapping_public_key.as_bytes()),
        import_token_sha256: asked.import_token_sha256,
        encrypted_key_material: material.encrypted,
        object_id: planned.object_id,
        made: material.made,
        check_value: material.check_value,
        public_key: material.public_key,
        attestation: material.attestation,
        known_answer: material.known_answer,
        backup,
    };
    Ok(Part { entry, files })
}
