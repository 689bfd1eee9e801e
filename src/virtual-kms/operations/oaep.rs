//! `Encrypt` and `Decrypt` under RSA keys: the ciphertext is one RSAES-OAEP block and names no key.

use super::usable::Usable;
use crate::keys::algorithm::Oaep;
use crate::keys::ciphertext::Context as EncryptionContext;
use crate::keys::{PrivateKey, RsaKey};
use crate::refusal::{Kind, Refusal};
use crate::wire::Blob;

/// Encrypts as much as a block holds. The message about the size is AWS's.
pub(super) fn encrypt(
    usable: &Usable<'_>,
    oaep: Oaep,
    plaintext: &Blob,
    context: &EncryptionContext,
) -> Result<Blob, Refusal> {
    let key = rsa_key(usable, oaep, context)?;
    let most = oaep.most(key.size());
    if plaintext.as_bytes().len() > most {
        return Err(Kind::Validation.with(format!(
            "Algorithm {} and key spec {} cannot encrypt data larger than {most} bytes.",
            oaep.name(),
            usable.key.spec
        )));
    }
    let ciphertext = key.encrypt(oaep, plaintext.as_bytes());
    ciphertext.map(Blob::from).ok_or_else(|| Kind::Internal.with("a ciphertext could not be made"))
}

/// Decrypts a block.
pub(super) fn decrypt(
    usable: &Usable<'_>,
    oaep: Oaep,
    ciphertext: &Blob,
    context: &EncryptionContext,
) -> Result<Blob, Refusal> {
    let plaintext = rsa_key(usable, oaep, context)?.decrypt(oaep, ciphertext.as_bytes());
    plaintext.map(Blob::from).ok_or_else(|| {
        Kind::InvalidCiphertext.with("the ciphertext does not decrypt under this key and algorithm")
    })
}

/// The private key, for an algorithm that it has. Which error AWS gives for an encryption context is not recorded.
fn rsa_key(
    usable: &Usable<'_>,
    oaep: Oaep,
    context: &EncryptionContext,
) -> Result<Box<RsaKey>, Refusal> {
    usable.must_have(oaep.name())?;
    if !context.is_empty() {
        let message = "An encryption context is for symmetric encryption keys";
        return Err(Kind::Validation.with(message));
    }
    match usable.private_key()? {
        PrivateKey::Rsa(key) => Ok(key),
        PrivateKey::Ec(_) | PrivateKey::Ed25519(_) => {
            Err(Kind::Internal.with("a key of another kind was to encrypt"))
        }
    }
}
