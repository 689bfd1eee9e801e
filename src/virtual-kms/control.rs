//! `/virtual/clock`, `/virtual/fault` and `/virtual/calls`: what only a stand-in has.

use crate::clock::Time;
use crate::engine::Engine;
use crate::faults::{Fault, KeyFault};
use crate::http::Request;
use crate::refusal::{Kind, Refusal};
use crate::wire::json::decode;
use serde::Deserialize;
use serde_json::{Value, json};

/// The paths below this are not AWS's.
pub(crate) const PREFIX: &str = "/virtual/";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockInput {
    set: Option<String>,
    advance_seconds: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultInput {
    kind: FaultKind,
    operation: Option<String>,
    count: Option<u16>,
    call: Option<u64>,
    key_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum FaultKind {
    OfOperation(Fault),
    OfKey(KeyFault),
}

/// Answers a control request.
pub(crate) fn answer(engine: &mut Engine, request: &Request) -> Result<Value, Refusal> {
    match (request.method.as_str(), request.target.as_str()) {
        ("GET", "/virtual/clock") => {}
        ("POST", "/virtual/clock") => set_clock(engine, body(request)?)?,
        ("GET", "/virtual/calls") => return Ok(engine.tally()),
        ("POST", "/virtual/fault") => return add_fault(engine, &body(request)?),
        _ => {
            let message = "there is /virtual/clock, /virtual/fault and /virtual/calls";
            return Err(Kind::UnknownOperation.with(message));
        }
    }
    Ok(json!({ "now": engine.now().to_string() }))
}

/// A body that no web page can send unasked: a browser asks before it posts JSON to another origin.
fn body<T: serde::de::DeserializeOwned>(request: &Request) -> Result<T, Refusal> {
    if request.header("content-type") != Some("application/json") {
        return Err(Kind::Serialization.with("expected Content-Type: application/json"));
    }
    decode(&request.body)
}

fn set_clock(engine: &mut Engine, input: ClockInput) -> Result<(), Refusal> {
    let time = match (input.set, input.advance_seconds) {
        (Some(text), None) => {
            text.parse::<Time>().map_err(|because| Kind::Validation.with(because))?
        }
        (None, Some(seconds)) => engine.now().plus_millis(i64::from(seconds) * 1000),
        (Some(_), Some(_)) | (None, None) => {
            return Err(Kind::Validation.with("expected either set or advance_seconds"));
        }
    };
    engine.set_clock(time)
}

fn add_fault(engine: &mut Engine, input: &FaultInput) -> Result<Value, Refusal> {
    if let (FaultKind::OfOperation(fault), Some(call @ 1..)) = (&input.kind, input.call)
        && (&input.operation, &input.count, &input.key_id) == (&None, &None, &None)
    {
        engine.fail_at(call, *fault);
        return Ok(json!({}));
    }
    match (&input.kind, &input.operation, &input.key_id) {
        _ if input.call.is_some() => {
            return Err(Kind::Validation.with("expected call, from 1, and nothing else but kind"));
        }
        (FaultKind::OfOperation(fault), Some(operation), None) => {
            let count = input.count.unwrap_or(1);
            if !(1..=1000).contains(&count) {
                return Err(Kind::Validation.with("expected a count of 1 to 1000"));
            }
            engine.add_fault(operation.parse()?, *fault, count);
        }
        (FaultKind::OfKey(KeyFault::OtherKey), None, Some(key)) if input.count.is_none() => {
            engine.take_another_key(key)?;
        }
        _ => {
            let message = "expected operation and perhaps count, or key_id for other-key";
            return Err(Kind::Validation.with(message));
        }
    }
    Ok(json!({}))
}
