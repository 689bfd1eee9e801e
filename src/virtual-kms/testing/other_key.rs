//! The fault that lets a key be another.

use super::Client;
use super::client::{base64, with};
use super::wrapping::{PRIVATE, pkcs8};
use crate::refusal::Kind;
use serde_json::{Value, json};

fn take_another(client: &Client, key: &str) {
    let fault = json!({ "kind": "other-key", "key_id": key });
    let answer = client.control("POST", "fault", &fault);
    assert_eq!((answer.status, answer.body.as_str()), (200, "{}"));
}

#[test]
fn a_private_key_is_another_of_the_same_spec() {
    let mut client = Client::new();
    for (spec, usage, algorithm) in PRIVATE.iter().filter(|(spec, ..)| *spec != "RSA_4096") {
        let own = pkcs8(spec);
        let key = client.with_private_key(spec, usage, &own);
        let (before, metadata) = (client.public_key(&key), describe(&client, &key));
        let input = client.wrapped_with(algorithm, &key, &own);
        client.call("ImportKeyMaterial", &input);
        let signing = metadata["SigningAlgorithms"][0].as_str().unwrap().to_owned();
        let ask = json!({
            "KeyId": key, "Message": "AAAA", "SigningAlgorithm": signing,
            "Signature": base64(&client.sign(&key, &signing, &[0; 3])),
        });
        client.call("Verify", &ask);
        take_another(&client, &key);
        client.restart();
        assert_ne!(client.public_key(&key), before, "{spec}");
        assert_eq!(describe(&client, &key), metadata, "nothing tells");
        client.refused("Verify", &ask, Kind::KmsInvalidSignature);
        client.sign(&key, &signing, b"it signs, but as another");
        client.refused("ImportKeyMaterial", &input, Kind::IncorrectKeyMaterial);
    }
}

fn describe(client: &Client, key: &str) -> Value {
    client.call("DescribeKey", &json!({ "KeyId": key }))["KeyMetadata"].clone()
}

#[test]
fn it_can_be_asked_for_before_the_import() {
    let client = Client::new();
    let hmac = client.external("HMAC_256", "GENERATE_VERIFY_MAC");
    let twin = client.external("HMAC_256", "GENERATE_VERIFY_MAC");
    take_another(&client, &hmac);
    assert_eq!(client.state_of(&hmac), "PendingImport");
    client.import(&hmac, &[1; 32]);
    client.import(&twin, &[1; 32]);
    let mac = |key: &str| {
        let input = json!({ "KeyId": key, "Message": "AAAA", "MacAlgorithm": "HMAC_SHA_256" });
        client.call("GenerateMac", &input)["Mac"].clone()
    };
    assert_ne!(mac(&hmac), mac(&twin));
    assert_eq!(mac(&hmac), mac(&hmac), "it stays that other key");
}

#[test]
fn a_symmetric_key_tells_by_its_material_id() {
    let client = Client::new();
    let key = client.symmetric();
    let imported = client.import(&key, &[1; 32]);
    let blob = client.call("Encrypt", &json!({ "KeyId": key, "Plaintext": "AAAA" }));
    take_another(&client, &format!("arn:aws:kms:eu-central-1:111122223333:key/{key}"));
    let now = describe(&client, &key)["CurrentKeyMaterialId"].clone();
    assert_ne!(now, imported["KeyMaterialId"]);
    let ask = json!({ "CiphertextBlob": blob["CiphertextBlob"] });
    client.refused("Decrypt", &ask, Kind::InvalidCiphertext);
    let existing =
        with(&client.wrapped(&key, &[1; 32]), "ImportType", json!("EXISTING_KEY_MATERIAL"));
    client.refused("ImportKeyMaterial", &existing, Kind::IncorrectKeyMaterial);
}

#[test]
fn the_request_is_checked() {
    let client = Client::new();
    let key = client.symmetric();
    for wrong in [
        json!({ "kind": "other-key" }),
        json!({ "kind": "other-key", "key_id": "1234abcd-12ab-34cd-56ef-1234567890ab" }),
        json!({ "kind": "other-key", "key_id": key, "count": 1 }),
        json!({ "kind": "other-key", "key_id": key, "operation": "Sign" }),
        json!({ "kind": "throttle", "key_id": key }),
        json!({ "kind": "throttle", "key_id": key, "operation": "Sign" }),
        json!({ "kind": "another-key", "key_id": key }),
    ] {
        assert_eq!(client.control("POST", "fault", &wrong).status, 400, "{wrong}");
    }
}
