//! Who signs: keys made from names, private to nobody.

use super::vector::{Key, Rule, Trust};
use ed25519_dalek::{Signer as _, SigningKey};
use keyferry_bundle::kinds::{Bundle, Revocation, payload_type};
use keyferry_bundle::{Base64, Envelope, KeyId, PublicKey, Role, Timestamp, json};
use p256::ecdsa::{DerSignature, SigningKey as P256SigningKey};
use sha2::{Digest as _, Sha256};

/// What a name's private key is made of.
pub(crate) fn seed(algorithm: &str, name: &str) -> [u8; 32] {
    Sha256::digest(format!("keyferry testkit {algorithm} {name}")).into()
}

/// A person's Ed25519 key.
pub(crate) fn ed25519(name: &str) -> SigningKey {
    SigningKey::from_bytes(&seed("ed25519", name))
}

/// A P-256 key: the HSM's, or paula's.
pub(crate) fn p256(name: &str) -> P256SigningKey {
    P256SigningKey::from_slice(&seed("p256", name)).unwrap()
}

fn signs_with_p256(name: &str) -> bool {
    name.starts_with("hsm") || name == "paula"
}

pub(crate) fn public(name: &str) -> PublicKey {
    if signs_with_p256(name) {
        PublicKey::P256(*p256(name).verifying_key())
    } else {
        PublicKey::from_ed25519(ed25519(name).verifying_key()).unwrap()
    }
}

pub(crate) fn id(name: &str) -> KeyId {
    public(name).id().unwrap()
}

/// Who holds the key of that name: `bob-2` is bob's second.
pub(crate) fn holder(name: &str) -> &str {
    name.strip_suffix("-2").unwrap_or(name)
}

pub(crate) fn base64(bytes: &[u8]) -> Base64 {
    Base64::new(bytes).unwrap()
}

pub(crate) fn sign(name: &str, message: &[u8]) -> Vec<u8> {
    if signs_with_p256(name) {
        let signature: DerSignature = p256(name).sign(message);
        signature.as_bytes().to_vec()
    } else {
        ed25519(name).sign(message).to_bytes().to_vec()
    }
}

/// Any payload under any type, signed.
pub(crate) fn sealed(payload_type: &str, payload: &[u8], signers: &[&str]) -> Vec<u8> {
    let mut envelope = Envelope::unsigned(payload_type.to_owned(), payload.to_vec());
    for name in signers {
        let signature = sign(name, &envelope.pae());
        envelope.add_signature(&public(name), signature).unwrap();
    }
    envelope.encode()
}

/// A payload as it is, sound or not, signed.
pub(crate) fn signed<T: Bundle>(body: &T, signers: &[&str]) -> Vec<u8> {
    sealed(&payload_type(T::KIND), &json::encode(body).unwrap(), signers)
}

/// A payload's text.
pub(crate) fn text<T: Bundle>(body: &T) -> String {
    String::from_utf8(json::encode(body).unwrap()).unwrap()
}

/// Puts `to` where `from` stands, which must be in exactly one place.
pub(crate) fn spoil(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
    text.replace(from, to)
}

/// As [`spoil`], for a bundle's bytes.
pub(crate) fn spoil_bytes(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    spoil(std::str::from_utf8(bytes).unwrap(), from, to).into_bytes()
}

pub(crate) fn key(name: &str) -> Key {
    let public = public(name);
    Key {
        holder: holder(name).parse().unwrap(),
        algorithm: public.algorithm(),
        spki: base64(&public.to_spki_der().unwrap()),
        valid_from: None,
        valid_to: None,
    }
}

/// `threshold` of these, all enrolled.
pub(crate) fn quorum(role: Role, threshold: u8, names: &[&str]) -> Trust {
    Trust::Requirements {
        enrolled: names.iter().map(|name| key(name)).collect(),
        quorums: vec![Rule { role, threshold, keys: names.iter().map(|name| id(name)).collect() }],
        revoked: vec![],
    }
}

/// As [`quorum`] of one, with a key that is valid for a time only.
pub(crate) fn quorum_of_dated(
    role: Role,
    name: &str,
    valid_from: Option<Timestamp>,
    valid_to: Option<Timestamp>,
) -> Trust {
    Trust::Requirements {
        enrolled: vec![Key { valid_from, valid_to, ..key(name) }],
        quorums: vec![Rule { role, threshold: 1, keys: vec![id(name)] }],
        revoked: vec![],
    }
}

/// As it is, with these keys revoked.
pub(crate) fn revoking(trust: Trust, keys: &[(&str, Timestamp)]) -> Trust {
    let Trust::Requirements { enrolled, quorums, .. } = trust else { unreachable!() };
    let revoked = keys.iter().map(|(name, since)| Revocation { key: id(name), since: *since });
    Trust::Requirements { enrolled, quorums, revoked: revoked.collect() }
}

/// A plan's: two of three holders with four keys.
pub(crate) fn officers() -> Trust {
    quorum(Role::CeremonyOfficer, 2, &["alice", "bob", "bob-2", "carol"])
}

/// A request's and a receipt's.
pub(crate) fn operator() -> Trust {
    quorum(Role::OnlineOperator, 1, &["oscar"])
}

/// A backup's.
pub(crate) fn hsm() -> Trust {
    quorum(Role::HsmSigner, 1, &["hsm-1"])
}

/// A response's.
pub(crate) fn hsm_and_witness() -> Trust {
    Trust::Requirements {
        enrolled: ["wendy", "paula", "hsm-1"].map(key).to_vec(),
        quorums: vec![
            Rule { role: Role::HsmSigner, threshold: 1, keys: vec![id("hsm-1")] },
            Rule { role: Role::Witness, threshold: 1, keys: ["wendy", "paula"].map(id).to_vec() },
        ],
        revoked: vec![],
    }
}
