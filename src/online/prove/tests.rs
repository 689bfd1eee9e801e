use super::*;
use crate::algorithms::MacAlgorithm;
use crate::kms::{CallError, Session};
use crate::testing::{
    Elsewhere, NOW, Script, Step, World, at_the_desk, key, material_id, refused, round_trip,
    session,
};
use keyferry_bundle::kinds::Proof;
use keyferry_bundle::{Base64, KeySpec, KeyUsage};
use keyferry_ceremony::proof::known_answer_message;
use keyferry_ceremony::testing::{Story, digest_of, parse, signed};

const MAC: [u8; 32] = [7; 32];

/// A ceremony that went through to its receipt.
fn imported(story: Story) -> World {
    let receipt = signed(&story.receipt, &["oscar"]);
    let world = World::answered(story);
    world.put("receipt-1.json", &receipt);
    world
}

fn hmac() -> Story {
    Story::of(KeySpec::Hmac256, KeyUsage::GenerateVerifyMac, None, Some(&MAC))
}

/// Proves what is in the folder, which it leaves as it is.
fn prove(world: &World, steps: impl IntoIterator<Item = Step>) -> Result<(), Failure> {
    prove_in(world, steps, Elsewhere::nowhere())
}

fn prove_in(
    world: &World,
    steps: impl IntoIterator<Item = Step>,
    elsewhere: Elsewhere,
) -> Result<(), Failure> {
    let before = world.names();
    let script = Script::of(steps);
    let args = ProveArgs { ceremony: world.ceremony() };
    let outcome = at_the_desk(NOW, |desk| run(desk, &script, &elsewhere, &args));
    script.finish();
    elsewhere.finish();
    assert_eq!(world.names(), before);
    outcome
}

/// Who it is, and what the key is.
fn first(world: &World, found: KeyDescription) -> Vec<Step> {
    let arn = world.story.plan.targets[0].key.to_string();
    vec![Step::Identify(Ok(session())), Step::Describe(arn, Ok(found))]
}

fn enabled(world: &World) -> Vec<Step> {
    first(world, key(world, KeyState::Enabled))
}

fn message(story: &Story) -> Vec<u8> {
    known_answer_message(digest_of(&story.plan), &story.plan.targets[0].name)
}

fn mac(world: &World, answer: Result<Vec<u8>, CallError>) -> Step {
    let arn = world.story.plan.targets[0].key.clone();
    Step::Mac(arn, MacAlgorithm::HmacSha256, message(&world.story), answer)
}

#[test]
fn what_kms_answers_is_said_in_words() {
    let world = imported(hmac());
    let mut steps = enabled(&world);
    steps.push(mac(&world, Ok(MAC.to_vec())));
    prove(&world, steps).unwrap();
    assert!(words(ProofMethod::Mac, None).contains("the MAC whose hash the room had published"));
    let id = material_id();
    let symmetric = words(ProofMethod::RoundTrip, Some(&id));
    assert!(symmetric.contains("KMS alone knows; its id is ab"), "{symmetric}");
}

#[test]
fn another_key_is_named_with_the_way_out() {
    let world = imported(hmac());
    let mut steps = enabled(&world);
    steps.push(mac(&world, Ok(vec![8; 32])));
    let failure = prove(&world, steps).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Unknown, "kms-other-key"));
    assert!(failure.because[0].starts_with("answer: "), "{failure:?}");
    let arn = &world.story.plan.targets[0].key;
    let delete = format!("aws kms delete-imported-key-material --key-id {arn}; then fetch again");
    assert!(failure.hint.as_ref().unwrap().contains(&delete), "{failure:?}");
}

#[test]
fn no_answer_is_no_proof_and_no_alarm() {
    let world = imported(hmac());
    let mut steps = enabled(&world);
    steps.push(mac(&world, Err(refused("AccessDeniedException"))));
    let failure = prove(&world, steps).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Unchanged, "kms-refused"));
    assert!(failure.because.concat().contains("nothing is proved"));
}

#[test]
fn symmetric_key_material_keeps_its_id() {
    let mut story = Story::sound();
    story.receipt.targets[0].key_material_id = Some(material_id());
    let world = imported(story);
    let found = |id: Option<KeyMaterialId>| KeyDescription {
        key_material_id: id,
        ..key(&world, KeyState::Enabled)
    };
    let arn = &world.story.plan.targets[0].key;
    for same in [Some(material_id()), None] {
        let steps = first(&world, found(same)).into_iter().chain(round_trip(arn));
        prove(&world, steps).unwrap();
    }
    let other = found(Some(parse(&"cd".repeat(32))));
    let failure = prove(&world, first(&world, other)).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Unknown, "kms-other-key"));
    assert!(failure.because[0].starts_with("key_material_id: KMS uses cd"), "{failure:?}");
}

#[test]
fn a_key_that_is_not_in_use_or_another_is_asked_nothing() {
    let world = imported(hmac());
    let pending = first(&world, key(&world, KeyState::PendingImport));
    assert_eq!(prove(&world, pending).unwrap_err().code, "not-in-use");
    let verify =
        KeyDescription { key_usage: "SIGN_VERIFY".to_owned(), ..key(&world, KeyState::Enabled) };
    assert_eq!(prove(&world, first(&world, verify)).unwrap_err().code, "wrong-key");
}

#[test]
fn without_a_receipt_there_is_nothing_to_prove() {
    let failure = prove(&World::answered(hmac()), []).unwrap_err();
    assert_eq!(failure.exit, Exit::File);
    assert!(failure.hint.unwrap().contains("keyferry-online import"));
}

#[test]
fn a_receipt_with_a_wrong_proof_is_refused_unasked() {
    let held = |bytes: &[u8]| Base64::new(bytes).unwrap();
    let mut story = hmac();
    let message = message(&story);
    let proof = |mac: &[u8]| Proof {
        method: ProofMethod::Mac,
        challenge: held(&message),
        answer: held(mac),
        public_key: None,
    };
    story.receipt.targets[0].proof = Some(proof(&[8; 32]));
    assert_eq!(prove(&imported(story.clone()), []).unwrap_err().exit, Exit::Refused);
    story.receipt.targets[0].proof = Some(proof(&MAC));
    let world = imported(story);
    let mut steps = enabled(&world);
    steps.push(mac(&world, Ok(MAC.to_vec())));
    prove(&world, steps).unwrap();
}

#[test]
fn a_newer_request_does_not_hide_what_was_imported() {
    let world = imported(hmac());
    let mut newer = world.story.request.clone();
    newer.counter = 2;
    newer.previous = Some(keyferry_ceremony::testing::digest_of(&world.story.request));
    world.put("request-2.json", &signed(&newer, &["oscar"]));
    let mut steps = enabled(&world);
    steps.push(mac(&world, Ok(MAC.to_vec())));
    prove(&world, steps).unwrap();
}

#[test]
fn each_key_is_asked_in_its_own_region() {
    let mut story = hmac();
    story.shared();
    let there: keyferry_bundle::KeyArn =
        parse("arn:aws:kms:eu-west-1:111122223333:key/77777777-12ab-34cd-56ef-1234567890ab");
    story.policy.allowed.regions.push(there.region.clone());
    story.plan.targets[1].key = there.clone();
    story.request.targets[1].key = there.clone();
    story.response.targets[1].key = there.clone();
    story.receipt.targets[1].key = there.clone();
    story.relink();
    let world = imported(story);
    for (answer, code) in [(MAC, None), ([8; 32], Some("kms-other-key"))] {
        let second = &world.story.plan.targets[1];
        let message = known_answer_message(digest_of(&world.story.plan), &second.name);
        let found = KeyDescription { key: there.clone(), ..key(&world, KeyState::Enabled) };
        let session = Session { region: parse("eu-west-1"), ..session() };
        let asked = vec![
            Step::Identify(Ok(session)),
            Step::Describe(there.to_string(), Ok(found)),
            Step::Mac(there.clone(), MacAlgorithm::HmacSha256, message, Ok(answer.to_vec())),
        ];
        let mut steps = enabled(&world);
        steps.push(mac(&world, Ok(MAC.to_vec())));
        let outcome = prove_in(&world, steps, Elsewhere::of([("eu-west-1", asked)]));
        assert_eq!(outcome.err().map(|failure| failure.code), code);
    }
}
