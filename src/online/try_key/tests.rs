use super::*;
use crate::kms::CallError;
use crate::testing::{NOW, Script, Step, World, at_the_desk, key, session};
use keyferry_ceremony::testing::Story;

fn try_it(
    world: &World,
    dry_run: bool,
    state: KeyState,
    more: impl IntoIterator<Item = Step>,
) -> Result<(), Failure> {
    let ceremony = world.ceremony();
    let keys = vec![ceremony.folder.display().to_string()];
    let args = TryArgs { subjects: Subjects { keys, trust: ceremony.trust }, dry_run };
    let found = key(world, state);
    let first = [Step::Identify(Ok(session())), Step::Describe(found.key.to_string(), Ok(found))];
    let script = Script::of(first.into_iter().chain(more));
    let outcome = at_the_desk(NOW, |desk| run(desk, &script, &args));
    script.finish();
    outcome
}

fn encrypt(world: &World) -> Step {
    let key = world.story.plan.targets[0].key.clone();
    Step::Encrypt(key, TEXT.to_vec(), Ok(b"ciphertext".to_vec()))
}

fn decrypt(world: &World, answer: Result<Vec<u8>, CallError>) -> Step {
    Step::Decrypt(world.story.plan.targets[0].key.clone(), b"ciphertext".to_vec(), answer)
}

#[test]
fn a_key_in_use_gives_back_what_it_got() {
    let world = World::new(Story::sound());
    let steps = [encrypt(&world), decrypt(&world, Ok(TEXT.to_vec()))];
    try_it(&world, false, KeyState::Enabled, steps).unwrap();
    try_it(&world, true, KeyState::Enabled, []).unwrap();
}

#[test]
fn anything_else_is_a_failure() {
    let world = World::new(Story::sound());
    let steps = [encrypt(&world), decrypt(&world, Ok(b"other".to_vec()))];
    assert_eq!(try_it(&world, false, KeyState::Enabled, steps).unwrap_err().code, "try-failed");
    let error = CallError::Refused {
        code: "AccessDeniedException".to_owned(),
        message: "a message".to_owned(),
    };
    let steps = [encrypt(&world), decrypt(&world, Err(error))];
    assert_eq!(try_it(&world, false, KeyState::Enabled, steps).unwrap_err().code, "kms-refused");
    let failure = try_it(&world, false, KeyState::PendingImport, []).unwrap_err();
    assert_eq!(failure.code, "not-in-use");
}
