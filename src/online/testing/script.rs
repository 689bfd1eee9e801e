//! A KMS that follows a script: every request is held against the next step, and every step must be asked for.

use crate::algorithms::{MacAlgorithm, SigningAlgorithm};
use crate::kms::{
    CallError, EncryptionContext, ImportType, Imported, KeyDescription, KeyRef, Kms, NewKey,
    Parameters, Session, Upload,
};
use crate::lifecycle::GenerationsPage;
use keyferry_bundle::kinds::Expiration;
use keyferry_bundle::{AwsRegion, KeyArn, KeyMaterialId, WrappingAlgorithm, WrappingKeySpec};
use std::cell::RefCell;
use std::collections::VecDeque;

type Answer<T> = Result<T, CallError>;
/// Looks at what is to be created, and answers.
type Created = Box<dyn FnOnce(&NewKey) -> Answer<KeyDescription>>;

/// Looks at what cannot be known before, because it is drawn for the occasion, and answers.
pub(crate) type Told = Box<dyn FnOnce(&[u8]) -> Answer<Vec<u8>>>;

/// What every context says.
const CONTEXT: EncryptionContext<'_> = &[("purpose", "keyferry prove")];

/// A request that must come next, and what is answered.
pub(crate) enum Step {
    Identify(Answer<Session>),
    Describe(String, Answer<KeyDescription>),
    CreateKey(Created),
    CreateAlias(&'static str, KeyArn, Answer<()>),
    Parameters(KeyArn, WrappingAlgorithm, WrappingKeySpec, Answer<Parameters>),
    Import(Box<Seen>, Answer<Imported>),
    /// Looks at the plaintext, and answers.
    Encrypt(KeyArn, Told),
    /// Looks at the ciphertext, and answers.
    Decrypt(KeyArn, Told),
    PublicKey(KeyArn, Answer<Vec<u8>>),
    /// Looks at the message, and answers.
    Sign(KeyArn, SigningAlgorithm, Told),
    /// Looks at the ciphertext, and answers.
    DecryptOaep(KeyArn, Told),
    /// Looks at the peer's public key, and answers.
    SharedSecret(KeyArn, Told),
    Mac(KeyArn, MacAlgorithm, Vec<u8>, Answer<Vec<u8>>),
    DeleteMaterial(KeyArn, Option<KeyMaterialId>, Answer<()>),
    UpdateAlias(&'static str, KeyArn, Answer<()>),
    /// A page of generations, and where it must begin.
    Rotations(KeyArn, Option<&'static str>, Answer<GenerationsPage>),
    Rotate(KeyArn, Answer<()>),
    /// Which primary, into which Region; looks at what the replica is to be, and answers.
    Replicate(KeyArn, &'static str, Created),
    /// Something that happens between two calls.
    Meanwhile(Box<dyn FnOnce()>),
}

/// An upload as it must be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) key: KeyArn,
    pub(crate) token: Vec<u8>,
    pub(crate) encrypted_key_material: Vec<u8>,
    pub(crate) expiration: Expiration,
    pub(crate) import_type: Option<ImportType>,
    pub(crate) key_material_id: Option<KeyMaterialId>,
    pub(crate) description: Option<String>,
}

pub(crate) struct Script(RefCell<VecDeque<Step>>);

impl Script {
    pub(crate) fn of(steps: impl IntoIterator<Item = Step>) -> Self {
        Self(RefCell::new(steps.into_iter().collect()))
    }

    /// No step is left.
    pub(crate) fn finish(self) {
        let left = self.0.into_inner();
        assert!(left.is_empty(), "{} steps were never asked for", left.len());
    }

    fn next(&self, asked: &str) -> Step {
        loop {
            let next = self.0.borrow_mut().pop_front();
            match next {
                Some(Step::Meanwhile(happens)) => happens(),
                Some(step) => return step,
                None => panic!("{asked} is not in the script"),
            }
        }
    }
}

impl Kms for Script {
    fn get_caller_identity(&self) -> Answer<Session> {
        let Step::Identify(answer) = self.next("GetCallerIdentity") else {
            panic!("GetCallerIdentity is not next")
        };
        answer
    }

    fn describe_key(&self, key: &KeyRef) -> Answer<KeyDescription> {
        let Step::Describe(expected, answer) = self.next("DescribeKey") else {
            panic!("DescribeKey is not next")
        };
        assert_eq!(key.as_str(), expected);
        answer
    }

    fn create_key(&self, key: &NewKey) -> Answer<KeyDescription> {
        let Step::CreateKey(answer) = self.next("CreateKey") else {
            panic!("CreateKey is not next")
        };
        answer(key)
    }

    fn create_alias(&self, alias: &KeyRef, key: &KeyArn) -> Answer<()> {
        let Step::CreateAlias(expected, target, answer) = self.next("CreateAlias") else {
            panic!("CreateAlias is not next")
        };
        assert_eq!((alias.as_str(), key), (expected, &target));
        answer
    }

    fn get_parameters_for_import(
        &self,
        key: &KeyArn,
        algorithm: WrappingAlgorithm,
        spec: WrappingKeySpec,
    ) -> Answer<Parameters> {
        let Step::Parameters(expected, wanted, of, answer) = self.next("GetParametersForImport")
        else {
            panic!("GetParametersForImport is not next")
        };
        assert_eq!((key, algorithm, spec), (&expected, wanted, of));
        answer
    }

    fn import_key_material(&self, upload: &Upload<'_>) -> Answer<Imported> {
        let Step::Import(expected, answer) = self.next("ImportKeyMaterial") else {
            panic!("ImportKeyMaterial is not next")
        };
        let seen = Seen {
            key: upload.key.clone(),
            token: upload.token.to_vec(),
            encrypted_key_material: upload.encrypted_key_material.to_vec(),
            expiration: upload.expiration,
            import_type: upload.import_type,
            key_material_id: upload.key_material_id.cloned(),
            description: upload.description.map(str::to_owned),
        };
        assert_eq!(seen, *expected);
        answer
    }

    fn replicate_key(
        &self,
        key: &KeyArn,
        region: &AwsRegion,
        like: &NewKey,
    ) -> Answer<KeyDescription> {
        let Step::Replicate(expected, into, answer) = self.next("ReplicateKey") else {
            panic!("ReplicateKey is not next")
        };
        assert_eq!((key, region.as_str()), (&expected, into));
        answer(like)
    }

    fn rotate_key_on_demand(&self, key: &KeyArn) -> Answer<()> {
        let Step::Rotate(expected, answer) = self.next("RotateKeyOnDemand") else {
            panic!("RotateKeyOnDemand is not next")
        };
        assert_eq!(*key, expected);
        answer
    }

    fn encrypt(
        &self,
        key: &KeyArn,
        plaintext: &[u8],
        context: EncryptionContext<'_>,
    ) -> Answer<Vec<u8>> {
        let Step::Encrypt(expected, answer) = self.next("Encrypt") else {
            panic!("Encrypt is not next")
        };
        assert_eq!((key, context), (&expected, CONTEXT));
        answer(plaintext)
    }

    fn decrypt(
        &self,
        key: &KeyArn,
        ciphertext: &[u8],
        context: EncryptionContext<'_>,
    ) -> Answer<Vec<u8>> {
        let Step::Decrypt(expected, answer) = self.next("Decrypt") else {
            panic!("Decrypt is not next")
        };
        assert_eq!((key, context), (&expected, CONTEXT));
        answer(ciphertext)
    }

    fn get_public_key(&self, key: &KeyArn) -> Answer<Vec<u8>> {
        let Step::PublicKey(expected, answer) = self.next("GetPublicKey") else {
            panic!("GetPublicKey is not next")
        };
        assert_eq!(key, &expected);
        answer
    }

    fn sign(&self, key: &KeyArn, algorithm: SigningAlgorithm, message: &[u8]) -> Answer<Vec<u8>> {
        let Step::Sign(expected, with, answer) = self.next("Sign") else {
            panic!("Sign is not next")
        };
        assert_eq!((key, algorithm), (&expected, with));
        answer(message)
    }

    fn decrypt_oaep(&self, key: &KeyArn, ciphertext: &[u8]) -> Answer<Vec<u8>> {
        let Step::DecryptOaep(expected, answer) = self.next("Decrypt") else {
            panic!("Decrypt is not next")
        };
        assert_eq!(key, &expected);
        answer(ciphertext)
    }

    fn derive_shared_secret(&self, key: &KeyArn, peer: &[u8]) -> Answer<Vec<u8>> {
        let Step::SharedSecret(expected, answer) = self.next("DeriveSharedSecret") else {
            panic!("DeriveSharedSecret is not next")
        };
        assert_eq!(key, &expected);
        answer(peer)
    }

    fn generate_mac(
        &self,
        key: &KeyArn,
        algorithm: MacAlgorithm,
        message: &[u8],
    ) -> Answer<Vec<u8>> {
        let Step::Mac(expected, with, text, answer) = self.next("GenerateMac") else {
            panic!("GenerateMac is not next")
        };
        assert_eq!((key, algorithm, message), (&expected, with, text.as_slice()));
        answer
    }

    fn delete_imported_key_material(
        &self,
        key: &KeyArn,
        material: Option<&KeyMaterialId>,
    ) -> Answer<()> {
        let Step::DeleteMaterial(expected, of, answer) = self.next("DeleteImportedKeyMaterial")
        else {
            panic!("DeleteImportedKeyMaterial is not next")
        };
        assert_eq!((key, material), (&expected, of.as_ref()));
        answer
    }

    fn update_alias(&self, alias: &KeyRef, key: &KeyArn) -> Answer<()> {
        let Step::UpdateAlias(expected, target, answer) = self.next("UpdateAlias") else {
            panic!("UpdateAlias is not next")
        };
        assert_eq!((alias.as_str(), key), (expected, &target));
        answer
    }

    fn list_key_rotations(&self, key: &KeyArn, from: Option<&str>) -> Answer<GenerationsPage> {
        let Step::Rotations(expected, begins, answer) = self.next("ListKeyRotations") else {
            panic!("ListKeyRotations is not next")
        };
        assert_eq!((key, from), (&expected, begins));
        answer
    }
}
