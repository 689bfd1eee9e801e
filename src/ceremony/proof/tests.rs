use super::spec::tests::a_key;
use super::*;
use crate::attestation::Extension;
use crate::attestation::tests::forge::{Chain, tlv};
use crate::testing::{Story, parse};
use keyferry_bundle::kinds::{
    AttestationChain, KeptAs, Made, Proof, ProofMethod, ResponseTarget, Target,
};
use keyferry_bundle::{Base64, Digest, KeySpec, KeyUsage};
use p256::ecdsa::signature::Signer as _;
use spki::EncodePublicKey as _;

const BOUND: Bound =
    Bound { plan: Digest::from_bytes([1; 32]), response: Digest::from_bytes([2; 32]) };

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
            let challenge = BOUND.challenge(&planned.name, [9; 32]);
            let signature: $curve::ecdsa::Signature = key.sign(&challenge);
            let signature = signature.to_der();
            let mut sound = proof(ProofMethod::Signature, &challenge, signature.as_bytes(), &entry);
            assert_eq!(check_answer(BOUND, &planned, &entry, &sound), Ok(()));
            sound.challenge = base64(BOUND.challenge(&planned.name, [8; 32]));
            assert_eq!(check_answer(BOUND, &planned, &entry, &sound).unwrap_err().0, "answer");
            // What was signed for another response, though the key is the same.
            let elsewhere = Bound { response: Digest::of(b"other"), ..BOUND };
            let challenge = elsewhere.challenge(&planned.name, [9; 32]);
            let signature: $curve::ecdsa::Signature = key.sign(&challenge);
            let signature = signature.to_der();
            let other = proof(ProofMethod::Signature, &challenge, signature.as_bytes(), &entry);
            assert_eq!(check_answer(elsewhere, &planned, &entry, &other), Ok(()));
            assert_eq!(check_answer(BOUND, &planned, &entry, &other).unwrap_err().0, "challenge");
            sound.public_key = None;
            assert_eq!(check_answer(BOUND, &planned, &entry, &sound).unwrap_err().0, "public_key");
            sound.method = ProofMethod::Decryption;
            assert_eq!(check_answer(BOUND, &planned, &entry, &sound).unwrap_err().0, "method");
        }
    };
}

curve!(p256_signatures_prove, KeySpec::EccNistP256, p256, 32);
curve!(p384_signatures_prove, KeySpec::EccNistP384, p384, 48);
curve!(p521_signatures_prove, KeySpec::EccNistP521, p521, 66);
curve!(secp256k1_signatures_prove, KeySpec::EccSecgP256k1, k256, 32);

#[test]
fn a_challenge_has_one_form() {
    let (target, drawn) = (parse("payments"), [0xab; 32]);
    let sound = BOUND.challenge(&target, drawn);
    let text = format!("keyferry proof v1 {} payments {}", "02".repeat(32), "ab".repeat(32));
    assert_eq!(str::from_utf8(&sound).unwrap(), text);
    assert!(BOUND.has_challenge(&target, &sound));
    assert!(!BOUND.has_challenge(&parse("ledger"), &sound));
    assert!(!BOUND.has_challenge(&target, &[9; 32]));
    let upper = text.replace("ab", "AB");
    for other in [&text[1..], &text[..text.len() - 1], &format!("{text} "), &upper] {
        assert!(!BOUND.has_challenge(&target, other.as_bytes()), "{other}");
    }
    // RSAES-OAEP with SHA-256 under RSA_2048: 256 - 2 * 32 - 2 bytes.
    let longest = parse(&"x".repeat(32));
    assert_eq!(BOUND.challenge(&longest, drawn).len(), 180);
}

proptest::proptest! {
    #[test]
    fn no_bytes_but_its_own_form_are_a_challenge(drawn: [u8; 32], index in 0_usize..155, bit in 0_u8..8) {
        let target = parse("payments");
        let mut challenge = BOUND.challenge(&target, drawn);
        assert!(BOUND.has_challenge(&target, &challenge));
        let digits = challenge.len() - 64;
        if let Some(byte) = challenge.get_mut(index) {
            *byte ^= 1 << bit;
            let digit = index >= digits && matches!(*byte, b'0'..=b'9' | b'a'..=b'f');
            assert_eq!(BOUND.has_challenge(&target, &challenge), digit);
        }
    }
}

#[test]
fn what_was_encrypted_must_come_back_and_be_of_this_response() {
    for (spec, usage, method) in [
        (KeySpec::SymmetricDefault, KeyUsage::EncryptDecrypt, ProofMethod::RoundTrip),
        (KeySpec::Rsa2048, KeyUsage::EncryptDecrypt, ProofMethod::Decryption),
    ] {
        let (planned, entry) = target(spec, usage, None);
        let challenge = BOUND.challenge(&planned.name, [9; 32]);
        let other = BOUND.challenge(&planned.name, [8; 32]);
        let told = |challenge: &[u8], answer: &[u8]| {
            let proof = proof(method, challenge, answer, &entry);
            check_answer(BOUND, &planned, &entry, &proof).map_err(|(member, _)| member)
        };
        assert_eq!(told(&challenge, &challenge), Ok(()));
        assert_eq!(told(&challenge, &other), Err("answer"));
        assert_eq!(told(&[9; 32], &[9; 32]), Err("challenge"));
        let mut with_key = proof(method, &challenge, &challenge, &entry);
        with_key.public_key = Some(base64([1]));
        let refused = check_answer(BOUND, &planned, &entry, &with_key).unwrap_err();
        assert_eq!(refused.0, "public_key");
    }
}

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
    assert_eq!(check_answer(BOUND, &planned, &entry, &sound), Ok(()));
    let other = proof(ProofMethod::SharedSecret, &[6; 48], secret.raw_secret_bytes(), &entry);
    assert_eq!(check_answer(BOUND, &planned, &entry, &other).unwrap_err().0, "answer");
}

#[test]
fn macs_are_the_rooms() {
    let (planned, mut entry) = target(KeySpec::Hmac384, KeyUsage::GenerateVerifyMac, None);
    entry.known_answer = Some(Digest::of(&[1; 48]));
    let message = known_answer_message(BOUND.plan, &planned.name);
    let sound = proof(ProofMethod::Mac, &message, &[1; 48], &entry);
    assert_eq!(check_answer(BOUND, &planned, &entry, &sound), Ok(()));
    let other = proof(ProofMethod::Mac, &message, &[2; 48], &entry);
    assert_eq!(check_answer(BOUND, &planned, &entry, &other).unwrap_err().0, "answer");
    // What everybody knows who has the response: it is no answer.
    let published = entry.known_answer.unwrap();
    let copied = proof(ProofMethod::Mac, &message, published.as_bytes(), &entry);
    assert_eq!(check_answer(BOUND, &planned, &entry, &copied).unwrap_err().0, "answer");
    let other_plan = known_answer_message(Digest::of(b"other"), &planned.name);
    let other_target = known_answer_message(BOUND.plan, &parse("ledger"));
    for message in [other_plan, other_target, b"keyferry check value v1".to_vec()] {
        let elsewhere = proof(ProofMethod::Mac, &message, &[1; 48], &entry);
        assert_eq!(check_answer(BOUND, &planned, &entry, &elsewhere).unwrap_err().0, "challenge");
    }
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
    assert_eq!(fault(symmetric, &|e| e.known_answer = Some(Digest::of(b""))), Err("known_answer"));
    assert_eq!(fault(symmetric, &|e| e.public_key = Some(base64([1]))), Err("public_key"));
    assert_eq!(fault(KeySpec::Hmac224, &|_| {}), Err("known_answer"));
    assert_eq!(fault(KeySpec::Hmac224, &|e| e.known_answer = Some(Digest::of(b""))), Ok(()));
    let chain = || AttestationChain { certificate: base64([1]), issuers: vec![base64([1])] };
    let key = a_key(KeySpec::Rsa2048);
    let public = |e: &mut ResponseTarget| e.public_key = Some(base64(&key));
    assert_eq!(fault(KeySpec::Rsa2048, &|_| {}), Err("public_key"));
    assert_eq!(fault(KeySpec::Rsa2048, &public), Err("attestation"));
    let both = |e: &mut ResponseTarget| {
        public(e);
        e.attestation = Some(chain());
    };
    assert_eq!(fault(KeySpec::Rsa2048, &both), Err("check_value"));
    let whole = |e: &mut ResponseTarget| {
        both(e);
        e.check_value = Digest::of(&key);
    };
    // Attested or not, a key of another spec is none.
    assert_eq!(fault(KeySpec::Rsa3072, &whole), Err("public_key"));
    assert_eq!(fault(KeySpec::EccNistP256, &whole), Err("public_key"));
    // The policy of these tests lists no root: nothing is believed, nothing looked at.
    assert_eq!(fault(KeySpec::Rsa2048, &whole), Ok(()));
    let mut policy = story.policy.clone();
    policy.attestation_roots = vec![base64(b"no certificate")];
    let (planned, mut entry) = target(KeySpec::Rsa2048, KeyUsage::SignVerify, None);
    whole(&mut entry);
    let refused = check_material(&policy, &story.device, &planned, &entry);
    assert_eq!(refused.unwrap_err().0, "attestation");
}

/// A device whose signing key is attested by a forged chain, and the policy that lists its root.
fn attested_device(
    spoil: impl FnOnce(&mut Chain),
) -> (keyferry_bundle::Policy, keyferry_bundle::Device) {
    let story = Story::sound();
    let (mut policy, mut device) = (story.policy, story.device);
    let mut chain = Chain::sound();
    let spki = chain.leaf.key.verifying_key().to_public_key_der().unwrap();
    device.signing_key.spki = base64(spki.as_bytes());
    let set = |chain: &mut Chain, extension: Extension, value: Vec<u8>| {
        let id = extension.oid().to_string();
        let field = chain.leaf.extensions.iter_mut().find(|(known, ..)| *known == id);
        field.unwrap().2 = value;
    };
    set(&mut chain, Extension::ObjectId, tlv(0x02, &[&[0x01, 0x00]]));
    set(&mut chain, Extension::Label, tlv(0x0c, &[device.signing_key.label.as_str().as_bytes()]));
    set(&mut chain, Extension::Domains, tlv(0x03, &[&[0, 0x00, 0x01]]));
    set(&mut chain, Extension::Capabilities, tlv(0x03, &[&[0, 0, 0, 0, 0, 0, 0, 0, 0x80]]));
    spoil(&mut chain);
    policy.attestation_roots = vec![base64(chain.root.der())];
    device.signing_key.attestation = Some(AttestationChain {
        certificate: base64(chain.leaf.der()),
        issuers: vec![base64(chain.device.der()), base64(chain.authority.der())],
    });
    (policy, device)
}

fn leaf(extension: Extension, value: Vec<u8>) -> impl FnOnce(&mut Chain) {
    move |chain| {
        let id = extension.oid().to_string();
        chain.leaf.extensions.iter_mut().find(|(known, ..)| *known == id).unwrap().2 = value;
    }
}

#[test]
fn a_signing_key_that_was_imported_is_exportable_or_anothers_is_refused_though_its_chain_is_valid()
{
    let (policy, device) = attested_device(|_| {});
    assert_eq!(signing_key_attested(&policy, &device), Ok(Attested::ToARoot));

    let told = |spoil: Box<dyn FnOnce(&mut Chain)>| {
        let (policy, device) = attested_device(spoil);
        // The certificates themselves are sound: only what they say is wrong.
        let chain = device.signing_key.attestation.as_ref().unwrap();
        let issuers: Vec<&[u8]> = chain.issuers.iter().map(Base64::as_bytes).collect();
        let roots = [policy.attestation_roots[0].as_bytes()];
        assert!(crate::attestation::verify(chain.certificate.as_bytes(), &issuers, &roots).is_ok());
        signing_key_attested(&policy, &device).unwrap_err()
    };
    for origin in [0x02, 0x11, 0x12] {
        let spoil = leaf(Extension::Origin, tlv(0x03, &[&[0, origin]]));
        assert_eq!(told(Box::new(spoil)), "is of a key that the HSM did not generate");
    }
    let exportable = tlv(0x03, &[&[0, 0, 0, 0, 0, 0, 1, 0, 0x80]]);
    let spoil = leaf(Extension::Capabilities, exportable);
    assert_eq!(told(Box::new(spoil)), "is of a key that can do more than sign");
    let spoil = leaf(Extension::ObjectId, tlv(0x02, &[&[0x01, 0x01]]));
    assert_eq!(told(Box::new(spoil)), "is of another object id");
    let spoil = leaf(Extension::Domains, tlv(0x03, &[&[0, 0x00, 0x03]]));
    assert_eq!(told(Box::new(spoil)), "is of another set of domains");
    let serial = |chain: &mut Chain| {
        let id = Extension::Serial.oid().to_string();
        let other = tlv(0x02, &[&87_654_321_u32.to_be_bytes()]);
        for draft in [&mut chain.leaf, &mut chain.device] {
            let field = draft.extensions.iter_mut().find(|(known, ..)| *known == id);
            field.unwrap().2.clone_from(&other);
        }
    };
    assert_eq!(told(Box::new(serial)), "is of another serial number");
    let (policy, mut device) = attested_device(|_| {});
    device.signing_key.spki = Story::sound().device.signing_key.spki;
    assert_eq!(signing_key_attested(&policy, &device).unwrap_err(), "is of another key");
    device.signing_key.attestation = None;
    assert!(signing_key_attested(&policy, &device).unwrap_err().contains("is missing"));
}

/// A private key that an HSM of that serial number attests, in a response of the device of the tests.
fn restored_from(
    serial: u32,
    made: Made,
) -> (keyferry_bundle::Policy, keyferry_bundle::Device, Target, ResponseTarget) {
    let mut chain = Chain::sound();
    let spki = chain.leaf.key.verifying_key().to_public_key_der().unwrap();
    let (mut planned, mut entry) =
        target(KeySpec::EccNistP256, KeyUsage::SignVerify, Some(spki.as_bytes().to_vec()));
    planned.label = parse("payments");
    let mut set = |extension: Extension, value: &[u8]| {
        let id = extension.oid().to_string();
        for draft in [&mut chain.leaf, &mut chain.device] {
            for field in draft.extensions.iter_mut().filter(|(known, ..)| *known == id) {
                field.2 = value.to_vec();
            }
        }
    };
    set(Extension::Label, &tlv(0x0c, &[b"payments"]));
    set(Extension::Domains, &tlv(0x03, &[&[0, 0x00, 0x01]]));
    set(Extension::Capabilities, &tlv(0x03, &[&[0, 0, 0, 0, 0, 0, 1, 0, 0]]));
    set(Extension::Serial, &tlv(0x02, &[&serial.to_be_bytes()]));
    entry.made = made;
    entry.check_value = Digest::of(spki.as_bytes());
    entry.attestation = Some(AttestationChain {
        certificate: base64(chain.leaf.der()),
        issuers: vec![base64(chain.device.der()), base64(chain.authority.der())],
    });
    let story = Story::sound();
    let mut policy = story.policy;
    policy.attestation_roots = vec![base64(chain.root.der())];
    policy.devices.push(keyferry_bundle::Serial::new(87_654_321));
    (policy, story.device, planned, entry)
}

#[test]
fn a_restored_key_was_generated_by_any_hsm_of_the_policy_and_others_by_this_one() {
    let ask = |serial, made| {
        let (policy, device, planned, entry) = restored_from(serial, made);
        check_material(&policy, &device, &planned, &entry)
    };
    let other = Err(("attestation", "is of another serial number".to_owned()));
    assert_eq!(ask(12_345_678, Made::Kept), Ok(()));
    assert_eq!(ask(12_345_678, Made::Restored), Ok(()));
    assert_eq!(ask(87_654_321, Made::Restored), Ok(()));
    assert_eq!(ask(87_654_322, Made::Restored), other);
    for made in [Made::Generated, Made::Stored, Made::Resumed, Made::Kept] {
        assert_eq!(ask(87_654_321, made), other, "{made}");
    }
}
