//! What may still be signed, and by whom.

use super::NoSeat;
use crate::testing::{Story, digest_of, parse, person, signed, time, told};
use crate::{Refusal, draft, policy};
use keyferry_bundle::{Digest, KeyId, Plan, PublicKey, Role};

fn key(name: &str) -> KeyId {
    PublicKey::from_ed25519(person(name).verifying_key()).unwrap().id().unwrap()
}

fn plan_by(story: &Story, signers: &[&str]) -> Result<(Plan, draft::Seats), Refusal> {
    let (policy, device) = (story.accept_policy()?, story.accept_device()?);
    draft::plan(&policy, &device, &signed(&story.plan, signers))
}

#[test]
fn a_plan_has_a_seat_for_each_officer_once() {
    let story = Story::sound();
    let (body, seats) = plan_by(&story, &[]).unwrap();
    assert_eq!(body, story.plan);
    assert!(seats.missing().unwrap().is_quorum_short());
    assert_eq!(seats.offer(&key("alice")).unwrap(), (parse("alice"), Role::CeremonyOfficer));
    assert_eq!(
        seats.offer(&key("wendy")).unwrap_err().to_string(),
        "wendy's key does not count as ceremony-officer"
    );
    assert_eq!(seats.offer(&key("mallory")), Err(NoSeat::Stranger(key("mallory"))));

    let (_, seats) = plan_by(&story, &["bob"]).unwrap();
    assert_eq!(seats.offer(&key("bob")), Err(NoSeat::SameKey(parse("bob"))));
    assert_eq!(seats.offer(&key("bob2")), Err(NoSeat::SamePerson(parse("bob"))));
    assert!(seats.offer(&key("alice")).is_ok());

    let (_, seats) = plan_by(&story, &["bob", "alice"]).unwrap();
    assert_eq!(seats.missing(), None);
}

#[test]
fn a_draft_keeps_every_other_rule() {
    let mut story = Story::sound();
    assert!(told(plan_by(&story, &["mallory"])).contains("which is not enrolled"));
    story.plan.device = Digest::of(b"other");
    assert!(told(plan_by(&story, &[])).contains("device: names"));

    let mut story = Story::sound();
    story.plan.environment = keyferry_bundle::Environment::Production;
    assert!(told(plan_by(&story, &[])).contains("environment: is production"));

    let mut story = Story::sound();
    story.policy.keys[0].valid_to = Some(time("2026-11-02T12:00:00Z"));
    story.device.policy = digest_of(&story.policy);
    story.plan.policy = story.device.policy;
    story.plan.device = digest_of(&story.device);
    let (_, seats) = plan_by(&story, &[]).unwrap();
    assert!(matches!(seats.offer(&key("alice")), Err(NoSeat::OutsideValidity { .. })));
    assert!(told(plan_by(&story, &["alice"])).contains("alice's key is not valid"));
}

#[test]
fn witnesses_sign_what_the_hsm_signed() {
    let story = Story::sound();
    let (policy, device) = (story.accept_policy().unwrap(), story.accept_device().unwrap());
    assert!(told(draft::device(&policy, &signed(&story.device, &[]))).contains("hsm-signer needs"));
    let (_, seats) = draft::device(&policy, &signed(&story.device, &["hsm"])).unwrap();
    assert_eq!(seats.offer(&key("wendy")).unwrap().1, Role::Witness);
    assert!(matches!(seats.offer(&key("oscar")), Err(NoSeat::OtherRole { .. })));

    let (plan, request) = (story.accept_plan().unwrap(), story.accept_request().unwrap());
    let response = |signers: &[&str]| {
        let bytes = signed(&story.response, signers);
        draft::response(&policy, &device, &plan, &request, &bytes)
    };
    assert!(told(response(&["wendy"])).contains("hsm-signer needs 1"));
    let (_, seats) = response(&["hsm"]).unwrap();
    assert_eq!(seats.offer(&key("wendy")).unwrap().1, Role::Witness);
    assert_eq!(seats.signers(), [&parse::<keyferry_bundle::Holder>("hsm-1")]);
}

#[test]
fn operators_sign_requests_and_receipts() {
    let mut story = Story::sound();
    let (policy, device) = (story.accept_policy().unwrap(), story.accept_device().unwrap());
    let (plan, response) = (story.accept_plan().unwrap(), story.accept_response().unwrap());
    let (_, seats) = draft::request(&policy, &device, &plan, &signed(&story.request, &[])).unwrap();
    assert_eq!(seats.offer(&key("oscar")).unwrap().1, Role::OnlineOperator);
    let receipt =
        |story: &Story| draft::receipt(&policy, &plan, &response, &signed(&story.receipt, &[]));
    assert_eq!(receipt(&story).unwrap().1.offer(&key("oscar")).unwrap().1, Role::OnlineOperator);
    story.receipt.account = parse("999999999999");
    assert!(told(receipt(&story)).contains("is not an account of the policy"));
}

#[test]
fn a_policy_is_signed_by_the_quorums_of_both_versions() {
    let story = Story::sound();
    let (_, seats) = draft::policy(None, &signed(&story.policy, &[])).unwrap();
    assert_eq!(seats.offer(&key("alice")).unwrap().1, Role::PolicyRoot);

    let first = story.accept_policy().unwrap();
    let mut next = story.policy.clone();
    next.version = 2;
    next.previous = Some(first.digest());
    // Bob's second key signs from now on, his first no more.
    next.roles.policy_root.keys = vec![key("alice"), key("bob2")];
    let (_, seats) = draft::policy(Some(&first), &signed(&next, &["bob"])).unwrap();
    assert_eq!(seats.offer(&key("bob2")).unwrap().1, Role::PolicyRoot);
    let complete = signed(&next, &["bob", "bob2", "alice"]);
    assert!(draft::policy(Some(&first), &complete).unwrap().1.missing().is_none());
    let versions = [signed(&story.policy, &["alice", "bob"]), complete];
    assert_eq!(told(policy::in_force(&versions, None)), "accepted");

    next.version = 3;
    let told = told(draft::policy(Some(&first), &signed(&next, &[])));
    assert!(told.contains("version: is 3, after 1"), "{told}");
}
