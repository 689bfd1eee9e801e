//! `Encrypt` and `Decrypt` under RSA keys.

use super::Client;
use super::client::{base64, members, unbase64, with};
use super::wrapping::{oaep, pkcs8};
use crate::refusal::Kind;
use rsa::pkcs8::DecodePrivateKey as _;
use serde_json::json;

#[test]
fn ciphertexts_go_in_and_out() {
    let client = Client::new();
    for (spec, most) in
        [("RSA_2048", [214, 190]), ("RSA_3072", [342, 318]), ("RSA_4096", [470, 446])]
    {
        let der = pkcs8(spec);
        let key = client.with_private_key(spec, "ENCRYPT_DECRYPT", &der);
        let public = client.call("GetPublicKey", &json!({ "KeyId": key }));
        let shape = "CustomerMasterKeySpec EncryptionAlgorithms KeyId KeySpec KeyUsage PublicKey";
        assert_eq!(members(&public).join(" "), shape);
        for (algorithm, most) in ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"].iter().zip(most) {
            let input = |length: usize| {
                json!({
                    "KeyId": key, "EncryptionAlgorithm": algorithm, "Plaintext": base64(&vec![5; length]),
                })
            };
            let sealed = client.call("Encrypt", &input(most));
            assert_eq!(members(&sealed), ["CiphertextBlob", "EncryptionAlgorithm", "KeyId"]);
            assert_eq!(sealed["EncryptionAlgorithm"], *algorithm);
            let said = client.refused("Encrypt", &input(most + 1), Kind::Validation);
            let end = format!("cannot encrypt data larger than {most} bytes.");
            assert!(said.ends_with(&end), "{said}");

            let outside = rsa::PrivateKey::from_pkcs8_der(&der).unwrap();
            let (bytes, rng) = (unbase64(&sealed["CiphertextBlob"]), &mut getrandom::SysRng);
            let opened = if algorithm.ends_with('1') {
                outside.oaep_decrypt_with_rng::<sha1::Sha1, _>(rng, &bytes)
            } else {
                outside.oaep_decrypt_with_rng::<sha2::Sha256, _>(rng, &bytes)
            };
            assert_eq!(opened.unwrap(), vec![5; most]);

            let blob = oaep(&public["PublicKey"], algorithm, b"from outside");
            let ask = json!({
                "KeyId": key, "EncryptionAlgorithm": algorithm, "CiphertextBlob": base64(&blob),
            });
            let opened = client.call("Decrypt", &ask);
            assert_eq!(members(&opened), ["EncryptionAlgorithm", "KeyId", "Plaintext"]);
            assert_eq!(opened["Plaintext"], base64(b"from outside"));
        }
    }
}

#[test]
fn usages_algorithms_and_contexts_are_checked() {
    let client = Client::new();
    let key = client.with_private_key("RSA_2048", "ENCRYPT_DECRYPT", &pkcs8("RSA_2048"));
    let input = json!({
        "KeyId": key, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256", "Plaintext": "AAAA",
    });
    let encrypt =
        |member: &str, value, kind| client.refused("Encrypt", &with(&input, member, value), kind);
    encrypt("EncryptionAlgorithm", json!(null), Kind::InvalidKeyUsage);
    encrypt("EncryptionAlgorithm", json!("SYMMETRIC_DEFAULT"), Kind::InvalidKeyUsage);
    encrypt("EncryptionAlgorithm", json!("SM2PKE"), Kind::InvalidKeyUsage);
    encrypt("EncryptionContext", json!({ "a": "b" }), Kind::Validation);
    let data_key = json!({ "KeyId": key, "KeySpec": "AES_256" });
    client.refused("GenerateDataKey", &data_key, Kind::InvalidKeyUsage);

    let blob = client.call("Encrypt", &input)["CiphertextBlob"].clone();
    let ask = with(&with(&input, "Plaintext", json!(null)), "CiphertextBlob", blob.clone());
    let decrypt =
        |member: &str, value, kind| client.refused("Decrypt", &with(&ask, member, value), kind);
    decrypt("KeyId", json!(null), Kind::Validation);
    decrypt("EncryptionAlgorithm", json!("RSAES_OAEP_SHA_1"), Kind::InvalidCiphertext);
    decrypt("EncryptionAlgorithm", json!(null), Kind::InvalidKeyUsage);
    decrypt("EncryptionAlgorithm", json!("SM2PKE"), Kind::InvalidKeyUsage);
    decrypt("EncryptionContext", json!({ "a": "b" }), Kind::Validation);
    let mut changed = unbase64(&blob);
    changed[9] ^= 1;
    decrypt("CiphertextBlob", json!(base64(&changed)), Kind::InvalidCiphertext);
    decrypt("CiphertextBlob", json!(base64(&changed[1..])), Kind::InvalidCiphertext);
    let other = client.with_private_key("RSA_2048", "ENCRYPT_DECRYPT", &pkcs8("RSA_2048"));
    decrypt("KeyId", json!(other), Kind::InvalidCiphertext);
    let signer = client.with_private_key("RSA_2048", "SIGN_VERIFY", &pkcs8("RSA_2048"));
    decrypt("KeyId", json!(signer), Kind::InvalidKeyUsage);
    encrypt("KeyId", json!(signer), Kind::InvalidKeyUsage);
    client.call("DeleteImportedKeyMaterial", &json!({ "KeyId": key }));
    client.refused("Decrypt", &ask, Kind::InvalidState);
    client.refused("Encrypt", &input, Kind::InvalidState);
}
