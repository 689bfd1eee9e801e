//! The operations a ceremony uses, and no others.

use crate::{
    AuditOptions, AuditSetting, CommandCode, Credential, DeviceInfo, Duty, Error, KeyAlgorithm,
    KeyMaterial, LogEntries, Object, ObjectKind, Storage,
};
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
    fn generate_wrap_key(&self, place: &Place) -> Result<(), Error>;

    /// Stores 32 bytes as an AES-256 wrap key that is like a generated one otherwise ([`Purpose::SplitWrapKey`](crate::Purpose)).
    fn put_wrap_key(&self, place: &Place, material: &KeyMaterial) -> Result<(), Error>;

    /// Deletes a wrap key.
    fn delete_wrap_key(&self, id: ObjectId) -> Result<(), Error>;

    /// Adds a credential that can do what its duty asks for and nothing else.
    fn put_credential(
        &self,
        duty: Duty,
        place: &Place,
        credential: &Credential,
    ) -> Result<(), Error>;

    /// Puts an object back from an export under wrap; its type and id come with it.
    fn import_wrapped(&self, wrap_key: ObjectId, export: &[u8]) -> Result<(), Error>;

    /// Deletes an opaque object.
    fn delete_opaque(&self, id: ObjectId) -> Result<(), Error>;

    /// Deletes a private key.
    fn delete_asymmetric_key(&self, id: ObjectId) -> Result<(), Error>;

    /// Deletes an AES key. Firmware 2.3.
    fn delete_symmetric_key(&self, id: ObjectId) -> Result<(), Error>;

    /// A P-256 key's public half.
    fn public_key(&self, id: ObjectId) -> Result<PublicKey, Error>;

    /// An ECDSA signature in DER over a SHA-256 digest.
    fn sign(&self, id: ObjectId, digest: &Digest) -> Result<Vec<u8>, Error>;

    /// Deletes an authentication key.
    fn delete_authentication_key(&self, id: ObjectId) -> Result<(), Error>;

    /// Generates a private key as key material ([`Purpose::GeneratedKey`](crate::Purpose)). RSA-4096 can take minutes.
    fn generate_key(&self, place: &Place, algorithm: KeyAlgorithm) -> Result<(), Error>;

    /// Any asymmetric key's public half as a SubjectPublicKeyInfo in DER (RFC 5280 section 4.1; RFC 3279, 5480 and 8410 for RSA,
    /// named curves with uncompressed points, and Ed25519).
    fn public_key_der(&self, id: ObjectId) -> Result<Vec<u8>, Error>;

    /// A certificate in DER over an asymmetric key, signed by the factory's attestation key.
    fn attest(&self, id: ObjectId) -> Result<Vec<u8>, Error>;

    /// The certificate of the factory's attestation key in DER: opaque object 0x0000.
    fn attestation_certificate(&self) -> Result<Vec<u8>, Error>;

    /// Stores 32 bytes as an AES-256 key that cannot be read ([`Purpose::SymmetricKey`](crate::Purpose)). Firmware 2.3.
    fn put_symmetric_key(&self, place: &Place, material: &KeyMaterial) -> Result<(), Error>;

    /// Stores an RSA public key (SubjectPublicKeyInfo in DER; 2048, 3072 or 4096 bits, exponent 65537) as a key to export key
    /// material under ([`Purpose::PublicWrapKey`](crate::Purpose)). Firmware 2.4.
    fn put_public_wrap_key(&self, place: &Place, spki: &[u8]) -> Result<(), Error>;

    /// A public wrap key as the device holds it, as a SubjectPublicKeyInfo in DER. Firmware 2.4.
    fn public_wrap_key_der(&self, id: ObjectId) -> Result<Vec<u8>, Error>;

    /// The bytes of an asymmetric key (PKCS#8, RFC 5958) or a symmetric key (as they are) under a public wrap key: RSAES-OAEP with
    /// SHA-256, MGF1-SHA-256 and no label of an ephemeral AES-256 key, then AES-KWP (RFC 5649) of the bytes under that. This is
    /// `RSA_AES_KEY_WRAP_SHA_256`. Firmware 2.4; HMAC keys and opaque objects have no such export.
    fn export_key_material(
        &self,
        public_wrap_key: ObjectId,
        kind: ObjectKind,
        id: ObjectId,
    ) -> Result<Vec<u8>, Error>;

    /// Deletes a public wrap key. Firmware 2.4.
    fn delete_public_wrap_key(&self, id: ObjectId) -> Result<(), Error>;

    /// The log since it was last acknowledged.
    fn log_entries(&self) -> Result<LogEntries, Error>;

    /// Acknowledges the log up to the entry of that number, which the device then forgets.
    fn set_log_index(&self, number: u16) -> Result<(), Error>;

    /// What the device logs.
    fn audit_options(&self) -> Result<AuditOptions, Error>;

    /// Says whether a full log stops the device. [`AuditSetting::Fixed`] cannot be taken back but by a reset.
    fn set_force_audit(&self, setting: AuditSetting) -> Result<(), Error>;

    /// Says which commands are logged; commands that are not named stay as they are. SESSION MESSAGE is refused: with it a full log
    /// cannot be read any more.
    fn set_command_audit(&self, settings: &[(CommandCode, AuditSetting)]) -> Result<(), Error>;

    /// Ends the session. Another command would open another one.
    fn close(&self) -> Result<(), Error>;
}
