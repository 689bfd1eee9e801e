//! A custodian's age identity, as `age-keygen` writes it: it opens what was encrypted to its recipient. A file under a passphrase
//! (`age -p`) will do; plugins and ASCII armour will not.

use crate::{Exit, Failure, Person, Screen, files};
use age::{scrypt, x25519};
use std::io::Read as _;
use std::path::Path;
use zeroize::Zeroizing;

/// The most bytes an identity file, or an encrypted file, may have.
const MAX_FILE: usize = 64 * 1024;
/// The most bytes that are taken out of an encrypted file.
const MAX_PLAINTEXT: usize = 16 * 1024;
/// As for signing identities: a hostile file must not keep the machine busy for hours.
const MAX_WORK_FACTOR: u8 = 20;
/// What an age v1 file begins with.
const AGE: &[u8] = b"age-encryption.org/";

/// Who an encrypted file can be opened as.
pub struct CustodianIdentity(Vec<x25519::Identity>);

impl CustodianIdentity {
    /// Reads an identity file, and asks for its passphrase where it has one.
    ///
    /// # Errors
    /// When the file cannot be read, nobody answers, or it holds no X25519 identity.
    pub fn ask(person: &Person, screen: &Screen, path: &Path) -> Result<Self, Failure> {
        let file = Zeroizing::new(files::read_capped(path, MAX_FILE)?);
        let shown = path.display().to_string();
        if !file.starts_with(AGE) {
            return Self::parse(&file).map_err(|problem| unusable(&shown, problem));
        }
        let passphrase = person.secret(screen, &format!("Passphrase of {shown}"))?;
        let mut identity = scrypt::Identity::new(passphrase);
        identity.set_max_work_factor(MAX_WORK_FACTOR);
        let text = decrypt(&file, [&identity as &dyn age::Identity].into_iter())
            .map_err(|problem| unusable(&shown, problem))?;
        Self::parse(&text).map_err(|problem| unusable(&shown, problem))
    }

    /// Every line but comments and empty ones is an identity.
    fn parse(text: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(text).map_err(|_| "it is no text".to_owned())?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let keys = lines.filter(|line| !line.starts_with('#'));
        let identities: Result<Vec<_>, _> = keys.map(str::parse).collect();
        match identities {
            Ok(identities) if !identities.is_empty() => Ok(Self(identities)),
            Ok(_) | Err(_) => Err("it holds no AGE-SECRET-KEY-1… of age-keygen".to_owned()),
        }
    }

    /// Opens a file that was encrypted to this identity's recipient. What is in it is wiped when dropped.
    ///
    /// # Errors
    /// When the file cannot be read or was not encrypted to it.
    pub fn open(&self, path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let file = files::read_capped(path, MAX_FILE)?;
        let identities = self.0.iter().map(|identity| identity as &dyn age::Identity);
        decrypt(&file, identities).map_err(|problem| {
            Failure::new(Exit::File, "age-file", format!("{} cannot be opened", path.display()))
                .because(problem)
                .hint("name the file that was made for this identity's recipient")
        })
    }
}

fn unusable(shown: &str, problem: String) -> Failure {
    Failure::new(Exit::File, "age-identity", format!("{shown} is no age identity"))
        .because(problem)
        .hint("name the file that `age-keygen -o FILE` wrote, or that file under `age -p`")
}

fn decrypt<'a>(
    file: &[u8],
    identities: impl Iterator<Item = &'a dyn age::Identity>,
) -> Result<Zeroizing<Vec<u8>>, String> {
    let sealed = age::Decryptor::new(file).map_err(|error| error.to_string())?;
    let opened = sealed.decrypt(identities).map_err(|error| error.to_string())?;
    // One byte more than is taken: a longer file is refused, not cut.
    let mut text = Zeroizing::new(Vec::with_capacity(MAX_PLAINTEXT + 1));
    let most = u64::try_from(MAX_PLAINTEXT + 1).unwrap_or(u64::MAX);
    opened.take(most).read_to_end(&mut text).map_err(|error| error.to_string())?;
    if text.len() > MAX_PLAINTEXT {
        return Err(format!("it holds more than {MAX_PLAINTEXT} bytes"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use age::secrecy::ExposeSecret as _;
    use std::io::Write as _;

    fn sealed(recipient: &dyn age::Recipient, plaintext: &[u8]) -> Vec<u8> {
        let sealed = age::Encryptor::with_recipients([recipient].into_iter()).unwrap();
        let mut file = Vec::new();
        let mut writer = sealed.wrap_output(&mut file).unwrap();
        writer.write_all(plaintext).unwrap();
        writer.finish().unwrap();
        file
    }

    fn keygen(identity: &x25519::Identity) -> String {
        let secret = identity.to_string();
        format!(
            "# created: today\n# public key: {}\n{}\n",
            identity.to_public(),
            secret.expose_secret()
        )
    }

    #[test]
    fn what_was_encrypted_to_its_recipient_opens_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let (ours, theirs) = (x25519::Identity::generate(), x25519::Identity::generate());
        std::fs::write(path("ours"), keygen(&ours)).unwrap();
        std::fs::write(path("theirs"), keygen(&theirs)).unwrap();
        std::fs::write(path("a.age"), sealed(&ours.to_public(), b"text")).unwrap();
        let (person, screen) = (Person::terminal(), Screen::new(false));
        let identity = CustodianIdentity::ask(&person, &screen, &path("ours")).unwrap();
        assert_eq!(*identity.open(&path("a.age")).unwrap(), b"text");
        let other = CustodianIdentity::ask(&person, &screen, &path("theirs")).unwrap();
        assert_eq!(other.open(&path("a.age")).unwrap_err().code, "age-file");
        let long = vec![0; MAX_PLAINTEXT + 1];
        std::fs::write(path("long.age"), sealed(&ours.to_public(), &long)).unwrap();
        assert!(identity.open(&path("long.age")).unwrap_err().because[0].contains("more than"));
        assert_eq!(identity.open(&path("ours")).unwrap_err().code, "age-file");
    }

    #[test]
    fn a_file_without_an_identity_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity");
        for text in ["", "# only a comment\n", "age1zzz\n", "AGE-PLUGIN-X-1QQQ\n", "\u{0}"] {
            std::fs::write(&path, text).unwrap();
            let refused = CustodianIdentity::ask(&Person::terminal(), &Screen::new(false), &path)
                .err()
                .unwrap();
            assert_eq!(refused.code, "age-identity", "{text:?}");
        }
    }

    #[test]
    fn a_passphrase_around_it_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity");
        let identity = x25519::Identity::generate();
        let mut lock = scrypt::Recipient::new("correct horse battery".to_owned().into());
        lock.set_work_factor(2);
        std::fs::write(&path, sealed(&lock, keygen(&identity).as_bytes())).unwrap();
        for (answer, good) in [("correct horse battery\n", true), ("another\n", false)] {
            let answers = folder.path().join("answers");
            std::fs::write(&answers, answer).unwrap();
            let person = Person::from_file(std::fs::File::open(&answers).unwrap());
            assert_eq!(
                CustodianIdentity::ask(&person, &Screen::new(false), &path).is_ok(),
                good,
                "{answer}"
            );
        }
    }
}
