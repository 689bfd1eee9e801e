use super::*;
use crate::testing::{NOW, PrivateKey, Script, Step, at_the_desk, refused, round_trip};
use keyferry_bundle::{KeyArn, KeySpec, KeyUsage};
use keyferry_ceremony::testing::{Story, digest_of};
use keyferry_ceremony::wrapping;

fn bound(story: &Story) -> Bound {
    Bound { plan: digest_of(&story.plan), response: digest_of(&story.response) }
}

/// What the room computed the MAC of.
fn message(story: &Story) -> Vec<u8> {
    let digest = digest_of(&story.plan);
    format!("keyferry known answer v1 {digest} payments").into_bytes()
}

/// Asks about the story's only target.
fn asked(story: &Story, steps: impl IntoIterator<Item = Step>) -> Result<Proof, Unproven> {
    let script = Script::of(steps);
    let (planned, answered) = (&story.plan.targets[0], &story.response.targets[0]);
    let bound = bound(story);
    let mut outcome = None;
    at_the_desk(NOW, |desk| {
        outcome = Some(ask(desk, &script, bound, planned, answered));
        Ok(())
    })
    .unwrap();
    script.finish();
    outcome.unwrap()
}

/// What is wrong, where something is.
fn wrong(outcome: Result<Proof, Unproven>) -> &'static str {
    match outcome {
        Err(Unproven::Wrong(member, _)) => member,
        other => panic!("{other:?}"),
    }
}

fn story(key: &PrivateKey, spec: KeySpec, usage: KeyUsage) -> (Story, KeyArn) {
    let story = Story::of(spec, usage, Some(&key.public_key()), None);
    let arn = story.plan.targets[0].key.clone();
    (story, arn)
}

fn public_key(of: &PrivateKey, arn: &KeyArn) -> Step {
    Step::PublicKey(arn.clone(), Ok(of.public_key()))
}

#[test]
fn signatures_prove_and_those_of_other_keys_do_not() {
    for (spec, algorithm) in [
        (KeySpec::Rsa2048, SigningAlgorithm::RsassaPkcs1V15Sha256),
        (KeySpec::EccNistP256, SigningAlgorithm::EcdsaSha256),
        (KeySpec::EccNistP384, SigningAlgorithm::EcdsaSha384),
        (KeySpec::EccNistP521, SigningAlgorithm::EcdsaSha512),
        (KeySpec::EccSecgP256k1, SigningAlgorithm::EcdsaSha256),
    ] {
        let key = PrivateKey::of(spec);
        let (story, arn) = story(&key, spec, KeyUsage::SignVerify);
        let theirs = public_key(&key, &arn);
        let sign = Box::new(move |message: &[u8]| Ok(key.sign(message)));
        let proof = asked(&story, [theirs, Step::Sign(arn.clone(), algorithm, sign)]).unwrap();
        assert_eq!(proof.method, ProofMethod::Signature);
        let response = digest_of(&story.response);
        let beginning = format!("keyferry proof v1 {response} payments ");
        assert!(proof.challenge.as_bytes().starts_with(beginning.as_bytes()));
        assert_eq!(proof.public_key, story.response.targets[0].public_key);

        let other = PrivateKey::of(spec);
        assert_eq!(wrong(asked(&story, [public_key(&other, &arn)])), "public_key", "{spec}");
        // A public key that somebody copied does not sign.
        let attested = story.response.targets[0].public_key.clone().unwrap();
        let theirs = Step::PublicKey(arn.clone(), Ok(attested.as_bytes().to_vec()));
        let sign = Box::new(move |message: &[u8]| Ok(other.sign(message)));
        let steps = [theirs, Step::Sign(arn, algorithm, sign)];
        assert_eq!(wrong(asked(&story, steps)), "answer", "{spec}");
    }
}

#[test]
fn every_challenge_is_fresh() {
    let key = PrivateKey::of(KeySpec::EccNistP256);
    let (story, arn) = story(&key, KeySpec::EccNistP256, KeyUsage::SignVerify);
    let algorithm = SigningAlgorithm::EcdsaSha256;
    let mut recorded = Vec::new();
    let (tell, told) = std::sync::mpsc::channel();
    let theirs = public_key(&key, &arn);
    let sign = Box::new(move |message: &[u8]| {
        tell.send(key.sign(message)).unwrap();
        Ok(key.sign(message))
    });
    asked(&story, [theirs, Step::Sign(arn.clone(), algorithm, sign)]).unwrap();
    recorded.extend(told.recv().unwrap());
    let attested = story.response.targets[0].public_key.clone().unwrap();
    let theirs = Step::PublicKey(arn.clone(), Ok(attested.as_bytes().to_vec()));
    let replay = Step::Sign(arn, algorithm, Box::new(move |_| Ok(recorded)));
    assert_eq!(wrong(asked(&story, [theirs, replay])), "answer");
}

#[test]
fn a_decrypted_challenge_proves_and_nothing_else_does() {
    let spec = KeySpec::Rsa2048;
    let key = PrivateKey::of(spec);
    let (story, arn) = story(&key, spec, KeyUsage::EncryptDecrypt);
    let theirs = || public_key(&key, &arn);
    let other = Step::DecryptOaep(arn.clone(), Box::new(|_| Ok(vec![1; 32])));
    assert_eq!(wrong(asked(&story, [theirs(), other])), "answer");
    let nothing = Step::DecryptOaep(arn.clone(), Box::new(|_| Ok(vec![])));
    assert_eq!(wrong(asked(&story, [theirs(), nothing])), "answer");
    let cannot = Box::new(|_: &[u8]| Err(refused("InvalidCiphertextException")));
    let cannot = Step::DecryptOaep(arn.clone(), cannot);
    assert_eq!(wrong(asked(&story, [theirs(), cannot])), "answer");
    let first = theirs();
    let decrypt = Box::new(move |ciphertext: &[u8]| Ok(key.decrypt(ciphertext)));
    let proof = asked(&story, [first, Step::DecryptOaep(arn.clone(), decrypt)]).unwrap();
    assert_eq!(proof.method, ProofMethod::Decryption);
    assert_eq!(proof.challenge, proof.answer);
}

#[test]
fn shared_secrets_prove_and_those_of_other_keys_do_not() {
    for spec in [KeySpec::EccNistP256, KeySpec::EccNistP384, KeySpec::EccNistP521] {
        let key = PrivateKey::of(spec);
        let (story, arn) = story(&key, spec, KeyUsage::KeyAgreement);
        let (first, again) = (public_key(&key, &arn), public_key(&key, &arn));
        let agree = Box::new(move |peer: &[u8]| Ok(key.agree(peer)));
        let proof = asked(&story, [first, Step::SharedSecret(arn.clone(), agree)]).unwrap();
        assert_eq!(proof.method, ProofMethod::SharedSecret);
        let other = PrivateKey::of(spec);
        let agree = Box::new(move |peer: &[u8]| Ok(other.agree(peer)));
        let steps = [again, Step::SharedSecret(arn, agree)];
        assert_eq!(wrong(asked(&story, steps)), "answer", "{spec}");
    }
}

#[test]
fn macs_are_the_rooms_or_of_other_key_material() {
    for (spec, algorithm) in [
        (KeySpec::Hmac224, MacAlgorithm::HmacSha224),
        (KeySpec::Hmac256, MacAlgorithm::HmacSha256),
        (KeySpec::Hmac384, MacAlgorithm::HmacSha384),
        (KeySpec::Hmac512, MacAlgorithm::HmacSha512),
    ] {
        let story = Story::of(spec, KeyUsage::GenerateVerifyMac, None, Some(b"the room's MAC"));
        let arn = story.plan.targets[0].key.clone();
        let answer =
            |mac: &[u8]| Step::Mac(arn.clone(), algorithm, message(&story), Ok(mac.to_vec()));
        let proof = asked(&story, [answer(b"the room's MAC")]).unwrap();
        assert_eq!((proof.method, proof.public_key), (ProofMethod::Mac, None));
        assert_eq!(wrong(asked(&story, [answer(b"another MAC")])), "answer");
    }
}

#[test]
fn symmetric_keys_give_back_what_they_got() {
    let story = Story::sound();
    let arn = story.plan.targets[0].key.clone();
    let proof = asked(&story, round_trip(&arn)).unwrap();
    assert_eq!(proof.method, ProofMethod::RoundTrip);
    let [encrypt, _] = round_trip(&arn);
    let other = Step::Decrypt(arn, Box::new(|_| Ok(vec![1; 32])));
    assert_eq!(wrong(asked(&story, [encrypt, other])), "answer");
}

#[test]
fn no_answer_proves_nothing_and_refutes_nothing() {
    let errors = [
        (refused("AccessDeniedException"), "kms-refused"),
        (CallError::Throttled("slow".to_owned()), "kms-throttled"),
        (CallError::NotSent("no credentials".to_owned()), "kms-not-reached"),
        (CallError::NoAnswer("timeout".to_owned()), "kms-no-answer"),
    ];
    let spec = KeySpec::EccNistP256;
    let key = PrivateKey::of(spec);
    let (story, arn) = story(&key, spec, KeyUsage::SignVerify);
    for (error, code) in errors {
        let again = error.clone();
        let sign = Step::Sign(arn.clone(), SigningAlgorithm::EcdsaSha256, Box::new(|_| Err(error)));
        for steps in
            [vec![Step::PublicKey(arn.clone(), Err(again))], vec![public_key(&key, &arn), sign]]
        {
            let Err(Unproven::NotHad(failure)) = asked(&story, steps) else { panic!("{code}") };
            assert_eq!((failure.exit, failure.code), (Exit::Unchanged, code));
        }
    }
}

#[test]
fn a_key_that_is_not_in_use_everywhere_is_asked_again() {
    let spec = KeySpec::Hmac256;
    let story = Story::of(spec, KeyUsage::GenerateVerifyMac, None, Some(b"the room's MAC"));
    let arn = story.plan.targets[0].key.clone();
    let mac = |answer| Step::Mac(arn.clone(), MacAlgorithm::HmacSha256, message(&story), answer);
    let not_yet = || mac(Err(refused("KMSInvalidStateException")));
    asked(&story, [not_yet(), not_yet(), mac(Ok(b"the room's MAC".to_vec()))]).unwrap();
    let outcome = asked(&story, (0..6).map(|_| not_yet()));
    assert!(matches!(outcome, Err(Unproven::NotHad(_))), "{outcome:?}");
}

#[test]
fn a_spec_has_an_algorithm_where_its_proof_needs_one() {
    for spec in KeySpec::ALL {
        for usage in wrapping::usages(*spec) {
            let method = method(*spec, *usage);
            // AWS documents no import of Ed25519 keys, and no plan is accepted for one.
            let signs = method == ProofMethod::Signature && *spec != KeySpec::EccNistEdwards25519;
            if signs {
                assert!(SigningAlgorithm::of(*spec).is_some(), "{spec}");
            }
            assert_eq!(method == ProofMethod::Mac, MacAlgorithm::of(*spec).is_some(), "{spec}");
            let agrees = method == ProofMethod::SharedSecret;
            assert!(!agrees || Ephemeral::draw(*spec).is_ok(), "{spec}");
        }
    }
}
