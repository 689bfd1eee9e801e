//! What a writer is kept from making.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
#![allow(dead_code, reason = "of the test vectors, only their reading is used here")]

#[path = "../examples/make-testkit/kit/vector.rs"]
mod vector;

use keyferry_bundle::kinds::Bundle;
use keyferry_bundle::{Base64, PublicKey, Response};
use vector::Vector;

fn response() -> Response {
    let text = include_str!("../testkit/accepted/response.json");
    let vector: Vector = serde_json::from_str(text).unwrap();
    let envelope = keyferry_bundle::Envelope::decode_canonical(vector.bytes()).unwrap();
    keyferry_bundle::json::decode(envelope.untrusted_payload()).unwrap()
}

#[test]
fn a_payload_that_no_reader_would_take_is_not_written() {
    let mut body = response();
    assert!(body.to_envelope().is_ok());
    let first = body.targets[0].clone();
    body.targets = (1..=60_u16)
        .map(|n| {
            let mut target = first.clone();
            target.name = format!("target-{n}").parse().unwrap();
            target.key.key_id = format!("mrk-{n:032x}").parse().unwrap();
            target.object_id = keyferry_bundle::ObjectId::new(n).unwrap();
            target.encrypted_key_material = Base64::new([7; 6144]).unwrap();
            target
        })
        .collect();
    let error = body.to_envelope().unwrap_err();
    assert_eq!((error.field.as_str(), body.check()), ("$", Ok(())));
    assert!(error.problem.contains("more than 384000"), "{error}");
}

#[test]
fn a_key_signs_a_bundle_once_and_only_what_it_says() {
    use ed25519_dalek::Signer as _;
    let mut envelope = response().to_envelope().unwrap();
    let key = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
    let public = PublicKey::from_ed25519(key.verifying_key()).unwrap();
    let sound = key.sign(&envelope.pae()).to_bytes().to_vec();
    let other = key.sign(b"something else").to_bytes().to_vec();
    assert!(envelope.add_signature(&public, other).is_err());
    assert!(envelope.add_signature(&public, sound.clone()).is_ok());
    assert!(envelope.add_signature(&public, sound).is_err());
    assert_eq!(envelope.signatures().len(), 1);
}

#[test]
fn a_p256_point_is_taken_uncompressed_only() {
    let key = *p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap().verifying_key();
    let point = key.to_sec1_point(false);
    let point = point.as_bytes();
    assert_eq!(PublicKey::from_p256_point(point), Ok(PublicKey::P256(key)));
    assert_eq!(PublicKey::from_p256_point(&point[1..]), Ok(PublicKey::P256(key)));
    for wrong in [key.to_sec1_point(true).as_bytes(), &point[..64], &[0], &[], &[4; 65]] {
        assert!(PublicKey::from_p256_point(wrong).is_err(), "{wrong:?}");
    }
}
