//! The trait's operations as device commands.

use super::{Credential, YubiHsm2, capabilities, frame};
use crate::{
    Action, Capabilities, DeviceInfo, Error, Hsm, KeyMaterial, Object, ObjectKind, Origin, Place,
    Purpose, Storage,
};
use keyferry_bundle::{Digest, Domains, ObjectId, PublicKey};
use yubihsm::object::{self, Label};
use yubihsm::{Domain, asymmetric, authentication, client, device, opaque, wrap};

/// OBJECT NOT FOUND.
const NOT_FOUND: u8 = 0x0b;

impl Hsm for YubiHsm2 {
    fn device(&self) -> Result<DeviceInfo, Error> {
        frame::device_info(self.client.connector())
    }

    fn storage(&self) -> Result<Storage, Error> {
        let action = Action::Read("tell its free storage");
        let info = self.client.get_storage_info().map_err(failed(action))?;
        Ok(Storage {
            total_objects: info.total_records,
            free_objects: info.free_records,
            free_bytes: u32::from(info.free_pages) * u32::from(info.page_size),
        })
    }

    fn objects(&self) -> Result<Vec<(ObjectKind, ObjectId)>, Error> {
        let action = Action::Read("list its objects");
        let entries = self.client.list_objects(&[]).map_err(failed(action))?;
        entries
            .iter()
            .map(|entry| Ok((kind_of(entry.object_type), id_of(action, entry.object_id)?)))
            .collect()
    }

    fn object(&self, kind: ObjectKind, id: ObjectId) -> Result<Option<Object>, Error> {
        let action = Action::Read("describe an object");
        let info = self.client.get_object_info(id.get(), type_of(action, kind)?);
        match info.map_err(failed(action)) {
            Ok(info) => describe(action, &info).map(Some),
            Err(Error::Refused { code: NOT_FOUND, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn random(&self, length: usize) -> Result<KeyMaterial, Error> {
        let action = Action::Read("give random bytes");
        let bytes = self.client.get_pseudo_random(length).map_err(failed(action))?;
        if bytes.len() != length {
            return Err(senseless(action, "it gave another number of bytes"));
        }
        KeyMaterial::take(bytes)
    }

    fn put_opaque(&self, place: &Place, material: &KeyMaterial) -> Result<(), Error> {
        let action = Action::Change("store an opaque object");
        let (label, domains) = labelled(action, place)?;
        let stored = self.client.put_opaque(
            place.id.get(),
            label,
            domains,
            capabilities::own(Purpose::KeyMaterial),
            opaque::Algorithm::Data,
            material.expose(),
        );
        stored.map(drop).map_err(failed(action))
    }

    fn opaque(&self, id: ObjectId) -> Result<KeyMaterial, Error> {
        let action = Action::Read("read an opaque object");
        KeyMaterial::take(self.client.get_opaque(id.get()).map_err(failed(action))?)
    }

    fn export_wrapped(
        &self,
        wrap_key: ObjectId,
        kind: ObjectKind,
        id: ObjectId,
    ) -> Result<Vec<u8>, Error> {
        let action = Action::Read("export an object under wrap");
        let kind = type_of(action, kind)?;
        let message = self.client.export_wrapped(wrap_key.get(), kind, id.get());
        message.map(wrap::Message::into_vec).map_err(failed(action))
    }

    fn generate_signing_key(&self, place: &Place) -> Result<(), Error> {
        let action = Action::Change("generate the signing key");
        let (label, domains) = labelled(action, place)?;
        let made = self.client.generate_asymmetric_key(
            place.id.get(),
            label,
            domains,
            capabilities::own(Purpose::SigningKey),
            asymmetric::Algorithm::EcP256,
        );
        made.map(drop).map_err(failed(action))
    }

    fn generate_backup_key(&self, place: &Place) -> Result<(), Error> {
        let action = Action::Change("generate the backup wrap key");
        let (label, domains) = labelled(action, place)?;
        let made = self.client.generate_wrap_key(
            place.id.get(),
            label,
            domains,
            capabilities::own(Purpose::BackupKey),
            capabilities::delegated(Purpose::BackupKey),
            wrap::Algorithm::Aes256Ccm,
        );
        made.map(drop).map_err(failed(action))
    }

    fn put_ceremony_key(&self, place: &Place, credential: &Credential) -> Result<(), Error> {
        let action = Action::Change("store the ceremony's authentication key");
        let (label, domains) = labelled(action, place)?;
        let stored = self.client.put_authentication_key(
            place.id.get(),
            label,
            domains,
            capabilities::own(Purpose::CeremonyKey),
            capabilities::delegated(Purpose::CeremonyKey),
            authentication::Algorithm::YubicoAes,
            credential.derive(),
        );
        stored.map(drop).map_err(failed(action))
    }

    fn public_key(&self, id: ObjectId) -> Result<PublicKey, Error> {
        let action = Action::Read("give a public key");
        let key = self.client.get_public_key(id.get()).map_err(failed(action))?;
        if key.algorithm != asymmetric::Algorithm::EcP256 {
            return Err(senseless(action, "the key is no P-256 key"));
        }
        PublicKey::from_p256_point(&key.bytes).map_err(|problem| senseless(action, &problem))
    }

    fn sign(&self, id: ObjectId, digest: &Digest) -> Result<Vec<u8>, Error> {
        let signature = self.client.sign_ecdsa_prehash_raw(id.get(), digest.as_bytes().as_slice());
        signature.map_err(failed(Action::Read("sign")))
    }

    fn delete_authentication_key(&self, id: ObjectId) -> Result<(), Error> {
        let action = Action::Change("delete an authentication key");
        let kind = object::Type::AuthenticationKey;
        self.client.delete_object(id.get(), kind).map_err(failed(action))
    }
}

/// The device's own error codes mean that nothing was done; everything else means that nobody knows.
fn failed(action: Action) -> impl Fn(client::Error) -> Error {
    move |error| match error.device_error() {
        Some(device::ErrorKind::SshCaConstraintViolation) | None => {
            Error::NoAnswer { action, problem: error.to_string() }
        }
        Some(kind) => Error::Refused { action, reason: kind.to_string(), code: kind.to_u8() },
    }
}

fn senseless(action: Action, problem: &str) -> Error {
    Error::NoAnswer { action, problem: problem.to_owned() }
}

fn labelled(action: Action, place: &Place) -> Result<(Label, Domain), Error> {
    let label = Label::from_bytes(place.label.as_str().as_bytes())
        .map_err(|error| senseless(action, &error.to_string()))?;
    Ok((label, Domain::from_bits_retain(place.domains.mask())))
}

fn describe(action: Action, info: &object::Info) -> Result<Object, Error> {
    Ok(Object {
        kind: kind_of(info.object_type),
        id: id_of(action, info.object_id)?,
        label: info.label.to_string(),
        domains: Domains::try_from(info.domains.bits())
            .map_err(|problem| senseless(action, &problem))?,
        capabilities: Capabilities(info.capabilities.bits()),
        delegated: Capabilities(info.delegated_capabilities.bits()),
        origin: match info.origin {
            object::Origin::Generated => Origin::Generated,
            object::Origin::Imported => Origin::Imported,
            object::Origin::WrappedGenerated | object::Origin::WrappedImported => {
                Origin::ImportedWrapped
            }
        },
        length: info.length,
    })
}

fn id_of(action: Action, id: u16) -> Result<ObjectId, Error> {
    ObjectId::new(id).map_err(|problem| senseless(action, &problem))
}

const fn kind_of(kind: object::Type) -> ObjectKind {
    match kind {
        object::Type::Opaque => ObjectKind::Opaque,
        object::Type::AuthenticationKey => ObjectKind::AuthenticationKey,
        object::Type::AsymmetricKey => ObjectKind::AsymmetricKey,
        object::Type::WrapKey => ObjectKind::WrapKey,
        object::Type::HmacKey | object::Type::Template | object::Type::OtpAeadKey => {
            ObjectKind::Other
        }
    }
}

fn type_of(action: Action, kind: ObjectKind) -> Result<object::Type, Error> {
    match kind {
        ObjectKind::Opaque => Ok(object::Type::Opaque),
        ObjectKind::AuthenticationKey => Ok(object::Type::AuthenticationKey),
        ObjectKind::AsymmetricKey => Ok(object::Type::AsymmetricKey),
        ObjectKind::WrapKey => Ok(object::Type::WrapKey),
        ObjectKind::Other => Err(senseless(action, "a ceremony has no use for such objects")),
    }
}
