//! A key check value: tells copies of one key material from copies of another without giving it away.

use hmac::{Hmac, KeyInit as _, Mac as _};
use keyferry_bundle::Digest;
use keyferry_hsm::KeyMaterial;
use sha2::Sha256;

/// What is authenticated under the key material (SPEC.md, "Check value").
const MESSAGE: &[u8] = b"keyferry check value v1";

/// HMAC-SHA-256 (RFC 2104, FIPS 198-1) under the key material of a fixed text.
///
/// # Errors
/// None: HMAC takes keys of every length.
pub fn check_value(material: &KeyMaterial) -> Result<Digest, String> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(material.expose()).map_err(|error| error.to_string())?;
    mac.update(MESSAGE);
    Ok(Digest::from_bytes(mac.finalize().into_bytes().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_openssl_computes() {
        // printf 'keyferry check value v1' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0101…01 (32 bytes)
        let material = KeyMaterial::take(vec![1; 32]).unwrap();
        assert_eq!(
            check_value(&material).unwrap().to_string(),
            "f7152adbd2ee3d35bcb12eccc0dc32a5f840785af833b278772cdc1444a4fa56"
        );
    }
}
