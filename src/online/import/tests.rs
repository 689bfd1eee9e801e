use super::*;
use crate::algorithms::SigningAlgorithm;
use crate::kms::{CallError, ImportType, Imported, KeyState, Session};
use crate::testing::{
    Elsewhere, NOW, PrivateKey, Script, Seen, Step, World, at_the_desk, key, material_id, refused,
    round_trip, session,
};
use keyferry_bundle::kinds::{Expiration, Outcome, ProofMethod, Target};
use keyferry_bundle::{Backup, Base64, Digest, ExpirationModel, KeyUsage, Receipt, Verified};
use keyferry_ceremony::testing::{Story, digest_of, signed, time};

mod later;
mod private_keys;

fn args(world: &World, who: &str) -> ImportArgs {
    ImportArgs {
        ceremony: world.ceremony(),
        identity: world.identity(who),
        resume: false,
        prove_profile: None,
        dry_run: false,
    }
}

fn identify() -> Step {
    Step::Identify(Ok(session()))
}

fn describe(world: &World, state: KeyState) -> Step {
    Step::Describe(world.story.plan.targets[0].key.to_string(), Ok(key(world, state)))
}

fn pending(world: &World) -> Step {
    describe(world, KeyState::PendingImport)
}

fn enabled(world: &World) -> Step {
    describe(world, KeyState::Enabled)
}

/// Enabled, and what it encrypts it decrypts: what follows a sound upload.
fn in_use(world: &World, before: impl IntoIterator<Item = Step>) -> Vec<Step> {
    let proof = round_trip(&world.story.plan.targets[0].key);
    before.into_iter().chain([enabled(world)]).chain(proof).collect()
}

fn upload(world: &World, existing: bool, answer: Result<Imported, CallError>) -> Step {
    Step::Import(Box::new(seen(world, existing, Some("tests-1"))), answer)
}

/// What `ImportKeyMaterial` is asked for.
fn seen(world: &World, existing: bool, description: Option<&str>) -> Seen {
    let target = &world.story.plan.targets[0];
    let answered = &world.story.response.targets[0];
    Seen {
        key: target.key.clone(),
        token: b"token".to_vec(),
        encrypted_key_material: answered.encrypted_key_material.as_bytes().to_vec(),
        expiration: target.expiration,
        import_type: existing.then_some(ImportType::Existing),
        key_material_id: None,
        description: description.map(str::to_owned),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "an answer of the script")]
fn imported() -> Result<Imported, CallError> {
    Ok(Imported { key_material_id: Some(material_id()) })
}

fn no_answer() -> CallError {
    CallError::NoAnswer("timeout".to_owned())
}

fn run_at(
    now: &str,
    args: &ImportArgs,
    steps: impl IntoIterator<Item = Step>,
) -> Result<(), Failure> {
    let script = Script::of(steps);
    let nowhere = Elsewhere::nowhere();
    let place = Where { kms: &script, regions: &nowhere, at_once: None, prover: None };
    let outcome = at_the_desk(now, |desk| run(desk, &place, args));
    script.finish();
    outcome
}

/// The receipt as an auditor accepts it.
fn receipt(world: &World) -> Verified<Receipt> {
    let chain = Chain::open(&world.ceremony()).unwrap();
    let request = chain.newest_request().unwrap();
    let response = answer(&chain, &request).unwrap();
    chain.ceremony.receipt(&chain.plan, &response, 1).unwrap()
}

/// Refused without a single call, and nothing written.
fn refused_unasked(world: &World, now: &str) -> Failure {
    let before = world.names();
    let failure = run_at(now, &args(world, "oscar"), []).unwrap_err();
    assert_eq!(world.names(), before);
    failure
}

#[test]
fn an_answered_import_has_a_receipt() {
    let world = World::answered(Story::sound());
    // KMS is eventually consistent.
    let steps = [
        identify(),
        pending(&world),
        upload(&world, false, imported()),
        pending(&world),
        pending(&world),
    ];
    run_at(NOW, &args(&world, "oscar"), in_use(&world, steps)).unwrap();
    let receipt = receipt(&world);
    let target = &receipt.body().targets[0];
    assert_eq!(target.outcome, Outcome::Imported);
    assert_eq!(target.key_material_id, Some(material_id()));
    assert_eq!(target.proof.as_ref().unwrap().method, ProofMethod::RoundTrip);
    assert_eq!(receipt.body().created, time("2026-11-04T03:00:03Z"));
}

#[test]
fn an_unanswered_import_is_confirmed_by_looking() {
    let world = World::answered(Story::sound());
    let steps =
        [identify(), pending(&world), upload(&world, false, Err(no_answer())), pending(&world)];
    run_at(NOW, &args(&world, "oscar"), in_use(&world, steps)).unwrap();
    assert_eq!(receipt(&world).body().targets[0].outcome, Outcome::Confirmed);
}

#[test]
fn what_looking_does_not_settle_is_unknown_and_never_repeated() {
    for answer in [imported(), Err(no_answer())] {
        let world = World::answered(Story::sound());
        let mut steps = vec![identify(), pending(&world), upload(&world, false, answer)];
        steps.extend((0..11).map(|_| pending(&world)));
        let failure = run_at(NOW, &args(&world, "oscar"), steps).unwrap_err();
        assert_eq!((failure.exit, failure.code), (Exit::Unknown, "unknown-imported"));
        assert!(failure.hint.unwrap().contains("keyferry-online status"));
        assert!(!world.names().contains(&"receipt-1.json".to_owned()));
    }
}

#[test]
fn another_expiration_is_no_confirmation() {
    let world = World::answered(Story::sound());
    let valid_to = Some(time("2027-01-01T00:00:00Z"));
    let other = Some(Expiration { model: ExpirationModel::Expires, valid_to });
    let found =
        || crate::kms::KeyDescription { expiration: other, ..key(&world, KeyState::Enabled) };
    let arn = world.story.plan.targets[0].key.to_string();
    let mut steps = vec![identify(), pending(&world), upload(&world, false, Err(no_answer()))];
    steps.extend((0..11).map(|_| Step::Describe(arn.clone(), Ok(found()))));
    let failure = run_at(NOW, &args(&world, "oscar"), steps).unwrap_err();
    assert_eq!(failure.exit, Exit::Unknown);
    assert!(failure.because.concat().contains("not with the planned expiration"));
}

#[test]
fn a_busy_kms_is_asked_again_because_it_did_nothing() {
    let world = World::answered(Story::sound());
    let busy = || upload(&world, false, Err(CallError::Throttled("slow".to_owned())));
    let mut steps = vec![identify(), pending(&world), busy(), busy()];
    steps.push(upload(&world, false, imported()));
    run_at(NOW, &args(&world, "oscar"), in_use(&world, steps)).unwrap();

    let world = World::answered(Story::sound());
    let mut steps = vec![identify(), pending(&world)];
    steps.extend(
        (0..7).map(|_| upload(&world, false, Err(CallError::Throttled("slow".to_owned())))),
    );
    let failure = run_at(NOW, &args(&world, "oscar"), steps).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Unchanged, "kms-throttled"));
}

#[test]
fn a_refused_import_changed_nothing() {
    for (code, hint) in [
        ("ExpiredImportTokenException", "fetch"),
        ("InvalidImportTokenException", "fetch"),
        ("InvalidCiphertextException", "fetch again"),
        ("IncorrectKeyMaterialException", "other material"),
    ] {
        let world = World::answered(Story::sound());
        let error = CallError::Refused { code: code.to_owned(), message: "a message".to_owned() };
        let steps = [identify(), pending(&world), upload(&world, false, Err(error))];
        let failure = run_at(NOW, &args(&world, "oscar"), steps).unwrap_err();
        assert_eq!(failure.exit, Exit::Unchanged);
        assert!(failure.because.concat().contains(code));
        assert!(failure.hint.unwrap().contains(hint));
        assert!(!world.names().contains(&"receipt-1.json".to_owned()));
    }
}

#[test]
fn a_key_that_has_material_is_left_alone() {
    let world = World::answered(Story::sound());
    let steps = [identify(), enabled(&world)];
    let failure = run_at(NOW, &args(&world, "oscar"), steps).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Unchanged, "not-pending-import"));
}

#[test]
fn resuming_proves_what_the_key_holds() {
    let world = World::answered(Story::sound());
    let args = ImportArgs { resume: true, ..args(&world, "oscar") };
    let steps = [identify(), enabled(&world), upload(&world, true, Err(no_answer()))];
    let failure = run_at(NOW, &args, steps).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Unknown, "unknown-imported"));
    let error = CallError::Refused {
        code: "IncorrectKeyMaterialException".to_owned(),
        message: "a message".to_owned(),
    };
    let steps = [identify(), enabled(&world), upload(&world, true, Err(error))];
    assert_eq!(run_at(NOW, &args, steps).unwrap_err().exit, Exit::Unchanged);
    let steps = [identify(), enabled(&world), upload(&world, true, imported())];
    run_at(NOW, &args, in_use(&world, steps)).unwrap();
    assert_eq!(receipt(&world).body().targets[0].outcome, Outcome::Imported);
}

#[test]
fn a_dry_run_uploads_nothing_and_writes_nothing() {
    let world = World::answered(Story::sound());
    let before = world.names();
    let args = ImportArgs { dry_run: true, ..args(&world, "oscar") };
    run_at(NOW, &args, [identify(), pending(&world)]).unwrap();
    assert_eq!(world.names(), before);
}

#[test]
fn a_receipt_that_cannot_be_written_is_not_lost() {
    let world = World::answered(Story::sound());
    let path = world.path("ceremony/receipt-1.json");
    let steps = [
        identify(),
        pending(&world),
        Step::Meanwhile(Box::new(move || std::fs::write(path, b"in the way").unwrap())),
        upload(&world, false, imported()),
    ];
    let failure = run_at(NOW, &args(&world, "oscar"), in_use(&world, steps)).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::File, "receipt-unwritten"));
    assert!(failure.because[0].contains("WAS imported"));
    assert_eq!(world.read("receipt-1.json"), b"in the way");
}

#[test]
fn a_receipt_in_the_way_is_found_before_anything_is_asked() {
    let world = World::answered(Story::sound());
    world.put("receipt-1.json", b"in the way");
    assert_eq!(refused_unasked(&world, NOW).code, "file-exists");
}

#[test]
fn tokens_must_be_those_of_the_request() {
    let world = World::answered(Story::sound());
    world.put("import-token-1-payments.bin", b"token of another download");
    let failure = refused_unasked(&world, NOW);
    assert_eq!((failure.exit, failure.code), (Exit::Refused, "token-of-another-download"));
    std::fs::remove_file(world.path("ceremony/import-token-1-payments.bin")).unwrap();
    assert_eq!(refused_unasked(&world, NOW).exit, Exit::File);
}

#[test]
fn expired_parameters_are_refused_with_the_way_out() {
    let world = World::answered(Story::sound());
    let failure = refused_unasked(&world, "2026-11-05T00:00:00Z");
    assert_eq!((failure.exit, failure.code), (Exit::Unchanged, "parameters-expired"));
    assert!(failure.hint.unwrap().contains("keyferry-online fetch"));
}

fn expiring(model: ExpirationModel, valid_to: Option<&str>) -> World {
    let mut story = Story::sound();
    let expiration = Expiration { model, valid_to: valid_to.map(time) };
    story.plan.targets[0].expiration = expiration;
    story.relink();
    World::answered(story)
}

#[test]
fn a_planned_date_that_kms_would_refuse_is_refused_here() {
    // Possible when it was planned on the 3rd, past on the 4th.
    let past = expiring(ExpirationModel::Expires, Some("2026-11-04T02:00:00Z"));
    let failure = refused_unasked(&past, NOW);
    assert_eq!((failure.exit, failure.code), (Exit::Refused, "expiration"));
    let ahead = expiring(ExpirationModel::Expires, Some("2027-11-03T00:00:00Z"));
    let failure = refused_unasked(&ahead, "2026-11-02T00:00:00Z");
    assert!(failure.because.concat().contains("more than 365 days"), "{failure:?}");
    let fits = expiring(ExpirationModel::Expires, Some("2027-11-03T00:00:00Z"));
    let steps = [identify(), pending(&fits), upload(&fits, false, imported())];
    run_at(NOW, &args(&fits, "oscar"), in_use(&fits, steps)).unwrap();
    assert_eq!(
        receipt(&fits).body().targets[0].expiration.valid_to,
        Some(time("2027-11-03T00:00:00Z"))
    );
}

#[test]
fn signatures_count_before_anything_is_asked() {
    let world = World::answered(Story::sound());
    for (name, signers, exit) in [
        ("response-1.json", &["hsm"][..], Exit::Policy),
        ("response-1.json", &["wendy"], Exit::Policy),
        ("response-1.json", &["hsm", "mallory"], Exit::Refused),
    ] {
        world.put(name, &signed(&world.story.response, signers));
        assert_eq!(refused_unasked(&world, NOW).exit, exit, "{signers:?}");
    }
    let world = World::answered(Story::sound());
    world.put("backup-payments.json", &signed(&world.story.backup, &["wendy"]));
    assert_eq!(refused_unasked(&world, NOW).exit, Exit::Policy);
}

#[test]
fn the_backup_must_be_of_the_same_material() {
    let world = World::answered(Story::sound());
    let mut other = world.story.backup.clone();
    other.check_value = Digest::of(b"other material");
    world.put("backup-payments.json", &signed(&other, &["hsm"]));
    assert_eq!(refused_unasked(&world, NOW).exit, Exit::Refused);
    std::fs::remove_file(world.path("ceremony/backup-payments.json")).unwrap();
    assert_eq!(refused_unasked(&world, NOW).exit, Exit::File);
}

#[test]
fn a_response_that_names_a_backup_of_other_material_is_refused() {
    let mut story = Story::sound();
    story.backup.check_value = Digest::of(b"other material");
    story.relink();
    let failure = refused_unasked(&World::answered(story), NOW);
    assert_eq!(failure.exit, Exit::Refused);
    assert!(failure.error.contains("backup-payments.json"));
}

#[test]
fn a_response_to_another_request_is_refused() {
    let world = World::answered(Story::sound());
    let mut other = world.story.response.clone();
    other.request = Digest::of(b"another request");
    world.put("response-1.json", &signed(&other, &["hsm", "wendy"]));
    assert_eq!(refused_unasked(&world, NOW).exit, Exit::Refused);
}

#[test]
fn other_credentials_upload_nothing() {
    let world = World::answered(Story::sound());
    let other = Session { account: "999922223333".parse().unwrap(), ..session() };
    let failure = run_at(NOW, &args(&world, "oscar"), [Step::Identify(Ok(other))]).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Policy, "wrong-account"));
}

#[test]
fn somebody_who_may_not_sign_the_receipt_uploads_nothing() {
    let world = World::answered(Story::sound());
    let steps = [identify(), pending(&world)];
    let failure = run_at(NOW, &args(&world, "wendy"), steps).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Policy, "wrong-signer"));
}

/// A second target, `second`, with a backup of its own.
fn two() -> World {
    let key = "arn:aws:kms:eu-central-1:111122223333:key/22222222-12ab-34cd-56ef-1234567890ab";
    with_second(Story::sound(), key.parse().unwrap(), |_, _| ())
}

/// With a second target of this key, and what differs in it and in its backup.
fn with_second(
    mut story: Story,
    key: KeyArn,
    differ: impl FnOnce(&mut Target, &mut Backup),
) -> World {
    let mut planned = story.plan.targets[0].clone();
    planned.name = "second".parse().unwrap();
    planned.key = key;
    planned.object_id = "0x0a02".parse().unwrap();
    let mut asked = story.request.targets[0].clone();
    asked.name = planned.name.clone();
    asked.key = planned.key.clone();
    asked.import_token_sha256 = Digest::of(b"second token");
    let mut answered = story.response.targets[0].clone();
    answered.name = planned.name.clone();
    answered.key = planned.key.clone();
    answered.object_id = planned.object_id;
    answered.import_token_sha256 = asked.import_token_sha256;
    answered.encrypted_key_material = Base64::new([2; 256]).unwrap();
    let mut backup = story.backup.clone();
    backup.target = planned.name.clone();
    backup.key = planned.key.clone();
    backup.object_id = planned.object_id;
    differ(&mut planned, &mut backup);
    story.plan.targets.push(planned);
    story.request.targets.push(asked);
    story.response.targets.push(answered);
    story.relink();
    (backup.plan, backup.device) = (story.backup.plan, story.backup.device);
    story.response.targets[1].backup = digest_of(&backup);
    let world = World::answered(story);
    world.put("import-token-1-second.bin", b"second token");
    world.put("backup-second.json", &signed(&backup, &["hsm"]));
    world
}

fn second(world: &World, state: KeyState) -> Step {
    let target = &world.story.plan.targets[1];
    let found = crate::kms::KeyDescription { key: target.key.clone(), ..key(world, state) };
    Step::Describe(target.key.to_string(), Ok(found))
}

fn second_upload(world: &World, answer: Result<Imported, CallError>) -> Step {
    let target = &world.story.plan.targets[1];
    let seen = Seen {
        key: target.key.clone(),
        token: b"second token".to_vec(),
        encrypted_key_material: vec![2; 256],
        expiration: target.expiration,
        import_type: None,
        key_material_id: None,
        description: Some("tests-1".to_owned()),
    };
    Step::Import(Box::new(seen), answer)
}

#[test]
fn a_half_done_import_says_so_and_can_be_finished() {
    let world = two();
    let pending = [identify(), pending(&world), second(&world, KeyState::PendingImport)];
    let uploaded = pending.into_iter().chain([upload(&world, false, imported()), enabled(&world)]);
    let refusal = second_upload(&world, Err(refused("AccessDeniedException")));
    let steps = uploaded.chain([refusal]);
    let failure = run_at(NOW, &args(&world, "oscar"), steps).unwrap_err();
    assert_eq!(failure.exit, Exit::Unknown);
    assert!(failure.because.concat().contains("imported before it: payments"), "{failure:?}");
    assert!(failure.hint.unwrap().contains("--resume"));
    assert!(!world.names().contains(&"receipt-1.json".to_owned()));

    assert_eq!(run_at(NOW, &args(&world, "oscar"), []).unwrap_err().code, "import-cut-off");

    // The first is in the journal: it is not sent again.
    let mut steps = vec![identify(), enabled(&world), second(&world, KeyState::PendingImport)];
    steps.extend([second_upload(&world, imported()), second(&world, KeyState::Enabled)]);
    steps.extend(round_trip(&world.story.plan.targets[0].key));
    steps.extend(round_trip(&world.story.plan.targets[1].key));
    run_at(NOW, &ImportArgs { resume: true, ..args(&world, "oscar") }, steps).unwrap();
    assert_eq!(receipt(&world).body().targets.len(), 2);
    assert!(!world.names().contains(&"journal-1.json".to_owned()));
}

#[test]
fn a_second_key_that_is_another_leaves_the_first_for_resuming() {
    let world = two();
    let pending = [identify(), pending(&world), second(&world, KeyState::PendingImport)];
    let uploaded = pending.into_iter().chain([upload(&world, false, imported()), enabled(&world)]);
    let mut steps: Vec<Step> = uploaded.collect();
    steps.extend([second_upload(&world, imported()), second(&world, KeyState::Enabled)]);
    steps.extend(round_trip(&world.story.plan.targets[0].key));
    let [encrypt, _] = round_trip(&world.story.plan.targets[1].key);
    let other = Step::Decrypt(
        world.story.plan.targets[1].key.clone(),
        Box::new(|_| Err(refused("InvalidCiphertextException"))),
    );
    steps.extend([encrypt, other]);
    let failure = run_at(NOW, &args(&world, "oscar"), steps).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Unknown, "kms-other-key"));
    assert_eq!(failure.because.last().unwrap(), "imported before it: payments");
    assert!(failure.error.contains("target second"));
    assert!(!world.names().contains(&"receipt-1.json".to_owned()));
}
