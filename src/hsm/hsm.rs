//! The operations a ceremony uses, and no others.

use crate::{Credential, DeviceInfo, Error, KeyMaterial, Object, ObjectKind, Storage};
use keyferry_bundle::{Digest, Domains, Label, ObjectId, PublicKey};

/// Where a new object goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its id, which must be free for its type.
    pub id: ObjectId,
    /// Its label.
    pub label: Label,
    /// Its domains.
    pub domains: Domains,
}

/// An HSM with an open session.
///
/// Every operation can fail with [`Error`]; whether the device may have changed is
/// [`Error::leaves_state_unknown`].
#[expect(clippy::missing_errors_doc, reason = "said once, above")]
pub trait Hsm {
    /// The device itself.
    fn device(&self) -> Result<DeviceInfo, Error>;

    /// Room in the object store.
    fn storage(&self) -> Result<Storage, Error>;

    /// Type and id of every object this session sees.
    fn objects(&self) -> Result<Vec<(ObjectKind, ObjectId)>, Error>;

    /// An object's description, if there is such an object.
    fn object(&self, kind: ObjectKind, id: ObjectId) -> Result<Option<Object>, Error>;

    /// `length` bytes from the device's random generator (Get Pseudo Random).
    fn random(&self, length: usize) -> Result<KeyMaterial, Error>;

    /// Stores bytes as an opaque object that can be exported under wrap.
    fn put_opaque(&self, place: &Place, material: &KeyMaterial) -> Result<(), Error>;

    /// Reads an opaque object.
    fn opaque(&self, id: ObjectId) -> Result<KeyMaterial, Error>;

    /// An object under a wrap key: nonce (13 bytes), then the AES-CCM ciphertext and tag.
    fn export_wrapped(
        &self,
        wrap_key: ObjectId,
        kind: ObjectKind,
        id: ObjectId,
    ) -> Result<Vec<u8>, Error>;

    /// Generates a P-256 key that signs and does nothing else; it cannot be exported.
    fn generate_signing_key(&self, place: &Place) -> Result<(), Error>;

    /// Generates an AES-256 wrap key for opaque objects.
    fn generate_backup_key(&self, place: &Place) -> Result<(), Error>;

    /// Adds the credential that ceremonies use, with what [`Hsm`] needs in a ceremony and no more.
    fn put_ceremony_key(&self, place: &Place, credential: &Credential) -> Result<(), Error>;

    /// A P-256 key's public half.
    fn public_key(&self, id: ObjectId) -> Result<PublicKey, Error>;

    /// An ECDSA signature in DER over a SHA-256 digest.
    fn sign(&self, id: ObjectId, digest: &Digest) -> Result<Vec<u8>, Error>;

    /// Deletes an authentication key.
    fn delete_authentication_key(&self, id: ObjectId) -> Result<(), Error>;
}
