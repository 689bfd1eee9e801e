//! `GenerateMac`, `VerifyMac`: HMAC (FIPS 198-1) under the key material itself.

use super::Context;
use super::usable::Usable;
use crate::refusal::{Kind, Refusal};
use crate::wire::Blob;
use crate::wire::json::{length, required, word};
use hmac::{Hmac, KeyInit as _, Mac as _};
use keyferry_bundle::KeyUsage;
use serde::{Deserialize, Serialize};
use sha2::{Sha224, Sha256, Sha384, Sha512};

/// A MAC algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
enum Algorithm {
    #[serde(rename = "HMAC_SHA_224")]
    Sha224,
    #[serde(rename = "HMAC_SHA_256")]
    Sha256,
    #[serde(rename = "HMAC_SHA_384")]
    Sha384,
    #[serde(rename = "HMAC_SHA_512")]
    Sha512,
}

/// Input of `GenerateMac`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct GenerateInput {
    key_id: Option<String>,
    mac_algorithm: Option<String>,
    message: Option<Blob>,
}

/// Output of `GenerateMac`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GenerateOutput {
    key_id: String,
    mac: Blob,
    mac_algorithm: Algorithm,
}

/// Input of `VerifyMac`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct VerifyInput {
    key_id: Option<String>,
    mac: Option<Blob>,
    mac_algorithm: Option<String>,
    message: Option<Blob>,
}

/// Output of `VerifyMac`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct VerifyOutput {
    key_id: String,
    mac_algorithm: Algorithm,
    mac_valid: bool,
}

/// Makes a MAC of up to 4096 bytes.
pub(super) fn generate(
    context: &mut Context<'_>,
    input: GenerateInput,
) -> Result<GenerateOutput, Refusal> {
    let given = (input.key_id, input.message, input.mac_algorithm);
    let (usable, algorithm, message) = subject(context, given, "GenerateMac")?;
    let mac = algorithm.mac(usable.bytes.as_bytes(), message.as_bytes())?;
    Ok(GenerateOutput { key_id: usable.arn, mac: mac.into(), mac_algorithm: algorithm })
}

/// Verifies a MAC. AWS refuses where it does not verify, it never answers `false`.
pub(super) fn verify(
    context: &mut Context<'_>,
    input: VerifyInput,
) -> Result<VerifyOutput, Refusal> {
    let mac = required(input.mac, "mac")?;
    length("mac", mac.as_bytes().len(), &(1..=6144))?;
    let given = (input.key_id, input.message, input.mac_algorithm);
    let (usable, algorithm, message) = subject(context, given, "VerifyMac")?;
    // Compared as it comes: the service runs on loopback and guards nothing.
    if algorithm.mac(usable.bytes.as_bytes(), message.as_bytes())? != mac.as_bytes() {
        return Err(Kind::KmsInvalidMac.with("the MAC does not verify"));
    }
    Ok(VerifyOutput { key_id: usable.arn, mac_algorithm: algorithm, mac_valid: true })
}

type Given = (Option<String>, Option<Blob>, Option<String>);

fn subject<'a>(
    context: &'a Context<'_>,
    (key_id, message, algorithm): Given,
    operation: &str,
) -> Result<(Usable<'a>, Algorithm, Blob), Refusal> {
    let name = required(key_id, "keyId")?;
    let message = required(message, "message")?;
    let wanted = required(algorithm, "macAlgorithm")?;
    length("message", message.as_bytes().len(), &(1..=4096))?;
    let algorithm = word("macAlgorithm", &wanted)?;
    let key = context.state.find(&name)?;
    let usable = Usable::new(context.state, key, KeyUsage::GenerateVerifyMac, operation)?;
    usable.must_have(&wanted)?;
    Ok((usable, algorithm, message))
}

impl std::str::FromStr for Algorithm {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "HMAC_SHA_224" => Ok(Self::Sha224),
            "HMAC_SHA_256" => Ok(Self::Sha256),
            "HMAC_SHA_384" => Ok(Self::Sha384),
            "HMAC_SHA_512" => Ok(Self::Sha512),
            _ => Err(()),
        }
    }
}

impl Algorithm {
    fn mac(self, key: &[u8], message: &[u8]) -> Result<Vec<u8>, Refusal> {
        /// HMAC with one hash function.
        macro_rules! hmac {
            ($hash:ty) => {
                Hmac::<$hash>::new_from_slice(key)
                    .map(|mac| mac.chain_update(message).finalize().into_bytes().to_vec())
            };
        }
        match self {
            Self::Sha224 => hmac!(Sha224),
            Self::Sha256 => hmac!(Sha256),
            Self::Sha384 => hmac!(Sha384),
            Self::Sha512 => hmac!(Sha512),
        }
        .map_err(|_| Kind::Internal.with("HMAC took no key"))
    }
}
