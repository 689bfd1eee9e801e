use super::*;
use crate::testing::{Script, Step, at_the_desk, session};
use clap::Parser as _;

const ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    args: CreateKeyArgs,
}

fn args(more: &[&str]) -> CreateKeyArgs {
    Line::parse_from(["create-key", "--alias", "payments"].iter().chain(more)).args
}

fn arn() -> KeyArn {
    ARN.parse().unwrap()
}

fn made() -> KeyDescription {
    KeyDescription {
        key: arn(),
        state: crate::kms::KeyState::PendingImport,
        origin: "EXTERNAL".to_owned(),
        key_usage: "ENCRYPT_DECRYPT".to_owned(),
        key_spec: "SYMMETRIC_DEFAULT".to_owned(),
        multi_region: false,
        expiration: None,
        key_material_id: None,
        regions: None,
    }
}

fn refused(code: &str) -> CallError {
    CallError::Refused { code: code.to_owned(), message: "a message".to_owned() }
}

/// A free alias, then whatever follows.
fn script(steps: impl IntoIterator<Item = Step>) -> Script {
    let free = Err(refused("NotFoundException"));
    let first = [Step::Identify(Ok(session())), Step::Describe("alias/payments".to_owned(), free)];
    Script::of(first.into_iter().chain(steps))
}

fn run_with(script: Script, args: &CreateKeyArgs) -> Result<(), Failure> {
    let nowhere = crate::testing::Elsewhere::nowhere();
    let outcome = at_the_desk("2026-11-04T00:00:00Z", |desk| run(desk, &script, &nowhere, args));
    script.finish();
    outcome
}

#[test]
fn everything_asked_for_reaches_kms() {
    let check = |key: &NewKey| {
        assert_eq!((key.key_spec, key.usage), (KeySpec::Hmac384, KeyUsage::GenerateVerifyMac));
        assert_eq!(key.description.as_ref().unwrap().as_str(), "For tests");
        assert_eq!(key.tags, [("a".to_owned(), "1".to_owned()), ("b".to_owned(), String::new())]);
        assert!(key.multi_region);
        let policy: serde_json::Value = serde_json::from_str(&key.policy).unwrap();
        assert_eq!(policy["Statement"].as_array().unwrap().len(), 5);
        Ok(made())
    };
    let script = script([
        Step::CreateKey(Box::new(check)),
        Step::CreateAlias("alias/payments", arn(), Ok(())),
    ]);
    let args = args(&[
        "--description",
        "For tests",
        "--tag",
        "a=1",
        "--tag",
        "b=",
        "--administrator",
        "arn:aws:iam::111122223333:role/Admin",
        "--user",
        "arn:aws:iam::111122223333:role/App",
        "--key-spec",
        "HMAC_384",
        "--multi-region",
    ]);
    run_with(script, &args).unwrap();
}

#[test]
fn a_dry_run_creates_nothing() {
    run_with(script([]), &args(&["--dry-run"])).unwrap();
}

#[test]
fn a_taken_alias_is_found_before_anything_is_created() {
    let script = Script::of([
        Step::Identify(Ok(session())),
        Step::Describe("alias/payments".to_owned(), Ok(made())),
    ]);
    let failure = run_with(script, &args(&[])).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Unchanged, "alias-taken"));
}

#[test]
fn a_refused_key_changed_nothing_and_an_unanswered_one_may_have() {
    for (error, exit) in [
        (refused("AccessDeniedException"), Exit::Unchanged),
        (CallError::Throttled("slow".to_owned()), Exit::Unchanged),
        (CallError::NotSent("no credentials".to_owned()), Exit::Unchanged),
        (CallError::NoAnswer("timeout".to_owned()), Exit::Unknown),
    ] {
        let script = script([Step::CreateKey(Box::new(move |_| Err(error)))]);
        assert_eq!(run_with(script, &args(&[])).unwrap_err().exit, exit);
    }
}

#[test]
fn a_key_without_its_alias_is_named_with_the_way_out() {
    for (error, code) in [
        (refused("AlreadyExistsException"), "no-alias"),
        (CallError::NoAnswer("timeout".to_owned()), "unknown-alias"),
    ] {
        let script = script([
            Step::CreateKey(Box::new(|_| Ok(made()))),
            Step::CreateAlias("alias/payments", arn(), Err(error)),
        ]);
        let failure = run_with(script, &args(&[])).unwrap_err();
        assert_eq!((failure.exit, failure.code), (Exit::Unknown, code));
        assert!(failure.error.contains(ARN));
        assert!(failure.hint.unwrap().contains("aws kms create-alias"));
    }
}

#[test]
fn a_key_of_another_origin_is_not_passed_off_as_ours() {
    let other = KeyDescription { origin: "AWS_KMS".to_owned(), ..made() };
    let script = script([Step::CreateKey(Box::new(move |_| Ok(other)))]);
    let failure = run_with(script, &args(&[])).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Unknown, "wrong-origin"));
}

#[test]
fn what_kms_would_refuse_is_refused_before_any_call() {
    let role = "arn:aws:iam::111122223333:role/Both";
    for wrong in [
        args(&["--administrator", role, "--user", role]),
        args(&["--key-spec", "ECC_NIST_EDWARDS25519"]),
        args(&["--key-usage", "SIGN_VERIFY"]),
    ] {
        let failure = run_with(Script::of([]), &wrong).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
    }
}

#[test]
fn every_usage_that_a_spec_has_can_be_asked_for_and_no_other() {
    for spec in KeySpec::ALL {
        for asked in KeyUsage::ALL {
            let line = args(&["--key-spec", spec.as_str(), "--key-usage", asked.as_str()]);
            let fits =
                *spec != KeySpec::EccNistEdwards25519 && wrapping::usages(*spec).contains(asked);
            assert_eq!(usage(line.key_spec, line.key_usage).is_ok(), fits, "{spec} {asked}");
        }
    }
    assert_eq!(usage(KeySpec::Rsa2048, None), Ok(KeyUsage::SignVerify));
}

mod replicas;
