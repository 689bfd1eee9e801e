//! What leaves the device encrypted.

use super::operations::senseless;
use super::request::Request;
use super::{YubiHsm2, spki};
use crate::{Action, Algorithm, CommandCode, Error, Feature, ObjectKind, Place, Purpose};
use keyferry_bundle::{Digest, ObjectId};

/// The most bytes of an RSA private key as PKCS#8 (RFC 5958, RFC 8017 section A.1.2) with exponent 65537.
const PKCS8: &[(Algorithm, usize)] = &[(Algorithm::RSA_3072, 1796), (Algorithm::RSA_4096, LARGEST)];
/// As above, of 4096 bits.
const LARGEST: usize = 2376;
/// As above, of 2048 bits; keys that are not RSA are shorter.
const SMALLEST: usize = 1219;
/// The most bytes that AES-KWP adds (RFC 5649): eight, and padding.
const KWP: usize = 15;
/// Bytes of the largest modulus.
const MODULUS: usize = 512;

impl YubiHsm2 {
    pub(super) fn export_object(
        &self,
        wrap_key: ObjectId,
        kind: ObjectKind,
        id: ObjectId,
    ) -> Result<Vec<u8>, Error> {
        let action = Action::Read("export an object under wrap");
        let request = Request::new(CommandCode::EXPORT_WRAPPED).id(wrap_key).u8(kind.byte()).id(id);
        Ok(self.session.call(action, request)?.data().to_vec())
    }

    pub(super) fn store_public_wrap_key(&self, place: &Place, der: &[u8]) -> Result<(), Error> {
        let action = Action::Change("store a public wrap key");
        self.session.need(action, Feature::RsaWrap)?;
        let (algorithm, modulus) = spki::modulus(der).ok_or_else(|| Error::NotAsked {
            action,
            problem: "it is no RSA public key of 2048, 3072 or 4096 bits with exponent 65537"
                .to_owned(),
        })?;
        let purpose = Purpose::PublicWrapKey;
        let own = purpose.capabilities(self.session.device());
        let request = Request::new(CommandCode::PUT_PUBLIC_WRAP_KEY)
            .object(place, own, algorithm)
            .capabilities(purpose.delegated(own))
            .bytes(modulus);
        self.put(action, place, request)
    }

    /// Key under a public wrap key.
    pub(super) fn export_key(
        &self,
        public_wrap_key: ObjectId,
        kind: ObjectKind,
        id: ObjectId,
    ) -> Result<Vec<u8>, Error> {
        let action = Action::Read("export key material under a public wrap key");
        self.session.need(action, Feature::RsaWrap)?;
        if !matches!(kind, ObjectKind::AsymmetricKey | ObjectKind::SymmetricKey) {
            let problem = format!("it wraps asymmetric and symmetric keys, no {kind}");
            return Err(Error::NotAsked { action, problem });
        }
        // Over USB not every answer passes: there the key's size counts.
        if self.session.expect(action, MODULUS + LARGEST + KWP).is_err() {
            let target = self.describe(kind, id)?.map(|object| object.algorithm);
            let size = PKCS8.iter().find(|(algorithm, _)| Some(*algorithm) == target);
            let size = size.map_or(SMALLEST, |(_, size)| *size);
            self.session.expect(action, MODULUS + size + KWP)?;
        }
        let request = Request::new(CommandCode::GET_RSA_WRAPPED_KEY)
            .id(public_wrap_key)
            .u8(kind.byte())
            .id(id)
            .u8(Algorithm::AES256.0)
            .u8(Algorithm::RSA_OAEP_SHA256.0)
            .u8(Algorithm::RSA_MGF1_SHA256.0)
            // The digest of the label, which is empty.
            .bytes(Digest::of(b"").as_bytes());
        let answer = self.session.call(action, request)?;
        if answer.data().is_empty() {
            return Err(senseless(action, "it is empty"));
        }
        Ok(answer.data().to_vec())
    }
}
