//! What each object of a ceremony may do: as little as possible.

use crate::{Object, Purpose};
use yubihsm::Capability;

/// What the object may do.
pub(super) fn own(purpose: Purpose) -> Capability {
    match purpose {
        Purpose::SigningKey => Capability::SIGN_ECDSA,
        // Puts a copy back where one is restored.
        Purpose::BackupKey => Capability::EXPORT_WRAPPED | Capability::IMPORT_WRAPPED,
        // What `respond` and `inspect` need, and nothing that makes, deletes or changes a key.
        Purpose::CeremonyKey => {
            Capability::GET_PSEUDO_RANDOM
                | Capability::PUT_OPAQUE
                | Capability::GET_OPAQUE
                | Capability::EXPORT_WRAPPED
                | Capability::SIGN_ECDSA
        }
        Purpose::KeyMaterial => Capability::EXPORTABLE_UNDER_WRAP,
    }
}

/// What objects may be able to do that it makes or wraps: to leave under wrap, as key material does.
pub(super) fn delegated(purpose: Purpose) -> Capability {
    match purpose {
        Purpose::BackupKey | Purpose::CeremonyKey => own(Purpose::KeyMaterial),
        Purpose::SigningKey | Purpose::KeyMaterial => Capability::empty(),
    }
}

impl Object {
    /// Whether this object is what one of that purpose must be.
    ///
    /// # Errors
    /// Names what differs.
    pub fn serves(&self, purpose: Purpose) -> Result<(), String> {
        if self.kind != purpose.kind() {
            return Err(format!("it is an {}, not an {}", self.kind, purpose.kind()));
        }
        if self.origin != purpose.origin() {
            return Err(format!(
                "its origin is {:?}, it must be {:?}",
                self.origin,
                purpose.origin()
            ));
        }
        for (what, found, expected) in [
            ("capabilities", self.capabilities, own(purpose)),
            ("delegated capabilities", self.delegated, delegated(purpose)),
        ] {
            if found.0 != expected.bits() {
                return Err(format!(
                    "its {what} are {:#018x}, they must be {:#018x}",
                    found.0,
                    expected.bits()
                ));
            }
        }
        Ok(())
    }
}
