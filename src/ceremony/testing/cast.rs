//! Who takes part, with fixed keys, and the policy that lists them.

use crate::Refusal;
use ed25519_dalek::{Signer as _, SigningKey};
use keyferry_bundle::kinds::{Allowed, Bundle, PolicyKey, RoleRule, Roles};
use keyferry_bundle::{
    Base64, Digest, Environment, KeyId, KeySpec, Policy, PublicKey, Serial, Timestamp,
    WrappingAlgorithm, WrappingKeySpec,
};

use p256::ecdsa::{DerSignature, SigningKey as P256SigningKey};

/// A sound `RSA_2048` wrapping public key, made for these tests.
pub const WRAPPING_KEY: &[u8] = include_bytes!("rsa2048.spki.der");

/// An age recipient whose identity nobody has.
pub const RECIPIENT: &str = "age13re7j20r53mu7huw9s4xe43hplx8t66nc03d9s0na6s2p6lmf3wqs0ncga";

/// An identifier from a text that is known to be good.
pub fn parse<T: std::str::FromStr<Err = String>>(text: &str) -> T {
    text.parse().unwrap()
}

/// A time from a text that is known to be good.
pub fn time(text: &str) -> Timestamp {
    parse(text)
}

pub(super) fn base64(bytes: &[u8]) -> Base64 {
    Base64::new(bytes).unwrap()
}

/// People by the seed of their key; `bob2` is a second key of bob's.
pub fn person(name: &str) -> SigningKey {
    let mut seed = [0; 32];
    seed[..name.len()].copy_from_slice(name.as_bytes());
    SigningKey::from_bytes(&seed)
}

/// The HSM's signing key.
pub fn hsm_key() -> P256SigningKey {
    P256SigningKey::from_slice(&[7; 32]).unwrap()
}

pub(super) fn public(name: &str) -> PublicKey {
    PublicKey::from_ed25519(person(name).verifying_key()).unwrap()
}

pub(super) fn hsm_public() -> PublicKey {
    PublicKey::P256(*hsm_key().verifying_key())
}

/// Signs with people and, for the name `hsm`, with the HSM's key.
pub fn signed<T: Bundle>(body: &T, signers: &[&str]) -> Vec<u8> {
    let mut envelope = body.to_envelope().unwrap();
    for name in signers {
        let pae = envelope.pae();
        if *name == "hsm" {
            let signature: DerSignature = hsm_key().sign(&pae);
            envelope.add_signature(&hsm_public(), signature.as_bytes().to_vec()).unwrap();
        } else {
            let signature = person(name).sign(&pae).to_bytes().to_vec();
            envelope.add_signature(&public(name), signature).unwrap();
        }
    }
    envelope.encode()
}

/// Alice and bob are officers, oscar runs the bastion, wendy and bob are witnesses.
pub fn a_policy() -> Policy {
    let key = |holder: &str, name: &str| PolicyKey {
        holder: parse(holder),
        algorithm: public(name).algorithm(),
        spki: base64(&public(name).to_spki_der().unwrap()),
        valid_from: None,
        valid_to: None,
    };
    let id = |name: &str| -> KeyId { public(name).id().unwrap() };
    let rule = |threshold, names: &[&str]| RoleRule {
        threshold,
        keys: names.iter().map(|name| id(name)).collect(),
    };
    Policy {
        environment: Environment::Rehearsal,
        name: parse("Tests"),
        version: 1,
        previous: None,
        created: time("2026-11-01T00:00:00Z"),
        expires: None,
        keys: vec![
            key("alice", "alice"),
            key("bob", "bob"),
            key("bob", "bob2"),
            key("oscar", "oscar"),
            key("wendy", "wendy"),
        ],
        revoked: vec![],
        roles: Roles {
            policy_root: rule(2, &["alice", "bob", "bob2"]),
            ceremony_officer: rule(2, &["alice", "bob", "bob2"]),
            online_operator: rule(1, &["oscar"]),
            witness: rule(1, &["wendy", "bob"]),
        },
        allowed: Allowed {
            partition: parse("aws"),
            accounts: vec![parse("111122223333")],
            regions: vec![parse("eu-central-1")],
            key_specs: vec![KeySpec::SymmetricDefault, KeySpec::EccNistP256],
            wrapping_algorithms: vec![
                WrappingAlgorithm::RsaesOaepSha256,
                WrappingAlgorithm::RsaAesKeyWrapSha256,
                WrappingAlgorithm::RsaesOaepSha1,
            ],
            smallest_wrapping_key: WrappingKeySpec::Rsa2048,
        },
        devices: vec![Serial::new(12_345_678)],
        attestation_roots: vec![],
        custodians: vec![],
    }
}

/// A bundle's digest before anybody signed.
pub fn digest_of<T: Bundle>(body: &T) -> Digest {
    body.to_envelope().unwrap().digest()
}

/// The refusal in one line, as a person reads it.
pub fn told<T>(outcome: Result<T, Refusal>) -> String {
    use std::error::Error as _;
    let Err(refusal) = outcome else { return "accepted".to_owned() };
    let mut line = refusal.to_string();
    let mut source = refusal.source();
    while let Some(cause) = source {
        line = format!("{line}: {cause}");
        source = cause.source();
    }
    line
}
