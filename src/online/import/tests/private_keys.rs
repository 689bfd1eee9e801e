//! Imports of private keys: no key material id, and a signature for a proof.

use super::*;

/// A P-256 key to sign with, answered by the room.
fn signing(key: &PrivateKey) -> World {
    let (spec, usage) = (KeySpec::EccNistP256, KeyUsage::SignVerify);
    World::answered(Story::of(spec, usage, Some(&key.public_key()), None))
}

/// Up to the question for the public key. The upload has neither description nor import type: those are for symmetric keys.
fn private_upload(
    world: &World,
    resumed: bool,
    public_key: Result<Vec<u8>, CallError>,
) -> Vec<Step> {
    let target = &world.story.plan.targets[0];
    let seen = seen(world, false, None);
    let before = if resumed { enabled(world) } else { pending(world) };
    let done = Imported { key_material_id: None };
    vec![
        identify(),
        before,
        Step::Import(Box::new(seen), Ok(done)),
        enabled(world),
        Step::PublicKey(target.key.clone(), public_key),
    ]
}

#[test]
fn a_private_key_signs_for_its_receipt() {
    for resume in [false, true] {
        let key = PrivateKey::of(KeySpec::EccNistP256);
        let world = signing(&key);
        let mut steps = private_upload(&world, resume, Ok(key.public_key()));
        let sign = Box::new(move |message: &[u8]| Ok(key.sign(message)));
        let arn = world.story.plan.targets[0].key.clone();
        steps.push(Step::Sign(arn, SigningAlgorithm::EcdsaSha256, sign));
        run_at(NOW, &ImportArgs { resume, ..args(&world, "oscar") }, steps).unwrap();
        let receipt = receipt(&world);
        let proof = receipt.body().targets[0].proof.as_ref().unwrap();
        assert_eq!(proof.method, ProofMethod::Signature);
    }
}

#[test]
fn another_key_in_kms_has_no_receipt() {
    let world = signing(&PrivateKey::of(KeySpec::EccNistP256));
    let other = PrivateKey::of(KeySpec::EccNistP256).public_key();
    let steps = private_upload(&world, false, Ok(other));
    let failure = run_at(NOW, &args(&world, "oscar"), steps).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Unknown, "kms-other-key"));
    assert_eq!(failure.because.len(), 2, "{failure:?}");
    assert!(failure.because[0].starts_with("public_key: "), "{failure:?}");
    let hint = failure.hint.unwrap();
    for part in ["do not use the key", "aws kms delete-imported-key-material", "--resume"] {
        assert!(hint.contains(part), "{hint}");
    }
    assert!(!world.names().contains(&"receipt-1.json".to_owned()));
}

#[test]
fn a_proof_that_cannot_be_had_leaves_a_receipt_without_one() {
    for error in [refused("AccessDeniedException"), no_answer()] {
        let world = signing(&PrivateKey::of(KeySpec::EccNistP256));
        let steps = private_upload(&world, false, Err(error));
        run_at(NOW, &args(&world, "oscar"), steps).unwrap();
        assert_eq!(receipt(&world).body().targets[0].proof, None);
    }
}

/// As it must be where `create-key` named administrators, who may not use the key.
#[test]
fn proofs_are_asked_for_with_other_credentials_where_there_are_some() {
    let world = World::answered(Story::sound());
    let arn = &world.story.plan.targets[0].key;
    let args = ImportArgs { prove_profile: Some("user".to_owned()), ..args(&world, "oscar") };
    let run_as = |who: Session, proof: Vec<Step>, import: Vec<Step>| {
        let kms = Script::of([identify()].into_iter().chain(import));
        let prover = Script::of([Step::Identify(Ok(who))].into_iter().chain(proof));
        let nowhere = Elsewhere::nowhere();
        let prover_is = Some((&prover as &dyn Kms, &nowhere as &dyn Regions));
        let place = Where { kms: &kms, regions: &nowhere, at_once: None, prover: prover_is };
        let outcome = at_the_desk(NOW, |desk| run(desk, &place, &args));
        kms.finish();
        prover.finish();
        outcome
    };
    let other = Session { account: "999922223333".parse().unwrap(), ..session() };
    assert_eq!(run_as(other, vec![], vec![]).unwrap_err().code, "wrong-account");
    let import = vec![pending(&world), upload(&world, false, imported()), enabled(&world)];
    run_as(session(), round_trip(arn).into(), import).unwrap();
    assert!(receipt(&world).body().targets[0].proof.is_some());
}
