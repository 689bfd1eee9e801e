//! Import of private keys.

use super::Client;
use super::client::{base64, members, unbase64, with};
use super::wrapping::{PRIVATE, kwp, oaep, pkcs8};
use crate::refusal::Kind;
use serde_json::{Value, json};

/// An initial value of AES-KWP that says: no bytes. RFC 5649 wraps at least one.
const NOTHING: &[u8] = &[0xa6, 0x59, 0x59, 0xa6, 0, 0, 0, 0];

/// What is made of the wrapping public key.
type Wrapping<'a> = &'a dyn Fn(&Value) -> Vec<u8>;

#[test]
fn every_private_key_comes_in_and_is_known_again() {
    let client = Client::new();
    for (spec, usage, algorithm) in PRIVATE {
        let key = client.external(spec, usage);
        client.refused("GetPublicKey", &json!({ "KeyId": key }), Kind::InvalidState);
        let own = pkcs8(spec);
        let input = client.wrapped_with(algorithm, &key, &own);
        let answer = client.call("ImportKeyMaterial", &input);
        assert_eq!(members(&answer), ["KeyId"], "{spec}: only symmetric keys' material has an id");
        assert_eq!(client.state_of(&key), "Enabled");
        let public_key = client.public_key(&key);

        let other = client.wrapped_with(algorithm, &key, &pkcs8(spec));
        client.refused("ImportKeyMaterial", &other, Kind::IncorrectKeyMaterial);
        let deleted = client.call("DeleteImportedKeyMaterial", &json!({ "KeyId": key }));
        assert_eq!(members(&deleted), ["KeyId"]);
        assert_eq!(client.state_of(&key), "PendingImport");
        client.refused("ImportKeyMaterial", &other, Kind::IncorrectKeyMaterial);
        client.call("ImportKeyMaterial", &input);
        assert_eq!(client.public_key(&key), public_key);
        for (member, value) in [
            ("ImportType", json!("EXISTING_KEY_MATERIAL")),
            ("KeyMaterialDescription", json!("d")),
            ("KeyMaterialId", json!("0".repeat(64))),
        ] {
            client.refused("ImportKeyMaterial", &with(&input, member, value), Kind::Validation);
        }
    }
}

#[test]
fn p521_fits_into_oaep_under_longer_keys() {
    let client = Client::new();
    for wrapping_key in ["RSA_3072", "RSA_4096"] {
        let key = client.external("ECC_NIST_P521", "KEY_AGREEMENT");
        let parameters = client.parameters(&key, "RSAES_OAEP_SHA_256", wrapping_key);
        let input = super::client::wrap(&parameters, &pkcs8("ECC_NIST_P521"));
        client.call("ImportKeyMaterial", &input);
        assert_eq!(client.state_of(&key), "Enabled");
    }
}

#[test]
fn a_private_key_of_another_spec_is_refused() {
    let client = Client::new();
    for (spec, usage, _) in PRIVATE {
        let key = client.external(spec, usage);
        for other in ["RSA_2048", "ECC_NIST_P256", "ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519"] {
            if other != *spec {
                let input = client.wrapped_with("RSA_AES_KEY_WRAP_SHA_256", &key, &pkcs8(other));
                client.refused("ImportKeyMaterial", &input, Kind::IncorrectKeyMaterial);
            }
        }
        for garbage in [&b"x"[..], &[0; 32], &[0x30, 0x80, 0, 0]] {
            let input = client.wrapped_with("RSA_AES_KEY_WRAP_SHA_256", &key, garbage);
            client.refused("ImportKeyMaterial", &input, Kind::IncorrectKeyMaterial);
        }
        assert_eq!(client.state_of(&key), "PendingImport");
    }
}

#[test]
fn only_the_wrapping_of_the_parameters_unwraps() {
    let client = Client::new();
    let key = client.external("ECC_NIST_P256", "SIGN_VERIFY");
    let own = pkcs8("ECC_NIST_P256");
    let aes = [9; 32];
    for algorithm in ["RSA_AES_KEY_WRAP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1"] {
        let other = if algorithm.ends_with('1') { "SHA_256" } else { "SHA_1" };
        let wrong: [(&str, Wrapping<'_>); 9] = [
            ("halves exchanged", &|k| [kwp(&aes, &own), oaep(k, algorithm, &aes)].concat()),
            ("another hash", &|k| [oaep(k, other, &aes), kwp(&aes, &own)].concat()),
            ("another AES key", &|k| [oaep(k, algorithm, &[8; 32]), kwp(&aes, &own)].concat()),
            ("an AES-128 key", &|k| [oaep(k, algorithm, &[9; 16]), kwp(&aes, &own)].concat()),
            ("RFC 3394 in place of 5649", &|k| [oaep(k, algorithm, &aes), kw(&aes, &own)].concat()),
            ("OAEP alone", &|k| oaep(k, algorithm, &own)),
            ("no key material", &|k| oaep(k, algorithm, &aes)),
            ("nothing wrapped", &|k| [oaep(k, algorithm, &aes), NOTHING.to_vec()].concat()),
            ("a byte more", &|k| [oaep(k, algorithm, &aes), kwp(&aes, &own), vec![0]].concat()),
        ];
        for (what, wrapping) in wrong {
            let input = client.import_input(&key, algorithm, wrapping);
            let said = client.refused("ImportKeyMaterial", &input, Kind::InvalidCiphertext);
            assert!(said.contains("does not decrypt"), "{what}: {said}");
        }
        let input = client.wrapped_with(algorithm, &key, &own);
        let whole = unbase64(&input["EncryptedKeyMaterial"]);
        for place in [0, 100, 255, 256, 263, 264, whole.len() - 1] {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            let changed = with(&input, "EncryptedKeyMaterial", json!(base64(&changed)));
            client.refused("ImportKeyMaterial", &changed, Kind::InvalidCiphertext);
        }
    }
    assert_eq!(client.state_of(&key), "PendingImport");
}

/// AES-KW (RFC 3394): what many take for AES-KWP. The key material is filled up to whole half blocks.
fn kw(aes: &[u8; 32], plaintext: &[u8]) -> Vec<u8> {
    use aes_kw::KeyInit as _;
    let mut plaintext = plaintext.to_vec();
    plaintext.resize(plaintext.len().next_multiple_of(8), 0);
    let mut wrapped = vec![0; plaintext.len() + 8];
    aes_kw::KwAes256::new(aes.into()).wrap_key(&plaintext, &mut wrapped).unwrap();
    wrapped
}
