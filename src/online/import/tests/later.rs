//! Imports after the first, and imports that were cut off.

use super::*;
use crate::lifecycle::{Generation, GenerationsPage, ImportState};
use keyferry_bundle::KeyMaterialId;
use keyferry_bundle::kinds::{Made, Pin};

fn id(digit: char) -> KeyMaterialId {
    digit.to_string().repeat(64).parse().unwrap()
}

fn pin(story: &Story, digit: char) -> Pin {
    let check_value = story.response.targets[0].check_value;
    Pin { response: Digest::of(b"earlier"), check_value, key_material_id: Some(id(digit)) }
}

/// A plan to import what KMS knows as `a` again.
fn again() -> World {
    let mut story = Story::sound();
    story.plan.operation = Operation::Reimport;
    story.plan.targets[0].material = Some(pin(&story, 'a'));
    story.response.targets[0].made = Made::Kept;
    story.relink();
    World::answered(story)
}

/// A plan to rotate from `a` to whatever comes.
fn rotation() -> World {
    let mut story = Story::sound();
    story.plan.operation = Operation::Rotate;
    story.plan.targets[0].generation = 2;
    story.plan.targets[0].earlier = vec![pin(&story, 'a')];
    story.backup.generation = 2;
    story.relink();
    World::answered(story)
}

fn as_existing(world: &World) -> Seen {
    let seen = seen(world, true, Some("tests-1"));
    Seen { key_material_id: Some(id('a')), ..seen }
}

fn answered(digit: char) -> Imported {
    Imported { key_material_id: Some(id(digit)) }
}

fn generation(world: &World, digit: char, state: &str) -> Generation {
    Generation {
        key_material_id: Some(id(digit)),
        import_state: Some(ImportState::Imported),
        material_state: Some(state.to_owned()),
        expiration: Some(world.story.plan.targets[0].expiration),
        description: None,
        rotated: None,
    }
}

fn listed(world: &World, generations: &[(char, &str)]) -> Step {
    let key = world.story.plan.targets[0].key.clone();
    let generations = generations.iter().map(|(digit, state)| generation(world, *digit, state));
    Step::Rotations(
        key,
        None,
        Ok(GenerationsPage { generations: generations.collect(), next: None }),
    )
}

fn current(world: &World, digit: char) -> Step {
    let found = key(world, KeyState::Enabled);
    let found = crate::kms::KeyDescription { key_material_id: Some(id(digit)), ..found };
    Step::Describe(found.key.to_string(), Ok(found))
}

#[test]
fn known_key_material_is_imported_as_such() {
    let world = again();
    let upload = Step::Import(Box::new(as_existing(&world)), Ok(answered('a')));
    let steps = in_use(&world, [identify(), pending(&world), upload]);
    run_at(NOW, &args(&world, "oscar"), steps).unwrap();
    assert_eq!(receipt(&world).body().targets[0].key_material_id, Some(id('a')));
}

#[test]
fn an_answer_with_another_id_than_the_plans_has_no_receipt() {
    let world = again();
    let upload = Step::Import(Box::new(as_existing(&world)), Ok(answered('b')));
    let steps = in_use(&world, [identify(), pending(&world), upload]);
    let failure = run_at(NOW, &args(&world, "oscar"), steps).unwrap_err();
    assert!(failure.because.concat().contains("key_material_id"), "{failure:?}");
    assert!(!world.names().contains(&"receipt-1.json".to_owned()));
}

/// Everything up to the rotation: the upload's answer, and the rotation's.
fn rotated(
    world: &World,
    answer: Result<Imported, CallError>,
    rotated: Result<(), CallError>,
) -> Vec<Step> {
    let new = Seen { import_type: Some(ImportType::New), ..seen(world, false, Some("tests-1")) };
    vec![
        identify(),
        current(world, 'a'),
        listed(world, &[('a', "CURRENT")]),
        Step::Import(Box::new(new), answer),
        listed(world, &[('a', "CURRENT"), ('b', "PENDING_ROTATION")]),
        current(world, 'a'),
        Step::Rotate(world.story.plan.targets[0].key.clone(), rotated),
    ]
}

/// Uploaded as new, rotated once, and what KMS lists then is in the receipt.
#[test]
fn a_rotation_brings_the_new_key_material_into_use() {
    let world = rotation();
    let steps = rotated(&world, Ok(answered('b')), Ok(())).into_iter().chain([
        current(&world, 'a'),
        current(&world, 'b'),
        listed(&world, &[('a', "NON_CURRENT"), ('b', "CURRENT")]),
    ]);
    let proof = round_trip(&world.story.plan.targets[0].key);
    run_at(NOW, &args(&world, "oscar"), steps.into_iter().chain(proof)).unwrap();
    assert_eq!(receipt(&world).body().targets[0].generations, [id('a'), id('b')]);
}

/// The answers to the upload and to the rotation are lost: both are looked up, neither is repeated.
#[test]
fn a_rotation_whose_answers_are_lost_is_looked_up() {
    let world = rotation();
    let steps = rotated(&world, Err(no_answer()), Err(no_answer()))
        .into_iter()
        .chain([current(&world, 'b'), listed(&world, &[('a', "NON_CURRENT"), ('b', "CURRENT")])]);
    let proof = round_trip(&world.story.plan.targets[0].key);
    run_at(NOW, &args(&world, "oscar"), steps.into_iter().chain(proof)).unwrap();
    let receipt = receipt(&world);
    assert_eq!(receipt.body().targets[0].outcome, Outcome::Confirmed);
    assert_eq!(receipt.body().targets[0].key_material_id, Some(id('b')));
}

#[test]
fn a_rotation_that_was_cut_off_after_it_took_effect_is_not_repeated() {
    let world = rotation();
    let mut steps = rotated(&world, Ok(answered('b')), Err(no_answer()));
    steps.extend((0..11).map(|_| current(&world, 'a')));
    let failure = run_at(NOW, &args(&world, "oscar"), steps).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Unknown, "unknown-rotated"));
    let steps = vec![
        identify(),
        current(&world, 'b'),
        listed(&world, &[('a', "NON_CURRENT"), ('b', "CURRENT")]),
        current(&world, 'b'),
        current(&world, 'b'),
        listed(&world, &[('a', "NON_CURRENT"), ('b', "CURRENT")]),
    ];
    let proof = round_trip(&world.story.plan.targets[0].key);
    let resumed = ImportArgs { resume: true, ..args(&world, "oscar") };
    run_at(NOW, &resumed, steps.into_iter().chain(proof)).unwrap();
    assert_eq!(receipt(&world).body().targets[0].generations, [id('a'), id('b')]);
}

#[test]
fn a_key_with_key_materials_that_the_plan_does_not_know_is_not_rotated() {
    for known in [
        &[('c', "CURRENT")][..],
        &[('a', "NON_CURRENT"), ('c', "CURRENT"), ('d', "PENDING_ROTATION")],
    ] {
        let world = rotation();
        let steps = [identify(), current(&world, 'a'), listed(&world, known)];
        let failure = run_at(NOW, &args(&world, "oscar"), steps).unwrap_err();
        assert_eq!((failure.exit, failure.code), (Exit::Unchanged, "not-ready"), "{failure:?}");
        assert!(!world.names().contains(&"journal-1.json".to_owned()));
    }
}

/// The program was killed after the upload had taken effect: the journal is there and says nothing of it.
#[test]
fn an_upload_that_took_effect_unnoted_is_found_and_not_repeated() {
    let world = World::answered(Story::sound());
    let steps = [identify(), pending(&world), upload(&world, false, Err(no_answer()))];
    let steps = steps.into_iter().chain((0..11).map(|_| pending(&world)));
    let failure = run_at(NOW, &args(&world, "oscar"), steps).unwrap_err();
    assert_eq!(failure.code, "unknown-imported");
    assert!(world.names().contains(&"journal-1.json".to_owned()));
    let steps = in_use(&world, [identify(), enabled(&world)]);
    run_at(NOW, &ImportArgs { resume: true, ..args(&world, "oscar") }, steps).unwrap();
    let receipt = receipt(&world);
    assert_eq!(receipt.body().targets[0].outcome, Outcome::Confirmed);
    assert!(!world.names().contains(&"journal-1.json".to_owned()));
}

#[test]
fn a_journal_of_another_response_or_of_nothing_is_refused() {
    let other = format!("{{\"response\":\"{}\",\"begun\":[],\"done\":[]}}", Digest::of(b"x"));
    for text in [other.as_str(), "{}", "[]", ""] {
        let world = World::answered(Story::sound());
        world.put("journal-1.json", text.as_bytes());
        let resumed = ImportArgs { resume: true, ..args(&world, "oscar") };
        let failure = run_at(NOW, &resumed, []).unwrap_err();
        assert_eq!((failure.exit, failure.code), (Exit::Refused, "journal"), "{text}: {failure:?}");
        assert_eq!(world.read("journal-1.json"), text.as_bytes());
    }
}

/// One key, two generations: KMS shows each in its list, and the key comes into use with the second.
#[test]
fn a_key_with_two_generations_is_asked_for_proofs_when_it_is_in_use() {
    let mut story = Story::sound();
    story.plan.operation = Operation::Reimport;
    story.plan.targets[0].material = Some(pin(&story, 'a'));
    story.response.targets[0].made = Made::Kept;
    let key = story.plan.targets[0].key.clone();
    let world = with_second(story, key.clone(), |target, backup| {
        target.generation = 2;
        backup.generation = 2;
        target.material.as_mut().unwrap().key_material_id = Some(id('b'));
    });
    let second = Seen {
        token: b"second token".to_vec(),
        encrypted_key_material: vec![2; 256],
        key_material_id: Some(id('b')),
        ..as_existing(&world)
    };
    let gone = |digit: char, state: &str| Generation {
        import_state: Some(ImportState::PendingImport),
        expiration: None,
        ..generation(&world, digit, state)
    };
    let list = |all: Vec<Generation>| {
        Step::Rotations(key.clone(), None, Ok(GenerationsPage { generations: all, next: None }))
    };
    let none = || list(vec![gone('a', "NON_CURRENT"), gone('b', "CURRENT")]);
    let first = || list(vec![generation(&world, 'a', "NON_CURRENT"), gone('b', "CURRENT")]);
    let both = || listed(&world, &[('a', "NON_CURRENT"), ('b', "CURRENT")]);
    let mut steps = vec![identify(), pending(&world), none(), pending(&world), none()];
    steps.extend([Step::Import(Box::new(as_existing(&world)), Ok(answered('a'))), first()]);
    steps.extend([Step::Import(Box::new(second), Ok(answered('b'))), both()]);
    // KMS is eventually consistent.
    steps.extend([pending(&world), enabled(&world)]);
    steps.extend(round_trip(&key).into_iter().chain(round_trip(&key)));
    run_at(NOW, &args(&world, "oscar"), steps).unwrap();
    let receipt = receipt(&world);
    let proved = receipt.body().targets.iter().filter(|target| target.proof.is_some());
    assert_eq!(proved.count(), 2);
}

#[test]
fn a_journal_that_outlived_its_receipt_is_swept_away() {
    let world = World::answered(Story::sound());
    let steps = in_use(&world, [identify(), pending(&world), upload(&world, false, imported())]);
    run_at(NOW, &args(&world, "oscar"), steps).unwrap();
    world.put("journal-1.json", b"whatever a cut left");
    let failure =
        run_at(NOW, &ImportArgs { resume: true, ..args(&world, "oscar") }, []).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::File, "imported-already"));
    assert!(!world.names().contains(&"journal-1.json".to_owned()));
}
