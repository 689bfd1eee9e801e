//! `Encrypt`, `Decrypt`: real AES-256-GCM under the key material of a symmetric key, RSAES-OAEP under an RSA key.

use super::usable::Usable;
use super::{Context, oaep};
use crate::keys::algorithm::Oaep;
use crate::keys::ciphertext::{self, Ciphertext};
use crate::refusal::{Kind, Refusal};
use crate::wire::Blob;
use crate::wire::json::{length, required, violated};
use keyferry_bundle::KeyMaterialId;
use keyferry_bundle::KeyUsage::EncryptDecrypt;
use serde::{Deserialize, Serialize};

/// AWS's name of the symmetric algorithm.
pub(super) const SYMMETRIC: &str = "SYMMETRIC_DEFAULT";

/// An encryption algorithm.
#[derive(Debug, Clone, Copy)]
enum Algorithm {
    Symmetric,
    Rsa(Oaep),
    /// No key here has it.
    Sm2,
}

impl Algorithm {
    const fn name(self) -> &'static str {
        match self {
            Self::Symmetric => SYMMETRIC,
            Self::Rsa(oaep) => oaep.name(),
            Self::Sm2 => "SM2PKE",
        }
    }
}

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
    #[serde(skip_serializing_if = "Option::is_none")]
    key_material_id: Option<KeyMaterialId>,
    plaintext: Blob,
}

/// Encrypts up to 4096 bytes, or what an RSA block holds.
pub(super) fn encrypt(
    context: &mut Context<'_>,
    input: EncryptInput,
) -> Result<EncryptOutput, Refusal> {
    let name = required(input.key_id, "keyId")?;
    let plaintext = required(input.plaintext, "plaintext")?;
    length("plaintext", plaintext.as_bytes().len(), &(1..=4096))?;
    let algorithm = algorithm(input.encryption_algorithm.as_deref())?;
    let key = context.state.find(&name)?;
    let usable = Usable::new(context.state, key, EncryptDecrypt, "Encrypt")?;
    usable.must_have(algorithm.name())?;
    let ciphertext_blob = match algorithm {
        Algorithm::Rsa(oaep) => {
            oaep::encrypt(&usable, oaep, &plaintext, &input.encryption_context)?
        }
        Algorithm::Symmetric => {
            let with = (&key.id, usable.material, usable.bytes.as_bytes());
            ciphertext::seal(with, plaintext.as_bytes(), &input.encryption_context)?.into()
        }
        Algorithm::Sm2 => return Err(Kind::Internal.with("no key has this algorithm")),
    };
    Ok(EncryptOutput {
        ciphertext_blob,
        encryption_algorithm: algorithm.name(),
        key_id: usable.arn,
    })
}

/// Decrypts what `Encrypt` or `GenerateDataKey` made, or anybody who has an RSA key's public key.
pub(super) fn decrypt(
    context: &mut Context<'_>,
    input: DecryptInput,
) -> Result<DecryptOutput, Refusal> {
    let blob = required(input.ciphertext_blob, "ciphertextBlob")?;
    length("ciphertextBlob", blob.as_bytes().len(), &(1..=6144))?;
    match algorithm(input.encryption_algorithm.as_deref())? {
        Algorithm::Symmetric => {
            decrypt_symmetric(context, &blob, input.key_id.as_deref(), &input.encryption_context)
        }
        asymmetric @ (Algorithm::Rsa(_) | Algorithm::Sm2) => {
            let name = required(input.key_id, "keyId")?;
            let key = context.state.find(&name)?;
            let usable = Usable::new(context.state, key, EncryptDecrypt, "Decrypt")?;
            usable.must_have(asymmetric.name())?;
            let Algorithm::Rsa(oaep) = asymmetric else {
                return Err(Kind::Internal.with("no key has this algorithm"));
            };
            let plaintext = oaep::decrypt(&usable, oaep, &blob, &input.encryption_context)?;
            Ok(DecryptOutput {
                encryption_algorithm: oaep.name(),
                key_id: usable.arn,
                key_material_id: None,
                plaintext,
            })
        }
    }
}

fn decrypt_symmetric(
    context: &Context<'_>,
    blob: &Blob,
    name: Option<&str>,
    encryption_context: &ciphertext::Context,
) -> Result<DecryptOutput, Refusal> {
    let invalid =
        || Kind::InvalidCiphertext.with("the ciphertext or its encryption context is invalid");
    let named = name.map(|name| context.state.find(name)).transpose()?;
    if let Some(named) = named {
        Usable::new(context.state, named, EncryptDecrypt, "Decrypt")?.must_have(SYMMETRIC)?;
    }
    let parts = Ciphertext::parse(blob.as_bytes()).ok_or_else(invalid)?;
    let key = context.state.keys.get(&parts.key).ok_or_else(invalid)?;
    if named.is_some_and(|named| named.id != key.id) {
        return Err(Kind::IncorrectKey.with(
            "The key ID in the request does not identify a CMK that can perform this operation.",
        ));
    }
    let usable = Usable::new(context.state, key, EncryptDecrypt, "Decrypt")?;
    let bytes = key.bytes_of(&parts.material).ok_or_else(invalid)?;
    let plaintext = parts.open(bytes.as_bytes(), encryption_context).ok_or_else(invalid)?;
    Ok(DecryptOutput {
        encryption_algorithm: SYMMETRIC,
        key_id: usable.arn,
        key_material_id: Some(parts.material),
        plaintext: plaintext.into(),
    })
}

/// An encryption algorithm, by default the symmetric one.
fn algorithm(given: Option<&str>) -> Result<Algorithm, Refusal> {
    match given {
        None | Some(SYMMETRIC) => Ok(Algorithm::Symmetric),
        Some("RSAES_OAEP_SHA_1") => Ok(Algorithm::Rsa(Oaep::Sha1)),
        Some("RSAES_OAEP_SHA_256") => Ok(Algorithm::Rsa(Oaep::Sha256)),
        Some("SM2PKE") => Ok(Algorithm::Sm2),
        Some(other) => {
            let place = format!("Value '{other}' at 'encryptionAlgorithm'");
            Err(violated(&place, "Member must satisfy enum value set"))
        }
    }
}
