//! `Encrypt`, `Decrypt`, `GenerateDataKey`.

use super::Client;
use super::client::{base64, members, unbase64, with};
use crate::keys::ciphertext::Ciphertext;
use crate::refusal::Kind;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[test]
fn a_ciphertext_opens_in_the_service_and_outside_it() {
    let client = Client::new();
    let key = client.symmetric();
    let input = json!({
        "KeyId": key, "Plaintext": base64(b"hello"), "EncryptionContext": { "a": "b", "c": "d" },
    });
    let said = client.refused("Encrypt", &input, Kind::InvalidState);
    assert_eq!(said, format!("arn:aws:kms:eu-central-1:111122223333:key/{key} is pending import."));
    let imported = client.import(&key, &[7; 32]);
    let sealed = client.call("Encrypt", &input);
    assert_eq!(members(&sealed), ["CiphertextBlob", "EncryptionAlgorithm", "KeyId"]);
    assert_eq!(sealed["EncryptionAlgorithm"], "SYMMETRIC_DEFAULT");

    let bytes = unbase64(&sealed["CiphertextBlob"]);
    let context =
        BTreeMap::from([("a", "b"), ("c", "d")].map(|(k, v)| (k.to_owned(), v.to_owned())));
    let opened = Ciphertext::parse(&bytes).unwrap().open(&[7; 32], &context).unwrap();
    assert_eq!(opened.as_slice(), b"hello");

    let ask = json!({
        "CiphertextBlob": sealed["CiphertextBlob"], "EncryptionContext": { "c": "d", "a": "b" },
    });
    for name in [Value::Null, json!(key), sealed["KeyId"].clone()] {
        let opened = client.call("Decrypt", &with(&ask, "KeyId", name));
        assert_eq!(
            opened,
            json!({
                "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
                "KeyId": sealed["KeyId"],
                "KeyMaterialId": imported["KeyMaterialId"],
                "Plaintext": base64(b"hello"),
            })
        );
    }
    for context in [json!({}), json!({ "a": "b" }), json!({ "a": "d", "c": "b" })] {
        let ask = with(&ask, "EncryptionContext", context);
        client.refused("Decrypt", &ask, Kind::InvalidCiphertext);
    }
    let other = client.symmetric();
    client.import(&other, &[7; 32]);
    client.refused("Decrypt", &with(&ask, "KeyId", json!(other)), Kind::IncorrectKey);
    client.call("DeleteImportedKeyMaterial", &json!({ "KeyId": key }));
    client.refused("Decrypt", &ask, Kind::InvalidState);
    client.refused("Encrypt", &input, Kind::InvalidState);
}

#[test]
fn data_keys_are_encrypted_under_the_key() {
    let client = Client::new();
    let key = client.symmetric();
    client.import(&key, &[7; 32]);
    for (member, value, size) in [
        ("KeySpec", json!("AES_256"), 32),
        ("KeySpec", json!("AES_128"), 16),
        ("NumberOfBytes", json!(64), 64),
    ] {
        let made = client.call("GenerateDataKey", &with(&json!({ "KeyId": key }), member, value));
        assert_eq!(members(&made), ["CiphertextBlob", "KeyId", "KeyMaterialId", "Plaintext"]);
        assert_eq!(unbase64(&made["Plaintext"]).len(), size);
        let opened = client.call("Decrypt", &json!({ "CiphertextBlob": made["CiphertextBlob"] }));
        assert_eq!(opened["Plaintext"], made["Plaintext"]);
    }
    for wrong in [
        json!({ "KeyId": key }),
        json!({ "KeyId": key, "KeySpec": "AES_256", "NumberOfBytes": 32 }),
        json!({ "KeyId": key, "KeySpec": "AES_512" }),
        json!({ "KeyId": key, "NumberOfBytes": 0 }),
        json!({ "KeyId": key, "NumberOfBytes": 1025 }),
    ] {
        client.refused("GenerateDataKey", &wrong, Kind::Validation);
    }
}

#[test]
fn bounds_and_usages_are_checked() {
    let client = Client::new();
    let own = client.call("CreateKey", &json!({}))["KeyMetadata"]["KeyId"].clone();
    let encrypt = |bytes: &[u8]| json!({ "KeyId": own, "Plaintext": base64(bytes) });
    client.refused("Encrypt", &encrypt(&[]), Kind::Validation);
    client.refused("Encrypt", &encrypt(&[0; 4097]), Kind::Validation);
    let longest = client.call("Encrypt", &encrypt(&[0; 4096]));
    client.call("Decrypt", &json!({ "CiphertextBlob": longest["CiphertextBlob"] }));
    let algorithm = |name: &str| with(&encrypt(b"x"), "EncryptionAlgorithm", json!(name));
    client.call("Encrypt", &algorithm("SYMMETRIC_DEFAULT"));
    client.refused("Encrypt", &algorithm("RSAES_OAEP_SHA_256"), Kind::InvalidKeyUsage);
    client.refused("Encrypt", &algorithm("DES"), Kind::Validation);
    client.refused("Encrypt", &with(&encrypt(b"x"), "DryRun", json!(true)), Kind::Serialization);
    let hmac = client.external("HMAC_256", "GENERATE_VERIFY_MAC");
    let said = client.refused(
        "Encrypt",
        &with(&encrypt(b"x"), "KeyId", json!(hmac)),
        Kind::InvalidKeyUsage,
    );
    let end = "key usage is GENERATE_VERIFY_MAC which is not valid for Encrypt.";
    assert!(said.ends_with(end), "{said}");
    for blob in [&b"x"[..], b"KVC1", &[0; 6144]] {
        client.refused(
            "Decrypt",
            &json!({ "CiphertextBlob": base64(blob) }),
            Kind::InvalidCiphertext,
        );
    }
    client.refused("Decrypt", &json!({ "CiphertextBlob": base64(&[0; 6145]) }), Kind::Validation);
    let elsewhere = Client::new();
    let ask = json!({ "CiphertextBlob": longest["CiphertextBlob"] });
    elsewhere.refused("Decrypt", &ask, Kind::InvalidCiphertext);
}
