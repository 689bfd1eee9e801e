//! Typed identifiers: parsed once, at the edge, into values that cannot be malformed.

mod arn;
mod aws;
mod base64;
mod digest;
mod hsm;
mod key_family;
mod text;
mod time;
mod words;

pub use arn::{AccountId, AwsRegion, KeyArn, KmsKeyId, Partition};
pub use aws::{
    Endpoint, ExpirationModel, KeyMaterialId, KeySpec, KeyUsage, WrappingAlgorithm, WrappingKeySpec,
};
pub use base64::Base64;
pub use digest::{Digest, LogDigest};
pub use hsm::{Domains, Firmware, Label, ObjectId, Serial};
pub use key_family::{Curve, HmacHash, KeyFamily};
pub use text::{AgeRecipient, CeremonyId, Holder, Shown, TargetName, Text};
pub use time::Timestamp;
pub use words::{Environment, Role};

/// Makes a newtype over a string with one grammar: `TryFrom<String>`, `FromStr`, `Display`, serde and JSON Schema.
macro_rules! string_type {
    ($(#[$doc:meta])* $name:ident, $pattern:literal, $expects:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The grammar as a JSON Schema pattern (ECMA-262).
            pub const PATTERN: &'static str = $pattern;

            /// The text, as it stands in a bundle.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                let check: fn(&str) -> bool = $check;
                if check(&text) {
                    Ok(Self(text))
                } else {
                    Err(concat!("expected ", $expects).to_owned())
                }
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                Self::try_from(text.to_owned())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                false
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

/// Makes a closed set of words: the names AWS, DSSE or this format gives them, and nothing else.
macro_rules! word_type {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize, schemars::JsonSchema,
        )]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// Every value, in the order of the specification.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word as it stands in a bundle.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text).ok_or_else(|| {
                    let all: Vec<&str> = Self::ALL.iter().map(|word| word.as_str()).collect();
                    format!("expected one of {}", all.join(", "))
                })
            }
        }
    };
}

pub(crate) use {string_type, word_type};
