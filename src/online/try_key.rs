//! `try`: encrypts a few bytes under each key and decrypts them again: the proof that imported material is in use. It says nothing
//! about which material that is; a check value and a restored backup do.

use crate::calls::failed;
use crate::desk::Desk;
use crate::kms::{EncryptionContext, KeyDescription, KeyState, Kms};
use crate::session;
use crate::subjects::Subjects;
use keyferry_bundle::KeySpec;
use keyferry_console::screen::Tone;
use keyferry_console::{Exit, Failure};
use serde_json::json;

/// What is encrypted. No secret.
const TEXT: &[u8] = b"keyferry try";
/// So that a `CloudTrail` record shows what the calls were for.
const CONTEXT: EncryptionContext<'_> = &[("purpose", "keyferry try")];

/// Which keys.
#[derive(Debug, Clone, clap::Args)]
pub struct TryArgs {
    /// Which keys.
    #[command(flatten)]
    pub subjects: Subjects,

    /// Say what would be called, and call nothing but `DescribeKey`
    #[arg(long)]
    pub dry_run: bool,
}

/// Tries each key.
///
/// # Errors
/// [`Exit::Unchanged`] when a key is not in use, of another kind, or gives back something else.
pub fn run(desk: Desk<'_>, kms: &dyn Kms, args: &TryArgs) -> Result<(), Failure> {
    let (keys, environment) = args.subjects.read()?;
    session::open(desk, kms, environment)?;
    let mut tried = Vec::with_capacity(keys.len());
    for (label, key) in keys {
        let found = kms.describe_key(&key).map_err(|error| failed("kms:DescribeKey", &error))?;
        must_encrypt(&label, &found)?;
        tried.push((label, found.key));
    }
    if args.dry_run {
        let step = |(_, key): &(String, _)| format!("call kms:Encrypt and kms:Decrypt: {key}");
        return desk.dry_run(&tried.iter().map(step).collect::<Vec<_>>());
    }
    let mut answers = Vec::with_capacity(tried.len());
    for (label, key) in tried {
        let ciphertext =
            kms.encrypt(&key, TEXT, CONTEXT).map_err(|error| failed("kms:Encrypt", &error))?;
        let text = kms
            .decrypt(&key, &ciphertext, CONTEXT)
            .map_err(|error| failed("kms:Decrypt", &error))?;
        if text != TEXT {
            return Err(Failure::new(
                Exit::Unchanged,
                "try-failed",
                format!("{label}: decryption gave back something else"),
            )
            .because(format!("{} bytes instead of {}", text.len(), TEXT.len())));
        }
        desk.screen.tell(Tone::Good, format!("{label}: encrypted and decrypted"));
        desk.screen.result(format!("{label}: works, {key}"))?;
        answers.push(json!({ "name": label, "arn": key, "works": true }));
    }
    desk.screen.json(&json!({ "keys": answers }))
}

fn must_encrypt(label: &str, found: &KeyDescription) -> Result<(), Failure> {
    let refuse = |because: String| {
        Err(Failure::new(Exit::Unchanged, "not-in-use", format!("{label} cannot be tried"))
            .because(because))
    };
    if found.key_spec != KeySpec::SymmetricDefault.as_str() {
        return refuse(format!(
            "{} is a {} key; only symmetric ones encrypt here",
            found.key, found.key_spec
        ));
    }
    if found.state != KeyState::Enabled {
        return refuse(format!("{} is {}", found.key, found.state));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
