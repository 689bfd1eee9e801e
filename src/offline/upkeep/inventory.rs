//! What the HSM has: all of it, and which of it is key material.

use crate::hsm_access::hsm_failed;
use keyferry_bundle::kinds::{Credentials, InventoryEntry, InventoryKind, KeptAs};
use keyferry_bundle::{Device, ObjectId};
use keyferry_console::{Exit, Failure};
use keyferry_hsm::{Hsm, ObjectKind};

/// Every object of the HSM, in order.
pub(super) fn read(hsm: &dyn Hsm) -> Result<Vec<InventoryEntry>, Failure> {
    let objects = hsm.objects().map_err(|error| hsm_failed(&error))?;
    let mut all = objects
        .into_iter()
        .map(|(kind, id)| Ok(InventoryEntry { kind: kind_of(kind, id)?, object_id: id }))
        .collect::<Result<Vec<_>, Failure>>()?;
    all.sort_unstable();
    Ok(all)
}

fn kind_of(kind: ObjectKind, id: ObjectId) -> Result<InventoryKind, Failure> {
    Ok(match kind {
        ObjectKind::Opaque => InventoryKind::Opaque,
        ObjectKind::AuthenticationKey => InventoryKind::AuthenticationKey,
        ObjectKind::AsymmetricKey => InventoryKind::AsymmetricKey,
        ObjectKind::WrapKey => InventoryKind::WrapKey,
        ObjectKind::HmacKey => InventoryKind::HmacKey,
        ObjectKind::SymmetricKey => InventoryKind::SymmetricKey,
        ObjectKind::PublicWrapKey => InventoryKind::PublicWrapKey,
        ObjectKind::Other(6) => InventoryKind::Template,
        ObjectKind::Other(7) => InventoryKind::OtpAeadKey,
        ObjectKind::Other(_) => {
            return Err(Failure::new(Exit::Unchanged, "hsm-object", "the HSM holds a stranger")
                .because(format!("{kind} {id}: this program knows no such type"))
                .hint("find out whose it is"));
        }
    })
}

/// Of which type an object is that is kept like this.
pub(super) const fn kind(kept_as: KeptAs) -> InventoryKind {
    match kept_as {
        KeptAs::Opaque => InventoryKind::Opaque,
        KeptAs::SymmetricKey => InventoryKind::SymmetricKey,
        KeptAs::AsymmetricKey => InventoryKind::AsymmetricKey,
    }
}

/// As what key material is kept in such an object, where it can be any.
pub(super) const fn kept_as(kind: InventoryKind) -> Option<KeptAs> {
    match kind {
        InventoryKind::Opaque => Some(KeptAs::Opaque),
        InventoryKind::SymmetricKey => Some(KeptAs::SymmetricKey),
        InventoryKind::AsymmetricKey => Some(KeptAs::AsymmetricKey),
        InventoryKind::AuthenticationKey
        | InventoryKind::WrapKey
        | InventoryKind::HmacKey
        | InventoryKind::Template
        | InventoryKind::OtpAeadKey
        | InventoryKind::PublicWrapKey => None,
    }
}

/// Whether `init` made it.
pub(super) fn is_own(device: &Device, entry: InventoryEntry) -> bool {
    let Credentials { ceremony, backup, audit, administration } = device.credentials;
    match entry.kind {
        InventoryKind::AuthenticationKey => {
            [ceremony, backup, audit, administration].contains(&entry.object_id)
        }
        InventoryKind::WrapKey => entry.object_id == device.wrap_key,
        InventoryKind::AsymmetricKey => entry.object_id == device.signing_key.object_id,
        InventoryKind::Opaque
        | InventoryKind::SymmetricKey
        | InventoryKind::HmacKey
        | InventoryKind::Template
        | InventoryKind::OtpAeadKey
        | InventoryKind::PublicWrapKey => false,
    }
}
