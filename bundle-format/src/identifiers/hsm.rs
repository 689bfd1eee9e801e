//! YubiHSM 2 identifiers (Yubico, YubiHSM 2 user guide: "Object", "Domain", "Label").

use super::string_type;
use std::fmt;

string_type!(
    /// An object's label: 1 to 40 printable ASCII characters, no space at either end.
    Label,
    "^[!-~]([ -~]{0,38}[!-~])?$",
    "1 to 40 printable ASCII characters with no space at either end",
    |text| (1..=40).contains(&text.len())
        && text.bytes().all(|b| (b' '..=b'~').contains(&b))
        && !text.starts_with(' ')
        && !text.ends_with(' ')
);

string_type!(
    /// A firmware version, such as `2.4.1`.
    Firmware,
    "^(0|[1-9][0-9]{0,2})\\.(0|[1-9][0-9]{0,2})\\.(0|[1-9][0-9]{0,2})$",
    "a firmware version such as 2.4.1",
    |text| {
        let parts: Vec<&str> = text.split('.').collect();
        parts.len() == 3
            && parts.iter().all(|part| {
                (1..=3).contains(&part.len())
                    && part.bytes().all(|b| b.is_ascii_digit())
                    && (part.len() == 1 || !part.starts_with('0'))
            })
    }
);

impl Firmware {
    /// Whether it is this version or a later one.
    #[must_use]
    pub fn is_at_least(&self, major: u16, minor: u16) -> bool {
        let mut parts = self.as_str().split('.').map(|part| part.parse::<u16>().unwrap_or(0));
        let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
        found >= (major, minor)
    }
}

/// An object id: 0x0001 to 0xfffe, unique among objects of one type, written in lower-case hexadecimal.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectId(u16);

impl ObjectId {
    /// The grammar as a JSON Schema pattern, but for the two reserved ids.
    pub const PATTERN: &'static str = "^0x[0-9a-f]{4}$";

    /// Checks an id.
    ///
    /// # Errors
    /// For the reserved 0x0000 and 0xffff.
    pub fn new(id: u16) -> Result<Self, String> {
        match id {
            0 | 0xffff => Err("object ids go from 0x0001 to 0xfffe".to_owned()),
            id => Ok(Self(id)),
        }
    }

    /// The number the device knows.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#06x}", self.0)
    }
}

impl std::str::FromStr for ObjectId {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix("0x").unwrap_or_default();
        let bytes: [u8; 2] = super::digest::parse_hex(digits).ok_or_else(|| {
            "expected an object id in four hexadecimal digits, such as 0x0a01".to_owned()
        })?;
        Self::new(u16::from_be_bytes(bytes))
    }
}

impl TryFrom<String> for ObjectId {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<ObjectId> for String {
    fn from(id: ObjectId) -> Self {
        id.to_string()
    }
}

impl schemars::JsonSchema for ObjectId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ObjectId".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": Self::PATTERN,
            "not": { "enum": ["0x0000", "0xffff"] },
        })
    }
}

/// A device's serial number, as printed on its case: 32 bits, decimal.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
pub struct Serial(#[schemars(range(max = u32::MAX))] u32);

impl Serial {
    /// Wraps the number the device reports.
    #[must_use]
    pub const fn new(serial: u32) -> Self {
        Self(serial)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl std::str::FromStr for Serial {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        digits.map(Self).ok_or_else(|| "expected a decimal serial number".to_owned())
    }
}

/// The domains an object belongs to: a bit mask, bit 0 for domain 1, never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Domains(u16);

impl Domains {
    /// Domain 1 alone.
    pub const ONE: Self = Self(1);

    /// The mask the device knows.
    #[must_use]
    pub const fn mask(self) -> u16 {
        self.0
    }

    /// Whether every domain of `other` is one of these.
    #[must_use]
    pub const fn contain(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl TryFrom<u16> for Domains {
    type Error = String;
    fn try_from(mask: u16) -> Result<Self, String> {
        if mask == 0 { Err("expected at least one domain".to_owned()) } else { Ok(Self(mask)) }
    }
}

impl From<Domains> for u16 {
    fn from(domains: Domains) -> Self {
        domains.0
    }
}

impl fmt::Display for Domains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named: Vec<String> =
            (0..16).filter(|bit| self.0 >> bit & 1 == 1).map(|bit| (bit + 1).to_string()).collect();
        f.write_str(&named.join(","))
    }
}

impl schemars::JsonSchema for Domains {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Domains".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": 1, "maximum": u16::MAX })
    }
}
