//! One test a code, and that a broken rule hides no other.

use super::*;
use crate::testing::{Story, digest_of, parse, signed, time};
use keyferry_bundle::kinds::{Expiration, KeptAs, Target};
use keyferry_bundle::{
    Domains, Environment, ExpirationModel, KeySpec, WrappingAlgorithm, WrappingKeySpec,
};
use std::collections::BTreeSet;

const NOW: &str = "2026-11-03T12:00:00Z";

fn look_by(story: &Story, signers: &[&str]) -> Lint {
    look_beside(story, signers, &Beside::default())
}

fn look_beside(story: &Story, signers: &[&str], beside: &Beside) -> Lint {
    let (policy, device) = (story.accept_policy().unwrap(), story.accept_device().unwrap());
    lint(&policy, &device, &signed(&story.plan, signers), time(NOW), beside)
}

/// The plan as its officers see it once both have signed.
fn look(mut story: Story) -> Lint {
    story.relink();
    look_by(&story, &["alice", "bob"])
}

#[track_caller]
fn found(lint: &Lint, code: Code) -> &Finding {
    let found = lint.findings.iter().find(|finding| finding.code == code);
    found.unwrap_or_else(|| panic!("{code} is not among {:#?}", lint.findings))
}

#[track_caller]
fn is_found(story: Story, code: Code, standing: Standing, saying: &str) -> Lint {
    let lint = look(story);
    let finding = found(&lint, code);
    assert_eq!(finding.standing, standing);
    let told = format!("{}: {}", finding.field.as_deref().unwrap_or("-"), finding.sentence);
    assert!(told.contains(saying), "{told}");
    lint
}

fn codes(lint: &Lint) -> Vec<Code> {
    lint.findings.iter().map(|finding| finding.code).collect()
}

/// A second target, whose id lies elsewhere.
fn second(story: &Story) -> Target {
    let mut target = story.plan.targets[0].clone();
    target.name = parse("ledger");
    target.label = parse("ledger");
    target.object_id = parse("0x0b01");
    target.key =
        parse("arn:aws:kms:eu-central-1:111122223333:key/2234abcd-12ab-34cd-56ef-1234567890ab");
    target
}

fn expires(story: &mut Story, date: &str) {
    let valid_to = Some(time(date));
    story.plan.targets[0].expiration = Expiration { model: ExpirationModel::Expires, valid_to };
}

fn private_key(story: &mut Story) {
    let target = &mut story.plan.targets[0];
    target.key_spec = KeySpec::EccNistP256;
    target.key_usage = keyferry_bundle::KeyUsage::SignVerify;
    target.wrapping_algorithm = WrappingAlgorithm::RsaAesKeyWrapSha256;
    target.kept_as = KeptAs::AsymmetricKey;
}

#[test]
fn a_sound_plan_has_remarks_at_most() {
    let lint = look(Story::sound());
    assert!(!lint.refuses());
    assert_eq!(codes(&lint), [Code::Rehearsal, Code::Copies]);
    assert_eq!(lint.plan.unwrap().1, digest_of(&Story::sound().plan));
    let mut production = Story::sound();
    production.for_production();
    assert_eq!(codes(&look_by(&production, &["alice", "bob"])), []);
}

#[test]
fn missing_signatures_are_a_remark_with_names() {
    let story = Story::sound();
    let told = |signers: &[&str]| {
        let lint = look_by(&story, signers);
        assert!(!lint.refuses());
        found(&lint, Code::Quorum).sentence.clone()
    };
    assert_eq!(told(&[]), "0 of 2 needed as ceremony-officer signed: nobody; 2 more of alice, bob");
    assert_eq!(told(&["bob2"]), "1 of 2 needed as ceremony-officer signed: bob; 1 more of alice");
    // Bob has two keys and is one person.
    assert_eq!(look_by(&story, &[]).progress.unwrap().free, [parse("alice"), parse("bob")]);
    let progress = look_by(&story, &["bob", "alice"]).progress.unwrap();
    assert_eq!((progress.missing(), progress.counted), (0, vec![parse("alice"), parse("bob")]));
}

#[test]
fn a_quorum_that_nobody_can_meet_any_more_is_refused() {
    let mut story = Story::sound();
    story.policy.keys[0].valid_to = Some(time("2026-11-02T12:00:00Z"));
    story.relink();
    let lint = look_by(&story, &[]);
    let finding = found(&lint, Code::QuorumOutOfReach);
    assert_eq!(
        finding.sentence,
        "2 more must sign as ceremony-officer, but only 1 are left whose signature would count"
    );
    assert!(lint.refuses_by_policy_only());
}

#[test]
fn a_signature_that_does_not_hold_is_told_beside_the_rest() {
    let mut story = Story::sound();
    story.plan.targets[0].domains = elsewhere();
    let lint = look_by(&story, &["mallory"]);
    let finding = found(&lint, Code::Bundle);
    assert!(finding.sentence.contains("is not enrolled"), "{finding:?}");
    assert!(lint.progress.is_none() && lint.refuses() && !lint.refuses_by_policy_only());
    assert_eq!(found(&lint, Code::Chain).field.as_deref(), Some("targets[0].domains"));
}

fn multi_region(target: &mut Target, region: &str) {
    let key = format!("arn:aws:kms:{region}:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab");
    (target.key, target.multi_region) = (parse(&key), true);
}

/// Domain 2, which the device's keys are not in.
fn elsewhere() -> Domains {
    Domains::try_from(2).unwrap()
}

#[test]
fn every_rule_that_is_broken_is_told() {
    let mut story = Story::sound();
    let mut other = second(&story);
    other.object_id = story.device.signing_key.object_id;
    other.domains = elsewhere();
    story.plan.targets.push(other);
    story.plan.custodians = vec![parse("carla"), parse("carl")];
    let target = &mut story.plan.targets[0];
    target.key =
        parse("arn:aws:kms:us-east-1:999922223333:key/1234abcd-12ab-34cd-56ef-1234567890ab");
    target.wrapping_algorithm = WrappingAlgorithm::RsaesOaepSha1;
    target.key_usage = keyferry_bundle::KeyUsage::SignVerify;
    let lint = look(story);
    let fields: Vec<&str> = lint
        .findings
        .iter()
        .filter(|finding| finding.standing != Standing::Remark)
        .filter_map(|finding| finding.field.as_deref())
        .collect();
    assert_eq!(
        fields,
        [
            "targets[0].wrapping_algorithm",
            "targets[0].key region",
            "targets[0].key account",
            "targets[0].key_usage",
            "targets[1].object_id",
            "targets[1].domains",
            "custodians[0]",
            "custodians[1]",
        ]
    );
    let standing = |code| found(&lint, code).standing;
    assert_eq!(standing(Code::Policy), Standing::NotAllowed);
    assert_eq!(standing(Code::Chain), Standing::Refused);
    assert!(!lint.refuses_by_policy_only());
}

#[test]
fn a_plan_made_after_its_policy_expired_is_not_allowed() {
    let mut story = Story::sound();
    story.policy.expires = Some(time("2026-11-02T12:00:00Z"));
    is_found(story, Code::Policy, Standing::NotAllowed, "created: is 2026-11-03T00:00:00Z");
}

#[test]
fn what_the_policy_does_not_allow_is_the_policy_s_alone() {
    let mut story = Story::sound();
    story.policy.allowed.smallest_wrapping_key = WrappingKeySpec::Rsa4096;
    let lint = is_found(story, Code::Policy, Standing::NotAllowed, "targets[0].wrapping_key_spec");
    assert!(lint.refuses_by_policy_only());
}

#[test]
fn bytes_that_are_no_plan_are_one_finding() {
    let story = Story::sound();
    let (policy, device) = (story.accept_policy().unwrap(), story.accept_device().unwrap());
    for bytes in [b"{}".to_vec(), signed(&story.device, &["hsm"])] {
        let lint = lint(&policy, &device, &bytes, time(NOW), &Beside::default());
        assert_eq!(codes(&lint), [Code::Bundle]);
        assert!(lint.plan.is_none() && lint.refuses());
    }
}

#[test]
fn a_plan_under_another_policy_or_of_another_environment_is_refused() {
    let mut story = Story::sound();
    story.plan.policy = keyferry_bundle::Digest::of(b"other");
    let lint = look_by(&story, &[]);
    assert_eq!(found(&lint, Code::Chain).field.as_deref(), Some("policy"));
    let mut story = Story::sound();
    story.plan.environment = Environment::Production;
    let lint = look_by(&story, &[]);
    assert_eq!(found(&lint, Code::Chain).field.as_deref(), Some("environment"));
}

#[test]
fn old_firmware_is_refused_where_a_target_needs_more() {
    for (firmware, refused) in
        [("2.3.1", true), ("2.4.0", false), ("2.10.0", false), ("1.9.9", true)]
    {
        let mut story = Story::sound();
        private_key(&mut story);
        story.device.firmware = parse(firmware);
        let lint = look(story);
        assert_eq!(codes(&lint).contains(&Code::Firmware), refused, "{firmware}");
        assert_eq!(lint.refuses(), refused, "{firmware}");
    }
    let mut opaque = Story::sound();
    opaque.device.firmware = parse("2.2.0");
    assert!(!look(opaque).refuses());
}

#[test]
fn an_expiration_that_kms_would_not_take_now_is_refused() {
    let mut story = Story::sound();
    expires(&mut story, "2026-11-03T11:00:00Z");
    is_found(story, Code::Expiration, Standing::Refused, "targets[0].expiration.valid_to: by this");
}

#[test]
fn an_expiration_soon_or_near_the_limit_is_told() {
    for (date, code) in [
        ("2026-11-20T00:00:00Z", Some(Code::ExpiresSoon)),
        ("2026-12-10T00:00:00Z", None),
        ("2027-11-01T00:00:00Z", None),
        ("2027-11-02T12:00:00Z", Some(Code::ExpiryNearLimit)),
    ] {
        let mut story = Story::sound();
        expires(&mut story, date);
        let lint = look(story);
        let dates = [Code::ExpiresSoon, Code::ExpiryNearLimit];
        let told: Vec<Code> = codes(&lint).into_iter().filter(|c| dates.contains(c)).collect();
        assert_eq!(told, code.into_iter().collect::<Vec<_>>(), "{date}");
        assert!(!lint.refuses());
    }
}

#[test]
fn keys_in_several_accounts_cannot_be_asked_for_at_once_and_several_regions_are_told() {
    let mut story = Story::sound();
    let mut other = second(&story);
    other.key =
        parse("arn:aws:kms:eu-west-1:444455556666:key/2234abcd-12ab-34cd-56ef-1234567890ab");
    story.policy.allowed.accounts.push(parse("444455556666"));
    story.policy.allowed.regions.push(parse("eu-west-1"));
    story.plan.targets.push(other);
    let lint =
        is_found(story, Code::SeveralAccounts, Standing::Refused, "111122223333, 444455556666");
    assert!(found(&lint, Code::SeveralRegions).sentence.contains("eu-central-1, eu-west-1"));
}

#[test]
fn people_whose_keys_are_not_valid_now_are_told() {
    let mut story = Story::sound();
    story.policy.keys[3].valid_to = Some(time("2026-11-03T00:00:00Z"));
    is_found(
        story,
        Code::KeysExpired,
        Standing::Remark,
        "0 of the 1 people needed as online-operator",
    );
}

#[test]
fn what_its_makers_should_have_meant_is_told() {
    let remark = |story, code, saying| {
        assert!(!is_found(story, code, Standing::Remark, saying).refuses());
    };
    let mut story = Story::sound();
    story.plan.created = time("2026-11-04T00:00:00Z");
    remark(story, Code::Clock, "created: it was made at 2026-11-04T00:00:00Z");
    let mut story = Story::sound();
    (story.plan.counter, story.plan.previous) = (3, Some(keyferry_bundle::Digest::of(b"2")));
    remark(story, Code::Previous, "previous: it follows plan 2");
    let mut story = Story::sound();
    multi_region(&mut story.plan.targets[0], "eu-central-1");
    remark(story, Code::MultiRegion, "target payments is a multi-Region key");
    let mut story = Story::sound();
    private_key(&mut story);
    remark(story, Code::Attestation, "nothing shows that the HSM generated payments");
    let mut story = Story::sound();
    story.policy.expires = Some(time("2026-12-24T00:00:00Z"));
    remark(story, Code::PolicyExpires, "the policy expires at 2026-12-24T00:00:00Z");
    let mut story = Story::sound();
    story.plan.boots = 1;
    remark(story, Code::Starts, "boots: it allows 1 starts of the HSM since its last log");
    let mut story = Story::sound();
    let other = Target { label: parse("payments"), ..second(&story) };
    story.plan.targets.push(other);
    remark(story, Code::Labels, "target ledger has a label that another target has");
}

#[test]
fn object_ids_next_to_another_are_told_and_others_are_not() {
    for (id, beside) in [
        ("0x0a02", Some("of target payments")),
        ("0x0101", Some("of the HSM's signing_key")),
        ("0x0006", Some("of the HSM's credentials.administration")),
        ("0x0a03", None),
    ] {
        let mut story = Story::sound();
        let other = Target { object_id: parse(id), ..second(&story) };
        story.plan.targets.push(other);
        let lint = look(story);
        let told = lint.findings.iter().find(|finding| finding.code == Code::ObjectIds);
        match beside {
            // The pair is told once, by whichever stands first in the plan.
            Some("of target payments") => assert!(
                told.unwrap()
                    .sentence
                    .ends_with("0x0a02 of target ledger: one digit names the other")
            ),
            Some(beside) => assert!(told.unwrap().sentence.contains(beside), "{told:?}"),
            None => assert_eq!(told, None),
        }
    }
}

#[test]
fn copies_that_are_lost_with_the_hsm_are_told() {
    let mut story = Story::sound();
    let other = second(&story);
    private_key(&mut story);
    let told = |story: &Story| remarks::copies(&story.device, &story.plan).unwrap_or_default();
    assert!(told(&story).starts_with("the only copy is under the HSM's wrap key"));
    story.plan.custodians = vec![parse("carla")];
    assert!(told(&story).starts_with("its custodians get nothing of a private key"));
    story.plan.targets.push(other);
    assert!(told(&story).starts_with("its custodians get nothing of a private key"));
    story.plan.targets.remove(0);
    assert_eq!(told(&story), "");
    // Custodians who have shares of the wrap key need no copies.
    story.plan.custodians.clear();
    assert!(told(&story).starts_with("no custodian gets a copy"));
    story.split_wrap_key();
    assert_eq!(told(&story), "");
}

#[test]
fn a_long_export_needs_the_connector_and_many_targets_overflow_the_log() {
    let mut story = Story::sound();
    private_key(&mut story);
    story.policy.allowed.key_specs = KeySpec::ALL.to_vec();
    story.plan.targets[0].key_spec = KeySpec::Rsa3072;
    for index in 2..=6 {
        let mut other = story.plan.targets[0].clone();
        other.name = parse(&format!("key-{index}"));
        other.label = parse(&format!("key-{index}"));
        other.object_id = parse(&format!("0x0c{index}0"));
        other.key = parse(&format!(
            "arn:aws:kms:eu-central-1:111122223333:key/{index}234abcd-12ab-34cd-56ef-1234567890ab"
        ));
        story.plan.targets.push(other);
    }
    let lint = is_found(story, Code::Log, Standing::Remark, "it takes up to 85 entries");
    assert!(found(&lint, Code::Connector).sentence.contains("start yubihsm-connector"));
    let passes = |spec: &KeySpec| !needs_connector(*spec);
    assert_eq!(KeySpec::ALL.iter().filter(|spec| !passes(spec)).count(), 2);
}

#[test]
fn a_replica_follows_its_primary_with_the_same_key_material() {
    let with = |object: &str| {
        let mut story = Story::sound();
        let mut replica = Target { name: parse("replica"), ..story.plan.targets[0].clone() };
        replica.object_id = parse(object);
        multi_region(&mut story.plan.targets[0], "eu-central-1");
        multi_region(&mut replica, "eu-west-1");
        story.policy.allowed.regions.push(parse("eu-west-1"));
        story.plan.targets.push(replica);
        story
    };
    let lint = is_found(
        with("0x0a01"),
        Code::MultiRegion,
        Standing::Remark,
        "whose primary is taken to be in eu-central-1; eu-west-1 follow",
    );
    // What they share is no slip.
    assert!(!lint.refuses() && !codes(&lint).contains(&Code::Labels));
    is_found(
        with("0x0b01"),
        Code::ReplicaMaterial,
        Standing::Refused,
        "targets[1].object_id: target replica is the multi-Region key of target payments",
    );
}

/// So many keys, each with an object of its own.
fn many(count: usize, spec: KeySpec) -> Story {
    let mut story = Story::sound();
    if spec != KeySpec::SymmetricDefault {
        private_key(&mut story);
        story.policy.allowed.key_specs = KeySpec::ALL.to_vec();
        story.plan.targets[0].key_spec = spec;
    }
    let first = story.plan.targets.remove(0);
    story.plan.targets = (0..count)
        .map(|index| Target {
            name: parse(&format!("key-{index}")),
            label: parse(&format!("key-{index}")),
            object_id: parse(&format!("{:#06x}", 0x1000 + 2 * index)),
            key: parse(&format!(
                "arn:aws:kms:eu-central-1:111122223333:key/{index:08x}-12ab-34cd-56ef-1234567890ab"
            )),
            ..first.clone()
        })
        .collect();
    story
}

#[test]
fn what_many_keys_take_is_told() {
    let remark = Standing::Remark;
    let lint = is_found(many(61, KeySpec::SymmetricDefault), Code::FetchTime, remark, "61 seconds");
    assert!(!codes(&lint).contains(&Code::Store));
    let lint = look(many(60, KeySpec::SymmetricDefault));
    assert!(!codes(&lint).contains(&Code::FetchTime));
    let most = look(many(250, KeySpec::SymmetricDefault));
    assert!(!codes(&most).contains(&Code::Store));
    let told = "it makes 251 objects, and the HSM has 6 of its own";
    is_found(many(251, KeySpec::SymmetricDefault), Code::Store, remark, told);
    let told = "at least 1025 pages";
    is_found(many(205, KeySpec::Rsa4096), Code::Store, remark, told);
    assert!(!codes(&look(many(204, KeySpec::Rsa4096))).contains(&Code::Store));
}

fn pin(story: &Story) -> keyferry_bundle::kinds::Pin {
    keyferry_bundle::kinds::Pin {
        response: digest_of(&story.response),
        check_value: story.response.targets[0].check_value,
        key_material_id: None,
    }
}

#[test]
fn older_generations_and_where_key_material_is_are_told() {
    use keyferry_bundle::kinds::Operation;
    let first = Story::sound();
    let mut story = first.next();
    story.plan.operation = Operation::Rotate;
    story.plan.targets[0].generation = 2;
    story.plan.targets[0].earlier = vec![pin(&first)];
    story.plan.targets[0].object_id = parse("0x0b01");
    is_found(story.clone(), Code::OlderGenerations, Standing::Remark, "older key material of");
    story.plan.operation = Operation::Reimport;
    story.plan.targets[0].earlier.clear();
    story.plan.targets[0].material = Some(pin(&first));
    is_found(story.clone(), Code::OlderGenerations, Standing::Remark, "not every older generation");
    let mut older = Target { generation: 1, name: parse("older"), ..story.plan.targets[0].clone() };
    older.object_id = parse("0x0a01");
    story.plan.targets.insert(0, older);
    story.relink();
    assert!(!codes(&look_by(&story, &[])).contains(&Code::OlderGenerations));
    // The response was made by another HSM.
    let from = |serial| Beside {
        responses: vec![(digest_of(&first.response), keyferry_bundle::Serial::new(serial))],
        ..Beside::default()
    };
    let lint = look_beside(&story, &[], &from(7));
    assert!(found(&lint, Code::Restore).sentence.contains("is in HSM 7: restore it into HSM"));
    assert!(!codes(&look_beside(&story, &[], &from(12_345_678))).contains(&Code::Restore));
}

#[test]
fn a_plan_is_held_against_the_one_before() {
    let first = Story::sound();
    let before = (digest_of(&first.plan), first.plan.clone());
    let beside = Beside { previous: Some(before), ..Beside::default() };
    let mut next = first.next();
    let lint = look_beside(&next, &[], &beside);
    assert!(!lint.refuses() && !codes(&lint).contains(&Code::Previous));
    let told = &found(&lint, Code::ObjectIdUsed).sentence;
    assert!(told.contains("object id 0x0a01, which target payments of the plan before has"));
    next.plan.targets[0].object_id = parse("0x0b01");
    assert!(!codes(&look_beside(&next, &[], &beside)).contains(&Code::ObjectIdUsed));
    next.plan.previous = Some(Digest::of(b"another"));
    let lint = look_beside(&next, &[], &beside);
    assert_eq!(found(&lint, Code::Order).field.as_deref(), Some("previous"));
    // A second plan that says it is the first.
    let lint = look_beside(&first, &[], &beside);
    assert_eq!(found(&lint, Code::Order).sentence, "is 1, but plan 1 is there: the next one is 2");
}

#[test]
fn every_code_is_documented_in_this_order() {
    let document = include_str!("../../../docs/plan-lint.md");
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `"));
    let documented: Vec<&str> = rows.filter_map(|row| row.split('`').next()).collect();
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(documented, codes);
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
}
