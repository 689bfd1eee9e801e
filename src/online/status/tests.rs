use super::*;
use crate::kms::{CallError, KeyDescription, KeyState};
use crate::lifecycle::{Generation, GenerationsPage, MultiRegion};
use crate::testing::{
    Elsewhere, NOW, Script, Step, World, at_the_desk, key, material_id, refused, session,
};
use keyferry_bundle::ExpirationModel;
use keyferry_bundle::kinds::Expiration;
use keyferry_ceremony::testing::{Story, parse, signed, time};

fn status_of(
    keys: &[&str],
    world: &World,
    steps: impl IntoIterator<Item = Step>,
    elsewhere: Elsewhere,
    prometheus: bool,
) -> Result<(), Failure> {
    let keys = keys.iter().map(|&key| key.to_owned()).collect();
    let subjects = Subjects { keys, trust: world.ceremony().trust };
    let args = StatusArgs { subjects, warn_days: 30, prometheus };
    let script = Script::of([Step::Identify(Ok(session()))].into_iter().chain(steps));
    let outcome = at_the_desk(NOW, |desk| run(desk, &script, &elsewhere, &args));
    script.finish();
    elsewhere.finish();
    outcome
}

fn status(
    keys: &[&str],
    world: &World,
    steps: impl IntoIterator<Item = Step>,
) -> Result<(), Failure> {
    status_of(keys, world, steps, Elsewhere::nowhere(), false)
}

fn arn(world: &World) -> KeyArn {
    world.story.plan.targets[0].key.clone()
}

fn generation() -> Generation {
    Generation {
        key_material_id: Some(material_id()),
        import_state: None,
        material_state: None,
        expiration: None,
        description: None,
        rotated: None,
    }
}

fn rotations(world: &World) -> Step {
    let page = GenerationsPage { generations: vec![generation()], next: None };
    Step::Rotations(arn(world), None, Ok(page))
}

#[test]
fn keys_are_asked_for_as_they_were_named_and_each_once() {
    let world = World::new(Story::sound());
    let names = ["alias/payments", "1234abcd-12ab-34cd-56ef-1234567890ab"];
    let steps = names.iter().flat_map(|name| {
        [Step::Describe((*name).to_owned(), Ok(key(&world, KeyState::Enabled))), rotations(&world)]
    });
    status(&["alias/payments", names[1], "alias/payments"], &world, steps).unwrap();
}

#[test]
fn every_page_of_generations_is_read() {
    let world = World::new(Story::sound());
    let page = |next: Option<&str>| {
        Ok(GenerationsPage { generations: vec![generation()], next: next.map(str::to_owned) })
    };
    let steps = [
        Step::Describe("alias/payments".to_owned(), Ok(key(&world, KeyState::Enabled))),
        Step::Rotations(arn(&world), None, page(Some("more"))),
        Step::Rotations(arn(&world), Some("more"), page(None)),
    ];
    status(&["alias/payments"], &world, steps).unwrap();
}

#[test]
fn generations_that_are_not_listed_are_no_finding() {
    let world = World::new(Story::sound());
    let steps = [
        Step::Describe("alias/payments".to_owned(), Ok(key(&world, KeyState::Enabled))),
        Step::Rotations(arn(&world), None, Err(refused("AccessDeniedException"))),
    ];
    status(&["alias/payments"], &world, steps).unwrap();
}

#[test]
fn a_ceremony_stands_for_its_targets() {
    let world = World::new(Story::sound());
    let folder = world.ceremony().folder.display().to_string();
    let found = Ok(key(&world, KeyState::PendingImport));
    let steps = [Step::Describe(arn(&world).to_string(), found), rotations(&world)];
    status(&[&folder], &world, steps).unwrap();
}

#[test]
fn a_ceremonys_receipt_is_held_against_kms() {
    let world = World::answered(Story::sound());
    world.put("receipt-1.json", &signed(&world.story.receipt, &["oscar"]));
    let folder = world.ceremony().folder.display().to_string();
    let steps = |state| {
        let found = Ok(key(&world, state));
        [Step::Describe(arn(&world).to_string(), found), rotations(&world)]
    };
    status(&[&folder], &world, steps(KeyState::Enabled)).unwrap();
    let failure = status(&[&folder], &world, steps(KeyState::PendingImport)).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Unchanged, "status-findings"));
    assert!(failure.because[0].contains("it has no key material"), "{failure:?}");
}

#[test]
fn a_key_that_is_not_there_is_a_finding_and_the_others_are_shown() {
    let world = World::new(Story::sound());
    let error = CallError::Refused {
        code: "NotFoundException".to_owned(),
        message: "Alias is not found.".to_owned(),
    };
    let steps = || {
        [
            Step::Describe("alias/lost".to_owned(), Err(error.clone())),
            Step::Describe("alias/payments".to_owned(), Ok(key(&world, KeyState::Enabled))),
            rotations(&world),
        ]
    };
    let keys = ["alias/lost", "alias/payments"];
    let failure = status(&keys, &world, steps()).unwrap_err();
    assert_eq!(failure.exit, Exit::Unchanged);
    assert!(failure.because.concat().contains("NotFoundException"));
    // Metrics carry findings: whoever writes them to a file wants them above all then.
    status_of(&keys, &world, steps(), Elsewhere::nowhere(), true).unwrap();
}

#[test]
fn an_expiry_that_is_near_has_a_code_of_its_own() {
    let world = World::new(Story::sound());
    let valid_to = Some(time("2026-11-10T00:00:00Z"));
    let expiration = Some(Expiration { model: ExpirationModel::Expires, valid_to });
    let found = KeyDescription { expiration, ..key(&world, KeyState::Enabled) };
    let steps = [Step::Describe("alias/payments".to_owned(), Ok(found)), rotations(&world)];
    let failure = status(&["alias/payments"], &world, steps).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Unchanged, "expiry-near"));
}

#[test]
fn siblings_are_asked_in_their_own_regions() {
    let world = World::new(Story::sound());
    let mut primary = key(&world, KeyState::Enabled);
    primary.key =
        parse(&format!("arn:aws:kms:eu-central-1:111122223333:key/mrk-{}", "a".repeat(32)));
    let replica: KeyArn = parse(&primary.key.to_string().replace("eu-central-1", "eu-west-1"));
    let regions = MultiRegion { primary: primary.key.clone(), replicas: vec![replica.clone()] };
    (primary.multi_region, primary.regions) = (true, Some(regions));
    let there = KeyDescription {
        key: replica.clone(),
        state: KeyState::PendingImport,
        expiration: None,
        ..primary.clone()
    };
    let page = GenerationsPage { generations: vec![], next: None };
    let steps = [
        Step::Describe("alias/payments".to_owned(), Ok(primary.clone())),
        Step::Rotations(primary.key, None, Ok(page)),
    ];
    let describe = Step::Describe(replica.to_string(), Ok(there));
    let elsewhere = Elsewhere::of([("eu-west-1", vec![describe])]);
    let failure = status_of(&["alias/payments"], &world, steps, elsewhere, false).unwrap_err();
    assert!(failure.because[0].contains("eu-west-1"), "{failure:?}");
}

#[test]
fn days_are_whole_and_may_be_negative() {
    let left = |date: &str| days_until(time(date), time(NOW));
    assert_eq!(left("2026-11-05T02:59:59Z"), 0);
    assert_eq!(left("2026-11-05T03:00:00Z"), 1);
    assert_eq!(left("2026-11-04T02:59:59Z"), -1);
    assert_eq!(view::days_left(None, time(NOW)), None);
}
