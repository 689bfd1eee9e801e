//! A person's signing key: Ed25519 as PKCS#8 version 1 (RFC 5958 with version 0, which OpenSSL 3.0 reads), inside an age v1 file
//! under a passphrase (C2SP age, scrypt recipient). The stock `age -d` and OpenSSL can use it without this program.

use crate::{Exit, Failure, Person, Screen, files};
use age::scrypt;
use ed25519_dalek::pkcs8::KeypairBytes;
use ed25519_dalek::{Signer as _, SigningKey};
use keyferry_bundle::{Envelope, PublicKey};
use pkcs8::der::pem::LineEnding;
use pkcs8::{DecodePrivateKey as _, Document, EncodePrivateKey as _};
use secrecy::SecretString;
use std::io::{Read as _, Write as _};
use std::path::Path;
use zeroize::Zeroizing;

/// Memory hardness: log2 of scrypt's N. 2^16 is 64 MiB and about a tenth of a second.
const WORK_FACTOR: u8 = 16;
/// The most that is accepted, so that a hostile file cannot keep the machine busy for hours.
const MAX_WORK_FACTOR: u8 = 20;
/// The most bytes an identity file, or a public key's PEM file, may have.
const MAX_FILE: usize = 16 * 1024;
/// The PEM label of a SubjectPublicKeyInfo (RFC 7468 section 13).
const PUBLIC_KEY: &str = "PUBLIC KEY";

/// An opened identity. It signs; it never shows its key.
pub struct Identity(SigningKey);

impl Identity {
    /// A new identity and its file.
    ///
    /// # Errors
    /// When the operating system gives no random numbers or encryption fails.
    pub fn create(passphrase: SecretString) -> Result<(Self, Vec<u8>), Failure> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut()).map_err(Failure::bug)?;
        let key = SigningKey::from_bytes(&seed);
        let bytes = KeypairBytes { secret_key: *seed, public_key: None };
        let der = bytes.to_pkcs8_der().map_err(Failure::bug)?;
        let mut recipient = scrypt::Recipient::new(passphrase);
        recipient.set_work_factor(WORK_FACTOR);
        let sealed = seal(&recipient, der.as_bytes()).map_err(Failure::bug)?;
        Ok((Self(key), sealed))
    }

    /// Reads an identity file and asks for its passphrase.
    ///
    /// # Errors
    /// When the file cannot be read, nobody answers, or as [`Self::open`].
    pub fn ask(person: &Person, screen: &Screen, path: &Path) -> Result<Self, Failure> {
        let file = files::read_capped(path, MAX_FILE)?;
        let passphrase = person.secret(screen, &format!("Passphrase of {}", path.display()))?;
        Self::open(&file, passphrase)
    }

    /// Opens an identity file.
    ///
    /// # Errors
    /// When the passphrase is wrong or the file is not an identity.
    pub fn open(file: &[u8], passphrase: SecretString) -> Result<Self, Failure> {
        if file.starts_with(b"-----BEGIN") {
            return Err(Failure::new(Exit::File, "identity", "this is no identity")
                .because("it is a PEM file, as the public half of one is")
                .hint("name the file beside it, without .pub.pem"));
        }
        let fail = |because: String| {
            Failure::new(Exit::File, "identity", "the identity cannot be opened")
                .because(because)
                .hint("check the passphrase, and that the file was made by `keyferry identity new`")
        };
        let mut identity = scrypt::Identity::new(passphrase);
        identity.set_max_work_factor(MAX_WORK_FACTOR);
        let mut der = Zeroizing::new(Vec::with_capacity(256));
        age::Decryptor::new(file)
            .and_then(|sealed| sealed.decrypt(std::iter::once(&identity as &dyn age::Identity)))
            .map_err(|error| fail(error.to_string()))?
            .take(4096)
            .read_to_end(&mut der)
            .map_err(|error| fail(error.to_string()))?;
        SigningKey::from_pkcs8_der(&der)
            .map(Self)
            .map_err(|_| fail("it holds no Ed25519 key in PKCS#8".to_owned()))
    }

    /// The public half.
    ///
    /// # Errors
    /// When the key is of small order, which no key made here is.
    pub fn public_key(&self) -> Result<PublicKey, Failure> {
        PublicKey::from_ed25519(self.0.verifying_key()).map_err(Failure::bug)
    }

    /// Adds this person's signature.
    ///
    /// # Errors
    /// When this key signed already.
    pub fn sign(&self, envelope: &mut Envelope) -> Result<(), Failure> {
        let signature = self.0.sign(&envelope.pae()).to_bytes().to_vec();
        envelope.add_signature(&self.public_key()?, signature).map_err(|problem| {
            Failure::new(Exit::Refused, "signature", "the signature was not added").because(problem)
        })
    }
}

/// A public key as PEM: what OpenSSL reads, and what a policy is made from.
///
/// # Errors
/// None that a held key can cause; the encoder's signature asks for it.
pub fn public_key_pem(key: &PublicKey) -> Result<String, Failure> {
    let der = key.to_spki_der().map_err(Failure::bug)?;
    Document::try_from(der)
        .and_then(|document| document.to_pem(PUBLIC_KEY, LineEnding::LF))
        .map_err(Failure::bug)
}

/// Reads one public key's PEM file.
///
/// # Errors
/// When it cannot be read, or is no key that may sign.
pub fn read_public_key(path: &Path) -> Result<PublicKey, Failure> {
    let fail = |because: String| {
        Failure::new(Exit::File, "public-key", format!("{} is no public key", path.display()))
            .because(because)
            .hint("take the FILE.pub.pem that `keyferry identity new` writes")
    };
    let bytes = files::read_capped(path, MAX_FILE)?;
    let text = std::str::from_utf8(&bytes).map_err(|error| fail(error.to_string()))?;
    let (label, document) = Document::from_pem(text).map_err(|error| fail(error.to_string()))?;
    if label != PUBLIC_KEY {
        return Err(fail(format!("its label is {label:?}, not {PUBLIC_KEY:?}")));
    }
    PublicKey::from_spki_der(document.as_bytes()).map_err(fail)
}

fn seal(recipient: &scrypt::Recipient, plaintext: &[u8]) -> Result<Vec<u8>, String> {
    let recipients = std::iter::once(recipient as &dyn age::Recipient);
    let sealed = age::Encryptor::with_recipients(recipients).map_err(|e| e.to_string())?;
    let mut bytes = Vec::new();
    let mut writer = sealed.wrap_output(&mut bytes).map_err(|e| e.to_string())?;
    writer.write_all(plaintext).map_err(|e| e.to_string())?;
    writer.finish().map_err(|e| e.to_string())?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_opens_with_its_passphrase_only_and_signs() {
        let (made, file) = Identity::create("correct horse battery".to_owned().into()).unwrap();
        let opened = Identity::open(&file, "correct horse battery".to_owned().into()).unwrap();
        assert_eq!(made.public_key().unwrap(), opened.public_key().unwrap());
        let wrong = Identity::open(&file, "correct horse batterx".to_owned().into());
        assert_eq!(wrong.err().unwrap().code, "identity");
        let mut envelope = Envelope::unsigned("text/plain".into(), b"hello".to_vec());
        opened.sign(&mut envelope).unwrap();
        assert_eq!(envelope.signatures().len(), 1);
        assert_eq!(opened.sign(&mut envelope).unwrap_err().code, "signature");
    }

    #[test]
    fn a_public_key_comes_back_from_its_pem_and_a_secret_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alice.pub.pem");
        let (made, sealed) = Identity::create("correct horse battery".to_owned().into()).unwrap();
        let key = made.public_key().unwrap();
        std::fs::write(&path, public_key_pem(&key).unwrap()).unwrap();
        assert_eq!(read_public_key(&path).unwrap(), key);
        let secret = KeypairBytes { secret_key: [7; 32], public_key: None };
        let secret = secret.to_pkcs8_pem(LineEnding::LF).unwrap();
        for other in [secret.as_bytes(), &sealed, b"", b"\xff"] {
            std::fs::write(&path, other).unwrap();
            assert_eq!(read_public_key(&path).unwrap_err().code, "public-key");
        }
    }

    #[test]
    fn the_key_inside_is_pkcs8_version_1_without_a_public_key() {
        let bytes = KeypairBytes { secret_key: [7; 32], public_key: None };
        let der = bytes.to_pkcs8_der().unwrap();
        // SEQUENCE, INTEGER 0, the Ed25519 algorithm, then the seed in two OCTET STRINGs: 48 bytes (RFC 8410 section 7).
        assert_eq!(der.as_bytes().len(), 48);
        assert_eq!(der.as_bytes()[..5], [0x30, 46, 2, 1, 0]);
    }
}
