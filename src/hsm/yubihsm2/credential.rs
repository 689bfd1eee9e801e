//! What opens a session.

use keyferry_bundle::ObjectId;
use secrecy::{ExposeSecret as _, SecretString};
use yubihsm::Credentials;
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

    pub(super) fn derive(&self) -> authentication::Key {
        authentication::Key::derive_from_password(self.password.expose_secret().as_bytes())
    }

    pub(super) fn session(&self) -> Credentials {
        Credentials::new(self.key.get(), self.derive())
    }
}
