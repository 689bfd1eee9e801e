//! `Sign`, `Verify`.

use super::Context;
use super::usable::Usable;
use crate::keys::algorithm::{MessageType, SigningAlgorithm};
use crate::refusal::{Kind, Refusal};
use crate::wire::Blob;
use crate::wire::json::{length, required, word};
use keyferry_bundle::KeyUsage;
use serde::{Deserialize, Serialize};

/// Signing algorithms of the service model that belong to no key this service has.
const OF_OTHER_KEYS: &[&str] = &["SM2DSA", "ML_DSA_SHAKE_256"];

/// Input of `Sign`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct SignInput {
    key_id: Option<String>,
    message: Option<Blob>,
    message_type: Option<String>,
    signing_algorithm: Option<String>,
}

/// Output of `Sign`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SignOutput {
    key_id: String,
    signature: Blob,
    signing_algorithm: &'static str,
}

/// Input of `Verify`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct VerifyInput {
    key_id: Option<String>,
    message: Option<Blob>,
    message_type: Option<String>,
    signature: Option<Blob>,
    signing_algorithm: Option<String>,
}

/// Output of `Verify`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct VerifyOutput {
    key_id: String,
    signature_valid: bool,
    signing_algorithm: &'static str,
}

/// What both are about.
struct Subject<'a> {
    usable: Usable<'a>,
    algorithm: SigningAlgorithm,
    input: Vec<u8>,
}

/// Signs up to 4096 bytes, or a digest.
pub(super) fn sign(context: &mut Context<'_>, input: SignInput) -> Result<SignOutput, Refusal> {
    let given = (input.key_id, input.message, input.message_type, input.signing_algorithm);
    let Subject { usable, algorithm, input } = subject(context, given, "Sign")?;
    let signature = usable
        .private_key()?
        .sign(algorithm, &input)
        .ok_or_else(|| Kind::Internal.with("a signature could not be made"))?;
    Ok(SignOutput {
        key_id: usable.arn,
        signature: signature.into(),
        signing_algorithm: algorithm.name,
    })
}

/// Verifies a signature. AWS refuses where it does not verify, it never answers `false`.
pub(super) fn verify(
    context: &mut Context<'_>,
    input: VerifyInput,
) -> Result<VerifyOutput, Refusal> {
    let signature = required(input.signature, "signature")?;
    length("signature", signature.as_bytes().len(), &(1..=6144))?;
    let given = (input.key_id, input.message, input.message_type, input.signing_algorithm);
    let Subject { usable, algorithm, input } = subject(context, given, "Verify")?;
    if !usable.private_key()?.verifies(algorithm, &input, signature.as_bytes()) {
        return Err(Kind::KmsInvalidSignature.with("the signature does not verify"));
    }
    Ok(VerifyOutput {
        key_id: usable.arn,
        signature_valid: true,
        signing_algorithm: algorithm.name,
    })
}

type Given = (Option<String>, Option<Blob>, Option<String>, Option<String>);

fn subject<'a>(
    context: &'a Context<'_>,
    (key_id, message, message_type, algorithm): Given,
    operation: &str,
) -> Result<Subject<'a>, Refusal> {
    let name = required(key_id, "keyId")?;
    let message = required(message, "message")?;
    let wanted = required(algorithm, "signingAlgorithm")?;
    length("message", message.as_bytes().len(), &(1..=4096))?;
    let message_type = match message_type.as_deref() {
        None => MessageType::Raw,
        Some("EXTERNAL_MU") => {
            return Err(Kind::Validation.with("MessageType EXTERNAL_MU is for ML_DSA keys"));
        }
        Some(given) => word("messageType", given)?,
    };
    let algorithm: Option<SigningAlgorithm> = match wanted.as_str() {
        other if OF_OTHER_KEYS.contains(&other) => None,
        given => Some(word("signingAlgorithm", given)?),
    };
    let key = context.state.find(&name)?;
    let usable = Usable::new(context.state, key, KeyUsage::SignVerify, operation)?;
    usable.must_have(&wanted)?;
    let algorithm = algorithm.ok_or_else(|| Kind::Internal.with("no key has this algorithm"))?;
    let input = algorithm.input(message.as_bytes(), message_type)?;
    Ok(Subject { usable, algorithm, input })
}
