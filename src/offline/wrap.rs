//! Encrypting key material under AWS's wrapping public key, on the host.

use aes_kw::{KeyInit as _, KwpAes256};
use getrandom::SysRng;
use keyferry_bundle::{Base64, WrappingAlgorithm};
use keyferry_ceremony::wrapping_key::WrappingPublicKey;
use keyferry_console::{Exit, Failure};
use keyferry_hsm::KeyMaterial;
use zeroize::Zeroizing;

/// Bytes that AES-KWP adds at the most: it pads to eight and puts one block in front (RFC 5649 section 3).
const KWP_OVERHEAD: usize = 16;

/// The encrypted key material, as KMS takes it.
///
/// - `RSAES_OAEP_SHA_256`: RSAES-OAEP with SHA-256, MGF1-SHA-256 and an empty label (RFC 8017 section 7.1).
/// - `RSA_AES_KEY_WRAP_SHA_256`: the same of a fresh AES-256 key, then AES-KWP (RFC 5649) of the material under that: for private keys
///   (PKCS#8) that are not in an HSM. What an HSM holds, it wraps itself.
///
/// Randomness is the operating system's.
///
/// # Errors
/// [`Exit::Policy`] for the SHA-1 forms.
pub fn wrap(
    material: &KeyMaterial,
    under: &WrappingPublicKey,
    algorithm: WrappingAlgorithm,
) -> Result<Base64, Failure> {
    let encrypted = match algorithm {
        WrappingAlgorithm::RsaesOaepSha256 => oaep(material.expose(), under)?,
        WrappingAlgorithm::RsaAesKeyWrapSha256 => rsa_aes(material.expose(), under)?,
        WrappingAlgorithm::RsaesOaepSha1 | WrappingAlgorithm::RsaAesKeyWrapSha1 => {
            return Err(Failure::new(
                Exit::Policy,
                "wrapping-algorithm",
                "nothing is wrapped with SHA-1",
            )
            .because(format!("the plan asks for {algorithm}")));
        }
    };
    Base64::new(encrypted).map_err(Failure::bug)
}

fn oaep(bytes: &[u8], under: &WrappingPublicKey) -> Result<Vec<u8>, Failure> {
    under.rsa().oaep_encrypt_with_rng::<sha2::Sha256, _>(&mut SysRng, bytes).map_err(Failure::bug)
}

fn rsa_aes(bytes: &[u8], under: &WrappingPublicKey) -> Result<Vec<u8>, Failure> {
    let mut ephemeral = Zeroizing::new([0; 32]);
    getrandom::fill(ephemeral.as_mut()).map_err(Failure::bug)?;
    let mut encrypted = oaep(ephemeral.as_ref(), under)?;
    let cipher = KwpAes256::new_from_slice(ephemeral.as_ref()).map_err(Failure::bug)?;
    let mut wrapped = vec![0; bytes.len() + KWP_OVERHEAD];
    let wrapped = cipher.wrap_key(bytes, &mut wrapped).map_err(Failure::bug)?;
    encrypted.extend_from_slice(wrapped);
    Ok(encrypted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyferry_bundle::WrappingKeySpec;
    use rsa::pkcs8::EncodePublicKey as _;

    fn key() -> (rsa::PrivateKey, WrappingPublicKey) {
        let key = rsa::PrivateKey::new(&mut rsa::rand_core::UnwrapErr(SysRng), 2048).unwrap();
        let spki = key.to_public_key().to_public_key_der().unwrap();
        let under = WrappingPublicKey::from_der(spki.as_bytes(), WrappingKeySpec::Rsa2048).unwrap();
        (key, under)
    }

    #[test]
    fn both_forms_open_again() {
        let (key, under) = key();
        for length in [28, 32, 48, 64, 138, 1217] {
            let bytes: Vec<u8> = (0..length).map(|n: usize| n.to_le_bytes()[0]).collect();
            let material = KeyMaterial::take(bytes.clone()).unwrap();
            if length <= 190 {
                let algorithm = WrappingAlgorithm::RsaesOaepSha256;
                let encrypted = wrap(&material, &under, algorithm).unwrap();
                assert_eq!(key.oaep_decrypt::<sha2::Sha256>(encrypted.as_bytes()).unwrap(), bytes);
            }
            let encrypted =
                wrap(&material, &under, WrappingAlgorithm::RsaAesKeyWrapSha256).unwrap();
            let (block, wrapped) = encrypted.as_bytes().split_at(256);
            let aes = key.oaep_decrypt::<sha2::Sha256>(block).unwrap();
            let cipher = KwpAes256::new_from_slice(&aes).unwrap();
            let mut opened = vec![0; wrapped.len()];
            assert_eq!(cipher.unwrap_key(wrapped, &mut opened).unwrap(), bytes);
        }
    }

    #[test]
    fn nothing_is_wrapped_with_sha1() {
        let (_, under) = key();
        let material = KeyMaterial::take(vec![1; 32]).unwrap();
        for algorithm in [WrappingAlgorithm::RsaesOaepSha1, WrappingAlgorithm::RsaAesKeyWrapSha1] {
            assert_eq!(wrap(&material, &under, algorithm).unwrap_err().exit, Exit::Policy);
        }
    }
}
