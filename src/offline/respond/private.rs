//! Private keys: RSA and ECC. The HSM generates them, attests them, and wraps them itself under AWS's wrapping public key; they are never
//! on this host.

use super::material::{Material, Work};
use super::raw::other_material;
use crate::hsm_access::hsm_failed;
use keyferry_bundle::kinds::{AttestationChain, Made, RequestTarget, Target};
use keyferry_bundle::{Base64, Digest, KeySpec, ObjectId};
use keyferry_ceremony::proof;
use keyferry_console::{Exit, Failure};
use keyferry_hsm::{Error, Hsm, KeyAlgorithm, ObjectKind, Place, Purpose};

/// The label of AWS's wrapping public key while it is in the HSM.
const LABEL: &str = "keyferry wrapping public key";

/// The kind of key that the HSM generates for a spec, if it does.
pub(super) const fn algorithm(spec: KeySpec) -> Option<KeyAlgorithm> {
    match spec {
        KeySpec::Rsa2048 => Some(KeyAlgorithm::Rsa2048),
        KeySpec::Rsa3072 => Some(KeyAlgorithm::Rsa3072),
        KeySpec::Rsa4096 => Some(KeyAlgorithm::Rsa4096),
        KeySpec::EccNistP256 => Some(KeyAlgorithm::P256),
        KeySpec::EccNistP384 => Some(KeyAlgorithm::P384),
        KeySpec::EccNistP521 => Some(KeyAlgorithm::P521),
        KeySpec::EccSecgP256k1 => Some(KeyAlgorithm::Secp256k1),
        KeySpec::EccNistEdwards25519 => Some(KeyAlgorithm::Ed25519),
        KeySpec::SymmetricDefault
        | KeySpec::Hmac224
        | KeySpec::Hmac256
        | KeySpec::Hmac384
        | KeySpec::Hmac512 => None,
    }
}

/// Generates the key, or takes the one that an earlier run generated; attests it; has the HSM wrap it.
pub(super) fn make(
    work: &mut Work<'_>,
    planned: &Target,
    asked: &RequestTarget,
) -> Result<Material, Failure> {
    let (public_key, check_value, made) = key(work, planned)?;
    let attestation = attest(work, planned, &public_key)?;
    let wrapping_public_key = asked.wrapping_public_key.as_bytes();
    let encrypted = with_public_wrap_key(work.hsm, planned, wrapping_public_key, |wrap_key| {
        work.hsm
            .export_key_material(wrap_key, ObjectKind::AsymmetricKey, planned.object_id)
            .map_err(|error| hsm_failed(&error))
    })?;
    Ok(Material {
        made,
        check_value,
        encrypted: Base64::new(encrypted).map_err(Failure::bug)?,
        public_key: Some(public_key),
        attestation: Some(attestation),
        known_answer: None,
        bytes: None,
    })
}

/// The room's memory says that a key is about to be generated before the HSM is asked, and which it is as soon as anybody knows.
fn key(work: &mut Work<'_>, planned: &Target) -> Result<(Base64, Digest, Made), Failure> {
    let (hsm, plan) = (work.hsm, &work.accepted.plan);
    let remembered = work.stored.get(&planned.name);
    if remembered.is_none() {
        let algorithm = algorithm(planned.key_spec)
            .ok_or_else(|| Failure::bug("a spec of raw bytes is no private key"))?;
        work.room.remember(|ledger| ledger.generating(plan, &planned.name))?;
        let place =
            Place { id: planned.object_id, label: planned.label.clone(), domains: planned.domains };
        hsm.generate_key(&place, algorithm).map_err(|error| hsm_failed(&error))?;
        work.changed = true;
    }
    let public_key = hsm.public_key_der(planned.object_id).map_err(|error| hsm_failed(&error))?;
    let check_value = Digest::of(&public_key);
    let made = match remembered {
        None => Made::Generated,
        Some(remembered) => {
            remembered.confirm(check_value).map_err(|other| other_material(&other))?
        }
    };
    work.room.remember(|ledger| ledger.storing(plan, &planned.name, check_value))?;
    Ok((Base64::new(public_key).map_err(Failure::bug)?, check_value, made))
}

/// What the HSM says of the key, held against the policy's roots before anything is exported.
fn attest(
    work: &Work<'_>,
    planned: &Target,
    public_key: &Base64,
) -> Result<AttestationChain, Failure> {
    let hsm = work.hsm;
    let certificate = hsm.attest(planned.object_id).map_err(|error| hsm_failed(&error))?;
    let device = hsm.attestation_certificate().map_err(|error| hsm_failed(&error))?;
    let chain = AttestationChain {
        certificate: Base64::new(certificate).map_err(Failure::bug)?,
        issuers: vec![Base64::new(device).map_err(Failure::bug)?],
    };
    let policy = work.accepted.ceremony.policy().body();
    let device = work.accepted.device.body();
    proof::attested(policy, device, planned, public_key, &chain).map_err(|problem| {
        Failure::new(Exit::Policy, "attestation", "the HSM's attestation is not what it must be")
            .because(format!("object {}: the attestation {problem}", planned.object_id))
            .hint("check the attestation roots of the policy; otherwise stop: do not use this HSM")
    })?;
    Ok(chain)
}

/// Puts a public key into the HSM to export one key under it, reads it back, compares, exports, and takes it out again: there is no other
/// moment at which anything can be exported under it.
pub(super) fn with_public_wrap_key<T>(
    hsm: &dyn Hsm,
    planned: &Target,
    spki: &[u8],
    export: impl FnOnce(ObjectId) -> Result<T, Failure>,
) -> Result<T, Failure> {
    // Ids are unique for each type of object: the target's own is free for this one, or what a run that was cut off left.
    let id = planned.object_id;
    let place = Place { id, label: LABEL.parse().map_err(Failure::bug)?, domains: planned.domains };
    sweep(hsm, id)?;
    hsm.put_public_wrap_key(&place, spki).map_err(|error| hsm_failed(&error))?;
    let exported = compare(hsm, id, spki).and_then(|()| export(id));
    let deleted = hsm.delete_public_wrap_key(id).map_err(|error| hsm_failed(&error));
    let exported = exported?;
    deleted?;
    Ok(exported)
}

fn sweep(hsm: &dyn Hsm, id: ObjectId) -> Result<(), Failure> {
    let left = hsm.object(ObjectKind::PublicWrapKey, id).map_err(|error| hsm_failed(&error))?;
    match left {
        None => Ok(()),
        Some(object) if object.label == LABEL && object.serves(Purpose::PublicWrapKey).is_ok() => {
            hsm.delete_public_wrap_key(id).map_err(|error| hsm_failed(&error))
        }
        Some(object) => Err(Failure::new(
            Exit::Unchanged,
            "object-id-taken",
            format!("object id {id} is taken"),
        )
        .because(format!("a public wrap key {:?} is there", object.label))
        .hint("find out whose it is: whatever it wraps, its owner can read")),
    }
}

fn compare(hsm: &dyn Hsm, id: ObjectId, spki: &[u8]) -> Result<(), Failure> {
    let held = match hsm.public_wrap_key_der(id) {
        Ok(held) => held,
        Err(error @ Error::NoAnswer { .. }) => {
            return Err(other_wrapping_key().because(error));
        }
        Err(error) => return Err(hsm_failed(&error)),
    };
    if held == spki { Ok(()) } else { Err(other_wrapping_key()) }
}

fn other_wrapping_key() -> Failure {
    Failure::new(
        Exit::Refused,
        "other-wrapping-key",
        "the HSM holds another wrapping public key than it was given",
    )
    .because("it was read back and compared, and nothing was exported under it")
    .hint("stop: do not use this HSM or this host")
}
