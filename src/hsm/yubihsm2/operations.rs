//! The trait's operations as device commands.

use super::request::Request;
use super::session::Answer;
use super::{Credential, YubiHsm2};
use crate::{
    Action, Algorithm, AuditOptions, AuditSetting, CommandCode, DeviceInfo, Duty, Error, Feature,
    Hsm, KeyAlgorithm, KeyMaterial, LogEntries, Object, ObjectKind, Place, Purpose, Storage,
};
use keyferry_bundle::{Digest, ObjectId, PublicKey};

impl Hsm for YubiHsm2 {
    fn device(&self) -> Result<DeviceInfo, Error> {
        self.session.ask_device()
    }

    fn storage(&self) -> Result<Storage, Error> {
        self.read_storage()
    }

    fn objects(&self) -> Result<Vec<(ObjectKind, ObjectId)>, Error> {
        self.list_objects()
    }

    fn object(&self, kind: ObjectKind, id: ObjectId) -> Result<Option<Object>, Error> {
        self.describe(kind, id)
    }

    fn random(&self, length: usize) -> Result<KeyMaterial, Error> {
        let action = Action::Read("give random bytes");
        self.session.expect(action, length)?;
        let wanted = u16::try_from(length).map_err(|_| senseless(action, "too many bytes"))?;
        let request = Request::new(CommandCode::GET_PSEUDO_RANDOM).u16(wanted);
        let answer = self.session.call(action, request)?;
        if answer.data().len() != length {
            return Err(senseless(action, "it gave another number of bytes"));
        }
        KeyMaterial::copy(answer.data())
    }

    fn put_opaque(&self, place: &Place, material: &KeyMaterial) -> Result<(), Error> {
        let action = Action::Change("store an opaque object");
        let own = Purpose::KeyMaterial.capabilities(self.session.device());
        let request = Request::new(CommandCode::PUT_OPAQUE)
            .object(place, own, Algorithm::OPAQUE_DATA)
            .bytes(material.expose());
        self.put(action, place, request)
    }

    fn opaque(&self, id: ObjectId) -> Result<KeyMaterial, Error> {
        let action = Action::Read("read an opaque object");
        let answer = self.session.call(action, Request::new(CommandCode::GET_OPAQUE).id(id))?;
        KeyMaterial::copy(answer.data())
    }

    fn export_wrapped(
        &self,
        wrap_key: ObjectId,
        kind: ObjectKind,
        id: ObjectId,
    ) -> Result<Vec<u8>, Error> {
        self.export_object(wrap_key, kind, id)
    }

    fn generate_signing_key(&self, place: &Place) -> Result<(), Error> {
        let action = Action::Change("generate the signing key");
        self.generate(action, place, Purpose::SigningKey, KeyAlgorithm::P256)
    }

    fn generate_wrap_key(&self, place: &Place) -> Result<(), Error> {
        self.generate_wrap_key(place)
    }

    fn put_wrap_key(&self, place: &Place, material: &KeyMaterial) -> Result<(), Error> {
        self.store_wrap_key(place, material)
    }

    fn delete_wrap_key(&self, id: ObjectId) -> Result<(), Error> {
        self.delete(Action::Change("delete a wrap key"), ObjectKind::WrapKey, id)
    }

    fn put_credential(
        &self,
        duty: Duty,
        place: &Place,
        credential: &Credential,
    ) -> Result<(), Error> {
        self.put_authentication_key(Purpose::Credential(duty), place, credential)
    }

    fn import_wrapped(&self, wrap_key: ObjectId, export: &[u8]) -> Result<(), Error> {
        let action = Action::Change("import an object under wrap");
        let request = Request::new(CommandCode::IMPORT_WRAPPED).id(wrap_key).bytes(export);
        self.session.call(action, request).map(drop)
    }

    fn delete_opaque(&self, id: ObjectId) -> Result<(), Error> {
        self.delete(Action::Change("delete an opaque object"), ObjectKind::Opaque, id)
    }

    fn delete_asymmetric_key(&self, id: ObjectId) -> Result<(), Error> {
        self.delete(Action::Change("delete an asymmetric key"), ObjectKind::AsymmetricKey, id)
    }

    fn delete_symmetric_key(&self, id: ObjectId) -> Result<(), Error> {
        let action = Action::Change("delete a symmetric key");
        self.session.need(action, Feature::SymmetricKeys)?;
        self.delete(action, ObjectKind::SymmetricKey, id)
    }

    fn public_key(&self, id: ObjectId) -> Result<PublicKey, Error> {
        let action = Action::Read("give a public key");
        let (algorithm, key) = self.public_half(action, ObjectKind::AsymmetricKey, id)?;
        if algorithm != Algorithm::EC_P256 {
            return Err(senseless(action, "the key is no P-256 key"));
        }
        PublicKey::from_p256_point(&key).map_err(|problem| senseless(action, &problem))
    }

    fn sign(&self, id: ObjectId, digest: &Digest) -> Result<Vec<u8>, Error> {
        let request = Request::new(CommandCode::SIGN_ECDSA).id(id).bytes(digest.as_bytes());
        Ok(self.session.call(Action::Read("sign"), request)?.data().to_vec())
    }

    fn delete_authentication_key(&self, id: ObjectId) -> Result<(), Error> {
        let action = Action::Change("delete an authentication key");
        self.delete(action, ObjectKind::AuthenticationKey, id)
    }

    fn generate_key(&self, place: &Place, algorithm: KeyAlgorithm) -> Result<(), Error> {
        let action = Action::Change("generate a key");
        self.generate(action, place, Purpose::GeneratedKey, algorithm)
    }

    fn public_key_der(&self, id: ObjectId) -> Result<Vec<u8>, Error> {
        self.public_half_der(Action::Read("give a public key"), ObjectKind::AsymmetricKey, id)
    }

    fn attest(&self, id: ObjectId) -> Result<Vec<u8>, Error> {
        self.attested(id)
    }

    fn attestation_certificate(&self) -> Result<Vec<u8>, Error> {
        self.attesting_certificate()
    }

    fn put_symmetric_key(&self, place: &Place, material: &KeyMaterial) -> Result<(), Error> {
        self.put_aes_key(place, material)
    }

    fn put_public_wrap_key(&self, place: &Place, spki: &[u8]) -> Result<(), Error> {
        self.store_public_wrap_key(place, spki)
    }

    fn public_wrap_key_der(&self, id: ObjectId) -> Result<Vec<u8>, Error> {
        let action = Action::Read("give a public wrap key");
        self.session.need(action, Feature::RsaWrap)?;
        self.public_half_der(action, ObjectKind::PublicWrapKey, id)
    }

    fn export_key_material(
        &self,
        public_wrap_key: ObjectId,
        kind: ObjectKind,
        id: ObjectId,
    ) -> Result<Vec<u8>, Error> {
        self.export_key(public_wrap_key, kind, id)
    }

    fn delete_public_wrap_key(&self, id: ObjectId) -> Result<(), Error> {
        let action = Action::Change("delete a public wrap key");
        self.session.need(action, Feature::RsaWrap)?;
        self.delete(action, ObjectKind::PublicWrapKey, id)
    }

    fn log_entries(&self) -> Result<LogEntries, Error> {
        self.read_log()
    }

    fn set_log_index(&self, number: u16) -> Result<(), Error> {
        self.acknowledge_log(number)
    }

    fn audit_options(&self) -> Result<AuditOptions, Error> {
        self.read_audit_options()
    }

    fn set_force_audit(&self, setting: AuditSetting) -> Result<(), Error> {
        self.write_force_audit(setting)
    }

    fn set_command_audit(&self, settings: &[(CommandCode, AuditSetting)]) -> Result<(), Error> {
        self.write_command_audit(settings)
    }

    fn close(&self) -> Result<(), Error> {
        self.session.close()
    }
}

impl YubiHsm2 {
    /// A command that makes an object.
    pub(super) fn put(&self, action: Action, place: &Place, request: Request) -> Result<(), Error> {
        Self::made(action, place, &self.session.call(action, request)?)
    }

    /// The answer to a command that makes an object is its id.
    pub(super) fn made(action: Action, place: &Place, answer: &Answer) -> Result<(), Error> {
        if answer.data() == place.id.get().to_be_bytes() {
            Ok(())
        } else {
            Err(senseless(action, "it names another object"))
        }
    }

    /// A command that answers nothing.
    pub(super) fn done(&self, action: Action, request: Request) -> Result<(), Error> {
        if self.session.call(action, request)?.data().is_empty() {
            Ok(())
        } else {
            Err(senseless(action, "it is longer than it should be"))
        }
    }
}

/// An answer that proved itself and still cannot be what was asked for.
pub(super) fn senseless(action: Action, problem: &str) -> Error {
    Error::NoAnswer { action, problem: problem.to_owned() }
}
