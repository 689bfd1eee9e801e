//! Key ARNs (AWS KMS developer guide, "Key ARN"), parsed to their parts so that parts are compared, not strings.

use super::string_type;

string_type!(
    /// An AWS partition: `aws`, `aws-cn`, `aws-us-gov` and their like.
    Partition,
    "^aws(-[a-z]{1,10}){0,3}$",
    "an AWS partition such as aws or aws-us-gov",
    |text| {
        let mut parts = text.split('-');
        parts.next() == Some("aws")
            && text.split('-').count() <= 4
            && parts.all(|p| (1..=10).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_lowercase()))
    }
);

string_type!(
    /// An AWS region, such as `eu-central-1`.
    AwsRegion,
    "^[a-z]{2,4}(-[a-z]{2,14}){1,3}-[1-9][0-9]?$",
    "an AWS region such as eu-central-1",
    |text| {
        let parts: Vec<&str> = text.split('-').collect();
        let [first, middle @ .., last] = parts.as_slice() else { return false };
        let letters = |p: &str, range: std::ops::RangeInclusive<usize>| {
            range.contains(&p.len()) && p.bytes().all(|b| b.is_ascii_lowercase())
        };
        letters(first, 2..=4)
            && (1..=3).contains(&middle.len())
            && middle.iter().all(|part| letters(part, 2..=14))
            && (1..=2).contains(&last.len())
            && last.bytes().all(|b| b.is_ascii_digit())
            && !last.starts_with('0')
    }
);

string_type!(
    /// A twelve-digit AWS account id.
    AccountId,
    "^[0-9]{12}$",
    "a twelve-digit AWS account id",
    |text| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
);

string_type!(
    /// A KMS key id: a lower-case UUID, or `mrk-` and 32 hexadecimal digits for a multi-Region key.
    KmsKeyId,
    "^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$",
    "a key id: a lower-case UUID, or mrk- and 32 hexadecimal digits",
    |text| {
        let hex = |part: &str, length: usize| {
            part.len() == length
                && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        if let Some(rest) = text.strip_prefix("mrk-") {
            return hex(rest, 32);
        }
        let parts: Vec<&str> = text.split('-').collect();
        parts.len() == 5
            && parts.iter().zip([8, 4, 4, 4, 12]).all(|(part, length)| hex(part, length))
    }
);

impl KmsKeyId {
    /// Whether the key is multi-Region; AWS gives only those the `mrk-` prefix.
    #[must_use]
    pub fn is_multi_region(&self) -> bool {
        self.as_str().starts_with("mrk-")
    }
}

/// A KMS key's ARN: `arn:PARTITION:kms:REGION:ACCOUNT:key/KEY-ID`. Aliases are refused: they can be moved.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct KeyArn {
    /// The partition.
    pub partition: Partition,
    /// The region.
    pub region: AwsRegion,
    /// The account that owns the key.
    pub account: AccountId,
    /// The key id.
    pub key_id: KmsKeyId,
}

impl KeyArn {
    /// The grammar as a JSON Schema pattern.
    pub const PATTERN: &'static str = "^arn:aws(-[a-z]{1,10}){0,3}:kms:[a-z]{2,4}(-[a-z]{2,14}){1,3}-[1-9][0-9]?:[0-9]{12}:key/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$";
}

impl std::str::FromStr for KeyArn {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(':').collect();
        let &["arn", partition, "kms", region, account, resource] = parts.as_slice() else {
            return Err(
                "expected a key ARN: arn:PARTITION:kms:REGION:ACCOUNT:key/KEY-ID".to_owned()
            );
        };
        let key_id = resource
            .strip_prefix("key/")
            .ok_or_else(|| "expected a key ARN that ends in key/KEY-ID, not an alias".to_owned())?;
        Ok(Self {
            partition: partition.parse()?,
            region: region.parse()?,
            account: account.parse()?,
            key_id: key_id.parse()?,
        })
    }
}

impl std::fmt::Display for KeyArn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { partition, region, account, key_id } = self;
        write!(f, "arn:{partition}:kms:{region}:{account}:key/{key_id}")
    }
}

impl TryFrom<String> for KeyArn {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<KeyArn> for String {
    fn from(arn: KeyArn) -> Self {
        arn.to_string()
    }
}

impl schemars::JsonSchema for KeyArn {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "KeyArn".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": Self::PATTERN })
    }
}
