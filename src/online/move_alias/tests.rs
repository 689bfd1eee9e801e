use super::*;
use crate::testing::{NOW, Script, Step, World, at_the_desk_typing, key, refused, session};
use keyferry_ceremony::testing::{Story, parse};

const NEW: &str = "arn:aws:kms:eu-central-1:111122223333:key/99999999-12ab-34cd-56ef-1234567890ab";

fn old() -> KeyDescription {
    KeyDescription {
        key_spec: "ECC_NIST_P256".to_owned(),
        key_usage: "SIGN_VERIFY".to_owned(),
        ..key(&World::new(Story::sound()), KeyState::Enabled)
    }
}

fn new() -> KeyDescription {
    KeyDescription { key: parse(NEW), ..old() }
}

fn alias(found: KeyDescription) -> Step {
    Step::Describe("alias/payments".to_owned(), Ok(found))
}

fn before(new: KeyDescription) -> Vec<Step> {
    vec![Step::Identify(Ok(session())), alias(old()), Step::Describe(NEW.to_owned(), Ok(new))]
}

fn moved(answer: Result<(), CallError>) -> Step {
    Step::UpdateAlias("alias/payments", parse(NEW), answer)
}

fn run_with(typed: &str, steps: impl IntoIterator<Item = Step>) -> Result<(), Failure> {
    let args = MoveAliasArgs { alias: parse("payments"), key: parse(NEW), dry_run: false };
    let script = Script::of(steps);
    let outcome = at_the_desk_typing(NOW, &[typed], |desk| run(desk, &script, &args));
    script.finish();
    outcome
}

#[test]
fn an_alias_is_moved_once_and_looked_at() {
    let mut steps = before(new());
    steps.extend([moved(Ok(())), alias(old()), alias(new())]);
    run_with("alias/payments", steps).unwrap();
}

#[test]
fn any_other_word_moves_nothing() {
    assert_eq!(run_with("payments", before(new())).unwrap_err().exit, Exit::Declined);
}

#[test]
fn a_key_that_would_not_do_is_refused_unasked() {
    let code = |change: fn(&mut KeyDescription)| {
        let mut key = new();
        change(&mut key);
        let failure = run_with("alias/payments", before(key)).unwrap_err();
        assert_eq!(failure.exit, Exit::Unchanged);
        failure.code
    };
    assert_eq!(code(|key| key.key = old().key), "same-key");
    assert_eq!(code(|key| key.state = KeyState::PendingImport), "not-in-use");
    assert_eq!(code(|key| key.state = KeyState::Other("Disabled".to_owned())), "not-in-use");
    assert_eq!(code(|key| key.key_spec = "ECC_NIST_P384".to_owned()), "other-spec");
    assert_eq!(code(|key| key.key_usage = "KEY_AGREEMENT".to_owned()), "other-usage");
    assert_eq!(code(|key| key.key.region = parse("eu-west-1")), "other-region");
    assert_eq!(code(|key| key.key.account = parse("444455556666")), "other-region");
}

#[test]
fn no_answer_is_settled_by_looking_and_never_repeated() {
    let silent = || Err(CallError::NoAnswer("timeout".to_owned()));
    let mut steps = before(new());
    steps.extend([moved(silent()), alias(new())]);
    run_with("alias/payments", steps).unwrap();
    let mut steps = before(new());
    steps.push(moved(silent()));
    steps.extend((0..11).map(|_| alias(old())));
    let failure = run_with("alias/payments", steps).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Unknown, "unknown-alias"));
}

#[test]
fn a_refusal_changed_nothing() {
    let mut steps = before(new());
    steps.push(moved(Err(refused("AccessDeniedException"))));
    assert_eq!(run_with("alias/payments", steps).unwrap_err().exit, Exit::Unchanged);
}
