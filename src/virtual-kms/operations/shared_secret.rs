//! `DeriveSharedSecret`.

use super::Context;
use super::usable::Usable;
use crate::keys::{Origin, PrivateKey};
use crate::refusal::{Kind, Refusal};
use crate::wire::Blob;
use crate::wire::json::{length, required, violated};
use keyferry_bundle::KeyUsage;
use serde::{Deserialize, Serialize};

const ALGORITHM: &str = "ECDH";

/// Input of `DeriveSharedSecret`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Input {
    key_agreement_algorithm: Option<String>,
    key_id: Option<String>,
    public_key: Option<Blob>,
}

/// Output of `DeriveSharedSecret`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Output {
    key_agreement_algorithm: &'static str,
    key_id: String,
    key_origin: Origin,
    shared_secret: Blob,
}

/// The raw shared secret of the key and a public key on the same curve. Which error AWS gives for another curve is not recorded.
pub(super) fn derive(context: &mut Context<'_>, input: Input) -> Result<Output, Refusal> {
    let name = required(input.key_id, "keyId")?;
    let algorithm = required(input.key_agreement_algorithm, "keyAgreementAlgorithm")?;
    let peer = required(input.public_key, "publicKey")?;
    length("publicKey", peer.as_bytes().len(), &(1..=8192))?;
    if algorithm != ALGORITHM {
        let place = format!("Value '{algorithm}' at 'keyAgreementAlgorithm'");
        return Err(violated(&place, "Member must satisfy enum value set"));
    }
    let key = context.state.find(&name)?;
    let usable = Usable::new(context.state, key, KeyUsage::KeyAgreement, "DeriveSharedSecret")?;
    let PrivateKey::Ec(private_key) = usable.private_key()? else {
        return Err(Kind::Internal.with("a key of another kind was to agree"));
    };
    let shared_secret = private_key.agree(peer.as_bytes()).ok_or_else(|| {
        let message = format!("the public key is no SubjectPublicKeyInfo of a {} key", key.spec);
        Kind::Validation.with(message)
    })?;
    Ok(Output {
        key_agreement_algorithm: ALGORITHM,
        key_id: usable.arn,
        key_origin: key.origin,
        shared_secret: shared_secret.into(),
    })
}
