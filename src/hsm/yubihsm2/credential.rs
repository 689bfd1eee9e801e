//! What opens a session.

use crate::Error;
use keyferry_bundle::ObjectId;
use keyferry_scp03::StaticKeys;
use secrecy::{ExposeSecret as _, SecretString};
use yubihsm::authentication;

/// The factory's authentication key, 0x0001, whose password is public (YubiHSM 2 user guide, "Default authentication key").
pub const DEFAULT_AUTHENTICATION_KEY: u16 = 1;

/// An authentication key's id and the password it is derived from, as in Yubico's tools (PBKDF2-HMAC-SHA256, salt `Yubico`, 10,000
/// rounds: a weak derivation, so the password must be long).
pub struct Credential {
    /// The authentication key.
    pub key: ObjectId,
    password: SecretString,
}

impl Credential {
    /// A credential somebody typed.
    #[must_use]
    pub const fn new(key: ObjectId, password: SecretString) -> Self {
        Self { key, password }
    }

    /// The one every device leaves the factory with.
    ///
    /// # Errors
    /// None: its id is a valid one.
    pub fn factory() -> Result<Self, String> {
        let key = ObjectId::new(DEFAULT_AUTHENTICATION_KEY)?;
        Ok(Self { key, password: "password".to_owned().into() })
    }

    /// What a session begins with.
    pub(super) fn keys(&self) -> Result<StaticKeys, Error> {
        StaticKeys::from_bytes(self.derive().as_secret_slice())
            .map_err(|fault| Error::Credential { key: self.key, problem: fault.to_string() })
    }

    /// The encryption key and the MAC key, 16 bytes each; wiped when they go.
    pub(super) fn derive(&self) -> authentication::Key {
        authentication::Key::derive_from_password(self.password.expose_secret().as_bytes())
    }
}
