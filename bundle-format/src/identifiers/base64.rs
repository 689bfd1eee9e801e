//! Bytes inside JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Bytes, written as canonical padded base64 in the standard alphabet (RFC 4648 section 4): no line breaks, no junk, no
/// stray trailing bits. Empty is refused: a field with nothing to say is left out.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Base64(Vec<u8>);

impl Base64 {
    /// The grammar as a JSON Schema pattern; stray trailing bits are beyond a pattern.
    pub const PATTERN: &'static str =
        "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)$";

    /// Wraps bytes for a bundle.
    ///
    /// # Errors
    /// When there are none.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, String> {
        let bytes = bytes.into();
        if bytes.is_empty() {
            Err("expected at least one byte".to_owned())
        } else {
            Ok(Self(bytes))
        }
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Base64 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Base64({} bytes)", self.0.len())
    }
}

impl TryFrom<String> for Base64 {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let bytes = STANDARD
            .decode(text.as_bytes())
            .map_err(|_| "expected canonical padded base64 in the standard alphabet".to_owned())?;
        Self::new(bytes)
    }
}

impl From<Base64> for String {
    fn from(value: Base64) -> Self {
        STANDARD.encode(value.0)
    }
}

impl schemars::JsonSchema for Base64 {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Base64".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": Self::PATTERN, "contentEncoding": "base64" })
    }
}
