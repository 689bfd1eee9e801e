//! Import: parameters, tokens, expiration, key material.

use super::Client;
use super::client::{base64, members, unbase64, with, wrap};
use crate::keys::token;
use crate::refusal::Kind;
use keyferry_bundle::WrappingKeySpec;
use rsa::pkcs8::DecodePublicKey as _;
use rsa::traits::PublicKeyParts as _;
use serde_json::{Value, json};

const DAY: i64 = 86_400;

#[test]
fn parameters_are_fresh_and_of_awss_shape_and_size() {
    let client = Client::new();
    let key = client.symmetric();
    for spec in WrappingKeySpec::ALL {
        let before = client.now();
        let one = client.parameters(&key, "RSAES_OAEP_SHA_256", spec.as_str());
        assert_eq!(members(&one), ["ImportToken", "KeyId", "ParametersValidTo", "PublicKey"]);
        assert_eq!(one["KeyId"], format!("arn:aws:kms:eu-central-1:111122223333:key/{key}"));
        assert_eq!(unbase64(&one["ImportToken"]).len(), token::length(*spec));
        let public_key = rsa::PublicKey::from_public_key_der(&unbase64(&one["PublicKey"])).unwrap();
        assert_eq!(public_key.n().bit_width() as usize, spec.modulus_bits());
        let valid_to = one["ParametersValidTo"].as_f64().unwrap();
        let expected = f64::from(u32::try_from(before + DAY).unwrap());
        assert!((valid_to - expected).abs() < 60.0, "{valid_to}");
        let two = client.parameters(&key, "RSAES_OAEP_SHA_256", spec.as_str());
        assert_ne!(one["PublicKey"], two["PublicKey"]);
        assert_ne!(one["ImportToken"], two["ImportToken"]);
    }
}

#[test]
fn the_matrix_is_enforced_where_parameters_are_handed_out() {
    let client = Client::new();
    for (spec, usage, algorithm, wrapping_key) in [
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "RSA_AES_KEY_WRAP_SHA_256", "RSA_4096"),
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "RSA_AES_KEY_WRAP_SHA_1", "RSA_4096"),
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "RSAES_PKCS1_V1_5", "RSA_4096"),
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "SM2PKE", "RSA_4096"),
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "RSAES_OAEP_SHA_256", "SM2"),
        ("HMAC_512", "GENERATE_VERIFY_MAC", "RSA_AES_KEY_WRAP_SHA_256", "RSA_2048"),
        ("RSA_2048", "SIGN_VERIFY", "RSAES_OAEP_SHA_256", "RSA_4096"),
        ("ECC_NIST_P521", "SIGN_VERIFY", "RSAES_OAEP_SHA_256", "RSA_2048"),
    ] {
        let key = client.external(spec, usage);
        let input = json!({
            "KeyId": key, "WrappingAlgorithm": algorithm, "WrappingKeySpec": wrapping_key,
        });
        client.refused("GetParametersForImport", &input, Kind::UnsupportedOperation);
    }
    let key = client.symmetric();
    let input = |algorithm: Value, spec: Value| json!({ "KeyId": key, "WrappingAlgorithm": algorithm, "WrappingKeySpec": spec });
    for wrong in [
        input(json!("ROT13"), json!("RSA_2048")),
        input(json!("RSAES_OAEP_SHA_256"), json!("RSA_1024")),
        input(Value::Null, json!("RSA_2048")),
        input(json!("RSAES_OAEP_SHA_256"), Value::Null),
    ] {
        client.refused("GetParametersForImport", &wrong, Kind::Validation);
    }
    let own = client.call("CreateKey", &json!({}))["KeyMetadata"].clone();
    let input =
        with(&input(json!("RSAES_OAEP_SHA_256"), json!("RSA_2048")), "KeyId", own["KeyId"].clone());
    let said = client.refused("GetParametersForImport", &input, Kind::UnsupportedOperation);
    let arn = own["Arn"].as_str().unwrap();
    assert_eq!(said, format!("{arn} origin is AWS_KMS which is not valid for this operation."));
}

#[test]
fn an_import_answers_in_the_recorded_shape() {
    let client = Client::new();
    let key = client.symmetric();
    let answer = client.import(&key, &[1; 32]);
    assert_eq!(members(&answer), ["KeyId", "KeyMaterialId"]);
    assert_eq!(answer["KeyId"], format!("arn:aws:kms:eu-central-1:111122223333:key/{key}"));
    let id = answer["KeyMaterialId"].as_str().unwrap();
    assert!(id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    assert_eq!(client.import(&key, &[1; 32])["KeyMaterialId"], id, "the same bytes, the same id");
    let deleted = client.call("DeleteImportedKeyMaterial", &json!({ "KeyId": key }));
    assert_eq!(deleted, answer);
    for (spec, length) in [("HMAC_224", 28), ("HMAC_256", 32), ("HMAC_384", 48), ("HMAC_512", 64)] {
        let key = client.external(spec, "GENERATE_VERIFY_MAC");
        assert_eq!(members(&client.import(&key, &vec![1; length])), ["KeyId"]);
        assert_eq!(client.state_of(&key), "Enabled");
    }
}

#[test]
fn sha1_is_taken_as_on_aws() {
    let client = Client::new();
    let key = client.symmetric();
    let parameters = client.parameters(&key, "RSAES_OAEP_SHA_1", "RSA_2048");
    let sha256 = wrap(&parameters, &[1; 32]);
    client.refused("ImportKeyMaterial", &sha256, Kind::InvalidCiphertext);
    let public_key =
        rsa::PublicKey::from_public_key_der(&unbase64(&parameters["PublicKey"])).unwrap();
    let rng = &mut getrandom::SysRng;
    let encrypted = public_key.oaep_encrypt_with_rng::<sha1::Sha1, _>(rng, &[1; 32]).unwrap();
    let sha1 = with(&sha256, "EncryptedKeyMaterial", json!(base64(&encrypted)));
    client.call("ImportKeyMaterial", &sha1);
}

#[test]
fn expiration_rules() {
    let client = Client::new();
    let key = client.symmetric();
    let never = client.wrapped(&key, &[1; 32]);
    let refused = |input: &Value| client.refused("ImportKeyMaterial", input, Kind::Validation);
    let recorded = "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES";
    let expires = with(&never, "ExpirationModel", json!("KEY_MATERIAL_EXPIRES"));
    let silent = with(&never, "ExpirationModel", Value::Null);
    assert_eq!(refused(&expires), recorded);
    assert_eq!(refused(&silent), recorded, "it is the default");
    let now = client.now();
    refused(&with(&never, "ValidTo", json!(now + DAY)));
    refused(&with(&never, "ExpirationModel", json!("SOMETIMES")));
    for wrong in [json!(now - 1), json!(0), json!(now + 365 * DAY + 60), json!(1e300), json!(-1)] {
        refused(&with(&expires, "ValidTo", wrong));
    }
    client.refused(
        "ImportKeyMaterial",
        &with(&expires, "ValidTo", json!("soon")),
        Kind::Serialization,
    );
    assert_eq!(client.state_of(&key), "PendingImport");

    let valid_to = now + 365 * DAY - 60;
    client.call("ImportKeyMaterial", &with(&silent, "ValidTo", json!(valid_to)));
    let metadata = client.call("DescribeKey", &json!({ "KeyId": key }))["KeyMetadata"].clone();
    assert_eq!(metadata["ExpirationModel"], "KEY_MATERIAL_EXPIRES");
    assert_eq!(metadata["ValidTo"], valid_to);
}

#[test]
fn material_expires_by_the_services_clock() {
    let mut client = Client::new();
    let key = client.symmetric();
    let input = client.wrapped(&key, &[1; 32]);
    let expires = with(&input, "ExpirationModel", json!("KEY_MATERIAL_EXPIRES"));
    let imported =
        client.call("ImportKeyMaterial", &with(&expires, "ValidTo", json!(client.now() + DAY)));
    let plaintext = json!({ "KeyId": key, "Plaintext": "aGVsbG8=" });
    let blob = client.call("Encrypt", &plaintext)["CiphertextBlob"].clone();
    client.advance(86_300);
    client.restart();
    client.call("Decrypt", &json!({ "CiphertextBlob": blob }));
    client.advance(200);
    let metadata = client.call("DescribeKey", &json!({ "KeyId": key }))["KeyMetadata"].clone();
    assert_eq!(metadata["KeyState"], "PendingImport");
    assert!(metadata.get("ValidTo").is_none() && metadata.get("ExpirationModel").is_none());
    assert_eq!(metadata["CurrentKeyMaterialId"], imported["KeyMaterialId"]);
    let said = client.refused("Decrypt", &json!({ "CiphertextBlob": blob }), Kind::InvalidState);
    let arn = metadata["Arn"].as_str().unwrap();
    assert_eq!(said, format!("{arn} is pending import."));
    client.restart();
    assert_eq!(client.state_of(&key), "PendingImport");
    client.import(&key, &[1; 32]);
    assert_eq!(client.call("Decrypt", &json!({ "CiphertextBlob": blob }))["Plaintext"], "aGVsbG8=");
}

#[test]
fn a_token_is_for_one_key_one_pair_and_one_day() {
    let mut client = Client::new();
    let (one, two) = (client.symmetric(), client.symmetric());
    let parameters = client.parameters(&one, "RSAES_OAEP_SHA_256", "RSA_2048");
    let input = wrap(&parameters, &[1; 32]);
    let refused = |client: &Client, input: &Value, kind| {
        let _ = client.refused("ImportKeyMaterial", input, kind);
    };
    refused(&client, &with(&input, "KeyId", json!(two)), Kind::InvalidImportToken);
    let mut changed = unbase64(&input["ImportToken"]);
    changed[700] ^= 1;
    let changed = with(&input, "ImportToken", json!(base64(&changed)));
    refused(&client, &changed, Kind::InvalidImportToken);
    refused(&client, &with(&input, "ImportToken", json!("AQID")), Kind::InvalidImportToken);
    let other = client.wrapped(&one, &[1; 32]);
    let mixed = with(&input, "ImportToken", other["ImportToken"].clone());
    refused(&client, &mixed, Kind::InvalidCiphertext);
    assert_eq!(client.state_of(&one), "PendingImport");

    client.advance(86_000);
    client.restart();
    client.call("ImportKeyMaterial", &input);
    client.call("ImportKeyMaterial", &input);
    client.advance(500);
    refused(&client, &input, Kind::ExpiredImportToken);
}

#[test]
fn what_is_no_key_material_is_refused() {
    let client = Client::new();
    let key = client.symmetric();
    let input = client.wrapped(&key, &[1; 32]);
    let mut changed = unbase64(&input["EncryptedKeyMaterial"]);
    changed[100] ^= 1;
    for (encrypted, kind) in [
        (base64(&changed), Kind::InvalidCiphertext),
        (base64(&changed[1..]), Kind::InvalidCiphertext),
        (base64(&[0xff; 256]), Kind::InvalidCiphertext),
        (base64(&[0; 6144]), Kind::InvalidCiphertext),
        (base64(&[0; 6145]), Kind::Validation),
        (String::new(), Kind::Validation),
        ("AQ".to_owned(), Kind::Serialization),
    ] {
        let input = with(&input, "EncryptedKeyMaterial", json!(encrypted));
        client.refused("ImportKeyMaterial", &input, kind);
    }
    for length in [0, 16, 31, 33, 64] {
        let input = client.wrapped(&key, &vec![1; length]);
        client.refused("ImportKeyMaterial", &input, Kind::InvalidCiphertext);
    }
    assert_eq!(client.state_of(&key), "PendingImport");
}

#[test]
fn the_key_knows_its_material_again() {
    let client = Client::new();
    let key = client.symmetric();
    let imported = client.import(&key, &[1; 32]);
    let (own, other) = (client.wrapped(&key, &[1; 32]), client.wrapped(&key, &[2; 32]));
    let refused = |input: &Value, kind| client.refused("ImportKeyMaterial", input, kind);
    refused(&other, Kind::IncorrectKeyMaterial);
    let new = json!("NEW_KEY_MATERIAL");
    let existing = json!("EXISTING_KEY_MATERIAL");
    refused(&with(&own, "ImportType", new.clone()), Kind::IncorrectKeyMaterial);
    refused(&with(&other, "ImportType", existing.clone()), Kind::IncorrectKeyMaterial);
    let pinned = with(&own, "KeyMaterialId", imported["KeyMaterialId"].clone());
    client.call("ImportKeyMaterial", &with(&pinned, "ImportType", existing));
    refused(&with(&pinned, "ImportType", new.clone()), Kind::Validation);
    refused(&with(&pinned, "ImportType", json!("OLD")), Kind::Validation);
    refused(&with(&own, "KeyMaterialId", json!("0".repeat(64))), Kind::IncorrectKeyMaterial);
    refused(&with(&own, "KeyMaterialId", json!("0")), Kind::Validation);
    client.call(
        "ImportKeyMaterial",
        &with(&own, "KeyMaterialDescription", json!("plan:7 / a.b_c-d")),
    );
    refused(&with(&own, "KeyMaterialDescription", json!("a*")), Kind::Validation);
    refused(&with(&own, "KeyMaterialDescription", json!("a".repeat(257))), Kind::Validation);

    let waiting = client.call("ImportKeyMaterial", &with(&other, "ImportType", new.clone()));
    let metadata = client.call("DescribeKey", &json!({ "KeyId": key }))["KeyMetadata"].clone();
    assert_eq!(metadata["CurrentKeyMaterialId"], imported["KeyMaterialId"], "nothing rotated");
    let third = with(&client.wrapped(&key, &[3; 32]), "ImportType", new);
    let said = refused(&third, Kind::InvalidState);
    let id = waiting["KeyMaterialId"].as_str().unwrap();
    let end = format!("because another key material (id: {id}) is pending rotation.");
    assert!(said.starts_with("New key material (id: ") && said.ends_with(&end), "{said}");
}

#[test]
fn some_members_are_for_symmetric_keys_alone() {
    let client = Client::new();
    let key = client.external("HMAC_256", "GENERATE_VERIFY_MAC");
    let input = client.wrapped(&key, &[1; 32]);
    for (member, value) in [
        ("ImportType", json!("NEW_KEY_MATERIAL")),
        ("KeyMaterialDescription", json!("d")),
        ("KeyMaterialId", json!("0".repeat(64))),
    ] {
        client.refused("ImportKeyMaterial", &with(&input, member, value), Kind::Validation);
    }
    client.call("ImportKeyMaterial", &input);
    let other = client.wrapped(&key, &[2; 32]);
    client.refused("ImportKeyMaterial", &other, Kind::IncorrectKeyMaterial);
}

#[test]
fn only_external_keys_lose_their_material() {
    let client = Client::new();
    let own = client.call("CreateKey", &json!({}))["KeyMetadata"]["KeyId"].clone();
    let input = json!({ "KeyId": own });
    client.refused("DeleteImportedKeyMaterial", &input, Kind::UnsupportedOperation);
    let key = client.symmetric();
    let nothing = client.call("DeleteImportedKeyMaterial", &json!({ "KeyId": key }));
    assert_eq!(members(&nothing), ["KeyId"]);
    let unknown = json!({ "KeyId": key, "KeyMaterialId": "0".repeat(64) });
    client.refused("DeleteImportedKeyMaterial", &unknown, Kind::NotFound);
}
