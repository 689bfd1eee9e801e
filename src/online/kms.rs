//! KMS as this program sees it: a few operations under their own names, in the words of the bundles. The AWS SDK is behind it in
//! `aws/`; tests put a script there that checks every request.

use crate::algorithms::{MacAlgorithm, SigningAlgorithm};
use crate::lifecycle::{GenerationsPage, MultiRegion};
use keyferry_bundle::kinds::Expiration;
use keyferry_bundle::{
    AccountId, AwsRegion, Endpoint, KeyArn, KeyMaterialId, KeySpec, KeyUsage, Partition, Text,
    Timestamp, WrappingAlgorithm, WrappingKeySpec,
};
use std::fmt;

/// The operations, and STS's `GetCallerIdentity`. None of them repeats a call that changes something.
pub trait Kms {
    /// Whose credentials these are, and which endpoint will be spoken to (STS `GetCallerIdentity`).
    ///
    /// # Errors
    /// As every operation: [`CallError`].
    fn get_caller_identity(&self) -> Result<Session, CallError>;

    /// `DescribeKey`, by key id, ARN or alias.
    ///
    /// # Errors
    /// [`CallError`].
    fn describe_key(&self, key: &KeyRef) -> Result<KeyDescription, CallError>;

    /// `CreateKey` with origin `EXTERNAL`.
    ///
    /// # Errors
    /// [`CallError`]; after [`CallError::NoAnswer`] a key may exist.
    fn create_key(&self, key: &NewKey) -> Result<KeyDescription, CallError>;

    /// `CreateAlias`.
    ///
    /// # Errors
    /// [`CallError`]; after [`CallError::NoAnswer`] the alias may exist.
    fn create_alias(&self, alias: &KeyRef, key: &KeyArn) -> Result<(), CallError>;

    /// `ReplicateKey`, at the primary: a key of the same id in another Region, with a policy and tags of its own.
    ///
    /// # Errors
    /// [`CallError`]; after [`CallError::NoAnswer`] the replica may exist.
    fn replicate_key(
        &self,
        key: &KeyArn,
        region: &AwsRegion,
        like: &NewKey,
    ) -> Result<KeyDescription, CallError>;

    /// `GetParametersForImport`. Changes nothing but the answer to the next one.
    ///
    /// # Errors
    /// [`CallError`].
    fn get_parameters_for_import(
        &self,
        key: &KeyArn,
        algorithm: WrappingAlgorithm,
        spec: WrappingKeySpec,
    ) -> Result<Parameters, CallError>;

    /// `ImportKeyMaterial`.
    ///
    /// # Errors
    /// [`CallError`]; after [`CallError::NoAnswer`] the material may have been imported.
    fn import_key_material(&self, upload: &Upload<'_>) -> Result<Imported, CallError>;

    /// `RotateKeyOnDemand`: key material that waits for a rotation becomes the current one; of a multi-Region key at the primary.
    ///
    /// # Errors
    /// [`CallError`]; after [`CallError::NoAnswer`] the key may have been rotated.
    fn rotate_key_on_demand(&self, key: &KeyArn) -> Result<(), CallError>;

    /// `Encrypt`, with the algorithm of symmetric keys.
    ///
    /// # Errors
    /// [`CallError`].
    fn encrypt(
        &self,
        key: &KeyArn,
        plaintext: &[u8],
        context: EncryptionContext<'_>,
    ) -> Result<Vec<u8>, CallError>;

    /// `Decrypt`, under that key only.
    ///
    /// # Errors
    /// [`CallError`].
    fn decrypt(
        &self,
        key: &KeyArn,
        ciphertext: &[u8],
        context: EncryptionContext<'_>,
    ) -> Result<Vec<u8>, CallError>;

    /// `GetPublicKey`: SubjectPublicKeyInfo, DER.
    ///
    /// # Errors
    /// [`CallError`].
    fn get_public_key(&self, key: &KeyArn) -> Result<Vec<u8>, CallError>;

    /// `Sign` of a whole message (`MessageType` `RAW`).
    ///
    /// # Errors
    /// [`CallError`].
    fn sign(
        &self,
        key: &KeyArn,
        algorithm: SigningAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, CallError>;

    /// `Decrypt` of an `RSAES_OAEP_SHA_256` ciphertext.
    ///
    /// # Errors
    /// [`CallError`].
    fn decrypt_oaep(&self, key: &KeyArn, ciphertext: &[u8]) -> Result<Vec<u8>, CallError>;

    /// `DeriveSharedSecret` with a public key of the same curve (SubjectPublicKeyInfo, DER), by `ECDH`.
    ///
    /// # Errors
    /// [`CallError`].
    fn derive_shared_secret(&self, key: &KeyArn, peer: &[u8]) -> Result<Vec<u8>, CallError>;

    /// `GenerateMac`.
    ///
    /// # Errors
    /// [`CallError`].
    fn generate_mac(
        &self,
        key: &KeyArn,
        algorithm: MacAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, CallError>;

    /// `DeleteImportedKeyMaterial`: the current material, or that of one id.
    ///
    /// # Errors
    /// [`CallError`]; after [`CallError::NoAnswer`] the material may be gone.
    fn delete_imported_key_material(
        &self,
        key: &KeyArn,
        material: Option<&KeyMaterialId>,
    ) -> Result<(), CallError>;

    /// `UpdateAlias`.
    ///
    /// # Errors
    /// [`CallError`]; after [`CallError::NoAnswer`] the alias may have moved.
    fn update_alias(&self, alias: &KeyRef, key: &KeyArn) -> Result<(), CallError>;

    /// One page of `ListKeyRotations`, with every generation of the key material (`IncludeKeyMaterial` `ALL_KEY_MATERIAL`).
    ///
    /// # Errors
    /// [`CallError`].
    fn list_key_rotations(
        &self,
        key: &KeyArn,
        from: Option<&str>,
    ) -> Result<GenerationsPage, CallError>;
}

/// A call's encryption context: additional data that KMS authenticates and that decryption must repeat.
pub type EncryptionContext<'a> = &'a [(&'a str, &'a str)];

/// Whose credentials, where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The partition, from the caller's ARN.
    pub partition: Partition,
    /// The account.
    pub account: AccountId,
    /// The caller's ARN.
    pub caller: String,
    /// The region calls go to.
    pub region: AwsRegion,
    /// The endpoint calls go to.
    pub endpoint: Endpoint,
}

/// A key as an operator names it: a key id, a key ARN, an alias name or an alias ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRef(String);

impl KeyRef {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for KeyRef {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        // AWS KMS API reference, `DescribeKey`: `KeyId` has 1 to 2048 characters.
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b':' | b'/' | b'_' | b'-');
        if (1..=2048).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err("expected a key id, a key ARN, alias/NAME or an alias ARN".to_owned())
        }
    }
}

impl From<&KeyArn> for KeyRef {
    fn from(arn: &KeyArn) -> Self {
        Self(arn.to_string())
    }
}

impl fmt::Display for KeyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key's state, as far as an import cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// No key material yet, or none any more.
    PendingImport,
    /// In use.
    Enabled,
    /// Any other, by KMS's word.
    Other(String),
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PendingImport => "PendingImport",
            Self::Enabled => "Enabled",
            Self::Other(word) => word,
        })
    }
}

/// What `DescribeKey` says. Specs and origins are KMS's words: there are more of them than can be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyDescription {
    /// The key.
    pub key: KeyArn,
    /// Its state.
    pub state: KeyState,
    /// Where its material comes from; `EXTERNAL` for imported material.
    pub origin: String,
    /// Its spec.
    pub key_spec: String,
    /// Its usage, as KMS names it.
    pub key_usage: String,
    /// Whether it is a multi-Region key.
    pub multi_region: bool,
    /// When KMS deletes the material; absent while there is none.
    pub expiration: Option<Expiration>,
    /// The id of the material in use, where KMS gives one.
    pub key_material_id: Option<KeyMaterialId>,
    /// Its siblings in other Regions; of a multi-Region key alone.
    pub regions: Option<MultiRegion>,
}

/// What `CreateKey` is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// The spec.
    pub key_spec: KeySpec,
    /// The usage.
    pub usage: KeyUsage,
    /// The description.
    pub description: Option<Text>,
    /// The key policy, as JSON.
    pub policy: String,
    /// Tags: key and value.
    pub tags: Vec<(String, String)>,
    /// Whether it is a multi-Region key.
    pub multi_region: bool,
}

/// One `GetParametersForImport` answer. Public key and token belong together.
#[derive(Clone, PartialEq, Eq)]
pub struct Parameters {
    /// The key KMS answered for.
    pub key: KeyArn,
    /// The wrapping public key: SubjectPublicKeyInfo, DER.
    pub public_key: Vec<u8>,
    /// The import token.
    pub token: Vec<u8>,
    /// When both stop working.
    pub valid_to: Timestamp,
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parameters({}, {})", self.key, self.valid_to)
    }
}

/// What `ImportKeyMaterial` is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Upload<'a> {
    /// The key.
    pub key: &'a KeyArn,
    /// The import token.
    pub token: &'a [u8],
    /// The encrypted key material.
    pub encrypted_key_material: &'a [u8],
    /// When KMS deletes it.
    pub expiration: Expiration,
    /// Whether KMS knows these bytes (`ImportType`); symmetric keys only. Where nothing is said, KMS takes the first for new and any
    /// other for known.
    pub import_type: Option<ImportType>,
    /// The id that KMS gave these bytes before (`KeyMaterialId`); symmetric keys only.
    pub key_material_id: Option<&'a KeyMaterialId>,
    /// `KeyMaterialDescription`; symmetric keys only.
    pub description: Option<&'a str>,
}

/// What KMS is told of the bytes that it gets (AWS KMS API reference, `ImportKeyMaterial`, `ImportType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportType {
    /// They were never in this KMS key.
    New,
    /// They were, or are in the primary that this key is a replica of.
    Existing,
}

/// What `ImportKeyMaterial` answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The id of the material, where KMS gives one.
    pub key_material_id: Option<KeyMaterialId>,
}

/// Why a call did not succeed, by what it means for the state of KMS.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// KMS answered no. Nothing changed.
    #[error("AWS refuses it: {code}: {message}")]
    Refused {
        /// AWS's error code, such as `ExpiredImportTokenException`.
        code: String,
        /// AWS's message.
        message: String,
    },
    /// KMS is too busy. Nothing changed.
    #[error("AWS is too busy: {0}")]
    Throttled(String),
    /// The request never left: no credentials, no connection. Nothing changed.
    #[error("the request could not be sent: {0}")]
    NotSent(String),
    /// No answer, or one that says nothing: a call that changes something may have done so.
    #[error("no usable answer came: {0}")]
    NoAnswer(String),
}

impl CallError {
    /// Whether KMS answered with this error code.
    #[must_use]
    pub fn is(&self, wanted: &str) -> bool {
        matches!(self, Self::Refused { code, .. } if code == wanted)
    }
}
