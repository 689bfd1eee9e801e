//! `DeriveSharedSecret`.

use super::Client;
use super::client::{base64, members, unbase64, with};
use super::wrapping::pkcs8;
use crate::refusal::Kind;
use pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};
use serde_json::json;

/// What the other side computes from the service's public key.
macro_rules! outside {
    ($curve:ident, $mine:expr, $theirs:expr) => {{
        let mine = $curve::SecretKey::from_pkcs8_der($mine).unwrap();
        let theirs = $curve::PublicKey::from_public_key_der($theirs).unwrap();
        let secret =
            elliptic_curve::ecdh::diffie_hellman(mine.to_nonzero_scalar(), theirs.as_affine());
        secret.raw_secret_bytes().to_vec()
    }};
}

#[test]
fn both_sides_have_the_same_secret() {
    let client = Client::new();
    for spec in ["ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521"] {
        let key = client.with_private_key(spec, "KEY_AGREEMENT", &pkcs8(spec));
        let public = client.call("GetPublicKey", &json!({ "KeyId": key }));
        assert_eq!(public["KeyAgreementAlgorithms"], json!(["ECDH"]));
        assert!(public.get("SigningAlgorithms").is_none());
        let bob = pkcs8(spec);
        let peer = client.with_private_key(spec, "KEY_AGREEMENT", &bob);
        let input = json!({
            "KeyId": key, "KeyAgreementAlgorithm": "ECDH", "PublicKey": base64(&client.public_key(&peer)),
        });
        let derived = client.call("DeriveSharedSecret", &input);
        let shape = ["KeyAgreementAlgorithm", "KeyId", "KeyOrigin", "SharedSecret"];
        assert_eq!(members(&derived), shape);
        assert_eq!(derived["KeyOrigin"], "EXTERNAL");
        let theirs = unbase64(&public["PublicKey"]);
        let expected = match spec {
            "ECC_NIST_P256" => outside!(p256, &bob, &theirs),
            "ECC_NIST_P384" => outside!(p384, &bob, &theirs),
            _ => outside!(p521, &bob, &theirs),
        };
        assert_eq!(unbase64(&derived["SharedSecret"]), expected, "{spec}");
    }
}

#[test]
fn usages_curves_and_bounds_are_checked() {
    let client = Client::new();
    let key = client.with_private_key("ECC_NIST_P256", "KEY_AGREEMENT", &pkcs8("ECC_NIST_P256"));
    let own = client.public_key(&key);
    let input = json!({
        "KeyId": key, "KeyAgreementAlgorithm": "ECDH", "PublicKey": base64(&own),
    });
    client.call("DeriveSharedSecret", &input);
    let refused = |member: &str, value, kind| {
        client.refused("DeriveSharedSecret", &with(&input, member, value), kind)
    };
    for spec in ["ECC_NIST_P384", "ECC_SECG_P256K1", "RSA_2048", "ECC_NIST_EDWARDS25519"] {
        let signer = client.with_private_key(spec, "SIGN_VERIFY", &pkcs8(spec));
        let peer = client.public_key(&signer);
        refused("PublicKey", json!(base64(&peer)), Kind::Validation);
        refused("KeyId", json!(signer), Kind::InvalidKeyUsage);
    }
    let mut off_the_curve = own.clone();
    *off_the_curve.last_mut().unwrap() ^= 1;
    let longer = [&own[..], &[0]].concat();
    for wrong in [&off_the_curve[..], &longer, &own[26..], b"", &[0; 8193]] {
        refused("PublicKey", json!(base64(wrong)), Kind::Validation);
    }
    refused("KeyAgreementAlgorithm", json!("X25519"), Kind::Validation);
    refused("KeyAgreementAlgorithm", json!(null), Kind::Validation);
    refused("Recipient", json!({}), Kind::Serialization);
    client.call("DeleteImportedKeyMaterial", &json!({ "KeyId": key }));
    client.refused("DeriveSharedSecret", &input, Kind::InvalidState);
}
