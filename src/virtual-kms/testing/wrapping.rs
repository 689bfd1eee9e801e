//! Wrapping of private keys, written apart from the service's unwrapping.

use super::Client;
use super::client::{base64, unbase64, with};
use crate::keys::PrivateKey;
use aes_kw::{KeyInit as _, KwpAes256};
use keyferry_bundle::KeySpec;
use rsa::pkcs8::DecodePublicKey as _;
use serde_json::{Value, json};

/// Every spec of private keys, with a usage, and a wrapping that AWS takes.
pub(crate) const PRIVATE: &[(&str, &str, &str)] = &[
    ("RSA_2048", "SIGN_VERIFY", "RSA_AES_KEY_WRAP_SHA_256"),
    ("RSA_3072", "SIGN_VERIFY", "RSA_AES_KEY_WRAP_SHA_1"),
    ("RSA_4096", "SIGN_VERIFY", "RSA_AES_KEY_WRAP_SHA_256"),
    ("ECC_NIST_P256", "SIGN_VERIFY", "RSAES_OAEP_SHA_256"),
    ("ECC_NIST_P384", "SIGN_VERIFY", "RSAES_OAEP_SHA_1"),
    ("ECC_NIST_P521", "SIGN_VERIFY", "RSA_AES_KEY_WRAP_SHA_256"),
    ("ECC_SECG_P256K1", "SIGN_VERIFY", "RSA_AES_KEY_WRAP_SHA_1"),
    ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY", "RSA_AES_KEY_WRAP_SHA_256"),
];

/// A fresh private key of a key spec, as PKCS#8.
pub(crate) fn pkcs8(spec: &str) -> Vec<u8> {
    let spec: KeySpec = spec.parse().unwrap();
    PrivateKey::generate(spec).unwrap().to_der().unwrap().to_vec()
}

/// One RSAES-OAEP block.
pub(crate) fn oaep(public_key: &Value, algorithm: &str, plaintext: &[u8]) -> Vec<u8> {
    let public_key = rsa::PublicKey::from_public_key_der(&unbase64(public_key)).unwrap();
    let rng = &mut getrandom::SysRng;
    if algorithm.ends_with("SHA_1") {
        public_key.oaep_encrypt_with_rng::<sha1::Sha1, _>(rng, plaintext).unwrap()
    } else {
        public_key.oaep_encrypt_with_rng::<sha2::Sha256, _>(rng, plaintext).unwrap()
    }
}

/// AES-KWP under an AES-256 key.
pub(crate) fn kwp(aes: &[u8; 32], plaintext: &[u8]) -> Vec<u8> {
    let mut wrapped = vec![0; plaintext.len().next_multiple_of(8) + 8];
    KwpAes256::new(aes.into()).wrap_key(plaintext, &mut wrapped).unwrap();
    wrapped
}

impl Client {
    /// Input of an import for ever, of what `encrypt` makes with the public key.
    pub(crate) fn import_input(
        &self,
        key: &str,
        algorithm: &str,
        encrypt: impl FnOnce(&Value) -> Vec<u8>,
    ) -> Value {
        let parameters = self.parameters(key, algorithm, "RSA_2048");
        json!({
            "KeyId": key,
            "ImportToken": parameters["ImportToken"],
            "EncryptedKeyMaterial": base64(&encrypt(&parameters["PublicKey"])),
            "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
        })
    }

    /// Input of an import for ever, under fresh parameters.
    pub(crate) fn wrapped_with(&self, algorithm: &str, key: &str, material: &[u8]) -> Value {
        self.import_input(key, algorithm, |public_key| {
            if algorithm.starts_with("RSAES") {
                return oaep(public_key, algorithm, material);
            }
            [oaep(public_key, algorithm, &[9; 32]), kwp(&[9; 32], material)].concat()
        })
    }

    /// An external key with a private key in it.
    pub(crate) fn with_private_key(&self, spec: &str, usage: &str, der: &[u8]) -> String {
        let key = self.external(spec, usage);
        let input = self.wrapped_with("RSA_AES_KEY_WRAP_SHA_256", &key, der);
        self.call("ImportKeyMaterial", &input);
        key
    }

    /// `SubjectPublicKeyInfo` of a key.
    pub(crate) fn public_key(&self, key: &str) -> Vec<u8> {
        unbase64(&self.call("GetPublicKey", &json!({ "KeyId": key }))["PublicKey"])
    }

    /// A signature.
    pub(crate) fn sign(&self, key: &str, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let message_type = if algorithm == "ED25519_PH_SHA_512" { "DIGEST" } else { "RAW" };
        let input = json!({
            "KeyId": key, "Message": base64(message), "MessageType": message_type,
            "SigningAlgorithm": algorithm,
        });
        let signed = self.call("Sign", &input);
        let verify = with(&input, "Signature", signed["Signature"].clone());
        assert_eq!(self.call("Verify", &verify)["SignatureValid"], true);
        unbase64(&signed["Signature"])
    }
}
