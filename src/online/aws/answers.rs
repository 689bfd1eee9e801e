//! The SDK's answers in our own types. An answer that lacks what it must have is no answer.

use crate::kms::{CallError, Imported, KeyDescription, KeyState, Parameters, Session};
use crate::lifecycle::{Generation, GenerationsPage, ImportState, MultiRegion};
use aws_sdk_kms::operation::get_parameters_for_import::GetParametersForImportOutput;
use aws_sdk_kms::operation::import_key_material::ImportKeyMaterialOutput;
use aws_sdk_kms::operation::list_key_rotations::ListKeyRotationsOutput;
use aws_sdk_kms::primitives::{Blob, DateTime};
use aws_sdk_kms::types::{
    ExpirationModelType, KeyMetadata, KeyState as SdkKeyState, MultiRegionConfiguration,
    RotationsListEntry,
};
use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityOutput;
use keyferry_bundle::kinds::Expiration;
use keyferry_bundle::{AwsRegion, Endpoint, ExpirationModel, KeyMaterialId, Timestamp};
use std::str::FromStr;

fn broken(what: &str, problem: impl std::fmt::Display) -> CallError {
    CallError::NoAnswer(format!("the answer's {what}: {problem}"))
}

fn read<T: FromStr<Err = String>>(what: &str, text: Option<&str>) -> Result<T, CallError> {
    text.ok_or_else(|| broken(what, "is missing"))?
        .parse()
        .map_err(|problem: String| broken(what, problem))
}

fn time(what: &str, time: DateTime) -> Result<Timestamp, CallError> {
    Timestamp::from_unix_seconds(time.secs()).map_err(|problem| broken(what, problem))
}

pub(super) fn session(
    answer: &GetCallerIdentityOutput,
    region: AwsRegion,
    endpoint: Endpoint,
) -> Result<Session, CallError> {
    let caller = answer.arn().ok_or_else(|| broken("Arn", "is missing"))?;
    Ok(Session {
        partition: read("Arn", caller.split(':').nth(1))?,
        account: read("Account", answer.account())?,
        caller: caller.to_owned(),
        region,
        endpoint,
    })
}

pub(super) fn description(metadata: Option<&KeyMetadata>) -> Result<KeyDescription, CallError> {
    let metadata = metadata.ok_or_else(|| broken("KeyMetadata", "is missing"))?;
    let state = match metadata.key_state() {
        Some(SdkKeyState::PendingImport) => KeyState::PendingImport,
        Some(SdkKeyState::Enabled) => KeyState::Enabled,
        Some(other) => KeyState::Other(other.as_str().to_owned()),
        None => return Err(broken("KeyState", "is missing")),
    };
    let expiration = expiration(metadata.expiration_model(), metadata.valid_to())?;
    Ok(KeyDescription {
        key: read("Arn", metadata.arn())?,
        state,
        origin: metadata.origin().map_or_else(String::new, |origin| origin.as_str().to_owned()),
        key_usage: metadata.key_usage().map_or_else(String::new, |usage| usage.as_str().to_owned()),
        key_spec: metadata.key_spec().map_or_else(String::new, |spec| spec.as_str().to_owned()),
        multi_region: metadata.multi_region().unwrap_or(false),
        expiration,
        key_material_id: material(metadata.current_key_material_id()),
        regions: metadata.multi_region_configuration().map(regions).transpose()?,
    })
}

fn expiration(
    model: Option<&ExpirationModelType>,
    valid_to: Option<&DateTime>,
) -> Result<Option<Expiration>, CallError> {
    let model = model.map(|model| read("ExpirationModel", Some(model.as_str())));
    match model.transpose()? {
        Some(model @ ExpirationModel::DoesNotExpire) => {
            Ok(Some(Expiration { model, valid_to: None }))
        }
        Some(model @ ExpirationModel::Expires) => {
            let valid_to = valid_to.map(|date| time("ValidTo", *date)).transpose()?;
            Ok(Some(Expiration { model, valid_to }))
        }
        None => Ok(None),
    }
}

fn regions(found: &MultiRegionConfiguration) -> Result<MultiRegion, CallError> {
    let primary = read("PrimaryKey", found.primary_key().and_then(|key| key.arn()))?;
    let replicas = found.replica_keys().iter().map(|key| read("ReplicaKeys", key.arn()));
    Ok(MultiRegion { primary, replicas: replicas.collect::<Result<_, _>>()? })
}

pub(super) fn generations(answer: &ListKeyRotationsOutput) -> Result<GenerationsPage, CallError> {
    let generations =
        answer.rotations().iter().map(generation).collect::<Result<Vec<_>, CallError>>()?;
    let next = answer.next_marker().filter(|_| answer.truncated()).map(str::to_owned);
    if answer.truncated() && next.is_none() {
        return Err(broken("NextMarker", "is missing"));
    }
    Ok(GenerationsPage { generations, next })
}

fn generation(entry: &RotationsListEntry) -> Result<Generation, CallError> {
    Ok(Generation {
        key_material_id: material(entry.key_material_id()),
        import_state: entry.import_state().map(|state| match state.as_str() {
            "IMPORTED" => ImportState::Imported,
            "PENDING_IMPORT" => ImportState::PendingImport,
            other => ImportState::Other(other.to_owned()),
        }),
        material_state: entry.key_material_state().map(|state| state.as_str().to_owned()),
        expiration: expiration(entry.expiration_model(), entry.valid_to())?,
        description: entry.key_material_description().map(str::to_owned),
        rotated: entry.rotation_date().map(|date| time("RotationDate", *date)).transpose()?,
    })
}

pub(super) fn parameters(answer: GetParametersForImportOutput) -> Result<Parameters, CallError> {
    let valid_to = answer
        .parameters_valid_to()
        .ok_or_else(|| broken("ParametersValidTo", "is missing"))
        .and_then(|date| time("ParametersValidTo", *date))?;
    let key = read("KeyId", answer.key_id())?;
    let public_key = bytes("PublicKey", answer.public_key)?;
    let token = bytes("ImportToken", answer.import_token)?;
    Ok(Parameters { key, public_key, token, valid_to })
}

pub(super) fn imported(answer: &ImportKeyMaterialOutput) -> Imported {
    Imported { key_material_id: material(answer.key_material_id()) }
}

pub(super) fn bytes(what: &str, blob: Option<Blob>) -> Result<Vec<u8>, CallError> {
    blob.map(Blob::into_inner).ok_or_else(|| broken(what, "is missing"))
}

/// Evidence where KMS gives it; never a reason to call a call that worked a failure.
fn material(id: Option<&str>) -> Option<KeyMaterialId> {
    id.and_then(|id| id.parse().ok())
}
