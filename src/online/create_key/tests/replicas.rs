//! Multi-Region keys: the primary, then each replica, then every alias.

use super::*;
use crate::kms::KeyState;
use crate::testing::Elsewhere;
use std::cell::RefCell;
use std::rc::Rc;

const ALIAS: &str = "alias/payments";

fn primary() -> KeyArn {
    "arn:aws:kms:eu-central-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"
        .parse()
        .unwrap()
}

fn there(region: &str) -> KeyArn {
    KeyArn { region: region.parse().unwrap(), ..primary() }
}

fn is(key: KeyArn, state: KeyState) -> KeyDescription {
    KeyDescription { key, multi_region: true, state, ..made() }
}

fn creating() -> KeyState {
    KeyState::Other("Creating".to_owned())
}

fn created() -> Step {
    Step::CreateKey(Box::new(|_| Ok(is(primary(), KeyState::PendingImport))))
}

fn replicate(region: &'static str) -> Step {
    let answer = Ok(is(there(region), creating()));
    Step::Replicate(primary(), region, Box::new(move |_| answer))
}

/// Who it is there, and that the alias is free.
fn free() -> Vec<Step> {
    let gone = Err(refused("NotFoundException"));
    vec![Step::Identify(Ok(session())), Step::Describe(ALIAS.to_owned(), gone)]
}

fn free_then(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    free().into_iter().chain(steps).collect()
}

fn shows(region: &str, state: KeyState) -> Step {
    Step::Describe(there(region).to_string(), Ok(is(there(region), state)))
}

fn aliased(key: KeyArn) -> Step {
    Step::CreateAlias(ALIAS, key, Ok(()))
}

/// Asks for replicas in two Regions.
fn both<const N: usize>(
    home: Vec<Step>,
    elsewhere: [(&str, Vec<Step>); N],
    more: &[&str],
) -> Result<(), Failure> {
    let regions =
        ["--multi-region", "--replica-region", "eu-west-1", "--replica-region", "us-east-1"];
    let args = args(&[&regions, more].concat());
    let (home, elsewhere) = (script(home), Elsewhere::of(elsewhere));
    let outcome = at_the_desk("2026-11-04T00:00:00Z", |desk| run(desk, &home, &elsewhere, &args));
    home.finish();
    elsewhere.finish();
    outcome
}

#[test]
fn aliases_come_when_every_replica_waits_for_key_material() {
    // Which of the programs' calls came when, across Regions.
    let order = Rc::new(RefCell::new(Vec::new()));
    let mark = |what: &'static str| {
        let order = Rc::clone(&order);
        Step::Meanwhile(Box::new(move || order.borrow_mut().push(what)))
    };
    let home = vec![
        created(),
        replicate("eu-west-1"),
        replicate("us-east-1"),
        mark("home"),
        aliased(primary()),
    ];
    let ireland = free_then([
        shows("eu-west-1", creating()),
        Step::Describe(there("eu-west-1").to_string(), Err(refused("NotFoundException"))),
        shows("eu-west-1", KeyState::PendingImport),
        mark("eu-west-1"),
        aliased(there("eu-west-1")),
    ]);
    let virginia = free_then([
        mark("waits"),
        shows("us-east-1", KeyState::PendingImport),
        mark("us-east-1"),
        aliased(there("us-east-1")),
    ]);
    both(home, [("eu-west-1", ireland), ("us-east-1", virginia)], &[]).unwrap();
    assert_eq!(*order.borrow(), ["waits", "home", "eu-west-1", "us-east-1"]);
}

#[test]
fn a_replica_has_the_primarys_policy_tags_and_description() {
    let asked = Rc::new(RefCell::new(None));
    let keep = Rc::clone(&asked);
    let create = Step::CreateKey(Box::new(move |key| {
        *keep.borrow_mut() = Some(key.clone());
        Ok(is(primary(), KeyState::PendingImport))
    }));
    let same = |region: &'static str| {
        let asked = Rc::clone(&asked);
        let check = move |like: &NewKey| {
            assert_eq!(asked.borrow().as_ref(), Some(like));
            assert_eq!(like.tags, [("a".to_owned(), "1".to_owned())]);
            Ok(is(there(region), creating()))
        };
        Step::Replicate(primary(), region, Box::new(check))
    };
    let home = vec![create, same("eu-west-1"), same("us-east-1"), aliased(primary())];
    let waits =
        |region| free_then([shows(region, KeyState::PendingImport), aliased(there(region))]);
    let elsewhere = [("eu-west-1", waits("eu-west-1")), ("us-east-1", waits("us-east-1"))];
    both(home, elsewhere, &["--tag", "a=1", "--description", "For tests"]).unwrap();
}

#[test]
fn a_dry_run_or_a_taken_alias_anywhere_creates_nothing() {
    both(vec![], [("eu-west-1", free()), ("us-east-1", free())], &["--dry-run"]).unwrap();
    let taken = vec![Step::Identify(Ok(session())), Step::Describe(ALIAS.to_owned(), Ok(made()))];
    let failure = both(vec![], [("eu-west-1", free()), ("us-east-1", taken)], &[]).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Unchanged, "alias-taken"));
    assert!(failure.because.contains(&"in us-east-1".to_owned()), "{failure:?}");
}

#[test]
fn a_refused_replica_says_what_there_is_and_goes_on_under_the_same_policy() {
    let refuse = Step::Replicate(
        primary(),
        "us-east-1",
        Box::new(|_| Err(refused("AccessDeniedException"))),
    );
    let home = vec![created(), replicate("eu-west-1"), refuse];
    let ireland = free_then([shows("eu-west-1", KeyState::PendingImport)]);
    let failure = both(home, [("eu-west-1", ireland), ("us-east-1", free())], &[]).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Unknown, "no-replica"));
    assert!(failure.error.contains(primary().to_string().as_str()));
    let is_there = format!("{} was created too", there("eu-west-1"));
    assert!(failure.because.contains(&is_there), "{failure:?}");
    let hint = failure.hint.unwrap();
    for part in
        ["--policy file://POLICY", "for us-east-1;", "for eu-central-1, eu-west-1, us-east-1."]
    {
        assert!(hint.contains(part), "{part} is missing in {hint}");
    }
}

#[test]
fn a_replica_without_an_answer_is_looked_for_and_never_made_twice() {
    let lost = || {
        let error = CallError::NoAnswer("timeout".to_owned());
        Step::Replicate(primary(), "eu-west-1", Box::new(|_| Err(error)))
    };
    let home = vec![created(), lost(), replicate("us-east-1"), aliased(primary())];
    let waits =
        |region| free_then([shows(region, KeyState::PendingImport), aliased(there(region))]);
    both(home, [("eu-west-1", waits("eu-west-1")), ("us-east-1", waits("us-east-1"))], &[])
        .unwrap();

    let never =
        || Step::Describe(there("eu-west-1").to_string(), Err(refused("NotFoundException")));
    let elsewhere =
        [("eu-west-1", free_then(std::iter::repeat_with(never).take(11))), ("us-east-1", free())];
    let failure = both(vec![created(), lost()], elsewhere, &[]).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Unknown, "unknown-replica"));
}

#[test]
fn another_key_in_the_region_is_not_passed_off_as_the_replica() {
    let other = || {
        let found = is(there("us-west-2"), KeyState::PendingImport);
        Step::Describe(there("eu-west-1").to_string(), Ok(found))
    };
    let elsewhere =
        [("eu-west-1", free_then(std::iter::repeat_with(other).take(11))), ("us-east-1", free())];
    let home = vec![created(), replicate("eu-west-1")];
    assert_eq!(both(home, elsewhere, &[]).unwrap_err().code, "unknown-replica");
}

#[test]
fn a_replica_without_its_alias_is_named_with_what_is_complete_and_what_is_not() {
    let home = vec![created(), replicate("eu-west-1"), replicate("us-east-1"), aliased(primary())];
    let refuse =
        Step::CreateAlias(ALIAS, there("eu-west-1"), Err(refused("AlreadyExistsException")));
    let ireland = free_then([shows("eu-west-1", KeyState::PendingImport), refuse]);
    let virginia = free_then([shows("us-east-1", KeyState::PendingImport)]);
    let failure = both(home, [("eu-west-1", ireland), ("us-east-1", virginia)], &[]).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Unknown, "no-alias"));
    assert!(failure.error.contains(there("eu-west-1").to_string().as_str()));
    let because = failure.because.join("\n");
    assert!(because.contains(&format!("{} was created, with its alias", primary())), "{because}");
    let rest = format!("{} was created too, without its alias", there("us-east-1"));
    assert!(because.contains(&rest), "{because}");
    assert!(failure.hint.unwrap().contains("create-alias --region eu-west-1"));
}

#[test]
fn replicas_need_a_multi_region_key() {
    let line = ["create-key", "--alias", "payments", "--replica-region", "eu-west-1"];
    assert!(Line::try_parse_from(line).is_err());
}

#[test]
fn a_replica_in_the_primarys_region_or_twice_is_refused_before_anything_is_created() {
    for regions in [&["eu-central-1"][..], &["eu-west-1", "eu-west-1"]] {
        let mut words = vec!["--multi-region"];
        words.extend(regions.iter().flat_map(|region| ["--replica-region", region]));
        let only_asked = Script::of([Step::Identify(Ok(session()))]);
        let failure = run_with(only_asked, &args(&words)).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
    }
}
