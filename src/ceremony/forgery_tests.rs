//! What an operator can write into a receipt without KMS, and how far they get with it.

use crate::evidence::{Across, Claim, Pins, Report, Shared, Standing, examine};
use crate::proof::{Bound, known_answer_message};
use crate::testing::{Story, digest_of, signed, told};
use keyferry_bundle::kinds::{Made, Outcome, Proof, ProofMethod};
use keyferry_bundle::{Base64, Digest, KeySpec, KeyUsage};
use p256::ecdsa::signature::Signer as _;
use spki::EncodePublicKey as _;

fn base64(bytes: &[u8]) -> Base64 {
    Base64::new(bytes).unwrap()
}

fn p256_key() -> (p256::ecdsa::SigningKey, Vec<u8>) {
    let key = p256::ecdsa::SigningKey::from_slice(&[5; 32]).unwrap();
    let spki = key.verifying_key().to_public_key_der().unwrap();
    (key, spki.into_vec())
}

fn bound(story: &Story) -> Bound {
    Bound { plan: digest_of(&story.plan), response: digest_of(&story.response) }
}

fn prove(story: &mut Story, method: ProofMethod, challenge: &[u8], answer: &[u8]) {
    let public_key = story.response.targets[0].public_key.clone();
    let (challenge, answer) = (base64(challenge), base64(answer));
    story.receipt.targets[0].proof = Some(Proof { method, challenge, answer, public_key });
}

fn claim<'a>(report: &'a Report, id: &str, file: &str) -> &'a Claim {
    report.claims.iter().find(|claim| claim.id == id && claim.file == file).unwrap()
}

/// A receipt of a key that agrees, made with nothing but the public key and a scalar of the forger's own.
fn made_up(scalar: u8) -> Story {
    let (key, spki) = p256_key();
    let mut story = Story::of(KeySpec::EccNistP256, KeyUsage::KeyAgreement, Some(&spki), None);
    let theirs = p256::PublicKey::from(key.verifying_key());
    let ours = p256::SecretKey::from_slice(&[scalar; 32]).unwrap();
    let secret = p256::ecdh::diffie_hellman(ours.to_nonzero_scalar(), theirs.as_affine());
    prove(&mut story, ProofMethod::SharedSecret, &[scalar; 32], secret.raw_secret_bytes());
    story
}

#[test]
fn a_made_up_shared_secret_is_the_operators_word_and_no_proof() {
    let mut story = made_up(6);
    story.receipt.targets[0].outcome = Outcome::Confirmed;
    let report = examine(&story.folder(), &Pins::none());
    let told = &claim(&report, "receipt.proof", "receipt.json").sentence;
    assert!(told.contains("the operator states"), "{told}");
    assert!(!told.contains("KMS holds"), "{told}");
    let told = &claim(&report, "receipt.import", "receipt.json").sentence;
    assert!(told.contains("it was not proved that KMS holds this very key material"), "{told}");
}

/// The story's folder with a second request for its plan, the response to it, and a receipt of that.
fn followed(first: &Story, proof: impl FnOnce(&mut Story)) -> Report {
    let mut second = first.clone();
    second.request.counter = 2;
    second.request.previous = Some(digest_of(&first.request));
    second.request.targets[0].import_token_sha256 = Digest::of(b"second token");
    second.response.targets[0].import_token_sha256 = Digest::of(b"second token");
    second.response.targets[0].made = Made::Stored;
    second.log_after(first);
    proof(&mut second);
    let mut folder = first.folder();
    for (name, bytes) in [
        ("log-2.json", signed(&second.log, &["hsm"])),
        ("request-2.json", signed(&second.request, &["oscar"])),
        ("response-2.json", signed(&second.response, &["hsm", "wendy"])),
        ("receipt-2.json", signed(&second.receipt, &["oscar"])),
    ] {
        folder.push(crate::evidence::File { name: name.to_owned(), bytes });
    }
    examine(&folder, &Pins::none())
}

#[test]
fn an_agreement_that_was_recorded_is_found_again() {
    let report = followed(&made_up(6), |_| {});
    let again = claim(&report, "receipt.proof", "receipt-2.json");
    let twice = |claim: &&Claim| {
        claim.standing == Standing::Refused && claim.sentence == "has a challenge of receipt.json"
    };
    assert!(report.claims.iter().any(|claim| twice(&claim)), "{again:?}");
    let other = made_up(7).receipt.targets[0].proof.clone();
    let report = followed(&made_up(6), |second| second.receipt.targets[0].proof = other);
    assert!(report.holds(), "{:#?}", report.claims);
}

/// The report about the second of two folders.
fn beside(first: &Story, second: &Story) -> Report {
    let shared = Shared::examine(&[], &first.folder(), &Pins::none());
    let mut across = Across::default();
    let reports = [("a", first), ("b", second)].map(|(folder, story)| {
        let (mut report, chain) = shared.examine_ceremony(&story.folder(), &Pins::none());
        across.take_in(folder, &chain, &mut report);
        report
    });
    let [_, second] = reports;
    second
}

#[test]
fn answers_are_found_again_in_another_folder() {
    let first = made_up(6);
    let report = beside(&first, &first.next());
    let again = report.claims.iter().find(|claim| claim.standing == Standing::Refused).unwrap();
    assert_eq!(
        (again.id, again.sentence.as_str()),
        ("receipt.proof", "has a challenge of a/receipt.json")
    );
    let mut other = first.next();
    other.receipt.targets[0].proof = made_up(7).receipt.targets[0].proof.clone();
    assert!(beside(&first, &other).holds());
    // A MAC is bound to its plan, so it comes again only where the plan does, which is refused by itself.
    let mut first = Story::of(KeySpec::Hmac256, KeyUsage::GenerateVerifyMac, None, Some(b"a MAC"));
    let message = known_answer_message(digest_of(&first.plan), &first.plan.targets[0].name);
    prove(&mut first, ProofMethod::Mac, &message, b"a MAC");
    let mut second = first.clone();
    second.receipt.targets[0].outcome = Outcome::Confirmed;
    let report = beside(&first, &second);
    let open = |claim: &&Claim| claim.id == "receipt.proof" && claim.standing == Standing::Open;
    let told = &report.claims.iter().find(open).unwrap().sentence;
    assert!(told.contains("a/receipt.json shows the MAC too"), "{told}");
    assert!(!report.holds());
}

#[test]
fn a_mac_with_another_preimage_is_refused() {
    let mut story =
        Story::of(KeySpec::Hmac256, KeyUsage::GenerateVerifyMac, None, Some(b"the room's MAC"));
    let message = known_answer_message(digest_of(&story.plan), &story.plan.targets[0].name);
    prove(&mut story, ProofMethod::Mac, &message, b"the room's MAC");
    assert_eq!(told(story.accept_receipt()), "accepted");
    let published = story.response.targets[0].known_answer.unwrap();
    let check_value = story.response.targets[0].check_value;
    for made_up in [&b"made up"[..], published.as_bytes(), check_value.as_bytes()] {
        prove(&mut story, ProofMethod::Mac, &message, made_up);
        let told = told(story.accept_receipt());
        assert!(
            told.contains("proof.answer: is not the MAC whose hash the response has"),
            "{told}"
        );
    }
    prove(&mut story, ProofMethod::Mac, b"keyferry check value v1", b"the room's MAC");
    assert!(told(story.accept_receipt()).contains("proof.challenge: is not the known answer's"));
}

#[test]
fn a_mac_that_an_earlier_receipt_shows_proves_nothing_again() {
    let mut story =
        Story::of(KeySpec::Hmac256, KeyUsage::GenerateVerifyMac, None, Some(b"the room's MAC"));
    let message = known_answer_message(digest_of(&story.plan), &story.plan.targets[0].name);
    prove(&mut story, ProofMethod::Mac, &message, b"the room's MAC");
    let report = followed(&story, |second| second.receipt.targets[0].outcome = Outcome::Confirmed);
    assert!(report.holds(), "{:#?}", report.claims);
    let first = &claim(&report, "receipt.proof", "receipt.json").sentence;
    assert!(first.contains("KMS holds that key material"), "{first}");
    let again = &claim(&report, "receipt.proof", "receipt-2.json").sentence;
    assert!(again.contains("the operator states"), "{again}");
    let import = &claim(&report, "receipt.import", "receipt-2.json").sentence;
    assert!(import.contains("it was not proved"), "{import}");
}

#[test]
fn a_signature_for_another_response_or_target_is_refused() {
    let (key, spki) = p256_key();
    let mut story = Story::of(KeySpec::EccNistP256, KeyUsage::SignVerify, Some(&spki), None);
    let name = story.plan.targets[0].name.clone();
    let mut told_of = |challenge: &[u8]| {
        let signature: p256::ecdsa::DerSignature = key.sign(challenge);
        prove(&mut story, ProofMethod::Signature, challenge, signature.as_bytes());
        (told(story.accept_receipt()), bound(&story))
    };
    let (told, bound) = told_of(b"a fresh message of the operator's choice");
    assert!(told.contains("proof.challenge: is not one for this response and target"), "{told}");
    assert_eq!(told_of(&bound.challenge(&name, [9; 32])).0, "accepted");
    let earlier = Bound { response: Digest::of(b"an earlier response"), ..bound };
    let ledger = "ledger".parse().unwrap();
    for elsewhere in [earlier.challenge(&name, [9; 32]), bound.challenge(&ledger, [9; 32])] {
        let (told, _) = told_of(&elsewhere);
        assert!(told.contains("proof.challenge: is not one for this response"), "{told}");
    }
}
