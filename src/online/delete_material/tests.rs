use super::*;
use crate::lifecycle::GenerationsPage;
use crate::testing::{
    NOW, Script, Step, World, at_the_desk_typing, key, material_id, refused, session,
};
use keyferry_bundle::KeyArn;
use keyferry_ceremony::testing::{Story, parse};

fn other_id() -> KeyMaterialId {
    parse(&"cd".repeat(32))
}

fn found() -> KeyDescription {
    let world = World::new(Story::sound());
    KeyDescription { key_material_id: Some(material_id()), ..key(&world, KeyState::Enabled) }
}

fn last_part(arn: &KeyArn) -> String {
    arn.key_id.to_string().rsplit('-').next().unwrap().to_owned()
}

fn generation(id: KeyMaterialId, state: ImportState) -> Generation {
    Generation {
        key_material_id: Some(id),
        import_state: Some(state),
        material_state: None,
        expiration: None,
        description: None,
        rotated: None,
    }
}

/// The key, and both generations.
fn before(found: &KeyDescription, older: ImportState) -> Vec<Step> {
    let generations =
        vec![generation(other_id(), older), generation(material_id(), ImportState::Imported)];
    vec![
        Step::Identify(Ok(session())),
        Step::Describe("alias/payments".to_owned(), Ok(found.clone())),
        Step::Rotations(found.key.clone(), None, Ok(GenerationsPage { generations, next: None })),
    ]
}

fn look(found: &KeyDescription, state: KeyState) -> Step {
    let now = KeyDescription { state, ..found.clone() };
    Step::Describe(found.key.to_string(), Ok(now))
}

fn delete(id: KeyMaterialId, answer: Result<(), CallError>) -> Step {
    Step::DeleteMaterial(found().key, Some(id), answer)
}

fn run_with(
    material: Option<KeyMaterialId>,
    typed: &str,
    steps: impl IntoIterator<Item = Step>,
) -> Result<(), Failure> {
    let key = parse("alias/payments");
    let args = DeleteMaterialArgs { key, key_material_id: material, dry_run: false };
    let script = Script::of(steps);
    let outcome = at_the_desk_typing(NOW, &[typed], |desk| run(desk, &script, &args));
    script.finish();
    outcome
}

#[test]
fn the_current_material_is_deleted_once_and_looked_for() {
    let found = found();
    let mut steps = before(&found, ImportState::Imported);
    steps.push(delete(material_id(), Ok(())));
    steps.push(look(&found, KeyState::Enabled));
    steps.push(look(&found, KeyState::PendingImport));
    run_with(None, "alias/payments", steps).unwrap();
}

#[test]
fn another_generation_is_deleted_by_its_id() {
    let found = found();
    let mut steps = before(&found, ImportState::Imported);
    steps.extend([delete(other_id(), Ok(())), look(&found, KeyState::PendingImport)]);
    run_with(Some(other_id()), "alias/payments", steps).unwrap();
    let steps = before(&found, ImportState::PendingImport);
    let failure = run_with(Some(other_id()), "alias/payments", steps).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Unchanged, "other-material"));
}

#[test]
fn material_that_waits_for_a_rotation_leaves_the_key_in_use() {
    let found = found();
    let page = |state| {
        let waiting = Generation {
            material_state: Some("PENDING_ROTATION".to_owned()),
            ..generation(other_id(), state)
        };
        let generations = vec![generation(material_id(), ImportState::Imported), waiting];
        let page = GenerationsPage { generations, next: None };
        Step::Rotations(found.key.clone(), None, Ok(page))
    };
    let steps = [
        Step::Identify(Ok(session())),
        Step::Describe("alias/payments".to_owned(), Ok(found.clone())),
        page(ImportState::Imported),
        delete(other_id(), Ok(())),
        look(&found, KeyState::Enabled),
        page(ImportState::Imported),
        look(&found, KeyState::Enabled),
        page(ImportState::PendingImport),
    ];
    run_with(Some(other_id()), "alias/payments", steps).unwrap();
}

#[test]
fn any_other_word_deletes_nothing() {
    for typed in ["yes", "payments", ""] {
        let steps = before(&found(), ImportState::Imported);
        assert_eq!(run_with(None, typed, steps).unwrap_err().exit, Exit::Declined);
    }
}

#[test]
fn a_key_that_is_named_by_id_is_confirmed_by_its_last_part() {
    let arn = found().key;
    assert_eq!(typed::word(&parse("alias/payments"), &found()), "alias/payments");
    assert_eq!(typed::word(&KeyRef::from(&arn), &found()), last_part(&arn));
    assert!(last_part(&arn).len() >= 12);
}

#[test]
fn what_has_no_imported_material_is_refused_unasked() {
    let refusal = |found: KeyDescription| {
        let steps =
            [Step::Identify(Ok(session())), Step::Describe("alias/payments".to_owned(), Ok(found))];
        run_with(None, "alias/payments", steps).unwrap_err()
    };
    let made = refusal(KeyDescription { origin: "AWS_KMS".to_owned(), ..found() });
    assert_eq!((made.exit, made.code), (Exit::Unchanged, "wrong-origin"));
    let pending = refusal(KeyDescription { state: KeyState::PendingImport, ..found() });
    assert_eq!((pending.exit, pending.code), (Exit::Unchanged, "no-material"));
}

#[test]
fn no_answer_is_settled_by_looking_and_never_repeated() {
    let found = found();
    let silent = || Err(CallError::NoAnswer("timeout".to_owned()));
    let mut steps = before(&found, ImportState::Imported);
    steps.extend([delete(material_id(), silent()), look(&found, KeyState::PendingImport)]);
    run_with(None, "alias/payments", steps).unwrap();
    for answer in [silent(), Ok(())] {
        let mut steps = before(&found, ImportState::Imported);
        steps.push(delete(material_id(), answer));
        steps.extend((0..11).map(|_| look(&found, KeyState::Enabled)));
        let failure = run_with(None, "alias/payments", steps).unwrap_err();
        assert_eq!((failure.exit, failure.code), (Exit::Unknown, "unknown-deleted"));
    }
}

#[test]
fn a_refusal_changed_nothing() {
    let mut steps = before(&found(), ImportState::Imported);
    steps.push(delete(material_id(), Err(refused("KMSInvalidStateException"))));
    let failure = run_with(None, "alias/payments", steps).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Unchanged, "kms-refused"));
}

#[test]
fn the_only_material_of_another_kind_of_key_has_no_id() {
    let found = KeyDescription {
        key_spec: "RSA_2048".to_owned(),
        key_usage: "SIGN_VERIFY".to_owned(),
        key_material_id: None,
        ..found()
    };
    let steps = [
        Step::Identify(Ok(session())),
        Step::Describe("alias/payments".to_owned(), Ok(found.clone())),
        Step::DeleteMaterial(found.key.clone(), None, Ok(())),
        look(&found, KeyState::PendingImport),
    ];
    run_with(None, "alias/payments", steps).unwrap();
}
