//! `GetPublicKey`.

use super::Context;
use super::usable::Usable;
use crate::keys::spec::algorithms;
use crate::refusal::{Kind, Refusal};
use crate::wire::Blob;
use crate::wire::json::required;
use keyferry_bundle::{KeySpec, KeyUsage};
use serde::{Deserialize, Serialize};

/// Input of `GetPublicKey`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Input {
    key_id: Option<String>,
}

/// Output of `GetPublicKey`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Output {
    customer_master_key_spec: KeySpec,
    #[serde(skip_serializing_if = "Option::is_none")]
    encryption_algorithms: Option<&'static [&'static str]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_agreement_algorithms: Option<&'static [&'static str]>,
    key_id: String,
    key_spec: KeySpec,
    key_usage: KeyUsage,
    public_key: Blob,
    #[serde(skip_serializing_if = "Option::is_none")]
    signing_algorithms: Option<&'static [&'static str]>,
}

/// The `SubjectPublicKeyInfo` of an asymmetric key.
pub(super) fn get(context: &mut Context<'_>, input: Input) -> Result<Output, Refusal> {
    let name = required(input.key_id, "keyId")?;
    let key = context.state.find(&name)?;
    if key.spec.raw_length().is_some() {
        let arn = context.state.key_arn(&key.id);
        let message =
            format!("{arn} key spec is {} which is not valid for GetPublicKey.", key.spec);
        return Err(Kind::UnsupportedOperation.with(message));
    }
    let usable = Usable::of_any_usage(context.state, key)?;
    let public_key = usable
        .private_key()?
        .public_key_der()
        .ok_or_else(|| Kind::Internal.with("a public key could not be written"))?;
    let listed = |usage| algorithms(key.spec, usage).filter(|_| usage == key.usage);
    Ok(Output {
        customer_master_key_spec: key.spec,
        encryption_algorithms: listed(KeyUsage::EncryptDecrypt),
        key_agreement_algorithms: listed(KeyUsage::KeyAgreement),
        key_id: usable.arn,
        key_spec: key.spec,
        key_usage: key.usage,
        public_key: public_key.into(),
        signing_algorithms: listed(KeyUsage::SignVerify),
    })
}
