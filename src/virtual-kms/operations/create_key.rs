//! `CreateKey`.

use super::describe::{Output, output};
use super::tags::Tag;
use super::{Context, policy, tags};
use crate::keys::spec::{NOT_HERE, algorithms};
use crate::keys::{Announced, Incoming, Key, Origin, Relation};
use crate::random;
use crate::refusal::{Kind, Refusal};
use crate::wire::json::{length, violated, word};
use keyferry_bundle::{KeySpec, KeyUsage, KmsKeyId};
use serde::Deserialize;

/// Input of `CreateKey`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Input {
    bypass_policy_lockout_safety_check: Option<bool>,
    customer_master_key_spec: Option<String>,
    description: Option<String>,
    key_spec: Option<String>,
    key_usage: Option<String>,
    multi_region: Option<bool>,
    origin: Option<String>,
    policy: Option<String>,
    tags: Option<Vec<Tag>>,
}

/// A key's description, which may be empty.
pub(super) fn described(text: Option<String>) -> Result<String, Refusal> {
    let text = text.unwrap_or_default();
    length("description", text.chars().count(), &(0..=8192))?;
    Ok(text)
}

/// Makes a key, with key material unless it is to be imported.
pub(super) fn create(context: &mut Context<'_>, input: Input) -> Result<Output, Refusal> {
    let spec = spec(&input)?;
    let usage = usage(spec, input.key_usage.as_deref())?;
    let origin = origin(input.origin.as_deref())?;
    let description = described(input.description)?;
    let bypass = input.bypass_policy_lockout_safety_check;
    let policy = policy::given(input.policy, bypass, context.state)?;
    let all_tags = tags::given(input.tags)?;
    let id = new_id(input.multi_region == Some(true))?;
    let mut key = Key {
        id: id.clone(),
        spec,
        usage,
        origin,
        description,
        created: context.now,
        policy,
        tags: all_tags,
        takes_another: false,
        disabled: false,
        deletion: None,
        relation: id.is_multi_region().then(|| Relation::primary(&context.state.region)),
        materials: Vec::new(),
    };
    if origin == Origin::AwsKms {
        generate(&mut key)?;
    }
    let made = output(context.state, &key);
    context.state.keys.insert(id, key);
    Ok(made)
}

fn spec(input: &Input) -> Result<KeySpec, Refusal> {
    let (name, given) = match (&input.key_spec, &input.customer_master_key_spec) {
        (Some(_), Some(_)) => {
            return Err(Kind::Validation.with(
                "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. \
                 CustomerMasterKeySpec is deprecated.",
            ));
        }
        (Some(spec), None) => ("keySpec", spec),
        (None, Some(spec)) => ("customerMasterKeySpec", spec),
        (None, None) => return Ok(KeySpec::SymmetricDefault),
    };
    if NOT_HERE.contains(&given.as_str()) {
        let message = format!("KeySpec {given} is not supported by this service");
        return Err(Kind::UnsupportedOperation.with(message));
    }
    word(name, given)
}

fn usage(spec: KeySpec, given: Option<&str>) -> Result<KeyUsage, Refusal> {
    let usage = match given {
        Some(given) => word("keyUsage", given)?,
        None if spec == KeySpec::SymmetricDefault => KeyUsage::EncryptDecrypt,
        None => {
            return Err(Kind::Validation.with(
                "You must specify a KeyUsage value for all KMS keys except for symmetric encryption \
                 keys.",
            ));
        }
    };
    if algorithms(spec, usage).is_none() {
        let message = format!("KeyUsage {} is not compatible with KeySpec {spec}", usage.as_str());
        return Err(Kind::Validation.with(message));
    }
    Ok(usage)
}

fn origin(given: Option<&str>) -> Result<Origin, Refusal> {
    match given {
        None | Some("AWS_KMS") => Ok(Origin::AwsKms),
        Some("EXTERNAL") => Ok(Origin::External),
        Some("AWS_CLOUDHSM" | "EXTERNAL_KEY_STORE") => {
            Err(Kind::UnsupportedOperation.with("this service has no custom key stores"))
        }
        Some(other) => Err(violated(
            &format!("Value '{other}' at 'origin'"),
            "Member must satisfy enum value set",
        )),
    }
}

/// A multi-Region key's id is `mrk-` and 32 hexadecimal digits, any other key's a UUID.
fn new_id(multi_region: bool) -> Result<KmsKeyId, Refusal> {
    let uuid = random::uuid()?;
    let id = if multi_region { format!("mrk-{}", uuid.replace('-', "")) } else { uuid };
    id.parse().map_err(|_| Kind::Internal.with("a key id is malformed"))
}

fn generate(key: &mut Key) -> Result<(), Refusal> {
    key.import(Incoming::generate(key.spec)?, Announced::default(), "").map(drop)
}
