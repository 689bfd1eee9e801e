//! Versions of the policy over the years: expiry, revocation, and no way back.

use crate::evidence::{Claim, File, Pins, Report, Standing, examine};
use crate::links::Countersigned;
use crate::testing::{Story, digest_of, signed, time, told};
use crate::{Refusal, device, plan, policy};
use keyferry_bundle::kinds::Revocation;
use keyferry_bundle::{KeyId, Policy, Timestamp};

const OFFICERS: &[&str] = &["alice", "bob"];

/// The id of the policy's key with that index.
fn id(policy: &Policy, index: usize) -> KeyId {
    policy.keys[index].public_key().unwrap().id().unwrap()
}

/// The story's policy replaced: wendy's key is gone, revoked from that moment on.
fn without_wendy(story: &Story, since: &str) -> Policy {
    let mut next = story.policy.clone();
    (next.version, next.previous) = (2, Some(digest_of(&story.policy)));
    next.created = time("2026-12-01T00:00:00Z");
    let wendy = id(&next, 4);
    next.keys.remove(4);
    next.roles.witness.keys.retain(|key| *key != wendy);
    next.revoked = vec![Revocation { key: wendy, since: time(since) }];
    next
}

/// The version after another, unchanged.
fn after(before: &Policy) -> Policy {
    let mut next = before.clone();
    (next.version, next.previous) = (before.version + 1, Some(digest_of(before)));
    next
}

fn history(versions: &[&Policy]) -> Result<Vec<keyferry_bundle::Verified<Policy>>, Refusal> {
    let versions: Vec<Vec<u8>> = versions.iter().map(|it| signed(*it, OFFICERS)).collect();
    policy::history(&versions)
}

fn claim<'a>(report: &'a Report, id: &str, file: &str) -> &'a Claim {
    report.claims.iter().find(|claim| claim.id == id && claim.file == file).unwrap()
}

#[test]
fn a_policy_that_expired_takes_no_plan_and_no_device() {
    let expiring = |expires: Timestamp| {
        let mut story = Story::sound();
        story.policy.expires = Some(expires);
        story.relink();
        story
    };
    let sound = Story::sound();
    let (device, plan) = (sound.device.created, sound.plan.created);
    let story = expiring(device);
    let refused = told(story.accept_device());
    let expected = "created: is 2026-11-02T00:00:00Z, but the policy expired at 2026-11-02T00";
    assert!(refused.contains(expected), "{refused}");
    assert!(told(expiring(time("2026-11-02T00:00:01Z")).accept_device()) == "accepted");
    let story = expiring(plan);
    assert_eq!(told(story.accept_device()), "accepted");
    let refusal = story.accept_plan().unwrap_err();
    assert!(refusal.is_policy());
    let refused = told(Err::<(), _>(refusal));
    assert!(refused.contains("but version 1 of the policy expired at 2026-11-03T00"), "{refused}");
    // The office asks before anybody signs, and an auditor asks years later.
    let (policy, device) = (story.accept_policy().unwrap(), story.accept_device().unwrap());
    assert!(plan::check(&policy, &device, &story.plan).is_err());
    let report = examine(&story.folder(), &Pins::none());
    assert_eq!(claim(&report, "plan.approved", "plan.json").standing, Standing::NotAllowed);
}

#[test]
fn what_began_before_the_policy_expired_is_finished() {
    let mut story = Story::sound();
    story.policy.expires = Some(time("2026-11-03T00:00:01Z"));
    story.relink();
    assert_eq!(told(story.accept_receipt()), "accepted");
    let report = examine(&story.folder(), &Pins::none());
    assert!(report.holds(), "{:#?}", report.claims);
    let told = &claim(&report, "plan.policy", "plan.json").sentence;
    assert!(told.contains("version 1 before it expired at 2026-11-03T00:00:01Z"), "{told}");
    // The version that follows comes whenever it comes.
    let mut next = after(&story.policy);
    next.created = time("2027-11-03T00:00:00Z");
    next.expires = None;
    assert!(history(&[&story.policy, &next]).is_ok());
}

#[test]
fn a_policy_that_expires_is_remarked_on() {
    let mut policy = Story::sound().policy;
    let before = policy::remarks(&policy).len();
    policy.expires = Some(time("2027-11-01T00:00:00Z"));
    let remarks = policy::remarks(&policy);
    assert_eq!(remarks.len(), before + 1);
    let expected = "it expires at 2027-11-01T00:00:00Z: no plan and no device made from then on";
    assert!(remarks.iter().any(|remark| remark.contains(expected)), "{remarks:?}");
}

#[test]
fn a_newer_pin_overrules_what_a_revoked_key_signed_under_an_older_version() {
    let story = Story::sound();
    // Stolen before the response was countersigned, after the device was.
    let next = without_wendy(&story, "2026-11-04T01:00:00Z");
    let pins = Pins::history(&history(&[&story.policy, &next]).unwrap());
    let mut both = story.folder();
    both.push(File { name: "policy-v2.json".to_owned(), bytes: signed(&next, OFFICERS) });
    for report in [
        // The folder of that year alone, on a machine that has gone on; both versions in the folder.
        examine(&story.folder(), &pins),
        examine(&both, &pins),
        examine(&both, &Pins::one(digest_of(&next))),
        examine(&both, &Pins::none()),
    ] {
        let lost = claim(&report, "response.signed", "response.json");
        assert_eq!(lost.standing, Standing::NotAllowed);
        let expected =
            "witness needs 1 distinct holder(s), got none; a revoked key does not count: wendy";
        assert!(lost.sentence.contains(expected), "{}", lost.sentence);
        assert_eq!(claim(&report, "device.signed", "device.json").standing, Standing::Holds);
        let told = claim(&report, "policy.revoked", "policy-v1.json");
        assert_eq!(told.standing, Standing::Holds);
        assert!(told.sentence.contains("of wendy was revoked later"), "{}", told.sentence);
    }
    // Whoever knows of version 1 alone believes what was true then.
    let first = Pins::history(&history(&[&story.policy]).unwrap());
    assert!(examine(&story.folder(), &first).holds());
    // A second later, everything of that ceremony is from before.
    let next = without_wendy(&story, "2026-11-04T01:00:01Z");
    let pins = Pins::history(&history(&[&story.policy, &next]).unwrap());
    assert!(examine(&story.folder(), &pins).holds());
}

#[test]
fn a_plan_to_follow_does_not_rest_on_a_revoked_key() {
    let mut story = Story::sound();
    story.policy.roles.ceremony_officer.threshold = 1;
    story.relink();
    let mut next = after(&story.policy);
    next.created = time("2026-12-01T00:00:00Z");
    let alice = id(&next, 0);
    next.keys.remove(0);
    for rule in [&mut next.roles.policy_root, &mut next.roles.ceremony_officer] {
        rule.keys.retain(|key| *key != alice);
        rule.threshold = 1;
    }
    next.revoked = vec![Revocation { key: alice, since: story.plan.created }];
    // Alice's old key signs, in the quorum of version 1, the version that revokes it; bob alone is the quorum of version 2.
    let versions = history(&[&story.policy, &next]).unwrap();
    let device = signed(&story.device, &["hsm", "wendy"]);
    let follow = |signer: &str| {
        told(plan::accept_under(&versions, &device, &signed(&story.plan, &[signer])))
    };
    assert_eq!(follow("bob"), "accepted");
    let refused = follow("alice");
    assert!(refused.contains("got none; a revoked key does not count: alice"), "{refused}");
}

#[test]
fn a_revoked_hsm_key_signs_no_device_bundle() {
    let mut story = Story::sound();
    let key = story.device.enrolled().unwrap().key.id().unwrap();
    story.policy.revoked = vec![Revocation { key, since: story.policy.created }];
    story.relink();
    let bytes = signed(&story.device, &["hsm", "wendy"]);
    let policy = story.accept_policy().unwrap();
    for countersigned in [Countersigned::Required, Countersigned::NotYet] {
        let refused = told(device::accept(&policy, &bytes, countersigned));
        assert!(refused.contains("a revoked key does not count: hsm-1"), "{refused}");
    }
}

#[test]
fn what_was_revoked_stays_revoked() {
    let story = Story::sound();
    let second = without_wendy(&story, "2026-11-04T01:00:00Z");
    let told_of = |change: &dyn Fn(&mut Policy)| {
        let mut third = after(&second);
        change(&mut third);
        told(history(&[&story.policy, &second, &third]))
    };
    assert_eq!(told_of(&|_| {}), "accepted");
    assert!(told_of(&|p| p.revoked.clear()).contains("revoked: lacks "));
    let later = told_of(&|p| p.revoked[0].since = time("2026-11-04T01:00:01Z"));
    assert!(later.contains("revoked[0].since: is after 2026-11-04T01:00:00Z"), "{later}");
    assert_eq!(told_of(&|p| p.revoked[0].since = time("2026-11-02T00:00:00Z")), "accepted");
    // The oldest version learns it from the newest, however many there are between them.
    let third = after(&second);
    let versions = history(&[&story.policy, &second, &third]).unwrap();
    assert!(versions.iter().all(|version| version.revoked().count() == 1));
}

#[test]
fn nobody_goes_back_skips_or_branches() {
    let story = Story::sound();
    let (second, mut branch) = (after(&story.policy), after(&story.policy));
    branch.name = crate::testing::parse("Branch");
    let third = after(&second);
    let told_of = |versions: &[&Policy]| told(history(versions));
    assert_eq!(told_of(&[&story.policy, &second, &third]), "accepted");
    assert!(told_of(&[&story.policy, &third]).contains("version: is 3, after 1"));
    assert!(told_of(&[&story.policy, &second, &story.policy]).contains("version: is 1, after 2"));
    assert!(told_of(&[&story.policy, &branch, &third]).contains("previous: is not the digest"));
    assert!(told_of(&[&second]).contains("version: is not 1"));
}
