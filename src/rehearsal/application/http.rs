//! Requests to a service on the loopback: KMS's, signed (AWS IAM user guide, "Create a signed AWS API request"), and those that only a
//! stand-in has.

use crate::cloud::{ACCESS_KEY_ID, Cloud, SECRET_ACCESS_KEY};
use hmac::{Hmac, KeyInit as _, Mac as _};
use keyferry_bundle::AwsRegion;
use keyferry_console::{Exit, Failure, clock};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

const JSON: &str = "application/x-amz-json-1.1";

/// Calls an operation of KMS: its answer, or the name of its exception.
pub(super) fn kms(
    cloud: &Cloud,
    region: &AwsRegion,
    operation: &str,
    body: &Value,
) -> Result<Result<Value, String>, Failure> {
    let (host, body) = (cloud.host()?, body.to_string());
    let now: String =
        clock::now()?.to_string().chars().filter(|letter| !"-:".contains(*letter)).collect();
    let target = format!("TrentService.{operation}");
    let signed =
        [("content-type", JSON), ("host", host), ("x-amz-date", &now), ("x-amz-target", &target)];
    let lines: String = signed.map(|(name, value)| format!("{name}:{value}\n")).concat();
    let names = signed.map(|(name, _)| name).join(";");
    let canonical = format!("POST\n/\n\n{lines}\n{names}\n{}", sha256(&body));
    let date = now.get(..8).unwrap_or_default();
    let scope = format!("{date}/{region}/kms/aws4_request");
    let to_sign = format!("AWS4-HMAC-SHA256\n{now}\n{scope}\n{}", sha256(&canonical));
    let mut key = format!("AWS4{SECRET_ACCESS_KEY}").into_bytes();
    for part in [date, region.as_str(), "kms", "aws4_request"] {
        key = hmac(&key, part)?;
    }
    let signature = base16ct::lower::encode_string(&hmac(&key, &to_sign)?);
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={ACCESS_KEY_ID}/{scope}, SignedHeaders={names}, Signature={signature}"
    );
    let head = format!("POST / HTTP/1.1\r\n{}", header_lines(&signed));
    let head = format!("{head}authorization: {authorization}\r\n");
    let (status, answer) = exchange(host, &head, &body)?;
    if status == 200 {
        return Ok(Ok(answer));
    }
    let name = answer.get("__type").and_then(Value::as_str).unwrap_or_default();
    Ok(Err(name.rsplit('#').next().unwrap_or_default().to_owned()))
}

/// Calls what only a virtual service has.
pub(super) fn control(
    cloud: &Cloud,
    method: &str,
    name: &str,
    body: &Value,
) -> Result<Value, Failure> {
    let host = cloud.host()?;
    let headers = header_lines(&[("host", host), ("content-type", "application/json")]);
    let head = format!("{method} /virtual/{name} HTTP/1.1\r\n{headers}");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let (status, answer) = exchange(host, &head, &body)?;
    if status == 200 { Ok(answer) } else { Err(fail(host).because(answer)) }
}

fn header_lines(headers: &[(&str, &str)]) -> String {
    let lines: Vec<String> =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    lines.concat()
}

/// Sends a request and reads until the service closes.
fn exchange(host: &str, head: &str, body: &str) -> Result<(u16, Value), Failure> {
    let failed = |error: std::io::Error| fail(host).because(error);
    let mut stream = TcpStream::connect(host).map_err(failed)?;
    let length = body.len();
    let request = format!("{head}content-length: {length}\r\nconnection: close\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).map_err(failed)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(failed)?;
    let parsed = || {
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some((status, serde_json::from_str(body).ok()?))
    };
    parsed().ok_or_else(|| fail(host).because(&answer))
}

fn fail(host: &str) -> Failure {
    Failure::new(Exit::Unchanged, "service", format!("{host} does not answer"))
}

fn sha256(text: &str) -> String {
    base16ct::lower::encode_string(&Sha256::digest(text))
}

fn hmac(key: &[u8], text: &str) -> Result<Vec<u8>, Failure> {
    let mac = Hmac::<Sha256>::new_from_slice(key).map_err(Failure::bug)?;
    Ok(mac.chain_update(text).finalize().into_bytes().to_vec())
}
