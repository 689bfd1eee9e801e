use super::*;
use crate::kms::CallError;
use crate::testing::{NOW, Script, Step, World, at_the_desk, key, session};
use keyferry_bundle::ExpirationModel;
use keyferry_bundle::kinds::Expiration;
use keyferry_ceremony::testing::{Story, time};
use keyferry_console::Exit;

fn status(
    keys: &[&str],
    world: &World,
    steps: impl IntoIterator<Item = Step>,
) -> Result<(), Failure> {
    let keys = keys.iter().map(|&key| key.to_owned()).collect();
    let args = StatusArgs { subjects: Subjects { keys, trust: world.ceremony().trust } };
    let script = Script::of([Step::Identify(Ok(session()))].into_iter().chain(steps));
    let outcome = at_the_desk(NOW, |desk| run(desk, &script, &args));
    script.finish();
    outcome
}

#[test]
fn keys_are_asked_for_as_they_were_named() {
    let world = World::new(Story::sound());
    let found = || Ok(key(&world, KeyState::Enabled));
    let steps = ["alias/payments", "1234abcd-12ab-34cd-56ef-1234567890ab"]
        .map(|name| Step::Describe(name.to_owned(), found()));
    status(&["alias/payments", "1234abcd-12ab-34cd-56ef-1234567890ab"], &world, steps).unwrap();
}

#[test]
fn a_ceremony_stands_for_its_targets() {
    let world = World::new(Story::sound());
    let arn = world.story.plan.targets[0].key.to_string();
    let folder = world.ceremony().folder.display().to_string();
    let found = Ok(key(&world, KeyState::PendingImport));
    status(&[&folder], &world, [Step::Describe(arn, found)]).unwrap();
}

#[test]
fn a_key_that_is_not_there_is_a_failure() {
    let world = World::new(Story::sound());
    let error = CallError::Refused {
        code: "NotFoundException".to_owned(),
        message: "Alias is not found.".to_owned(),
    };
    let step = Step::Describe("alias/lost".to_owned(), Err(error));
    let failure = status(&["alias/lost"], &world, [step]).unwrap_err();
    assert_eq!(failure.exit, Exit::Unchanged);
    assert!(failure.because.concat().contains("NotFoundException"));
}

#[test]
fn days_are_whole_and_may_be_negative() {
    let world = World::new(Story::sound());
    let left = |date: &str| {
        let valid_to = Some(time(date));
        let expiration = Expiration { model: ExpirationModel::Expires, valid_to };
        let found =
            KeyDescription { expiration: Some(expiration), ..key(&world, KeyState::Enabled) };
        days_left(&found, time(NOW))
    };
    assert_eq!(left("2026-11-05T02:59:59Z"), Some(0));
    assert_eq!(left("2026-11-05T03:00:00Z"), Some(1));
    assert_eq!(left("2026-11-04T02:59:59Z"), Some(-1));
    assert_eq!(days_left(&key(&world, KeyState::Enabled), time(NOW)), None);
}
