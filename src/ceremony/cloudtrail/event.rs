//! One event: what of it is needed, and nothing else.

use keyferry_bundle::{AccountId, AwsRegion, ExpirationModel, KeyArn, KeyMaterialId, Timestamp};
use serde_json::Value;

/// The longest text that is kept of an event, in characters.
const MAX_TEXT: usize = 256;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// `GetParametersForImport`.
    GetParameters,
    /// `ImportKeyMaterial`.
    Import,
    /// `DeleteImportedKeyMaterial`: somebody deleted it.
    Delete,
    /// `DeleteExpiredKeyMaterial`, or `EventBridge`'s notice of it: KMS deleted it when it expired.
    Expire,
}

/// An event about key material that did not fail. Texts are AWS's or a caller's: escape them before they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The file it is in.
    pub file: String,
    /// What was done.
    pub action: Action,
    /// AWS's id of the event.
    pub id: String,
    /// When, by AWS's clock.
    pub time: Timestamp,
    /// To which key.
    pub key: KeyArn,
    /// The account whose trail it is in.
    pub account: Option<AccountId>,
    /// The region that recorded it.
    pub region: Option<AwsRegion>,
    /// Who did it: an ARN, or `AWS Internal`.
    pub by: Option<String>,
    /// KMS's id of the material, where KMS gives one (symmetric keys).
    pub key_material_id: Option<KeyMaterialId>,
    /// The description that came with the material; Keyferry gives the ceremony's name.
    pub description: Option<String>,
    /// The expiration model of an import.
    pub expiration: Option<ExpirationModel>,
    /// The expiry of an import as a text of whatever locale: AWS writes `May 21, 2025, 5:47:45 AM`. To be shown, not compared.
    pub valid_to: Option<String>,
    /// `NEW_KEY_MATERIAL` or `EXISTING_KEY_MATERIAL`.
    pub import_type: Option<String>,
    /// What `GetParametersForImport` was asked for.
    pub wrapping_algorithm: Option<String>,
    /// What `GetParametersForImport` was asked for.
    pub wrapping_key_spec: Option<String>,
}

/// Where and when an event was recorded, whatever it is about.
pub(super) type Seen = Option<((AccountId, AwsRegion), Timestamp)>;

/// What a record is.
#[derive(Debug, Clone)]
pub(super) enum Found {
    /// About key material.
    Event(Seen, Box<Event>),
    /// About key material, but it failed.
    Failed(Seen),
    /// About anything else.
    Other(Seen),
}

impl Found {
    /// What a record is, or what it lacks.
    pub(super) fn of(record: &Value) -> Result<Self, &'static str> {
        match text(record, "/detail-type").as_deref() {
            None => Self::event(record),
            Some("KMS Imported Key Material Expiration") => Self::notice(record),
            Some(_) => match record.pointer("/detail").filter(|d| d.get("eventName").is_some()) {
                Some(event) => Self::event(event),
                None => Ok(Self::Other(seen(record, "/account", "/region", "/time"))),
            },
        }
    }

    fn event(record: &Value) -> Result<Self, &'static str> {
        let source =
            text(record, "/eventSource").ok_or("is no CloudTrail event: no eventSource")?;
        let name = text(record, "/eventName").ok_or("is no CloudTrail event: no eventName")?;
        let seen = seen(record, "/recipientAccountId", "/awsRegion", "/eventTime");
        let action = match (source.as_str(), name.as_str()) {
            ("kms.amazonaws.com", "GetParametersForImport") => Action::GetParameters,
            ("kms.amazonaws.com", "ImportKeyMaterial") => Action::Import,
            ("kms.amazonaws.com", "DeleteImportedKeyMaterial") => Action::Delete,
            ("kms.amazonaws.com", "DeleteExpiredKeyMaterial") => Action::Expire,
            _ => return Ok(Self::Other(seen)),
        };
        if record.get("errorCode").is_some_and(|code| !code.is_null()) {
            return Ok(Self::Failed(seen));
        }
        let resources = record.pointer("/resources").and_then(Value::as_array);
        let key = resources
            .and_then(|all| all.iter().find_map(|one| parsed(one, "/ARN")))
            .or_else(|| parsed(record, "/responseElements/keyId"))
            .or_else(|| parsed(record, "/requestParameters/keyId"))
            .ok_or("an event about key material that names no key ARN")?;
        let event = Event {
            file: String::new(),
            action,
            id: text(record, "/eventID").ok_or("an event about key material without eventID")?,
            time: parsed(record, "/eventTime")
                .ok_or("an event about key material without an eventTime that can be read")?,
            key,
            account: parsed(record, "/recipientAccountId"),
            region: parsed(record, "/awsRegion"),
            by: text(record, "/userIdentity/arn")
                .or_else(|| text(record, "/userIdentity/invokedBy")),
            key_material_id: parsed(record, "/responseElements/keyMaterialId")
                .or_else(|| parsed(record, "/requestParameters/keyMaterialId"))
                .or_else(|| parsed(record, "/serviceEventDetails/keyMaterialId")),
            description: text(record, "/requestParameters/keyMaterialDescription"),
            expiration: parsed(record, "/requestParameters/expirationModel"),
            valid_to: text(record, "/requestParameters/validTo"),
            import_type: text(record, "/requestParameters/importType"),
            wrapping_algorithm: text(record, "/requestParameters/wrappingAlgorithm"),
            wrapping_key_spec: text(record, "/requestParameters/wrappingKeySpec"),
        };
        Ok(Self::Event(seen, Box::new(event)))
    }

    /// `EventBridge`'s notice that key material expired.
    fn notice(record: &Value) -> Result<Self, &'static str> {
        let event = Event {
            file: String::new(),
            action: Action::Expire,
            id: text(record, "/id").ok_or("a notice without id")?,
            time: parsed(record, "/time").ok_or("a notice without a time that can be read")?,
            key: parsed(record, "/resources/0").ok_or("a notice that names no key ARN")?,
            account: parsed(record, "/account"),
            region: parsed(record, "/region"),
            by: None,
            key_material_id: None,
            description: None,
            expiration: None,
            valid_to: None,
            import_type: None,
            wrapping_algorithm: None,
            wrapping_key_spec: None,
        };
        Ok(Self::Event(seen(record, "/account", "/region", "/time"), Box::new(event)))
    }
}

fn seen(record: &Value, account: &str, region: &str, time: &str) -> Seen {
    let place = (parsed(record, account)?, parsed(record, region)?);
    Some((place, parsed(record, time)?))
}

/// A text, if there is one; what is too long is cut.
fn text(record: &Value, path: &str) -> Option<String> {
    let text = record.pointer(path)?.as_str()?;
    Some(text.chars().take(MAX_TEXT).collect())
}

fn parsed<T: std::str::FromStr>(record: &Value, path: &str) -> Option<T> {
    record.pointer(path)?.as_str()?.parse().ok()
}
