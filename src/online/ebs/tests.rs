use super::create_volume::CreateVolumeArgs;
use super::set_default::SetDefaultArgs;
use super::*;
use crate::ec2::{Volume, VolumeState, VolumeType};
use crate::kms::CallError;
use crate::testing::{
    Ec2Script, Ec2Step, NOW, Script, Step, World, at_the_desk_typing, key, refused, session,
};
use keyferry_ceremony::testing::{Story, parse};

const VOLUME: &str = "vol-0123456789abcdef0";

fn found() -> KeyDescription {
    key(&World::new(Story::sound()), KeyState::Enabled)
}

fn args() -> CreateVolumeArgs {
    CreateVolumeArgs {
        key: parse("alias/payments"),
        zone: parse("eu-central-1a"),
        size: 8,
        kind: VolumeType::Gp3,
        iops: None,
        tags: vec![parse("team=a b")],
        client_token: Some(parse("token-1")),
        dry_run: false,
    }
}

fn volume(state: VolumeState) -> Volume {
    let key = Some(found().key.to_string());
    Volume { id: parse(VOLUME), state, encrypted: true, key }
}

fn silent<T>() -> Result<T, CallError> {
    Err(CallError::NoAnswer("timeout".to_owned()))
}

fn create(answer: Result<Volume, CallError>) -> Ec2Step {
    Ec2Step::Create(Box::new(move |asked| {
        assert_eq!(asked.key, found().key);
        assert_eq!((asked.zone.as_str(), asked.gibibytes), ("eu-central-1a", 8));
        assert_eq!((asked.kind, asked.token.as_str()), (VolumeType::Gp3, "token-1"));
        assert_eq!(asked.tags[0].value, "a b");
        answer
    }))
}

fn describe(state: VolumeState) -> Ec2Step {
    Ec2Step::Describe(VOLUME, Ok(volume(state)))
}

fn run_on(
    found: KeyDescription,
    typed: &str,
    steps: impl IntoIterator<Item = Ec2Step>,
    command: EbsCommand,
) -> Result<(), Failure> {
    let kms = Script::of([
        Step::Identify(Ok(session())),
        Step::Describe("alias/payments".to_owned(), Ok(found)),
    ]);
    let ec2 = Ec2Script::of(steps);
    let args = EbsArgs { ec2_endpoint_url: None, command };
    let outcome = at_the_desk_typing(NOW, &[typed], |desk| run(desk, &kms, &ec2, &args));
    kms.finish();
    ec2.finish();
    outcome
}

fn created(steps: impl IntoIterator<Item = Ec2Step>) -> Result<(), Failure> {
    run_on(found(), "", steps, EbsCommand::CreateVolume(args()))
}

#[test]
fn a_volume_is_created_once_and_waited_for() {
    created([
        create(Ok(volume(VolumeState::Creating))),
        describe(VolumeState::Creating),
        Ec2Step::Describe(VOLUME, Err(refused("InvalidVolume.NotFound"))),
        describe(VolumeState::Available),
    ])
    .unwrap();
}

#[test]
fn no_answer_is_never_repeated_and_the_token_is_shown() {
    let failure = created([create(silent())]).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Unknown, "unknown-volume"));
    assert!(failure.hint.unwrap().contains("--client-token token-1"));
    let failure = created([create(Err(refused("UnauthorizedOperation")))]).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Unchanged, "kms-refused"));
}

#[test]
fn a_volume_under_another_key_is_not_handed_on() {
    for wrong in [
        Volume { encrypted: false, ..volume(VolumeState::Creating) },
        Volume { key: Some("arn:aws:kms:other".to_owned()), ..volume(VolumeState::Creating) },
        Volume { key: None, ..volume(VolumeState::Creating) },
    ] {
        let failure = created([create(Ok(wrong))]).unwrap_err();
        assert_eq!((failure.exit, failure.code), (Exit::Unknown, "other-key"));
    }
}

#[test]
fn a_volume_that_fails_or_hangs_is_no_success() {
    let failed = created([
        create(Ok(volume(VolumeState::Creating))),
        describe(VolumeState::Other("error".to_owned())),
    ]);
    assert_eq!(failed.unwrap_err().code, "volume-failed");
    let steps = std::iter::once(create(Ok(volume(VolumeState::Creating))))
        .chain((0..9).map(|_| describe(VolumeState::Creating)));
    let failure = created(steps).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Unknown, "volume-not-ready"));
}

#[test]
fn a_key_that_ebs_cannot_use_is_refused_unasked() {
    let code = |change: fn(&mut KeyDescription)| {
        let mut found = found();
        change(&mut found);
        let commands = [
            EbsCommand::CreateVolume(args()),
            EbsCommand::SetDefault(SetDefaultArgs { key: parse("alias/payments"), dry_run: false }),
        ];
        let codes = commands.map(|command| {
            let failure = run_on(found.clone(), "", [], command).unwrap_err();
            assert_eq!(failure.exit, Exit::Unchanged);
            failure.code
        });
        assert_eq!(codes[0], codes[1]);
        codes[0]
    };
    assert_eq!(code(|key| key.state = KeyState::PendingImport), "not-in-use");
    assert_eq!(code(|key| key.state = KeyState::Other("Disabled".to_owned())), "not-in-use");
    assert_eq!(code(|key| key.key_spec = "RSA_2048".to_owned()), "other-spec");
    assert_eq!(code(|key| key.key.region = parse("eu-west-1")), "other-region");
}

#[test]
fn a_zone_elsewhere_and_a_type_without_iops_are_usage() {
    let elsewhere = CreateVolumeArgs { zone: parse("eu-west-1a"), ..args() };
    let failure = run_on(found(), "", [], EbsCommand::CreateVolume(elsewhere)).unwrap_err();
    assert_eq!(failure.exit, Exit::Usage);
    let slow = CreateVolumeArgs { kind: VolumeType::Io2, ..args() };
    let (kms, ec2) = (Script::of([]), Ec2Script::of([]));
    let run = |desk: Desk<'_>| create_volume::run(desk, &kms, &ec2, &slow);
    assert_eq!(at_the_desk_typing(NOW, &[], run).unwrap_err().exit, Exit::Usage);
}

#[test]
fn a_dry_run_creates_and_sets_nothing() {
    let create = CreateVolumeArgs { dry_run: true, ..args() };
    run_on(found(), "", [], EbsCommand::CreateVolume(create)).unwrap();
    let set = SetDefaultArgs { key: parse("alias/payments"), dry_run: true };
    run_on(found(), "", before("alias/aws/ebs"), EbsCommand::SetDefault(set)).unwrap();
}

fn before(now: &str) -> Vec<Ec2Step> {
    vec![Ec2Step::GetDefault(Ok(now.to_owned())), Ec2Step::ByDefault(Ok(false))]
}

fn set_default(typed: &str, steps: impl IntoIterator<Item = Ec2Step>) -> Result<(), Failure> {
    let args = SetDefaultArgs { key: parse("alias/payments"), dry_run: false };
    run_on(found(), typed, steps, EbsCommand::SetDefault(args))
}

#[test]
fn the_default_key_is_set_once_after_the_alias_was_typed() {
    let key = found().key;
    let mut steps = before("alias/aws/ebs");
    steps.push(Ec2Step::SetDefault(key.clone(), Ok(key.to_string())));
    set_default("alias/payments", steps).unwrap();
    assert_eq!(set_default("yes", before("x")).unwrap_err().exit, Exit::Declined);
    set_default("", before(&key.to_string())).unwrap();
    // Who may not look may still set.
    let denied = || refused("UnauthorizedOperation");
    let steps = [
        Ec2Step::GetDefault(Err(denied())),
        Ec2Step::ByDefault(Err(denied())),
        Ec2Step::SetDefault(key.clone(), Ok(key.to_string())),
    ];
    set_default("alias/payments", steps).unwrap();
}

#[test]
fn a_default_that_nobody_knows_is_unknown() {
    let key = found().key;
    let with = |answer: Result<String, CallError>, looked: Option<&str>| {
        let mut steps = before("alias/aws/ebs");
        steps.push(Ec2Step::SetDefault(key.clone(), answer));
        steps.extend(looked.map(|now| Ec2Step::GetDefault(Ok(now.to_owned()))));
        set_default("alias/payments", steps)
    };
    with(silent(), Some(&key.to_string())).unwrap();
    let code = |outcome: Result<(), Failure>| {
        let failure = outcome.unwrap_err();
        (failure.exit, failure.code)
    };
    let unknown = (Exit::Unknown, "unknown-default");
    assert_eq!(code(with(silent(), Some("alias/aws/ebs"))), unknown);
    assert_eq!(code(with(Ok("arn:aws:kms:other".to_owned()), None)), unknown);
    assert_eq!(code(with(Err(refused("UnauthorizedOperation")), None)).0, Exit::Unchanged);
}
