//! `ImportKeyMaterial`, `DeleteImportedKeyMaterial`.

use super::Context;
use super::parameters::must_be_external;
use super::usable::must_stay;
use crate::clock::Time;
use crate::keys::spec::is_symmetric;
use crate::keys::token::Token;
use crate::keys::unwrap::unwrap;
use crate::keys::{Announced, ImportType, Incoming, Key};
use crate::refusal::{Kind, Refusal};
use crate::state::State;
use crate::wire::Blob;
use crate::wire::json::{length, required, violated, word};
use crate::world::{World, WrappingKey};
use keyferry_bundle::{ExpirationModel, KeyMaterialId, WrappingAlgorithm};
use serde::{Deserialize, Serialize};

/// AWS KMS API reference, `ImportKeyMaterial`: the latest `ValidTo`.
const MAX_DAYS: u16 = 365;

/// Input of `ImportKeyMaterial`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ImportInput {
    encrypted_key_material: Option<Blob>,
    expiration_model: Option<String>,
    import_token: Option<Blob>,
    import_type: Option<String>,
    key_id: Option<String>,
    key_material_description: Option<String>,
    key_material_id: Option<String>,
    valid_to: Option<serde_json::Number>,
}

/// Input of `DeleteImportedKeyMaterial`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DeleteInput {
    key_id: Option<String>,
    key_material_id: Option<String>,
}

/// Output of both. Only symmetric keys' material has an id.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Output {
    key_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_material_id: Option<KeyMaterialId>,
}

/// Unwraps key material and gives it to the key.
pub(super) fn import(context: &mut Context<'_>, input: ImportInput) -> Result<Output, Refusal> {
    let name = required(input.key_id, "keyId")?;
    let token = required(input.import_token, "importToken")?;
    let encrypted = required(input.encrypted_key_material, "encryptedKeyMaterial")?;
    length("importToken", token.as_bytes().len(), &(1..=6144))?;
    length("encryptedKeyMaterial", encrypted.as_bytes().len(), &(1..=6144))?;
    let model =
        input.expiration_model.as_deref().map(|m| word("expirationModel", m)).transpose()?;
    let valid_to = valid_to(model, input.valid_to.as_ref(), context.now)?;
    let announced = announced(
        valid_to,
        input.import_type.as_deref(),
        input.key_material_id.as_deref(),
        input.key_material_description,
    )?;
    let key = context.state.find_by_id(&name)?;
    let arn = context.state.key_arn(&key.id);
    must_be_external(key, &arn)?;
    check_symmetric_only(key, &announced)?;
    must_stay(key, &arn)?;
    let (algorithm, pair) = redeem(context.state, context.world, key, &token, context.now)?;
    let bytes = unwrap(algorithm, pair.private_key.as_bytes(), encrypted.as_bytes())?;
    let key = context.state.find_mut(&name)?;
    let id = key.import(Incoming::fitting(key.spec, bytes)?, announced, &arn)?;
    let (key, symmetric) = (key.id.clone(), is_symmetric(key.spec));
    context.share(&key)?;
    Ok(Output { key_id: arn, key_material_id: Some(id).filter(|_| symmetric) })
}

/// Deletes key material; the key waits for it again.
pub(super) fn delete(context: &mut Context<'_>, input: DeleteInput) -> Result<Output, Refusal> {
    let name = required(input.key_id, "keyId")?;
    let wanted = input.key_material_id.as_deref().map(material_id).transpose()?;
    let arn = context.state.key_arn(&context.state.find_by_id(&name)?.id);
    let key = context.state.find_mut(&name)?;
    must_be_external(key, &arn)?;
    must_stay(key, &arn)?;
    let id = key.delete(wanted.as_ref())?;
    Ok(Output { key_id: arn, key_material_id: id.filter(|_| is_symmetric(key.spec)) })
}

/// When the material expires: the model's default is that it does. The first message is AWS's, the others ours.
fn valid_to(
    model: Option<ExpirationModel>,
    given: Option<&serde_json::Number>,
    now: Time,
) -> Result<Option<Time>, Refusal> {
    let refuse = |because: &str| Err(Kind::Validation.with(because));
    let given = match (model.unwrap_or(ExpirationModel::Expires), given) {
        (ExpirationModel::DoesNotExpire, None) => return Ok(None),
        (ExpirationModel::DoesNotExpire, Some(_)) => {
            return refuse(
                "A validTo date must not be set if the ExpirationModel is \
                 KEY_MATERIAL_DOES_NOT_EXPIRE",
            );
        }
        (ExpirationModel::Expires, None) => {
            return refuse(
                "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES",
            );
        }
        (ExpirationModel::Expires, Some(given)) => given,
    };
    match Time::from_wire(given) {
        Some(time) if time <= now => refuse("The validTo date must be in the future"),
        Some(time) if time <= now.plus_days(MAX_DAYS) => Ok(Some(time)),
        Some(_) | None => refuse("The validTo date must be at most 365 days from now"),
    }
}

fn announced(
    valid_to: Option<Time>,
    import_type: Option<&str>,
    id: Option<&str>,
    description: Option<String>,
) -> Result<Announced, Refusal> {
    if let Some(text) = &description {
        length("keyMaterialDescription", text.len(), &(0..=256))?;
        let allowed =
            |b: u8| b.is_ascii_alphanumeric() || b.is_ascii_whitespace() || b":/_.-".contains(&b);
        if !text.bytes().all(allowed) {
            let rule = r"Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_\s.-]+$";
            return Err(violated("Value at 'keyMaterialDescription'", rule));
        }
    }
    let import_type = import_type.map(|given| word("importType", given)).transpose()?;
    let material_id = id.map(material_id).transpose()?;
    if material_id.is_some() && import_type == Some(ImportType::New) {
        let message = "A KeyMaterialId cannot be specified when ImportType is NEW_KEY_MATERIAL";
        return Err(Kind::Validation.with(message));
    }
    Ok(Announced { valid_to, import_type, material_id, description })
}

fn material_id(given: &str) -> Result<KeyMaterialId, Refusal> {
    given.parse().map_err(|_| {
        let rule = "Member must satisfy regular expression pattern: ^[a-f0-9]{64}$";
        violated("Value at 'keyMaterialId'", rule)
    })
}

/// Three members are "only usable with symmetric encryption keys". Which error AWS gives is not recorded.
fn check_symmetric_only(key: &Key, announced: &Announced) -> Result<(), Refusal> {
    let used = announced.import_type.is_some()
        || announced.material_id.is_some()
        || announced.description.is_some();
    if used && !is_symmetric(key.spec) {
        return Err(Kind::Validation.with(
            "ImportType, KeyMaterialId and KeyMaterialDescription are for symmetric encryption keys",
        ));
    }
    Ok(())
}

/// The algorithm and the wrapping key pair that a token stands for. The token is not used up: whether AWS takes one twice is not known.
fn redeem<'a>(
    state: &State,
    world: &'a World,
    key: &Key,
    token: &Blob,
    now: Time,
) -> Result<(WrappingAlgorithm, &'a WrappingKey), Refusal> {
    let token = Token::open(token.as_bytes(), world.token_secret.as_bytes())?;
    if token.key.to_string() != state.key_arn(&key.id) {
        return Err(Kind::InvalidImportToken.with("the import token is for another KMS key"));
    }
    if token.expires <= now {
        return Err(
            Kind::ExpiredImportToken.with(format!("the import token expired at {}", token.expires))
        );
    }
    let id = base16ct::lower::encode_string(&token.wrapping_key);
    let gone = || Kind::InvalidImportToken.with("the import token's wrapping key is gone");
    Ok((token.algorithm, world.wrapping_keys.get(&id).ok_or_else(gone)?))
}
