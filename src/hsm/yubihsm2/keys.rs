//! Making keys, and what they say about themselves.

use super::operations::senseless;
use super::request::Request;
use super::transport::{GENERATING, PATIENCE};
use super::{Credential, YubiHsm2, spki};
use crate::{
    Action, Algorithm, CommandCode, Error, Feature, KeyAlgorithm, KeyMaterial, ObjectKind, Place,
    Purpose,
};
use keyferry_bundle::ObjectId;

/// The id under which the factory keeps its attestation key and its certificate.
const FACTORY: u16 = 0;
/// Bytes of an AES-256 key.
const AES256_BYTES: usize = 32;

impl YubiHsm2 {
    pub(super) fn generate(
        &self,
        action: Action,
        place: &Place,
        purpose: Purpose,
        algorithm: KeyAlgorithm,
    ) -> Result<(), Error> {
        let capabilities = purpose.capabilities(self.session.device());
        let request = Request::new(CommandCode::GENERATE_ASYMMETRIC_KEY);
        let request = request.object(place, capabilities, algorithm.algorithm());
        let patience = if algorithm.modulus_bytes().is_some() { GENERATING } else { PATIENCE };
        let answer = self.session.call_patiently(action, request, patience)?;
        Self::made(action, place, &answer)
    }

    pub(super) fn generate_wrap_key(&self, place: &Place) -> Result<(), Error> {
        let action = Action::Change("generate the wrap key");
        let purpose = Purpose::WrapKey;
        let own = purpose.capabilities(self.session.device());
        let request = Request::new(CommandCode::GENERATE_WRAP_KEY)
            .object(place, own, Algorithm::AES256_CCM_WRAP)
            .capabilities(purpose.delegated(own));
        self.put(action, place, request)
    }

    pub(super) fn store_wrap_key(
        &self,
        place: &Place,
        material: &KeyMaterial,
    ) -> Result<(), Error> {
        let action = Action::Change("store a wrap key");
        check_aes256(action, material)?;
        let purpose = Purpose::SplitWrapKey;
        let own = purpose.capabilities(self.session.device());
        let request = Request::new(CommandCode::PUT_WRAP_KEY)
            .object(place, own, Algorithm::AES256_CCM_WRAP)
            .capabilities(purpose.delegated(own))
            .bytes(material.expose());
        self.put(action, place, request)
    }

    pub(super) fn put_authentication_key(
        &self,
        purpose: Purpose,
        place: &Place,
        credential: &Credential,
    ) -> Result<(), Error> {
        let action = Action::Change("store an authentication key");
        let own = purpose.capabilities(self.session.device());
        let request = Request::new(CommandCode::PUT_AUTHENTICATION_KEY)
            .object(place, own, Algorithm::AES128_AUTHENTICATION)
            .capabilities(purpose.delegated(own))
            .bytes(credential.derive().as_secret_slice());
        self.put(action, place, request)
    }

    pub(super) fn put_aes_key(&self, place: &Place, material: &KeyMaterial) -> Result<(), Error> {
        let action = Action::Change("store a symmetric key");
        self.session.need(action, Feature::SymmetricKeys)?;
        check_aes256(action, material)?;
        let own = Purpose::SymmetricKey.capabilities(self.session.device());
        let request = Request::new(CommandCode::PUT_SYMMETRIC_KEY)
            .object(place, own, Algorithm::AES256)
            .bytes(material.expose());
        self.put(action, place, request)
    }

    /// Algorithm and bytes of an object's public half. Before firmware 2.4 the command takes no type.
    pub(super) fn public_half(
        &self,
        action: Action,
        kind: ObjectKind,
        id: ObjectId,
    ) -> Result<(Algorithm, Vec<u8>), Error> {
        let mut request = Request::new(CommandCode::GET_PUBLIC_KEY).id(id);
        if kind != ObjectKind::AsymmetricKey {
            request = request.u8(kind.byte());
        }
        let answer = self.session.call(action, request)?;
        let (algorithm, key) =
            answer.data().split_first().ok_or_else(|| senseless(action, "it is empty"))?;
        Ok((Algorithm(*algorithm), key.to_vec()))
    }

    pub(super) fn public_half_der(
        &self,
        action: Action,
        kind: ObjectKind,
        id: ObjectId,
    ) -> Result<Vec<u8>, Error> {
        let (algorithm, key) = self.public_half(action, kind, id)?;
        spki::encode(algorithm, &key).map_err(|problem| senseless(action, &problem))
    }

    pub(super) fn attested(&self, id: ObjectId) -> Result<Vec<u8>, Error> {
        let action = Action::Read("attest a key");
        let request = Request::new(CommandCode::SIGN_ATTESTATION_CERTIFICATE).id(id).u16(FACTORY);
        Ok(self.session.call(action, request)?.data().to_vec())
    }

    pub(super) fn attesting_certificate(&self) -> Result<Vec<u8>, Error> {
        let action = Action::Read("give the certificate of its attestation key");
        let request = Request::new(CommandCode::GET_OPAQUE).u16(FACTORY);
        Ok(self.session.call(action, request)?.data().to_vec())
    }
}

fn check_aes256(action: Action, material: &KeyMaterial) -> Result<(), Error> {
    match material.expose().len() {
        AES256_BYTES => Ok(()),
        found => {
            let problem = format!("AES-256 takes 32 bytes, not {found}");
            Err(Error::NotAsked { action, problem })
        }
    }
}
