//! What each object of a ceremony may do: as little as possible.

use yubihsm::Capability;

/// The signing key signs digests. It cannot be exported.
pub(super) fn signing_key() -> Capability {
    Capability::SIGN_ECDSA
}

/// The backup key exports objects, and puts them back where a copy is restored.
pub(super) fn backup_key() -> Capability {
    Capability::EXPORT_WRAPPED | Capability::IMPORT_WRAPPED
}

/// What may leave under the backup key: opaque objects, which have no other capability.
pub(super) fn backup_key_delegated() -> Capability {
    opaque()
}

/// Key material may leave under wrap.
pub(super) fn opaque() -> Capability {
    Capability::EXPORTABLE_UNDER_WRAP
}

/// What `respond` and `inspect` need: random bytes, opaque objects in and out, export under wrap, signatures.
pub(super) fn ceremony_key() -> Capability {
    Capability::GET_PSEUDO_RANDOM
        | Capability::PUT_OPAQUE
        | Capability::GET_OPAQUE
        | Capability::EXPORT_WRAPPED
        | Capability::SIGN_ECDSA
}

/// What the ceremony's credential may give to objects it makes.
pub(super) fn ceremony_key_delegated() -> Capability {
    opaque()
}
