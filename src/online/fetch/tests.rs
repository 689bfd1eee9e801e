use super::*;
use crate::kms::{CallError, KeyState};
use crate::testing::{NOW, Script, Step, World, at_the_desk, key, session};
use keyferry_ceremony::testing::{Story, WRAPPING_KEY, signed, time};
use std::os::unix::fs::PermissionsExt as _;

const BEFORE: [&str; 3] = ["device.json", "plan.json", "policy-v1.json"];

fn args(world: &World, who: &str) -> FetchArgs {
    FetchArgs {
        ceremony: world.ceremony(),
        identity: world.identity(who),
        from_console: None,
        downloaded_at: None,
        again: false,
        dry_run: false,
    }
}

fn given(world: &World) -> Parameters {
    Parameters {
        key: world.story.plan.targets[0].key.clone(),
        public_key: WRAPPING_KEY.to_vec(),
        token: b"a token".to_vec(),
        valid_to: time("2026-11-05T03:00:00Z"),
    }
}

fn identify() -> Step {
    Step::Identify(Ok(session()))
}

fn describe(world: &World, state: KeyState) -> Step {
    Step::Describe(world.story.plan.targets[0].key.to_string(), Ok(key(world, state)))
}

fn parameters(world: &World, answer: Result<Parameters, CallError>) -> Step {
    let target = &world.story.plan.targets[0];
    Step::Parameters(
        target.key.clone(),
        target.wrapping_algorithm,
        target.wrapping_key_spec,
        answer,
    )
}

fn run_with(args: &FetchArgs, steps: impl IntoIterator<Item = Step>) -> Result<(), Failure> {
    let script = Script::of(steps);
    let nowhere = crate::testing::Elsewhere::nowhere();
    let outcome = at_the_desk(NOW, |desk| run(desk, args, Source::Api(&script, &nowhere)));
    script.finish();
    outcome
}

/// What is answered is spoiled, the fetch must fail so, and nothing may be left.
fn spoiled(spoil: impl FnOnce(&mut Parameters)) -> Failure {
    let world = World::new(Story::sound());
    let mut answer = given(&world);
    spoil(&mut answer);
    let steps =
        [identify(), describe(&world, KeyState::PendingImport), parameters(&world, Ok(answer))];
    let failure = run_with(&args(&world, "oscar"), steps).unwrap_err();
    assert_eq!(world.names(), BEFORE);
    failure
}

fn fetch_all(world: &World, who: &str) -> Result<(), Failure> {
    fetch_with(world, who, b"a token")
}

fn fetch_with(world: &World, who: &str, token: &[u8]) -> Result<(), Failure> {
    let answer = Parameters { token: token.to_vec(), ..given(world) };
    let steps =
        [identify(), describe(world, KeyState::PendingImport), parameters(world, Ok(answer))];
    let again = world.names().contains(&"request-1.json".to_owned());
    run_with(&FetchArgs { again, ..args(world, who) }, steps)
}

#[test]
fn a_second_request_is_asked_for_as_such() {
    let world = World::new(Story::sound());
    let early = run_with(&FetchArgs { again: true, ..args(&world, "oscar") }, []).unwrap_err();
    assert_eq!(early.exit, Exit::Usage);
    fetch_all(&world, "oscar").unwrap();
    let before = world.names();
    let failure = run_with(&args(&world, "oscar"), []).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::File, "fetched-already"));
    assert!(failure.hint.unwrap().contains("fetch --again"));
    assert_eq!(world.names(), before);
}

#[test]
fn a_request_and_its_token_are_written() {
    let world = World::new(Story::sound());
    fetch_all(&world, "oscar").unwrap();
    let [device, plan, policy] = BEFORE;
    let after = [device, "import-token-1-payments.bin", plan, policy, "request-1.json"];
    assert_eq!(world.names(), after);
    assert_eq!(world.read("import-token-1-payments.bin"), b"a token");
    let token = world.path("ceremony/import-token-1-payments.bin");
    assert_eq!(token.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let chain = Chain::open(&world.ceremony()).unwrap();
    let request = chain.newest_request().unwrap();
    assert_eq!(request.body().targets[0].import_token_sha256, Digest::of(b"a token"));
    assert_eq!(request.body().created, time(NOW));
}

#[test]
fn the_next_request_follows_the_last() {
    let world = World::new(Story::sound());
    fetch_all(&world, "oscar").unwrap();
    let first = Chain::open(&world.ceremony()).unwrap().newest_request().unwrap().digest();
    // KMS hands out another token each time: the same one again is not its answer to this call.
    let failure = fetch_all(&world, "oscar").unwrap_err();
    assert!(failure.because.iter().any(|b| b.contains("is the token of request 1")), "{failure:?}");
    fetch_with(&world, "oscar", b"another token").unwrap();
    let second = Chain::open(&world.ceremony()).unwrap().newest_request().unwrap();
    assert_eq!((second.body().counter, second.body().previous), (2, Some(first)));
}

#[test]
fn a_request_that_follows_another_one_is_refused() {
    let world = World::fetched(Story::sound());
    let mut second = world.story.request.clone();
    second.counter = 2;
    second.previous = Some(Digest::of(b"another request 1"));
    second.targets[0].import_token_sha256 = Digest::of(b"another token");
    world.put("request-2.json", &signed(&second, &["oscar"]));
    let failure = Chain::open(&world.ceremony()).unwrap().newest_request().unwrap_err();
    assert!(
        failure.because.iter().any(|b| b.contains("previous: is not request 1")),
        "{failure:?}"
    );
}

#[test]
fn a_request_that_does_not_verify_is_not_followed() {
    let world = World::new(Story::sound());
    world.put("request-1.json", &signed(&world.story.request, &["wendy"]));
    let failure = run_with(&args(&world, "oscar"), []).unwrap_err();
    assert_eq!(failure.exit, Exit::Policy);
}

#[test]
fn a_dry_run_asks_for_no_parameters_and_writes_nothing() {
    let world = World::new(Story::sound());
    let args = FetchArgs { dry_run: true, ..args(&world, "oscar") };
    run_with(&args, [identify(), describe(&world, KeyState::PendingImport)]).unwrap();
    assert_eq!(world.names(), BEFORE);
}

fn two_operators() -> World {
    let mut story = Story::sound();
    story.policy.roles.online_operator.keys.extend(story.policy.roles.witness.keys.clone());
    story.policy.roles.online_operator.threshold = 2;
    story.relink();
    World::new(story)
}

#[test]
fn a_quorum_that_is_short_hides_no_fault() {
    let world = two_operators();
    let mut answer = given(&world);
    answer.public_key.push(0);
    let steps =
        [identify(), describe(&world, KeyState::PendingImport), parameters(&world, Ok(answer))];
    assert_eq!(run_with(&args(&world, "oscar"), steps).unwrap_err().exit, Exit::Refused);
    assert_eq!(world.names(), BEFORE);
}

#[test]
fn a_quorum_of_two_is_told_who_must_sign_next() {
    let world = two_operators();
    fetch_all(&world, "oscar").unwrap();
    let refusal = Chain::open(&world.ceremony()).unwrap().newest_request().unwrap_err();
    assert_eq!(refusal.exit, Exit::Policy);
    assert!(refusal.because.concat().contains("needs 2 distinct holder(s), got 1 (oscar)"));
}

#[test]
fn somebody_who_is_no_online_operator_asks_for_nothing() {
    let world = World::new(Story::sound());
    for who in ["wendy", "mallory"] {
        let steps = [identify(), describe(&world, KeyState::PendingImport)];
        let failure = run_with(&args(&world, who), steps).unwrap_err();
        assert_eq!((failure.exit, failure.code), (Exit::Policy, "wrong-signer"));
    }
    assert_eq!(world.names(), BEFORE);
}

#[test]
fn other_credentials_and_regions_are_refused_before_kms_is_asked() {
    let world = World::new(Story::sound());
    for (session, code) in [
        (
            crate::kms::Session { account: "999922223333".parse().unwrap(), ..session() },
            "wrong-account",
        ),
        (crate::kms::Session { region: "us-east-1".parse().unwrap(), ..session() }, "wrong-region"),
        (
            crate::kms::Session { partition: "aws-cn".parse().unwrap(), ..session() },
            "wrong-partition",
        ),
    ] {
        let failure = run_with(&args(&world, "oscar"), [Step::Identify(Ok(session))]).unwrap_err();
        assert_eq!((failure.exit, failure.code), (Exit::Policy, code));
    }
    assert_eq!(world.names(), BEFORE);
}

type Spoil = fn(&mut crate::kms::KeyDescription);

#[test]
fn a_key_that_is_not_the_planned_one_is_refused() {
    let world = World::new(Story::sound());
    let spoil: [(&str, Spoil); 6] = [
        ("wrong-key", |key| key.origin = "AWS_KMS".to_owned()),
        ("wrong-key", |key| key.key_spec = "HMAC_256".to_owned()),
        ("wrong-key", |key| key.multi_region = true),
        ("wrong-key", |key| {
            key.key.key_id = "00000000-12ab-34cd-56ef-1234567890ab".parse().unwrap();
        }),
        ("not-pending-import", |key| key.state = KeyState::Enabled),
        ("not-pending-import", |key| key.state = KeyState::Other("PendingDeletion".to_owned())),
    ];
    for (code, spoil) in spoil {
        let mut found = key(&world, KeyState::PendingImport);
        spoil(&mut found);
        let step = Step::Describe(world.story.plan.targets[0].key.to_string(), Ok(found));
        let failure = run_with(&args(&world, "oscar"), [identify(), step]).unwrap_err();
        assert_eq!((failure.exit, failure.code), (Exit::Unchanged, code));
    }
    assert_eq!(world.names(), BEFORE);
}

#[test]
fn a_failed_call_leaves_nothing() {
    let world = World::new(Story::sound());
    let busy = || parameters(&world, Err(CallError::Throttled("slow".to_owned())));
    let asked = [identify(), describe(&world, KeyState::PendingImport)];
    let steps = asked.into_iter().chain((0..7).map(|_| busy()));
    let failure = run_with(&args(&world, "oscar"), steps).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Unchanged, "kms-throttled"));
    assert_eq!(world.names(), BEFORE);
}

#[test]
fn a_bad_wrapping_key_is_refused_and_nothing_is_left() {
    let even = spoiled(|given| {
        let last = given.public_key.len() - 6; // before the exponent: INTEGER, 3 bytes, 1 0 1
        given.public_key[last] ^= 1;
    });
    assert_eq!(even.exit, Exit::Refused);
    assert!(even.because.concat().contains("even modulus"), "{even:?}");
    let trailing = spoiled(|given| given.public_key.push(0));
    assert_eq!(trailing.exit, Exit::Refused);
    assert!(trailing.because.concat().contains("not exactly one SubjectPublicKeyInfo"));
    assert_eq!(spoiled(|given| given.public_key.clear()).code, "parameters");
    assert_eq!(spoiled(|given| given.token = vec![0; 6145]).code, "parameters");
    let other = "arn:aws:kms:eu-central-1:111122223333:key/00000000-12ab-34cd-56ef-1234567890ab";
    assert_eq!(spoiled(|given| given.key = other.parse().unwrap()).exit, Exit::Refused);
    assert_eq!(spoiled(|given| given.valid_to = time(NOW)).code, "parameters-expired");
}

#[test]
fn a_file_in_the_way_is_found_before_anything_is_asked() {
    let world = World::new(Story::sound());
    world.put("import-token-1-payments.bin", b"left over");
    let failure = run_with(&args(&world, "oscar"), []).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::File, "file-exists"));
    world.put("notes.txt", b"");
    let failure = run_with(&args(&world, "oscar"), []).unwrap_err();
    assert_eq!(failure.code, "stray-file");
}

#[test]
fn what_appears_meanwhile_is_not_overwritten_and_no_token_is_left() {
    let world = World::new(Story::sound());
    let path = world.path("ceremony/request-1.json");
    let steps = [
        identify(),
        describe(&world, KeyState::PendingImport),
        Step::Meanwhile(Box::new(move || std::fs::write(path, b"another").unwrap())),
        parameters(&world, Ok(given(&world))),
    ];
    let failure = run_with(&args(&world, "oscar"), steps).unwrap_err();
    assert_eq!(failure.code, "file-exists");
    assert_eq!(world.read("request-1.json"), b"another");
    assert!(!world.names().iter().any(|name| name.contains("token")));
}

#[test]
fn a_console_download_becomes_a_request_without_asking_aws() {
    let world = World::new(Story::sound());
    let folder = world.path("download");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("WrappingPublicKey.bin"), WRAPPING_KEY).unwrap();
    std::fs::write(folder.join("ImportToken.bin"), b"a token").unwrap();
    let download = Download::read(&folder).unwrap();
    let at = |given: &str| FetchArgs {
        downloaded_at: Some(time(given)),
        from_console: Some(folder.clone()),
        ..args(&world, "oscar")
    };
    let fetch =
        |args: &FetchArgs| at_the_desk(NOW, |desk| run(desk, args, Source::Console(&download)));
    assert_eq!(fetch(&at("2026-11-03T03:00:00Z")).unwrap_err().code, "parameters-expired");
    assert_eq!(world.names(), BEFORE);
    fetch(&at("2026-11-04T01:00:00Z")).unwrap();
    let request = Chain::open(&world.ceremony()).unwrap().newest_request().unwrap();
    let target = &request.body().targets[0];
    assert_eq!(target.source, ParametersSource::Console);
    assert_eq!(target.parameters_valid_to, time("2026-11-05T01:00:00Z"));
    assert!(request.body().endpoint.is_console());
}
