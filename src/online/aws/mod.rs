//! The AWS SDK behind the [`Kms`] trait: the only place with `aws-*`, async code and a runtime. Calls that change something are made
//! once; only calls that change nothing are repeated by the SDK.

mod answers;
mod connect;
mod ec2;
mod endpoint;
mod failures;
mod regions;
mod sent;

pub use connect::AwsOptions;
pub use ec2::Client as Ec2Client;

use crate::algorithms::{MacAlgorithm, SigningAlgorithm};
use crate::kms::{
    CallError, EncryptionContext, Imported, KeyDescription, KeyRef, Kms, NewKey, Parameters,
    Session, Upload,
};
use crate::lifecycle::GenerationsPage;
use aws_sdk_kms::config::Builder as Settings;
use aws_sdk_kms::config::http::HttpResponse;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::{Blob, DateTime};
use aws_sdk_kms::types::{
    AlgorithmSpec, EncryptionAlgorithmSpec, ExpirationModelType, ImportType, IncludeKeyMaterial,
    KeyAgreementAlgorithmSpec, KeySpec as SdkKeySpec, KeyUsageType, MacAlgorithmSpec, MessageType,
    OriginType, SigningAlgorithmSpec, Tag, WrappingKeySpec as SdkWrappingKeySpec,
};
use failures::call_error;
use keyferry_bundle::{AwsRegion, KeyArn, KeyMaterialId, WrappingAlgorithm, WrappingKeySpec};
use sent::Sent;
use std::error::Error;
use std::fmt;
use std::future::Future;

/// KMS and STS through the SDK, on a runtime of their own in this thread.
pub struct Client {
    runtime: tokio::runtime::Runtime,
    kms: aws_sdk_kms::Client,
    sts: aws_sdk_sts::Client,
    region: AwsRegion,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.region)
    }
}

/// One attempt, whatever the environment or the profile says.
fn once() -> Settings {
    Settings::new().retry_config(RetryConfig::disabled())
}

impl Client {
    /// Waits for a call, which is watched while it is made.
    fn wait<F, T, E>(&self, call: impl FnOnce(Sent) -> F) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let sent = Sent::default();
        self.runtime.block_on(call(sent.clone())).map_err(|error| call_error(&error, &sent))
    }
}

impl Kms for Client {
    fn get_caller_identity(&self) -> Result<Session, CallError> {
        let call = self.sts.get_caller_identity().customize();
        let answer = self.wait(|sent| call.interceptor(sent).send())?;
        let endpoint = endpoint::in_use(&self.runtime, &self.kms, &self.region)?;
        answers::session(&answer, self.region.clone(), endpoint)
    }

    fn describe_key(&self, key: &KeyRef) -> Result<KeyDescription, CallError> {
        let call = self.kms.describe_key().key_id(key.as_str());
        let answer = self.wait(|sent| call.customize().interceptor(sent).send())?;
        answers::description(answer.key_metadata())
    }

    fn create_key(&self, key: &NewKey) -> Result<KeyDescription, CallError> {
        let mut call = self
            .kms
            .create_key()
            .origin(OriginType::External)
            .key_spec(SdkKeySpec::from(key.key_spec.as_str()))
            .key_usage(KeyUsageType::from(key.usage.as_str()))
            .policy(&key.policy)
            .multi_region(key.multi_region)
            .set_description(key.description.as_ref().map(ToString::to_string));
        for (name, value) in &key.tags {
            let tag = Tag::builder().tag_key(name).tag_value(value).build();
            call = call.tags(tag.map_err(|error| CallError::NotSent(error.to_string()))?);
        }
        let call = call.customize().config_override(once());
        let answer = self.wait(|sent| call.interceptor(sent).send())?;
        answers::description(answer.key_metadata())
    }

    fn create_alias(&self, alias: &KeyRef, key: &KeyArn) -> Result<(), CallError> {
        let call =
            self.kms.create_alias().alias_name(alias.as_str()).target_key_id(key.key_id.as_str());
        let call = call.customize().config_override(once());
        self.wait(|sent| call.interceptor(sent).send()).map(drop)
    }

    fn replicate_key(
        &self,
        key: &KeyArn,
        region: &AwsRegion,
        like: &NewKey,
    ) -> Result<KeyDescription, CallError> {
        let mut call = self
            .kms
            .replicate_key()
            .key_id(key.to_string())
            .replica_region(region.as_str())
            .policy(&like.policy)
            .set_description(like.description.as_ref().map(ToString::to_string));
        for (name, value) in &like.tags {
            let tag = Tag::builder().tag_key(name).tag_value(value).build();
            call = call.tags(tag.map_err(|error| CallError::NotSent(error.to_string()))?);
        }
        let call = call.customize().config_override(once());
        let answer = self.wait(|sent| call.interceptor(sent).send())?;
        answers::description(answer.replica_key_metadata())
    }

    fn get_parameters_for_import(
        &self,
        key: &KeyArn,
        algorithm: WrappingAlgorithm,
        spec: WrappingKeySpec,
    ) -> Result<Parameters, CallError> {
        let call = self
            .kms
            .get_parameters_for_import()
            .key_id(key.to_string())
            .wrapping_algorithm(AlgorithmSpec::from(algorithm.as_str()))
            .wrapping_key_spec(SdkWrappingKeySpec::from(spec.as_str()));
        let answer = self.wait(|sent| call.customize().interceptor(sent).send())?;
        answers::parameters(answer)
    }

    fn import_key_material(&self, upload: &Upload<'_>) -> Result<Imported, CallError> {
        let model = ExpirationModelType::from(upload.expiration.model.as_str());
        let valid_to =
            upload.expiration.valid_to.map(|time| DateTime::from_secs(time.unix_seconds()));
        let call = self
            .kms
            .import_key_material()
            .key_id(upload.key.to_string())
            .import_token(Blob::new(upload.token))
            .encrypted_key_material(Blob::new(upload.encrypted_key_material))
            .expiration_model(model)
            .set_valid_to(valid_to)
            .set_import_type(upload.import_type.map(|import_type| match import_type {
                crate::kms::ImportType::New => ImportType::NewKeyMaterial,
                crate::kms::ImportType::Existing => ImportType::ExistingKeyMaterial,
            }))
            .set_key_material_id(upload.key_material_id.map(ToString::to_string))
            .set_key_material_description(upload.description.map(str::to_owned));
        let call = call.customize().config_override(once());
        let answer = self.wait(|sent| call.interceptor(sent).send())?;
        Ok(answers::imported(&answer))
    }

    fn rotate_key_on_demand(&self, key: &KeyArn) -> Result<(), CallError> {
        let call = self.kms.rotate_key_on_demand().key_id(key.to_string());
        let call = call.customize().config_override(once());
        self.wait(|sent| call.interceptor(sent).send()).map(drop)
    }

    fn encrypt(
        &self,
        key: &KeyArn,
        plaintext: &[u8],
        context: EncryptionContext<'_>,
    ) -> Result<Vec<u8>, CallError> {
        let mut call = self.kms.encrypt().key_id(key.to_string()).plaintext(Blob::new(plaintext));
        for (name, value) in context {
            call = call.encryption_context(*name, *value);
        }
        let answer = self.wait(|sent| call.customize().interceptor(sent).send())?;
        answers::bytes("CiphertextBlob", answer.ciphertext_blob)
    }

    fn decrypt(
        &self,
        key: &KeyArn,
        ciphertext: &[u8],
        context: EncryptionContext<'_>,
    ) -> Result<Vec<u8>, CallError> {
        let mut call =
            self.kms.decrypt().key_id(key.to_string()).ciphertext_blob(Blob::new(ciphertext));
        for (name, value) in context {
            call = call.encryption_context(*name, *value);
        }
        let answer = self.wait(|sent| call.customize().interceptor(sent).send())?;
        answers::bytes("Plaintext", answer.plaintext)
    }
    fn get_public_key(&self, key: &KeyArn) -> Result<Vec<u8>, CallError> {
        let call = self.kms.get_public_key().key_id(key.to_string());
        let answer = self.wait(|sent| call.customize().interceptor(sent).send())?;
        answers::bytes("PublicKey", answer.public_key)
    }

    fn sign(
        &self,
        key: &KeyArn,
        algorithm: SigningAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, CallError> {
        let call = self
            .kms
            .sign()
            .key_id(key.to_string())
            .message(Blob::new(message))
            .message_type(MessageType::Raw)
            .signing_algorithm(SigningAlgorithmSpec::from(algorithm.as_str()));
        let answer = self.wait(|sent| call.customize().interceptor(sent).send())?;
        answers::bytes("Signature", answer.signature)
    }

    fn decrypt_oaep(&self, key: &KeyArn, ciphertext: &[u8]) -> Result<Vec<u8>, CallError> {
        let call = self
            .kms
            .decrypt()
            .key_id(key.to_string())
            .ciphertext_blob(Blob::new(ciphertext))
            .encryption_algorithm(EncryptionAlgorithmSpec::RsaesOaepSha256);
        let answer = self.wait(|sent| call.customize().interceptor(sent).send())?;
        answers::bytes("Plaintext", answer.plaintext)
    }

    fn derive_shared_secret(&self, key: &KeyArn, peer: &[u8]) -> Result<Vec<u8>, CallError> {
        let call = self
            .kms
            .derive_shared_secret()
            .key_id(key.to_string())
            .key_agreement_algorithm(KeyAgreementAlgorithmSpec::Ecdh)
            .public_key(Blob::new(peer));
        let answer = self.wait(|sent| call.customize().interceptor(sent).send())?;
        answers::bytes("SharedSecret", answer.shared_secret)
    }

    fn generate_mac(
        &self,
        key: &KeyArn,
        algorithm: MacAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, CallError> {
        let call = self
            .kms
            .generate_mac()
            .key_id(key.to_string())
            .mac_algorithm(MacAlgorithmSpec::from(algorithm.as_str()))
            .message(Blob::new(message));
        let answer = self.wait(|sent| call.customize().interceptor(sent).send())?;
        answers::bytes("Mac", answer.mac)
    }

    fn delete_imported_key_material(
        &self,
        key: &KeyArn,
        material: Option<&KeyMaterialId>,
    ) -> Result<(), CallError> {
        let call = self
            .kms
            .delete_imported_key_material()
            .key_id(key.to_string())
            .set_key_material_id(material.map(ToString::to_string));
        let call = call.customize().config_override(once());
        self.wait(|sent| call.interceptor(sent).send()).map(drop)
    }

    fn update_alias(&self, alias: &KeyRef, key: &KeyArn) -> Result<(), CallError> {
        let call =
            self.kms.update_alias().alias_name(alias.as_str()).target_key_id(key.to_string());
        let call = call.customize().config_override(once());
        self.wait(|sent| call.interceptor(sent).send()).map(drop)
    }

    fn list_key_rotations(
        &self,
        key: &KeyArn,
        from: Option<&str>,
    ) -> Result<GenerationsPage, CallError> {
        let call = self
            .kms
            .list_key_rotations()
            .key_id(key.to_string())
            .include_key_material(IncludeKeyMaterial::AllKeyMaterial)
            .set_marker(from.map(str::to_owned));
        let answer = self.wait(|sent| call.customize().interceptor(sent).send())?;
        answers::generations(&answer)
    }
}
