//! From bytes to records, one after the other: a log file is large, and hardly any of its records is about a key.

use super::Fault;
use super::event::Found;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// The largest file, in bytes. `CloudTrail` begins another one long before.
pub const MAX_BYTES: usize = 64 << 20;

/// What each record of a file is.
pub(super) fn records(bytes: &[u8]) -> Result<Vec<Found>, Fault> {
    if bytes.len() > MAX_BYTES {
        return Err(Fault::Oversize(bytes.len()));
    }
    let mut records = Records::default();
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = File(&mut records).deserialize(&mut reader).and_then(|()| reader.end());
    if let Some((number, problem)) = records.fault {
        return Err(Fault::Record(number, problem));
    }
    read.map_err(|error| Fault::NotJson(error.to_string()))?;
    Ok(records.found)
}

#[derive(Default)]
struct Records {
    found: Vec<Found>,
    fault: Option<(usize, &'static str)>,
}

impl Records {
    fn add<E: Error>(&mut self, record: &Value) -> Result<(), E> {
        match Found::of(record) {
            Ok(found) => self.found.push(found),
            Err(problem) => {
                self.fault = Some((self.found.len().saturating_add(1), problem));
                return Err(E::custom(problem));
            }
        }
        Ok(())
    }
}

/// The top of a file: an object or an array.
struct File<'a>(&'a mut Records);

impl<'de> DeserializeSeed<'de> for File<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for File<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CloudTrail's {\"Records\":[…]}, an array of events or an event")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        List(self.0).visit_seq(seq)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut event = Map::new();
        let mut listed = false;
        while let Some(name) = map.next_key::<String>()? {
            if name == "Records" || name == "Events" {
                map.next_value_seed(List(self.0))?;
                listed = true;
            } else {
                event.insert(name, map.next_value()?);
            }
        }
        if listed { Ok(()) } else { self.0.add(&Value::Object(event)) }
    }
}

/// A list of records.
struct List<'a>(&'a mut Records);

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(record) = seq.next_element::<Value>()? {
            // `lookup-events` has the event itself as a text.
            match record.get("CloudTrailEvent").and_then(Value::as_str) {
                Some(text) => {
                    let record: Value = serde_json::from_str(text).map_err(A::Error::custom)?;
                    self.0.add(&record)?;
                }
                None => self.0.add(&record)?,
            }
        }
        Ok(())
    }
}
