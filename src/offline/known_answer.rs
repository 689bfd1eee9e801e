//! The known answer of an HMAC key: one MAC that the room computes and KMS must compute too.

use hmac::{Hmac, KeyInit as _, Mac as _};
use keyferry_bundle::{Base64, KeySpec};
use keyferry_ceremony::proof::MESSAGE;
use keyferry_console::Failure;
use keyferry_hsm::KeyMaterial;

/// HMAC (RFC 2104) of the fixed message under the hash of the key spec; nothing for other keys.
pub(crate) fn of(material: &KeyMaterial, spec: KeySpec) -> Result<Option<Base64>, Failure> {
    macro_rules! mac {
        ($hash:ty) => {{
            let mut mac = Hmac::<$hash>::new_from_slice(material.expose()).map_err(Failure::bug)?;
            mac.update(MESSAGE);
            mac.finalize().into_bytes().to_vec()
        }};
    }
    let mac = match spec {
        KeySpec::Hmac224 => mac!(sha2::Sha224),
        KeySpec::Hmac256 => mac!(sha2::Sha256),
        KeySpec::Hmac384 => mac!(sha2::Sha384),
        KeySpec::Hmac512 => mac!(sha2::Sha512),
        KeySpec::SymmetricDefault
        | KeySpec::Rsa2048
        | KeySpec::Rsa3072
        | KeySpec::Rsa4096
        | KeySpec::EccNistP256
        | KeySpec::EccNistP384
        | KeySpec::EccNistP521
        | KeySpec::EccSecgP256k1
        | KeySpec::EccNistEdwards25519 => return Ok(None),
    };
    Base64::new(mac).map(Some).map_err(Failure::bug)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_spec_has_its_hash() {
        // printf 'keyferry check value v1' | openssl dgst -shaNNN -mac HMAC -macopt hexkey:0101…
        for (spec, length, first) in [
            (KeySpec::Hmac224, 28, "81657fc1c5e5a750"),
            (KeySpec::Hmac256, 32, "f7152adbd2ee3d35"),
            (KeySpec::Hmac384, 48, "5a9055cc53de5351"),
            (KeySpec::Hmac512, 64, "b5257b3182960b34"),
        ] {
            let material = KeyMaterial::take(vec![1; length]).unwrap();
            let mac = of(&material, spec).unwrap().unwrap();
            let hex = mac.as_bytes()[..8]
                .iter()
                .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
            assert_eq!((mac.as_bytes().len(), hex.as_str()), (length, first));
        }
        let material = KeyMaterial::take(vec![1; 32]).unwrap();
        assert!(of(&material, KeySpec::SymmetricDefault).unwrap().is_none());
    }
}
