//! `GetParametersForImport`: a wrapping key pair, and the import token that goes with it.

use super::Context;
use super::usable::must_stay;
use crate::keys::token::Token;
use crate::keys::{Key, Origin, wrapping};
use crate::random;
use crate::refusal::{Kind, Refusal};
use crate::wire::Blob;
use crate::wire::json::{required, word};
use crate::world::WrappingKey;
use keyferry_bundle::{WrappingAlgorithm, WrappingKeySpec};
use rsa::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// AWS KMS developer guide: a token is valid for 24 hours.
const VALID_DAYS: u16 = 1;

/// So many wrapping key pairs of a spec are made; AWS makes one for every call. A pair of 4096 bits takes a second or so.
const MOST_PAIRS: usize = 8;

/// Input of `GetParametersForImport`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Input {
    key_id: Option<String>,
    wrapping_algorithm: Option<String>,
    wrapping_key_spec: Option<String>,
}

/// Output of `GetParametersForImport`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Output {
    import_token: Blob,
    key_id: String,
    parameters_valid_to: serde_json::Number,
    public_key: Blob,
}

/// Hands out a wrapping public key and an import token.
pub(super) fn get(context: &mut Context<'_>, input: Input) -> Result<Output, Refusal> {
    let name = required(input.key_id, "keyId")?;
    let algorithm = required(input.wrapping_algorithm, "wrappingAlgorithm")?;
    let spec = required(input.wrapping_key_spec, "wrappingKeySpec")?;
    let (algorithm, spec) = (wrapping_algorithm(&algorithm)?, wrapping_key_spec(&spec)?);
    let key = context.state.find_by_id(&name)?;
    let arn = context.state.key_arn(&key.id);
    must_be_external(key, &arn)?;
    must_stay(key, &arn)?;
    if let Some(because) = wrapping::refuse(key.spec, algorithm, spec) {
        return Err(Kind::UnsupportedOperation.with(because));
    }
    let (wrapping_key, public_key) = pair(&mut context.world.wrapping_keys, spec)?;
    let broken = |_| Kind::Internal.with("a key ARN is malformed");
    let key = arn.parse().map_err(broken)?;
    let expires = context.now.plus_days(VALID_DAYS);
    let token = Token { wrapping_key, expires, algorithm, key };
    let sealed = token.seal(spec, context.world.token_secret.as_bytes())?;
    Ok(Output {
        import_token: sealed.into(),
        key_id: arn,
        parameters_valid_to: token.expires.to_wire(),
        public_key,
    })
}

/// Only such a key takes imports.
pub(super) fn must_be_external(key: &Key, arn: &str) -> Result<(), Refusal> {
    if key.origin == Origin::External {
        return Ok(());
    }
    let message = format!("{arn} origin is AWS_KMS which is not valid for this operation.");
    Err(Kind::UnsupportedOperation.with(message))
}

fn wrapping_algorithm(given: &str) -> Result<WrappingAlgorithm, Refusal> {
    if ["RSAES_PKCS1_V1_5", "SM2PKE"].contains(&given) {
        let message = format!("WrappingAlgorithm {given} is not supported");
        return Err(Kind::UnsupportedOperation.with(message));
    }
    word("wrappingAlgorithm", given)
}

fn wrapping_key_spec(given: &str) -> Result<WrappingKeySpec, Refusal> {
    if given == "SM2" {
        return Err(Kind::UnsupportedOperation.with("WrappingKeySpec SM2 is not supported"));
    }
    word("wrappingKeySpec", given)
}

/// A pair's id and public key: a fresh one until there are [`MOST_PAIRS`] of the spec, then the one that nobody had for longest, so that
/// one call never gives what the call before gave.
fn pair(
    pairs: &mut BTreeMap<String, WrappingKey>,
    spec: WrappingKeySpec,
) -> Result<([u8; 16], Blob), Refusal> {
    let broken = || Kind::Internal.with("a wrapping key pair could not be found");
    let turn = pairs.values().map(|pair| pair.last_given).max().unwrap_or_default() + 1;
    if pairs.values().filter(|pair| pair.spec == spec).count() < MOST_PAIRS {
        let id: [u8; 16] = random::bytes()?;
        let (public_key, private_key) = generate(spec)?;
        let given = public_key.clone();
        let pair = WrappingKey { spec, private_key, public_key, last_given: turn };
        pairs.insert(base16ct::lower::encode_string(&id), pair);
        return Ok((id, given));
    }
    let of_spec = pairs.iter_mut().filter(|(_, pair)| pair.spec == spec);
    let (id, pair) = of_spec.min_by_key(|(_, pair)| pair.last_given).ok_or_else(broken)?;
    pair.last_given = turn;
    let id = base16ct::lower::decode_vec(id).ok().and_then(|id| id.try_into().ok());
    Ok((id.ok_or_else(broken)?, pair.public_key.clone()))
}

/// A fresh pair: SubjectPublicKeyInfo and PKCS#8, both in DER. Made on the spot: with the arithmetic optimised, as the workspace's dev
/// profile has it, 4096 bits take a fraction of a second.
fn generate(spec: WrappingKeySpec) -> Result<(Blob, Blob), Refusal> {
    let broken = || Kind::Internal.with("a wrapping key pair could not be generated");
    let pair =
        rsa::PrivateKey::new(&mut getrandom::SysRng, spec.modulus_bits()).map_err(|_| broken())?;
    let public_key = pair.as_public_key().to_public_key_der().map_err(|_| broken())?;
    let private_key = pair.to_pkcs8_der().map_err(|_| broken())?;
    Ok((public_key.into_vec().into(), Zeroizing::new(private_key.as_bytes().to_vec()).into()))
}
