//! Copies of key material, for custodians and under wrap.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyferry_bundle::Custodian;
use keyferry_console::{Exit, Failure};
use keyferry_hsm::KeyMaterial;
use std::io::Write as _;

/// The age recipients of custodians, checksum checked. Before anything is made, so that a typing error costs nothing.
///
/// # Errors
/// [`Exit::Refused`] naming the custodian whose recipient is none.
pub(crate) fn recipients(custodians: &[Custodian]) -> Result<Vec<age::x25519::Recipient>, Failure> {
    let parse = |custodian: &Custodian| {
        custodian.recipient.as_str().parse().map_err(|problem: &str| {
            Failure::new(Exit::Refused, "age-recipient", "a custodian's age recipient is not one")
                .because(format!("{}: {problem}", custodian.holder))
                .hint("correct it in a new version of the policy")
        })
    };
    custodians.iter().map(parse).collect()
}

/// The material's bytes as an age v1 file (C2SP age) that each recipient opens alone.
///
/// # Errors
/// When there is no recipient or no random number.
pub(crate) fn for_custodians(
    material: &KeyMaterial,
    recipients: &[age::x25519::Recipient],
) -> Result<Vec<u8>, Failure> {
    seal(material.expose(), recipients)
}

/// Bytes as an age v1 file (C2SP age) that each recipient opens alone.
///
/// # Errors
/// When there is no recipient or no random number.
pub(crate) fn seal(
    bytes: &[u8],
    recipients: &[age::x25519::Recipient],
) -> Result<Vec<u8>, Failure> {
    let recipients = recipients.iter().map(|recipient| recipient as &dyn age::Recipient);
    let sealed = age::Encryptor::with_recipients(recipients).map_err(Failure::bug)?;
    let mut file = Vec::new();
    let mut writer = sealed.wrap_output(&mut file).map_err(Failure::bug)?;
    writer.write_all(bytes).map_err(Failure::bug)?;
    writer.finish().map_err(Failure::bug)?;
    Ok(file)
}

/// An export under wrap as `yubihsm-shell` reads and writes it: base64 on one line.
pub(crate) fn under_wrap(export: &[u8]) -> Vec<u8> {
    let mut text = STANDARD.encode(export).into_bytes();
    text.push(b'\n');
    text
}
