//! `GetPublicKey`, `Sign`, `Verify`.

use super::Client;
use super::client::{base64, members, unbase64, with};
use super::wrapping::{PRIVATE, pkcs8};
use crate::refusal::Kind;
use ecdsa::signature::Verifier as _;
use rsa::pkcs8::DecodePublicKey as _;
use rsa::{pkcs1v15, pss};
use serde_json::json;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

const MESSAGE: &[u8] = b"what is signed";

/// Verifies outside, with nothing but the public key.
fn verifies(public_key: &[u8], algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
    macro_rules! ecdsa {
        ($curve:ident) => {{
            let key = $curve::ecdsa::VerifyingKey::from_public_key_der(public_key);
            key.map(|key| {
                let signature = $curve::ecdsa::Signature::from_der(signature).unwrap();
                key.verify(message, &signature.normalize_s()).is_ok()
            })
        }};
    }
    macro_rules! rsa {
        ($scheme:ident, $hash:ty) => {{
            let key = rsa::PublicKey::from_public_key_der(public_key).unwrap();
            let signature = $scheme::Signature::try_from(signature).unwrap();
            $scheme::VerifyingKey::<$hash>::new(key).verify(message, &signature).is_ok()
        }};
    }
    match algorithm {
        "RSASSA_PSS_SHA_256" => rsa!(pss, Sha256),
        "RSASSA_PSS_SHA_384" => rsa!(pss, Sha384),
        "RSASSA_PSS_SHA_512" => rsa!(pss, Sha512),
        "RSASSA_PKCS1_V1_5_SHA_256" => rsa!(pkcs1v15, Sha256),
        "RSASSA_PKCS1_V1_5_SHA_384" => rsa!(pkcs1v15, Sha384),
        "RSASSA_PKCS1_V1_5_SHA_512" => rsa!(pkcs1v15, Sha512),
        "ECDSA_SHA_256" => ecdsa!(p256).or_else(|_| ecdsa!(k256)).unwrap(),
        "ECDSA_SHA_384" => ecdsa!(p384).unwrap(),
        "ECDSA_SHA_512" => ecdsa!(p521).unwrap(),
        "ED25519_SHA_512" | "ED25519_PH_SHA_512" => {
            let key = ed25519_dalek::VerifyingKey::from_public_key_der(public_key).unwrap();
            let signature = ed25519_dalek::Signature::from_slice(signature).unwrap();
            if algorithm == "ED25519_SHA_512" {
                return key.verify_strict(message, &signature).is_ok();
            }
            let hashed = Sha512::new().chain_update(message);
            key.verify_prehashed_strict(hashed, None, &signature).is_ok()
        }
        other => panic!("{other}"),
    }
}

#[test]
fn signatures_verify_outside_with_the_public_key() {
    let client = Client::new();
    for (spec, usage, _) in PRIVATE {
        let der = pkcs8(spec);
        let key = client.with_private_key(spec, usage, &der);
        let public = client.call("GetPublicKey", &json!({ "KeyId": key }));
        let shape = "CustomerMasterKeySpec KeyId KeySpec KeyUsage PublicKey SigningAlgorithms";
        assert_eq!(members(&public).join(" "), shape);
        assert_eq!(public["KeyId"], format!("arn:aws:kms:eu-central-1:111122223333:key/{key}"));
        assert_eq!((&public["KeySpec"], &public["KeyUsage"]), (&json!(spec), &json!(usage)));
        let metadata = client.call("DescribeKey", &json!({ "KeyId": key }))["KeyMetadata"].clone();
        assert_eq!(public["SigningAlgorithms"], metadata["SigningAlgorithms"]);
        assert!(metadata.get("CurrentKeyMaterialId").is_none());
        let public_key = unbase64(&public["PublicKey"]);
        for algorithm in public["SigningAlgorithms"].as_array().unwrap() {
            let algorithm = algorithm.as_str().unwrap();
            let message = [MESSAGE, &[0; 50]].concat();
            let signature = client.sign(&key, algorithm, &message);
            assert!(verifies(&public_key, algorithm, &message, &signature), "{spec} {algorithm}");
            assert!(!verifies(&public_key, algorithm, MESSAGE, &signature), "{spec} {algorithm}");
        }
    }
}

#[test]
fn a_digest_is_signed_as_it_is() {
    let client = Client::new();
    for (spec, algorithm, digest) in [
        ("RSA_2048", "RSASSA_PSS_SHA_512", Sha512::digest(MESSAGE).to_vec()),
        ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256", Sha256::digest(MESSAGE).to_vec()),
        ("ECC_NIST_P384", "ECDSA_SHA_384", Sha384::digest(MESSAGE).to_vec()),
        ("ECC_SECG_P256K1", "ECDSA_SHA_256", Sha256::digest(MESSAGE).to_vec()),
    ] {
        let key = client.with_private_key(spec, "SIGN_VERIFY", &pkcs8(spec));
        let input = json!({
            "KeyId": key, "Message": base64(&digest), "MessageType": "DIGEST",
            "SigningAlgorithm": algorithm,
        });
        let signed = client.call("Sign", &input);
        assert_eq!(members(&signed), ["KeyId", "Signature", "SigningAlgorithm"]);
        let signature = signed["Signature"].clone();
        assert!(verifies(&client.public_key(&key), algorithm, MESSAGE, &unbase64(&signature)));
        let raw = json!({
            "KeyId": key, "Message": base64(MESSAGE), "SigningAlgorithm": algorithm,
            "Signature": signature,
        });
        let verified = client.call("Verify", &raw);
        assert_eq!(members(&verified), ["KeyId", "SignatureValid", "SigningAlgorithm"]);
        client.call(
            "Verify",
            &with(&with(&input, "Signature", signature.clone()), "KeyId", json!(key)),
        );
        let twice = with(&raw, "Message", json!(base64(&digest)));
        client.refused("Verify", &twice, Kind::KmsInvalidSignature);
        for wrong in [&digest[1..], MESSAGE] {
            let wrong = with(&input, "Message", json!(base64(wrong)));
            let said = client.refused("Sign", &wrong, Kind::Validation);
            assert_eq!(said, format!("Digest is invalid length for algorithm {algorithm}."));
        }
    }
}

#[test]
fn what_does_not_verify_is_refused() {
    let client = Client::new();
    for (spec, usage, _) in PRIVATE.iter().filter(|(spec, ..)| *spec != "RSA_4096") {
        let key = client.with_private_key(spec, usage, &pkcs8(spec));
        let other = client.with_private_key(spec, usage, &pkcs8(spec));
        let listed = client.call("GetPublicKey", &json!({ "KeyId": key }));
        let algorithm = listed["SigningAlgorithms"][0].as_str().unwrap();
        let signature = client.sign(&key, algorithm, MESSAGE);
        let input = json!({
            "KeyId": key, "Message": base64(MESSAGE), "SigningAlgorithm": algorithm,
            "Signature": base64(&signature),
        });
        client.call("Verify", &input);
        let mut changed = signature.clone();
        changed[20] ^= 1;
        for wrong in [
            with(&input, "Signature", json!(base64(&changed))),
            with(&input, "Signature", json!(base64(&signature[1..]))),
            with(&input, "Signature", json!(base64(&[&signature[..], &[0]].concat()))),
            with(&input, "Message", json!(base64(b"something else"))),
            with(&input, "KeyId", json!(other)),
        ] {
            client.refused("Verify", &wrong, Kind::KmsInvalidSignature);
        }
    }
}

#[test]
fn usages_algorithms_and_bounds_are_checked() {
    let client = Client::new();
    let key = client.with_private_key("ECC_NIST_P256", "SIGN_VERIFY", &pkcs8("ECC_NIST_P256"));
    let input = json!({
        "KeyId": key, "Message": base64(MESSAGE), "SigningAlgorithm": "ECDSA_SHA_256",
    });
    let refused =
        |member: &str, value, kind| client.refused("Sign", &with(&input, member, value), kind);
    for other in
        ["ECDSA_SHA_384", "RSASSA_PSS_SHA_256", "ED25519_SHA_512", "SM2DSA", "ML_DSA_SHAKE_256"]
    {
        refused("SigningAlgorithm", json!(other), Kind::InvalidKeyUsage);
    }
    refused("SigningAlgorithm", json!("ECDSA"), Kind::Validation);
    refused("SigningAlgorithm", json!(null), Kind::Validation);
    refused("Message", json!(null), Kind::Validation);
    refused("Message", json!(""), Kind::Validation);
    refused("Message", json!(base64(&[0; 4097])), Kind::Validation);
    client.call("Sign", &with(&input, "Message", json!(base64(&[0; 4096]))));
    refused("MessageType", json!("EXTERNAL_MU"), Kind::Validation);
    refused("MessageType", json!("raw"), Kind::Validation);
    refused("DryRun", json!(true), Kind::Serialization);
    refused("KeyId", json!("alias/none"), Kind::NotFound);
    let verify = with(&input, "Signature", json!(""));
    client.refused("Verify", &verify, Kind::Validation);
    client.refused("Verify", &input, Kind::Validation);

    for (spec, usage) in [
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
        ("HMAC_256", "GENERATE_VERIFY_MAC"),
        ("RSA_2048", "ENCRYPT_DECRYPT"),
        ("ECC_NIST_P256", "KEY_AGREEMENT"),
    ] {
        let made = client.call("CreateKey", &json!({ "KeySpec": spec, "KeyUsage": usage }));
        let other = made["KeyMetadata"]["KeyId"].clone();
        let said = refused("KeyId", other.clone(), Kind::InvalidKeyUsage);
        let end = format!("key usage is {usage} which is not valid for Sign.");
        assert!(said.ends_with(&end), "{said}");
        let verify = with(&with(&input, "Signature", json!("AAAA")), "KeyId", other.clone());
        client.refused("Verify", &verify, Kind::InvalidKeyUsage);
        if ["ENCRYPT_DECRYPT", "GENERATE_VERIFY_MAC"].contains(&usage) && spec != "RSA_2048" {
            let ask = json!({ "KeyId": other });
            client.refused("GetPublicKey", &ask, Kind::UnsupportedOperation);
        }
    }
    let ed25519 = client.with_private_key(
        "ECC_NIST_EDWARDS25519",
        "SIGN_VERIFY",
        &pkcs8("ECC_NIST_EDWARDS25519"),
    );
    for (algorithm, message_type) in [("ED25519_SHA_512", "DIGEST"), ("ED25519_PH_SHA_512", "RAW")]
    {
        let wrong = json!({
            "KeyId": ed25519, "Message": base64(&[0; 64]), "MessageType": message_type,
            "SigningAlgorithm": algorithm,
        });
        client.refused("Sign", &wrong, Kind::Validation);
    }
    client.call("CreateAlias", &json!({ "AliasName": "alias/signer", "TargetKeyId": key }));
    client.call("Sign", &with(&input, "KeyId", json!("alias/signer")));
    client.call("DeleteImportedKeyMaterial", &json!({ "KeyId": key }));
    let said = client.refused("Sign", &input, Kind::InvalidState);
    assert!(said.ends_with("is pending import."), "{said}");
    client.refused("GetPublicKey", &json!({ "KeyId": key }), Kind::InvalidState);
}

#[test]
fn the_services_own_private_keys_sign() {
    let client = Client::new();
    for (spec, usage, _) in PRIVATE.iter().filter(|(spec, ..)| *spec != "RSA_4096") {
        let made = client.call("CreateKey", &json!({ "KeySpec": spec, "KeyUsage": usage }));
        let metadata = &made["KeyMetadata"];
        assert_eq!(metadata["KeyState"], "Enabled");
        let key = metadata["KeyId"].as_str().unwrap();
        let algorithm = metadata["SigningAlgorithms"][0].as_str().unwrap();
        let signature = client.sign(key, algorithm, MESSAGE);
        assert!(verifies(&client.public_key(key), algorithm, MESSAGE, &signature), "{spec}");
    }
}
