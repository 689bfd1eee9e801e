//! Strict JSON: one meaning per byte string (SPEC.md section 2).
//!
//! `serde_json` alone keeps the last of two equal members in maps, takes an array for a struct and `null` for an absent
//! option. So a payload is read in three steps: into a tree by a visitor that refuses duplicates, `null`, floats, negatives,
//! integers above 2^53-1 and deep nesting; from the tree into its type; and back into a tree, which must be the same.

use crate::FieldError;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use std::fmt;

/// The deepest nesting of arrays and objects a bundle may have.
pub const MAX_DEPTH: usize = 8;
/// The largest integer a bundle may hold: what every JSON implementation represents exactly (RFC 8259 section 6).
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// Reads one JSON object into a tree.
///
/// # Errors
/// The fault, in words, with its line and column.
pub fn tree(bytes: &[u8]) -> Result<Map<String, Value>, String> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: 0 }.deserialize(&mut reader).map_err(|e| e.to_string())?;
    reader.end().map_err(|e| e.to_string())?;
    if let Value::Object(members) = value {
        Ok(members)
    } else {
        Err("expected an object at the top".to_owned())
    }
}

/// Reads one JSON object into `T`, refusing everything that `T` would not write back.
///
/// # Errors
/// Names the field, or `$` for the whole.
pub fn decode<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, DecodeError> {
    let tree = Value::Object(tree(bytes).map_err(DecodeError::NotStrict)?);
    let typed: T = serde_path_to_error::deserialize(&tree).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { "$".to_owned() } else { path };
        DecodeError::Field(FieldError::new(field, error.into_inner().to_string()))
    })?;
    let again = serde_json::to_value(&typed).map_err(|e| DecodeError::NotStrict(e.to_string()))?;
    match difference("$", &tree, &again) {
        None => Ok(typed),
        Some(field) => Err(DecodeError::Field(FieldError::new(
            field.trim_start_matches("$.").to_owned(),
            "is not of the form this format writes",
        ))),
    }
}

/// Writes compact JSON; members come in the order of the type's fields.
///
/// # Errors
/// When `T` cannot be JSON, which no type of this crate is.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, String> {
    serde_json::to_vec(value).map_err(|e| e.to_string())
}

/// Why [`decode`] refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecodeError {
    /// Not JSON, or not strict.
    NotStrict(String),
    /// A field is missing, unknown or malformed.
    Field(FieldError),
}

fn difference(path: &str, left: &Value, right: &Value) -> Option<String> {
    match (left, right) {
        (Value::Object(a), Value::Object(b)) => a
            .iter()
            .find_map(|(key, value)| {
                let path = format!("{path}.{key}");
                match b.get(key) {
                    Some(other) => difference(&path, value, other),
                    None => Some(path),
                }
            })
            .or_else(|| {
                b.keys().find(|key| !a.contains_key(*key)).map(|key| format!("{path}.{key}"))
            }),
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .find_map(|(index, (x, y))| difference(&format!("{path}[{index}]"), x, y)),
        _ => (left != right).then(|| path.to_owned()),
    }
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom(format_args!("nested deeper than {MAX_DEPTH} levels")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object, array, string, boolean or whole number")
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        if value > MAX_INTEGER {
            return Err(E::custom(format_args!("{value} is above 2^53-1")));
        }
        Ok(Value::from(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        Err(E::custom(format_args!("{value} is negative")))
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Value, E> {
        Err(E::custom("a number is not a whole number"))
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        Err(E::custom("null is not allowed: leave the member out"))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut members = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if members.contains_key(&key) {
                return Err(serde::de::Error::custom(format_args!("duplicate member {key:?}")));
            }
            let value = map.next_value_seed(inner)?;
            members.insert(key, value);
        }
        Ok(Value::Object(members))
    }
}
