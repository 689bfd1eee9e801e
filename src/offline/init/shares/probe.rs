//! Which key the HSM's wrap key is. A wrap key says nothing of itself; what is exported under it does. A probe, the id of the set of
//! shares in an opaque object, is exported and opened on the host with the key's bytes. Later, when the bytes are gone, the HSM takes the
//! export back: AES-CCM authenticates it, and it says which set the wrap key was split into.

use crate::hsm_access::hsm_failed;
use aes::Aes256;
use ccm::aead::Aead as _;
use ccm::consts::{U13, U16};
use ccm::{Ccm, KeyInit as _};
use keyferry_bundle::{Digest, ObjectId};
use keyferry_console::{Exit, Failure};
use keyferry_hsm::{Error, Hsm, KeyMaterial, Object, ObjectKind, Origin, Place, Purpose};
use zeroize::Zeroizing;

/// The probe's label while it is there.
const LABEL: &str = "keyferry probe";
/// Bytes of a nonce, with which an export begins.
const NONCE: usize = 13;

/// Whether the opaque object of that id is a probe that a run left.
pub(in crate::init) fn is_there(hsm: &dyn Hsm, id: ObjectId) -> Result<bool, Failure> {
    Ok(left(hsm, id)?.is_some_and(|object| is_ours(&object)))
}

/// Removes a probe that a run left. Ids are unique for each type of object: the wrap key's own is free for this one.
pub(super) fn sweep(hsm: &dyn Hsm, id: ObjectId) -> Result<(), Failure> {
    match left(hsm, id)? {
        None => Ok(()),
        Some(object) if is_ours(&object) => {
            hsm.delete_opaque(id).map_err(|error| hsm_failed(&error))
        }
        Some(object) => Err(Failure::new(
            Exit::Unchanged,
            "object-id-taken",
            format!("object id {id} is taken"),
        )
        .because(format!("an opaque object {:?} is there", object.label))
        .hint("find out whose it is; or give the wrap key another id")),
    }
}

fn left(hsm: &dyn Hsm, id: ObjectId) -> Result<Option<Object>, Failure> {
    hsm.object(ObjectKind::Opaque, id).map_err(|error| hsm_failed(&error))
}

fn is_ours(object: &Object) -> bool {
    // One that was taken back says so in its origin.
    let back = object.origin == Origin::ImportedWrapped;
    let origin = if back { Purpose::KeyMaterial.origin() } else { object.origin };
    let object = Object { origin, ..object.clone() };
    object.label == LABEL && object.serves(Purpose::KeyMaterial).is_ok()
}

/// Exports a probe under the wrap key and opens it with the key's bytes.
pub(super) fn export(
    hsm: &dyn Hsm,
    place: &Place,
    key: &KeyMaterial,
    set: &Digest,
) -> Result<Vec<u8>, Failure> {
    let probe =
        Place { id: place.id, label: LABEL.parse().map_err(Failure::bug)?, domains: place.domains };
    let named = KeyMaterial::take(set.as_bytes().to_vec()).map_err(|error| hsm_failed(&error))?;
    hsm.put_opaque(&probe, &named).map_err(|error| hsm_failed(&error))?;
    let export = hsm
        .export_wrapped(place.id, ObjectKind::Opaque, probe.id)
        .map_err(|error| hsm_failed(&error))?;
    hsm.delete_opaque(probe.id).map_err(|error| hsm_failed(&error))?;
    match open(key, &export) {
        Some(opened) if opened.ends_with(set.as_bytes()) => Ok(export),
        Some(_) | None => Err(other_key().because("it exports what the split key does not open")),
    }
}

/// A nonce, then AES-256-CCM with a tag of 16 bytes (Yubico's command reference, EXPORT WRAPPED).
fn open(key: &KeyMaterial, export: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = export.split_first_chunk::<NONCE>()?;
    let cipher = Ccm::<Aes256, U16, U13>::new_from_slice(key.expose()).ok()?;
    cipher.decrypt(nonce.into(), sealed).ok().map(Zeroizing::new)
}

/// Has the HSM take a probe back, which names the set.
pub(super) fn take_back(
    hsm: &dyn Hsm,
    place: &Place,
    export: &[u8],
    set: &Digest,
) -> Result<(), Failure> {
    sweep(hsm, place.id)?;
    match hsm.import_wrapped(place.id, export) {
        Ok(()) => {}
        Err(error @ Error::Refused { .. }) => return Err(other_key().because(error)),
        Err(error) => return Err(hsm_failed(&error)),
    }
    // What came in under the wrap key is the probe and goes again; anything else is a stranger.
    if !is_there(hsm, place.id)? {
        return Err(other_key());
    }
    let named = hsm.opaque(place.id).map_err(|error| hsm_failed(&error))?;
    sweep(hsm, place.id)?;
    if named.expose() == set.as_bytes() {
        return Ok(());
    }
    Err(other_key().because("it was split into another set of shares than shares.json says"))
}

fn other_key() -> Failure {
    Failure::new(Exit::Unchanged, "wrap-key", "the HSM's wrap key is not the one that was split")
        .hint("stop: find out who used this HSM; then reset it and begin again with another --share-folder")
}
