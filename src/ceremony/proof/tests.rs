use super::*;
use crate::testing::{Story, parse};
use keyferry_bundle::kinds::{KeptAs, Proof, ProofMethod, ResponseTarget, Target};
use keyferry_bundle::{Base64, KeySpec, KeyUsage};
use p256::ecdsa::signature::Signer as _;
use spki::EncodePublicKey as _;

fn base64(bytes: impl AsRef<[u8]>) -> Base64 {
    Base64::new(bytes.as_ref()).unwrap()
}

/// A planned target of a spec, and a response's entry with that public half.
fn target(spec: KeySpec, usage: KeyUsage, public_key: Option<Vec<u8>>) -> (Target, ResponseTarget) {
    let story = Story::sound();
    let mut planned = story.plan.targets[0].clone();
    planned.key_spec = spec;
    planned.key_usage = usage;
    planned.kept_as = KeptAs::AsymmetricKey;
    let mut entry = story.response.targets[0].clone();
    entry.key_spec = spec;
    entry.public_key = public_key.map(base64);
    (planned, entry)
}

fn proof(method: ProofMethod, challenge: &[u8], answer: &[u8], entry: &ResponseTarget) -> Proof {
    Proof {
        method,
        challenge: base64(challenge),
        answer: base64(answer),
        public_key: entry.public_key.clone(),
    }
}

macro_rules! curve {
    ($name:ident, $spec:expr, $curve:ident, $length:literal) => {
        #[test]
        fn $name() {
            let mut seed = [7; $length];
            seed[0] = 0;
            let key = $curve::ecdsa::SigningKey::from_slice(&seed).unwrap();
            let spki = key.verifying_key().to_public_key_der().unwrap();
            let (planned, entry) =
                target($spec, KeyUsage::SignVerify, Some(spki.as_bytes().to_vec()));
            let challenge = [9; 32];
            let signature: $curve::ecdsa::Signature = key.sign(&challenge);
            let signature = signature.to_der();
            let mut sound = proof(ProofMethod::Signature, &challenge, signature.as_bytes(), &entry);
            assert_eq!(check_answer(&planned, &entry, &sound), Ok(()));
            sound.challenge = base64([8; 32]);
            assert_eq!(check_answer(&planned, &entry, &sound).unwrap_err().0, "answer");
            sound.challenge = base64([9; 31]);
            assert_eq!(check_answer(&planned, &entry, &sound).unwrap_err().0, "challenge");
            sound.public_key = None;
            assert_eq!(check_answer(&planned, &entry, &sound).unwrap_err().0, "public_key");
            sound.method = ProofMethod::Decryption;
            assert_eq!(check_answer(&planned, &entry, &sound).unwrap_err().0, "method");
        }
    };
}

curve!(p256_signatures_prove, KeySpec::EccNistP256, p256, 32);
curve!(p384_signatures_prove, KeySpec::EccNistP384, p384, 48);
curve!(p521_signatures_prove, KeySpec::EccNistP521, p521, 66);
curve!(secp256k1_signatures_prove, KeySpec::EccSecgP256k1, k256, 32);

#[test]
fn shared_secrets_prove() {
    let theirs = p384::SecretKey::from_slice(&[3; 48]).unwrap();
    let spki = theirs.public_key().to_public_key_der().unwrap();
    let (planned, entry) =
        target(KeySpec::EccNistP384, KeyUsage::KeyAgreement, Some(spki.as_bytes().to_vec()));
    let ours = p384::SecretKey::from_slice(&[5; 48]).unwrap();
    let secret =
        p384::ecdh::diffie_hellman(theirs.to_nonzero_scalar(), ours.public_key().as_affine());
    let sound = proof(ProofMethod::SharedSecret, &[5; 48], secret.raw_secret_bytes(), &entry);
    assert_eq!(check_answer(&planned, &entry, &sound), Ok(()));
    let other = proof(ProofMethod::SharedSecret, &[6; 48], secret.raw_secret_bytes(), &entry);
    assert_eq!(check_answer(&planned, &entry, &other).unwrap_err().0, "answer");
}

#[test]
fn macs_are_the_rooms() {
    let (planned, mut entry) = target(KeySpec::Hmac384, KeyUsage::GenerateVerifyMac, None);
    entry.known_answer = Some(base64([1; 48]));
    let sound = proof(ProofMethod::Mac, MESSAGE, &[1; 48], &entry);
    assert_eq!(check_answer(&planned, &entry, &sound), Ok(()));
    let other = proof(ProofMethod::Mac, MESSAGE, &[2; 48], &entry);
    assert_eq!(check_answer(&planned, &entry, &other).unwrap_err().0, "answer");
    let elsewhere =
        proof(ProofMethod::Mac, b"another message of thirty-two bytes", &[1; 48], &entry);
    assert_eq!(check_answer(&planned, &entry, &elsewhere).unwrap_err().0, "challenge");
}

#[test]
fn each_spec_has_its_members_and_no_others() {
    let story = Story::sound();
    let fault = |spec: KeySpec, spoil: &dyn Fn(&mut ResponseTarget)| {
        let (mut planned, mut entry) = target(spec, crate::wrapping::usages(spec)[0], None);
        planned.object_id = parse("0x0a01");
        spoil(&mut entry);
        check_material(&story.policy, &story.device, &planned, &entry).map_err(|(member, _)| member)
    };
    let symmetric = KeySpec::SymmetricDefault;
    assert_eq!(fault(symmetric, &|_| {}), Ok(()));
    assert_eq!(fault(symmetric, &|e| e.known_answer = Some(base64([1]))), Err("known_answer"));
    assert_eq!(fault(symmetric, &|e| e.public_key = Some(base64([1]))), Err("public_key"));
    assert_eq!(fault(KeySpec::Hmac224, &|_| {}), Err("known_answer"));
    assert_eq!(fault(KeySpec::Hmac224, &|e| e.known_answer = Some(base64([1; 28]))), Ok(()));
    assert_eq!(
        fault(KeySpec::Hmac512, &|e| e.known_answer = Some(base64([1; 28]))),
        Err("known_answer")
    );
    let chain = || keyferry_bundle::kinds::AttestationChain {
        certificate: base64([1]),
        issuers: vec![base64([1])],
    };
    assert_eq!(fault(KeySpec::Rsa2048, &|_| {}), Err("public_key"));
    assert_eq!(fault(KeySpec::Rsa2048, &|e| e.public_key = Some(base64([1]))), Err("attestation"));
    let both = |e: &mut ResponseTarget| {
        e.public_key = Some(base64([1]));
        e.attestation = Some(chain());
    };
    assert_eq!(fault(KeySpec::Rsa2048, &both), Err("check_value"));
    let whole = |e: &mut ResponseTarget| {
        both(e);
        e.check_value = keyferry_bundle::Digest::of(&[1]);
    };
    // The policy of these tests lists no root: nothing is believed, nothing looked at.
    assert_eq!(fault(KeySpec::Rsa2048, &whole), Ok(()));
    let mut policy = story.policy.clone();
    policy.attestation_roots = vec![base64(b"no certificate")];
    let (planned, mut entry) = target(KeySpec::Rsa2048, KeyUsage::SignVerify, None);
    whole(&mut entry);
    let refused = check_material(&policy, &story.device, &planned, &entry);
    assert_eq!(refused.unwrap_err().0, "attestation");
}
