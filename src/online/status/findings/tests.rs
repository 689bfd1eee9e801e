use super::*;
use crate::subjects::Subject;
use crate::testing::{NOW, World, key, material_id};
use keyferry_bundle::ExpirationModel;
use keyferry_bundle::kinds::ReceiptTarget;
use keyferry_ceremony::testing::{Story, parse, time};

struct Case {
    subject: Subject,
    found: KeyDescription,
    generations: Option<Vec<Generation>>,
    siblings: Vec<Sibling>,
}

/// A key as its receipt says.
fn sound() -> Case {
    let world = World::new(Story::sound());
    let planned = world.story.plan.targets[0].clone();
    let receipt = ReceiptTarget {
        key_material_id: Some(material_id()),
        ..world.story.receipt.targets[0].clone()
    };
    let found =
        KeyDescription { key_material_id: Some(material_id()), ..key(&world, KeyState::Enabled) };
    let operation = Operation::Import;
    let expected = vec![Expected { operation, planned, receipt: Some((receipt, time(NOW))) }];
    let subject = Subject { label: "payments".to_owned(), key: parse("alias/a"), expected };
    Case { subject, found, generations: None, siblings: vec![] }
}

fn codes(case: Case) -> Vec<&'static str> {
    let planned = case.subject.expected.first().map(|expected| expected.planned.key.clone());
    let looked = Looked {
        subject: &case.subject,
        found: Ok(case.found),
        generations: case.generations,
        siblings: case.siblings,
    };
    let planned: Vec<&KeyArn> = planned.iter().collect();
    of(&looked, &planned, time(NOW), 30).into_iter().map(|finding| finding.code).collect()
}

fn other_id() -> KeyMaterialId {
    parse(&"cd".repeat(32))
}

fn generation(id: KeyMaterialId, state: ImportState, expiration: Option<Expiration>) -> Generation {
    Generation {
        key_material_id: Some(id),
        import_state: Some(state),
        material_state: None,
        expiration,
        description: None,
        rotated: None,
    }
}

fn until(date: &str) -> Expiration {
    Expiration { model: ExpirationModel::Expires, valid_to: Some(time(date)) }
}

#[test]
fn a_key_as_its_receipt_says_has_no_findings() {
    assert_eq!(codes(sound()), [""; 0]);
}

#[test]
fn what_is_not_as_planned_is_found() {
    let change = |change: fn(&mut KeyDescription)| {
        let mut case = sound();
        change(&mut case.found);
        codes(case)
    };
    assert_eq!(change(|key| key.origin = "AWS_KMS".to_owned()), ["wrong-key"]);
    assert_eq!(change(|key| key.key_spec = "RSA_2048".to_owned()), ["wrong-key"]);
    assert_eq!(change(|key| key.key_usage = "SIGN_VERIFY".to_owned()), ["wrong-key"]);
    assert_eq!(change(|key| key.multi_region = !key.multi_region), ["wrong-key"]);
    assert_eq!(change(|key| key.key_material_id = Some(other_id())), ["other-material"]);
    assert_eq!(change(|key| key.key_material_id = None), [""; 0]);
    assert_eq!(
        change(|key| key.expiration = Some(until("2027-06-01T00:00:00Z"))),
        ["other-expiration"]
    );
    assert_eq!(change(|key| key.state = KeyState::Other("Disabled".to_owned())), ["unusable"]);
    let gone = |key: &mut KeyDescription| {
        (key.state, key.expiration, key.key_material_id) = (KeyState::PendingImport, None, None);
    };
    assert_eq!(change(gone), ["unusable"]);
}

#[test]
fn before_the_import_a_key_waits_and_must_not_be_in_use() {
    let mut case = sound();
    case.subject.expected[0].receipt = None;
    assert_eq!(codes(case), ["no-receipt"]);
    let mut case = sound();
    case.subject.expected[0].receipt = None;
    (case.found.state, case.found.expiration) = (KeyState::PendingImport, None);
    assert_eq!(codes(case), [""; 0]);
    let mut case = sound();
    case.subject.expected.clear();
    case.found.state = KeyState::PendingImport;
    assert_eq!(codes(case), ["unusable"]);
}

#[test]
fn the_expiry_is_that_of_the_receipts_material() {
    let mut case = sound();
    let planned = case.found.expiration;
    // An older generation expires earlier: that is what DescribeKey shows.
    case.found.expiration = Some(until("2026-12-30T00:00:00Z"));
    case.generations = Some(vec![
        generation(other_id(), ImportState::Imported, case.found.expiration),
        generation(material_id(), ImportState::Imported, planned),
    ]);
    assert_eq!(codes(case), [""; 0]);
}

/// A key that was rotated once: what each ceremony said, and what KMS lists.
fn rotated() -> Case {
    let mut case = sound();
    let mut second = case.subject.expected[0].clone();
    second.operation = Operation::Rotate;
    second.planned.generation = 2;
    let receipt = &mut second.receipt.as_mut().unwrap().0;
    receipt.key_material_id = Some(other_id());
    receipt.generations = vec![material_id(), other_id()];
    case.subject.expected.push(second);
    case.found.key_material_id = Some(other_id());
    let expiration = case.found.expiration;
    case.generations = Some(vec![
        generation(material_id(), ImportState::Imported, expiration),
        generation(other_id(), ImportState::Imported, expiration),
    ]);
    case
}

#[test]
fn a_rotated_key_is_at_its_last_generation_and_has_no_other() {
    assert_eq!(codes(rotated()), [""; 0]);
    let mut back = rotated();
    back.found.key_material_id = Some(material_id());
    assert_eq!(codes(back), ["other-material"]);
    let third: KeyMaterialId = parse(&"ef".repeat(32));
    let mut more = rotated();
    let expiration = more.found.expiration;
    let listed = more.generations.as_mut().unwrap();
    listed.push(generation(third, ImportState::Imported, expiration));
    assert_eq!(codes(more), ["unknown-generation"]);
}

#[test]
fn an_older_generation_that_was_imported_again_is_not_the_current_one() {
    let mut case = rotated();
    let mut first = case.subject.expected[0].clone();
    (first.operation, first.planned.generation) = (Operation::Reimport, 2);
    case.subject.expected = vec![first];
    assert_eq!(codes(case), [""; 0]);
}

#[test]
fn a_key_that_is_planned_to_be_imported_again_is_out_of_use_until_then() {
    let mut case = sound();
    let expected = &mut case.subject.expected[0];
    (expected.operation, expected.receipt) = (Operation::Reimport, None);
    assert_eq!(codes(case), [""; 0]);
    let mut case = sound();
    let expected = &mut case.subject.expected[0];
    (expected.operation, expected.receipt) = (Operation::Reimport, None);
    (case.found.state, case.found.expiration) = (KeyState::PendingImport, None);
    assert_eq!(codes(case), ["unusable"]);
}

#[test]
fn what_waits_for_a_rotation_may_be_missing() {
    let mut case = rotated();
    let waiting = Generation {
        material_state: Some("PENDING_ROTATION".to_owned()),
        ..generation(parse(&"ef".repeat(32)), ImportState::PendingImport, None)
    };
    case.generations.as_mut().unwrap().push(waiting);
    assert_eq!(codes(case), [""; 0]);
}

#[test]
fn a_generation_that_is_not_imported_is_found() {
    let mut case = sound();
    let planned = case.found.expiration;
    case.generations = Some(vec![
        generation(other_id(), ImportState::PendingImport, None),
        generation(material_id(), ImportState::Imported, planned),
    ]);
    assert_eq!(codes(case), ["generation-missing"]);
}

#[test]
fn an_expiry_is_near_from_the_day_that_was_asked_for() {
    let world = World::new(Story::sound());
    let case = |date: &str, warn: i64| {
        let found =
            KeyDescription { expiration: Some(until(date)), ..key(&world, KeyState::Enabled) };
        near(&found, time(NOW), warn).is_some()
    };
    assert!(case("2026-12-04T02:59:59Z", 30));
    assert!(!case("2026-12-04T03:00:00Z", 30));
    assert!(!case("2026-11-04T03:00:01Z", 0));
}

#[test]
fn siblings_must_be_imported_into_and_by_a_ceremony() {
    let with = |change: fn(&mut Sibling)| {
        let mut case = sound();
        let key: KeyArn = parse(&case.found.key.to_string().replace("eu-central-1", "eu-west-1"));
        let found = Ok(KeyDescription { key: key.clone(), ..case.found.clone() });
        let mut sibling = Sibling { key, primary: false, found };
        change(&mut sibling);
        case.siblings.push(sibling);
        case
    };
    assert_eq!(codes(with(|_| ())), ["sibling-unplanned"]);
    let pending = |sibling: &mut Sibling| {
        let found = sibling.found.as_mut().unwrap();
        (found.state, found.expiration) = (KeyState::PendingImport, None);
    };
    assert_eq!(codes(with(pending)), ["sibling-unusable"]);
    let unread = |sibling: &mut Sibling| sibling.found = Err(Failure::usage("no"));
    assert_eq!(codes(with(unread)), ["sibling-unreadable"]);
    // Without a ceremony nobody says which keys are meant.
    let mut alone = with(|_| ());
    alone.subject.expected.clear();
    assert_eq!(codes(alone), [""; 0]);
}
