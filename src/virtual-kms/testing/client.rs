//! A client that signs, on a bare TCP stream.

use crate::clock::Time;
use crate::http::Request;
use crate::refusal::Kind;
use crate::wire::signature::sign;
use crate::{ACCESS_KEY_ID, Options, Service};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rsa::pkcs8::DecodePublicKey as _;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::rc::Rc;

pub(crate) const REGION: &str = "eu-central-1";

/// A service, and somebody who calls it.
pub(crate) struct Client {
    running: Rc<Running>,
    pub(super) region: String,
    pub(super) access_key_id: String,
}

struct Running {
    // Dropped first.
    service: RefCell<Option<Service>>,
    folder: tempfile::TempDir,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The error's name.
    pub(crate) fn error(&self) -> String {
        self.json()["__type"].as_str().unwrap().to_owned()
    }
}

impl Client {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let running = Rc::new(Running { service: RefCell::default(), folder });
        let (region, access_key_id) = (REGION.to_owned(), ACCESS_KEY_ID.to_owned());
        let mut client = Self { running, region, access_key_id };
        client.restart();
        client
    }

    /// The same service, called in another Region.
    pub(crate) fn in_region(&self, region: &str) -> Self {
        let (running, access_key_id) = (Rc::clone(&self.running), self.access_key_id.clone());
        Self { running, region: region.to_owned(), access_key_id }
    }

    /// The same service, called under another access key.
    pub(crate) fn under(&self, access_key_id: &str) -> Self {
        let (running, region) = (Rc::clone(&self.running), self.region.clone());
        Self { running, region, access_key_id: access_key_id.to_owned() }
    }

    pub(crate) fn options(&self) -> Options {
        Options {
            listen: "127.0.0.1:0".parse().unwrap(),
            state: self.state_file(),
            account: None,
            region: None,
            clock: None,
        }
    }

    pub(crate) fn state_file(&self) -> PathBuf {
        self.running.folder.path().join("state.json")
    }

    pub(crate) fn restart(&mut self) {
        self.restart_with(self.options());
    }

    pub(crate) fn restart_with(&mut self, options: Options) {
        drop(self.running.service.take());
        self.running.service.replace(Some(Service::start(options).unwrap()));
    }

    pub(crate) fn stop(&mut self) {
        drop(self.running.service.take());
    }

    pub(crate) fn throttle(&self) {
        self.running.service.borrow().as_ref().unwrap().throttle();
    }

    pub(crate) fn address(&self) -> String {
        let service = self.running.service.borrow();
        service.as_ref().unwrap().url().strip_prefix("http://").unwrap().to_owned()
    }

    /// Sends bytes and reads until the service closes; nothing, if it closes without a byte.
    pub(crate) fn send(&self, bytes: &[u8]) -> Option<Answer> {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        // The service may have refused and closed before everything was sent.
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        if text.is_empty() {
            return None;
        }
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        assert!(head.contains("\r\nx-amzn-RequestId: "), "{head}");
        Some(Answer { status, head: head.to_owned(), body: body.to_owned() })
    }

    /// A request as the SDKs make it, not signed yet.
    pub(crate) fn unsigned(&self, operation: &str, body: &[u8]) -> Request {
        let now: String =
            Time::host().to_string().chars().filter(|c| !"-:".contains(*c)).take(15).collect();
        let headers = [
            ("host", self.address()),
            ("content-type", "application/x-amz-json-1.1".to_owned()),
            ("x-amz-date", format!("{now}Z")),
            ("x-amz-target", format!("TrentService.{operation}")),
            ("connection", "close".to_owned()),
        ];
        Request {
            method: "POST".to_owned(),
            target: "/".to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value)).to_vec(),
            body: body.to_vec().into(),
        }
    }

    /// The same, signed.
    pub(crate) fn signed(&self, operation: &str, body: &[u8]) -> Request {
        let mut request = self.unsigned(operation, body);
        sign_as(&mut request, &self.access_key_id, &self.region, "kms");
        request
    }

    pub(crate) fn exchange(&self, request: &Request) -> Option<Answer> {
        self.send(&bytes_of(request))
    }

    pub(crate) fn try_call(&self, operation: &str, body: &Value) -> Option<Answer> {
        self.exchange(&self.signed(operation, body.to_string().as_bytes()))
    }

    /// Calls an operation that must work.
    pub(crate) fn call(&self, operation: &str, body: &Value) -> Value {
        let answer = self.try_call(operation, body).unwrap();
        assert_eq!(answer.status, 200, "{operation} {}", answer.body);
        assert!(answer.head.contains("Content-Type: application/x-amz-json-1.1"));
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    }

    /// Calls an operation that must be refused; the message.
    pub(crate) fn refused(&self, operation: &str, body: &Value, kind: Kind) -> String {
        let answer = self.try_call(operation, body).unwrap();
        assert_eq!(answer.error(), kind.name(), "{operation} {body} {}", answer.body);
        assert_eq!(answer.status, kind.status());
        let json = answer.json();
        assert_eq!(members(&json), ["__type", "message"]);
        json["message"].as_str().unwrap().to_owned()
    }

    /// Calls `/virtual/NAME`.
    pub(crate) fn control(&self, method: &str, name: &str, body: &Value) -> Answer {
        let body = body.to_string();
        let text = format!(
            "{method} /virtual/{name} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        self.send(text.as_bytes()).unwrap()
    }

    pub(crate) fn advance(&self, seconds: u32) {
        let answer = self.control("POST", "clock", &json!({ "advance_seconds": seconds }));
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    /// The service's time, seconds.
    pub(crate) fn now(&self) -> i64 {
        let answer = self.control("GET", "clock", &json!({})).json();
        let time: Time = answer["now"].as_str().unwrap().parse().unwrap();
        time.unix_millis() / 1000
    }

    /// An external key's id.
    pub(crate) fn external(&self, spec: &str, usage: &str) -> String {
        let input = json!({ "Origin": "EXTERNAL", "KeySpec": spec, "KeyUsage": usage });
        self.call("CreateKey", &input)["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned()
    }

    pub(crate) fn symmetric(&self) -> String {
        self.external("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
    }

    pub(crate) fn parameters(&self, key: &str, algorithm: &str, spec: &str) -> Value {
        let input =
            json!({ "KeyId": key, "WrappingAlgorithm": algorithm, "WrappingKeySpec": spec });
        self.call("GetParametersForImport", &input)
    }

    /// Input of an import of `material` for ever, under fresh parameters.
    pub(crate) fn wrapped(&self, key: &str, material: &[u8]) -> Value {
        wrap(&self.parameters(key, "RSAES_OAEP_SHA_256", "RSA_2048"), material)
    }

    /// Imports for ever.
    pub(crate) fn import(&self, key: &str, material: &[u8]) -> Value {
        self.call("ImportKeyMaterial", &self.wrapped(key, material))
    }

    pub(crate) fn state_of(&self, key: &str) -> String {
        let metadata = &self.call("DescribeKey", &json!({ "KeyId": key }))["KeyMetadata"];
        metadata["KeyState"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn sign_for(request: &mut Request, region: &str, service: &str) {
    sign_as(request, ACCESS_KEY_ID, region, service);
}

pub(super) fn sign_as(request: &mut Request, access_key_id: &str, region: &str, service: &str) {
    let date: String = request.header("x-amz-date").unwrap().chars().take(8).collect();
    let mut names = vec!["content-type", "host", "x-amz-date"];
    names.extend(request.header("x-amz-target").map(|_| "x-amz-target"));
    let scope = [date.as_str(), region, service];
    let value = sign(request, &names.join(";"), scope, access_key_id);
    request.headers.push(("authorization".to_owned(), value));
}

pub(crate) fn bytes_of(request: &Request) -> Vec<u8> {
    let mut text = format!("{} {} HTTP/1.1\r\n", request.method, request.target);
    for (name, value) in &request.headers {
        text.extend([name, ": ", value, "\r\n"]);
    }
    let mut bytes = format!("{text}Content-Length: {}\r\n\r\n", request.body.len()).into_bytes();
    bytes.extend_from_slice(&request.body);
    bytes
}

/// Input of an import for ever, under the parameters given.
pub(crate) fn wrap(parameters: &Value, material: &[u8]) -> Value {
    let public_key = unbase64(&parameters["PublicKey"]);
    let public_key = rsa::PublicKey::from_public_key_der(&public_key).unwrap();
    let rng = &mut getrandom::SysRng;
    let encrypted = public_key.oaep_encrypt_with_rng::<sha2::Sha256, _>(rng, material).unwrap();
    json!({
        "KeyId": parameters["KeyId"],
        "ImportToken": parameters["ImportToken"],
        "EncryptedKeyMaterial": base64(&encrypted),
        "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
    })
}

/// The input with one member set, or taken out with null.
pub(crate) fn with(input: &Value, member: &str, value: Value) -> Value {
    let mut changed = input.clone();
    if value.is_null() {
        changed.as_object_mut().unwrap().remove(member);
    } else {
        changed[member] = value;
    }
    changed
}

pub(crate) fn members(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

pub(crate) fn unbase64(text: &Value) -> Vec<u8> {
    BASE64_STANDARD.decode(text.as_str().unwrap()).unwrap()
}
