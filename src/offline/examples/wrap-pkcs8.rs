//! Wraps a private key from stdin (PKCS#8, DER) under a wrapping public key (SubjectPublicKeyInfo, DER, `RSA_4096`) named as the only argument,
//! with `RSA_AES_KEY_WRAP_SHA_256`, to stdout. For tests with other programs; a ceremony's private keys never leave their HSM.

use keyferry_bundle::{WrappingAlgorithm, WrappingKeySpec};
use keyferry_ceremony::wrapping_key::WrappingPublicKey;
use keyferry_hsm::KeyMaterial;
use std::io::{Read as _, Write as _};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: wrap-pkcs8 WRAPPING-PUBLIC-KEY.der")?;
    let under = WrappingPublicKey::from_der(&std::fs::read(path)?, WrappingKeySpec::Rsa4096)?;
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes)?;
    let material = KeyMaterial::take(bytes)?;
    let algorithm = WrappingAlgorithm::RsaAesKeyWrapSha256;
    let wrapped =
        keyferry_offline::wrap(&material, &under, algorithm).map_err(|failure| failure.error)?;
    std::io::stdout().write_all(wrapped.as_bytes())?;
    Ok(())
}
