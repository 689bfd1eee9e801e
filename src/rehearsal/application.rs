//! The application whose data the keys protect: it calls KMS with a request that it signs itself, and knows nothing of ceremonies.

mod http;

use crate::cloud::Cloud;
use crate::machine::stopped;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use keyferry_bundle::{KeyArn, Timestamp};
use keyferry_console::screen::Tone;
use keyferry_console::{Failure, Screen};
use serde_json::{Value, json};

/// What the application encrypts.
const TEXT: &str = "the payments of today";

/// Somebody with data.
#[derive(Clone, Copy)]
pub(crate) struct Application<'a> {
    pub(crate) cloud: &'a Cloud,
    pub(crate) screen: &'a Screen,
}

/// What the application keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ciphertext(String);

impl Application<'_> {
    /// Encrypts under a key.
    pub(crate) fn encrypt(&self, key: &KeyArn) -> Result<Ciphertext, Failure> {
        let plaintext = BASE64_STANDARD.encode(TEXT);
        let answer = self.call("Encrypt", key, &json!({ "KeyId": key, "Plaintext": plaintext }))?;
        let answer = answer.map_err(|refusal| stopped(format!("Encrypt: {refusal}")))?;
        self.screen.say(format!("    \"{TEXT}\" is encrypted"));
        member(&answer, "CiphertextBlob").map(|text| Ciphertext(text.to_owned()))
    }

    /// Decrypts what it kept: under this key it must come back as it was.
    pub(crate) fn decrypt(&self, key: &KeyArn, kept: &Ciphertext) -> Result<(), Failure> {
        let answer = self.ask_to_decrypt(key, kept)?;
        let answer = answer.map_err(|refusal| stopped(format!("Decrypt: {refusal}")))?;
        if member(&answer, "Plaintext")? != BASE64_STANDARD.encode(TEXT) {
            return Err(stopped("Decrypt gave another text".to_owned()));
        }
        self.screen.say(format!("    \"{TEXT}\" is readable"));
        Ok(())
    }

    /// Cannot decrypt what it kept, because of an exception of this name.
    pub(crate) fn cannot_decrypt(
        &self,
        key: &KeyArn,
        kept: &Ciphertext,
        exception: &str,
    ) -> Result<(), Failure> {
        match self.ask_to_decrypt(key, kept)? {
            Err(refusal) if refusal == exception => {
                self.screen.say(format!("    unreadable: {exception}"));
                Ok(())
            }
            Err(refusal) => Err(stopped(format!("Decrypt: {refusal}, not {exception}"))),
            Ok(_) => Err(stopped(format!("Decrypt works, and not {exception}"))),
        }
    }

    /// Lets time pass, for KMS alone: no other clock moves.
    pub(crate) fn pass(&self, hours: u32) -> Result<(), Failure> {
        let body = json!({ "advance_seconds": hours.saturating_mul(3600) });
        http::control(self.cloud, "POST", "clock", &body)?;
        let now = self.now()?;
        self.screen.say(format!("  {hours} hours pass: by the clock of KMS it is {now}"));
        Ok(())
    }

    /// The time by the clock of KMS.
    pub(crate) fn now(&self) -> Result<Timestamp, Failure> {
        let answer = http::control(self.cloud, "GET", "clock", &Value::Null)?;
        let text = member(&answer, "now")?;
        // To the second.
        let text = text.split_once('.').map_or(text.to_owned(), |(head, _)| format!("{head}Z"));
        text.parse().map_err(Failure::bug)
    }

    fn ask_to_decrypt(
        &self,
        key: &KeyArn,
        kept: &Ciphertext,
    ) -> Result<Result<Value, String>, Failure> {
        self.call("Decrypt", key, &json!({ "KeyId": key, "CiphertextBlob": kept.0 }))
    }

    /// Calls KMS in the key's Region; its answer, or the name of its exception.
    fn call(
        &self,
        operation: &str,
        key: &KeyArn,
        body: &Value,
    ) -> Result<Result<Value, String>, Failure> {
        let told = format!("application@{} $ kms {operation} under {}", key.region, key.key_id);
        self.screen.tell(Tone::Caution, told);
        http::kms(self.cloud, &key.region, operation, body)
    }
}

fn member<'a>(answer: &'a Value, name: &str) -> Result<&'a str, Failure> {
    let text = answer.get(name).and_then(Value::as_str);
    text.ok_or_else(|| Failure::bug(format!("{name} is missing in {answer}")))
}
