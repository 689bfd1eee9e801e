//! `GenerateDataKey`, under symmetric keys alone.

use super::Context;
use super::cipher::SYMMETRIC;
use super::usable::Usable;
use crate::keys::ciphertext;
use crate::random;
use crate::refusal::{Kind, Refusal};
use crate::wire::Blob;
use crate::wire::json::{required, violated};
use keyferry_bundle::KeyMaterialId;
use keyferry_bundle::KeyUsage::EncryptDecrypt;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Input of `GenerateDataKey`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Input {
    #[serde(default)]
    encryption_context: ciphertext::Context,
    key_id: Option<String>,
    key_spec: Option<String>,
    number_of_bytes: Option<usize>,
}

/// Output of `GenerateDataKey`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Output {
    ciphertext_blob: Blob,
    key_id: String,
    key_material_id: KeyMaterialId,
    plaintext: Blob,
}

/// Makes random bytes and encrypts them.
pub(super) fn generate(context: &mut Context<'_>, input: Input) -> Result<Output, Refusal> {
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
    let usable = Usable::new(context.state, key, EncryptDecrypt, "GenerateDataKey")?;
    usable.must_have(SYMMETRIC)?;
    let mut plaintext = Zeroizing::new(vec![0; size]);
    random::fill(&mut plaintext)?;
    let with = (&key.id, usable.material, usable.bytes.as_bytes());
    let sealed = ciphertext::seal(with, &plaintext, &input.encryption_context)?;
    Ok(Output {
        ciphertext_blob: sealed.into(),
        key_id: usable.arn,
        key_material_id: usable.material.clone(),
        plaintext: plaintext.into(),
    })
}
