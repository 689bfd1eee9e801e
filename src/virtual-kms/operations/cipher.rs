//! `Encrypt`, `Decrypt`, `GenerateDataKey`: real AES-256-GCM under the key material.

use super::Context;
use crate::keys::ciphertext::{self, Ciphertext};
use crate::keys::spec::is_symmetric;
use crate::keys::{Key, KeyState};
use crate::random;
use crate::refusal::{Kind, Refusal};
use crate::state::State;
use crate::wire::Blob;
use crate::wire::json::{length, required, violated};
use keyferry_bundle::KeyMaterialId;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

const ALGORITHM: &str = "SYMMETRIC_DEFAULT";

/// Input of `Encrypt`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct EncryptInput {
    encryption_algorithm: Option<String>,
    #[serde(default)]
    encryption_context: ciphertext::Context,
    key_id: Option<String>,
    plaintext: Option<Blob>,
}

/// Output of `Encrypt`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct EncryptOutput {
    ciphertext_blob: Blob,
    encryption_algorithm: &'static str,
    key_id: String,
}

/// Input of `Decrypt`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DecryptInput {
    ciphertext_blob: Option<Blob>,
    encryption_algorithm: Option<String>,
    #[serde(default)]
    encryption_context: ciphertext::Context,
    key_id: Option<String>,
}

/// Output of `Decrypt`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DecryptOutput {
    encryption_algorithm: &'static str,
    key_id: String,
    key_material_id: KeyMaterialId,
    plaintext: Blob,
}

/// Input of `GenerateDataKey`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DataKeyInput {
    #[serde(default)]
    encryption_context: ciphertext::Context,
    key_id: Option<String>,
    key_spec: Option<String>,
    number_of_bytes: Option<usize>,
}

/// Output of `GenerateDataKey`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DataKeyOutput {
    ciphertext_blob: Blob,
    key_id: String,
    key_material_id: KeyMaterialId,
    plaintext: Blob,
}

/// Encrypts up to 4096 bytes.
pub(super) fn encrypt(
    context: &mut Context<'_>,
    input: EncryptInput,
) -> Result<EncryptOutput, Refusal> {
    let name = required(input.key_id, "keyId")?;
    let plaintext = required(input.plaintext, "plaintext")?;
    length("plaintext", plaintext.as_bytes().len(), &(1..=4096))?;
    check_algorithm(input.encryption_algorithm.as_deref())?;
    let key = context.state.find(&name)?;
    let (arn, material, bytes) = usable(context.state, key, "Encrypt")?;
    let sealed = ciphertext::seal(
        (&key.id, material, bytes.as_bytes()),
        plaintext.as_bytes(),
        &input.encryption_context,
    )?;
    Ok(EncryptOutput {
        ciphertext_blob: sealed.into(),
        encryption_algorithm: ALGORITHM,
        key_id: arn,
    })
}

/// Decrypts what `Encrypt` or `GenerateDataKey` made.
pub(super) fn decrypt(
    context: &mut Context<'_>,
    input: DecryptInput,
) -> Result<DecryptOutput, Refusal> {
    let blob = required(input.ciphertext_blob, "ciphertextBlob")?;
    length("ciphertextBlob", blob.as_bytes().len(), &(1..=6144))?;
    check_algorithm(input.encryption_algorithm.as_deref())?;
    let invalid =
        || Kind::InvalidCiphertext.with("the ciphertext or its encryption context is invalid");
    let named = input.key_id.as_deref().map(|name| context.state.find(name)).transpose()?;
    let parts = Ciphertext::parse(blob.as_bytes()).ok_or_else(invalid)?;
    let key = context.state.keys.get(&parts.key).ok_or_else(invalid)?;
    if named.is_some_and(|named| named.id != key.id) {
        return Err(Kind::IncorrectKey.with(
            "The key ID in the request does not identify a CMK that can perform this operation.",
        ));
    }
    let (arn, ..) = usable(context.state, key, "Decrypt")?;
    let bytes = key.bytes_of(&parts.material).ok_or_else(invalid)?;
    let plaintext = parts.open(bytes.as_bytes(), &input.encryption_context).ok_or_else(invalid)?;
    Ok(DecryptOutput {
        encryption_algorithm: ALGORITHM,
        key_id: arn,
        key_material_id: parts.material,
        plaintext: plaintext.into(),
    })
}

/// Makes random bytes and encrypts them.
pub(super) fn generate_data_key(
    context: &mut Context<'_>,
    input: DataKeyInput,
) -> Result<DataKeyOutput, Refusal> {
    let name = required(input.key_id, "keyId")?;
    let size = match (input.key_spec.as_deref(), input.number_of_bytes) {
        (Some("AES_256"), None) => 32,
        (Some("AES_128"), None) => 16,
        (None, Some(size @ 1..=1024)) => size,
        (None, Some(_)) => {
            return Err(violated("Value at 'numberOfBytes'", "Member must be between 1 and 1024"));
        }
        (Some(_), None) => {
            return Err(violated("Value at 'keySpec'", "Member must satisfy enum value set"));
        }
        (Some(_), Some(_)) | (None, None) => {
            return Err(Kind::Validation.with("Please specify either number of bytes or key spec."));
        }
    };
    let key = context.state.find(&name)?;
    let (arn, material, bytes) = usable(context.state, key, "GenerateDataKey")?;
    let mut plaintext = Zeroizing::new(vec![0; size]);
    random::fill(&mut plaintext)?;
    let with = (&key.id, material, bytes.as_bytes());
    let sealed = ciphertext::seal(with, &plaintext, &input.encryption_context)?;
    Ok(DataKeyOutput {
        ciphertext_blob: sealed.into(),
        key_id: arn,
        key_material_id: material.clone(),
        plaintext: plaintext.into(),
    })
}

/// Only one algorithm is offered.
fn check_algorithm(given: Option<&str>) -> Result<(), Refusal> {
    match given {
        None | Some(ALGORITHM) => Ok(()),
        Some("RSAES_OAEP_SHA_1" | "RSAES_OAEP_SHA_256" | "SM2PKE") => {
            Err(Kind::InvalidKeyUsage.with("the encryption algorithm is not the key's"))
        }
        Some(other) => {
            let place = format!("Value '{other}' at 'encryptionAlgorithm'");
            Err(violated(&place, "Member must satisfy enum value set"))
        }
    }
}

/// A key's ARN and current material, if it is a symmetric key whose material is there.
fn usable<'a>(
    state: &State,
    key: &'a Key,
    operation: &str,
) -> Result<(String, &'a KeyMaterialId, &'a Blob), Refusal> {
    let arn = state.key_arn(&key.id);
    if !is_symmetric(key.spec) {
        let usage = key.usage.as_str();
        let message = format!("{arn} key usage is {usage} which is not valid for {operation}.");
        return Err(Kind::InvalidKeyUsage.with(message));
    }
    match key.current_bytes() {
        Some((material, bytes)) if key.state() == KeyState::Enabled => Ok((arn, material, bytes)),
        Some(_) | None => Err(Kind::InvalidState.with(format!("{arn} is pending import."))),
    }
}
