//! One key material and its targets: their parts of the response, and the files that go with them.

use super::NewFile;
use super::material::{Material, Work};
use super::{copy, private, raw};
use crate::{known_answer, wrap};
use keyferry_bundle::kinds::{KeptAs, PlannedMaterial, RequestTarget, ResponseTarget, Target};
use keyferry_bundle::{Base64, Digest};
use keyferry_ceremony::wrapping_key::WrappingPublicKey;
use keyferry_console::Failure;

/// What the targets of one key material add to the response, and the files that go with it.
pub(super) struct Part {
    pub(super) entries: Vec<ResponseTarget>,
    pub(super) files: Vec<NewFile>,
}

/// A key material as one target gets it.
struct Wrapped<'a> {
    planned: &'a Target,
    asked: &'a RequestTarget,
    encrypted: Base64,
    known_answer: Option<Digest>,
}

/// Makes the key material once, or reads it back; wraps it for each target under that target's own key; copies it once.
pub(super) fn make(work: &mut Work<'_>, planned: &PlannedMaterial<'_>) -> Result<Part, Failure> {
    let leader = planned.leader;
    let material = match leader.kept_as {
        KeptAs::Opaque | KeptAs::SymmetricKey => raw::make(work, leader)?,
        KeptAs::AsymmetricKey => private::make(work, leader)?,
    };
    let wrapped = planned
        .targets
        .iter()
        .map(|target| wrap_for(work, target, &material))
        .collect::<Result<Vec<_>, _>>()?;
    let mut files = Vec::new();
    let backup = copy::make(work, leader, &material, &mut files)?;
    let entries = wrapped.into_iter().map(|wrapped| entry(wrapped, &material, backup)).collect();
    Ok(Part { entries, files })
}

/// Raw bytes are wrapped here, a private key by the HSM.
fn wrap_for<'a>(
    work: &Work<'a>,
    planned: &'a Target,
    material: &Material,
) -> Result<Wrapped<'a>, Failure> {
    let accepted = work.accepted;
    let asked = accepted
        .request
        .body()
        .target(&planned.name)
        .ok_or_else(|| Failure::bug("an accepted request lacks a planned target"))?;
    let (encrypted, known_answer) = match &material.bytes {
        Some(bytes) => {
            let key = asked.wrapping_public_key.as_bytes();
            let under =
                WrappingPublicKey::from_der(key, asked.wrapping_key_spec).map_err(Failure::bug)?;
            let plan = accepted.plan.digest();
            (
                wrap::wrap(bytes, &under, planned.wrapping_algorithm)?,
                known_answer::of(bytes, planned.key_spec, plan, &planned.name)?,
            )
        }
        None => (private::wrap(work, planned, asked)?, None),
    };
    Ok(Wrapped { planned, asked, encrypted, known_answer })
}

fn entry(wrapped: Wrapped<'_>, material: &Material, backup: Digest) -> ResponseTarget {
    let Wrapped { planned, asked, encrypted, known_answer } = wrapped;
    ResponseTarget {
        name: planned.name.clone(),
        key: planned.key.clone(),
        key_spec: planned.key_spec,
        wrapping_algorithm: planned.wrapping_algorithm,
        wrapping_public_key_sha256: Digest::of(asked.wrapping_public_key.as_bytes()),
        import_token_sha256: asked.import_token_sha256,
        encrypted_key_material: encrypted,
        object_id: planned.object_id,
        made: material.made,
        check_value: material.check_value,
        public_key: material.public_key.clone(),
        attestation: material.attestation.clone(),
        known_answer,
        backup,
    }
}
