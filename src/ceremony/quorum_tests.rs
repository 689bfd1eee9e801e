//! Attacks on a quorum, on whole bundles: none of these signatures counts.

use crate::links::Countersigned;
use crate::testing::{Story, digest_of, parse, person, signed, time, told};
use crate::{Refusal, backup, device, log, plan, policy, receipt, request, response};
use ed25519_dalek::Signer as _;
use keyferry_bundle::kinds::{PolicyKey, Revocation, payload_type};
use keyferry_bundle::{
    Base64, Envelope, KeyId, Kind, Policy, PublicKey, Timestamp, Verified, json,
};

const OFFICERS: &[&str] = &["alice", "bob"];

fn public(name: &str) -> PublicKey {
    PublicKey::from_ed25519(person(name).verifying_key()).unwrap()
}

fn key_of(story: &Story, name: &str) -> KeyId {
    if name == "hsm" {
        return story.device.enrolled().unwrap().key.id().unwrap();
    }
    public(name).id().unwrap()
}

fn enrol(holder: &str, name: &str) -> PolicyKey {
    let key = public(name);
    let spki = Base64::new(key.to_spki_der().unwrap()).unwrap();
    let algorithm = key.algorithm();
    PolicyKey { holder: parse(holder), algorithm, spki, valid_from: None, valid_to: None }
}

/// Any payload under any type, signed.
fn sealed(payload_type: &str, payload: &[u8], signers: &[&str]) -> Vec<u8> {
    let mut envelope = Envelope::unsigned(payload_type.to_owned(), payload.to_vec());
    for name in signers {
        let signature = person(name).sign(&envelope.pae()).to_bytes().to_vec();
        envelope.add_signature(&public(name), signature).unwrap();
    }
    envelope.encode()
}

/// Every bundle of the story under its policy as somebody sees it who knows of these revocations; the first refusal.
fn whole(story: &Story, revoked: &[Revocation]) -> Result<(), Refusal> {
    let policy = story.accept_policy()?.knowing(revoked);
    let witnessed = ["hsm", "wendy"];
    let all = Countersigned::Required;
    let device = device::accept(&policy, &signed(&story.device, &witnessed), all)?;
    let plan = plan::accept(&policy, &device, &signed(&story.plan, OFFICERS))?;
    let request = request::accept(&policy, &device, &plan, &signed(&story.request, &["oscar"]))?;
    backup::accept(&policy, &device, &plan, &signed(&story.backup, &["hsm"]))?;
    log::accept(&policy, &device, &signed(&story.log, &["hsm"]))?;
    let bytes = signed(&story.response, &witnessed);
    let response = response::accept(&policy, &device, &plan, &request, &bytes, all)?;
    receipt::accept(&policy, &plan, &response, &signed(&story.receipt, &["oscar"])).map(drop)
}

/// Each bundle with one whose signature it needs, and when it was made.
fn needed(story: &Story) -> [(&'static str, &'static str, Timestamp); 8] {
    [
        ("device", "hsm", story.device.created),
        ("device", "wendy", story.device.created),
        ("plan", "alice", story.plan.created),
        ("request", "oscar", story.request.created),
        ("backup", "hsm", story.backup.created),
        ("log", "hsm", story.log.created),
        ("response", "wendy", story.response.created),
        ("receipt", "oscar", story.receipt.created),
    ]
}

fn a_second_after(moment: Timestamp) -> Timestamp {
    time(&moment.to_string().replace(":00Z", ":01Z"))
}

#[test]
fn the_same_key_under_two_names_counts_once() {
    let mut story = Story::sound();
    story.policy.keys.push(enrol("bella", "bob"));
    // Whoever could count as two is not enrolled as two in the first place, and a key does not change hands later.
    let payload = json::encode(&story.policy).unwrap();
    let twice = policy::in_force(&[sealed(&payload_type(Kind::Policy), &payload, OFFICERS)], None);
    assert!(told(twice).contains("stands there twice"));
    let sound = Story::sound();
    let mut next = sound.policy.clone();
    (next.version, next.previous) = (2, Some(digest_of(&sound.policy)));
    next.keys.iter_mut().filter(|key| key.spki == enrol("bob", "bob2").spki).for_each(|key| {
        key.holder = parse("bella");
    });
    let versions = [signed(&sound.policy, OFFICERS), signed(&next, &["bob", "bob2"])];
    assert!(told(policy::history(&versions)).contains("gives this key to bob"));
    // Nor does one signature count as two under two key ids.
    let alone = String::from_utf8(signed(&sound.plan, &["bob"])).unwrap();
    let ours = key_of(&sound, "bob").to_string();
    let entry = alone.split_once("\"signatures\":[").unwrap().1.split_once(']').unwrap().0;
    for id in [key_of(&sound, "alice").to_string(), ours.clone(), "5".repeat(64)] {
        let again = alone.replace(entry, &format!("{entry},{}", entry.replace(&ours, &id)));
        let (policy, device) = (sound.accept_policy().unwrap(), sound.accept_device().unwrap());
        assert!(plan::accept(&policy, &device, again.as_bytes()).is_err(), "{id}");
    }
}

#[test]
fn two_keys_of_one_holder_count_once() {
    let mut story = Story::sound();
    let bobs = ["bob", "bob2"];
    let first = told(policy::in_force(&[signed(&story.policy, &bobs)], None));
    for refused in [first, told(story.accept_plan_by(&bobs))] {
        assert!(refused.contains("needs 2 distinct holder(s), got 1 (bob)"), "{refused}");
    }
    let both = [enrol("bob", "bob"), enrol("bob", "bob2"), enrol("wendy", "wendy")];
    story.policy.roles.witness.keys =
        both.iter().map(|key| key.public_key().unwrap().id().unwrap()).collect();
    story.policy.roles.witness.threshold = 2;
    story.relink();
    let (policy, all) = (story.accept_policy().unwrap(), Countersigned::Required);
    let by = |signers: &[&str]| told(device::accept(&policy, &signed(&story.device, signers), all));
    assert!(by(&["hsm", "bob", "bob2"]).contains("witness needs 2 distinct holder(s), got 1"));
    assert_eq!(by(&["hsm", "bob", "wendy"]), "accepted");
}

#[test]
fn a_revoked_key_counts_on_no_bundle_from_then_on() {
    let mut story = Story::sound();
    // After the backup, which the HSM alone signs too.
    story.log.created = time("2026-11-04T01:01:00Z");
    story.relink();
    assert_eq!(told(whole(&story, &[])), "accepted");
    for (kind, name, created) in needed(&story) {
        let revoked = |since| [Revocation { key: key_of(&story, name), since }];
        let refused = told(whole(&story, &revoked(created)));
        assert!(refused.starts_with(&format!("the {kind} bundle is refused")), "{kind}: {refused}");
        assert!(refused.contains("; a revoked key does not count: "), "{kind}: {refused}");
        // One second later, it is a later bundle that misses the signature, or none does.
        let later = told(whole(&story, &revoked(a_second_after(created))));
        assert!(!later.starts_with(&format!("the {kind} ")), "{kind}: {later}");
    }
    let last = a_second_after(story.receipt.created);
    let all = ["hsm", "wendy", "alice", "bob", "oscar"];
    let revoked = all.map(|name| Revocation { key: key_of(&story, name), since: last });
    assert_eq!(told(whole(&story, &revoked)), "accepted");
}

#[test]
fn a_revoked_key_beside_a_quorum_takes_nothing_from_it() {
    let mut story = Story::sound();
    story.policy.keys.push(enrol("carol", "carol"));
    story.policy.roles.ceremony_officer.keys.push(public("carol").id().unwrap());
    story.relink();
    let since = story.plan.created;
    let known: Verified<Policy> = story.accept_policy().unwrap();
    let known = known.knowing(&[Revocation { key: key_of(&story, "carol"), since }]);
    let device = story.accept_device().unwrap();
    let by = |signers: &[&str]| plan::accept(&known, &device, &signed(&story.plan, signers));
    let three = by(&["alice", "carol", "bob"]).unwrap();
    let names = |signers: &[keyferry_bundle::Signer]| -> Vec<String> {
        signers.iter().map(|signer| signer.holder.to_string()).collect()
    };
    assert_eq!(names(three.signers()), ["alice", "bob"]);
    assert_eq!(names(three.discounted()), ["carol"]);
    let two = told(by(&["alice", "carol"]));
    assert!(two.contains("got 1 (alice); a revoked key does not count: carol"), "{two}");
    // What nobody enrolled, and what does not verify, still refuses the bundle.
    assert!(told(by(&["alice", "bob", "mallory"])).contains("which is not enrolled"));
}

#[test]
fn a_key_outside_its_validity_counts_on_no_bundle() {
    for (kind, name, last) in [
        ("policy", "alice", "2026-10-31T23:59:59Z"),
        ("device", "wendy", "2026-11-01T23:59:59Z"),
        ("plan", "alice", "2026-11-02T23:59:59Z"),
        ("request", "oscar", "2026-11-03T23:59:59Z"),
        ("response", "wendy", "2026-11-04T00:59:59Z"),
        ("receipt", "oscar", "2026-11-04T01:59:59Z"),
    ] {
        let dated = |last: Timestamp| {
            let mut story = Story::sound();
            let spki = enrol(name, name).spki;
            let key = story.policy.keys.iter_mut().find(|key| key.spki == spki).unwrap();
            key.valid_to = Some(last);
            story.relink();
            told(whole(&story, &[]))
        };
        let refused = dated(time(last));
        let begins = format!("the {kind} bundle is refused: {name}'s key is not valid at");
        assert!(refused.starts_with(&begins), "{kind}: {refused}");
    }
}

#[test]
fn a_signature_on_another_payload_type_counts_on_none() {
    let story = Story::sound();
    let (policy, device) = (story.accept_policy().unwrap(), story.accept_device().unwrap());
    let accept = |bytes: &[u8]| told(plan::accept(&policy, &device, bytes));
    let (plan, request) = (payload_type(Kind::Plan), payload_type(Kind::Request));
    let payload = json::encode(&story.plan).unwrap();
    assert_eq!(accept(&sealed(&plan, &payload, OFFICERS)), "accepted");
    // The very payload of a plan, which its officers signed as a request.
    let other = sealed(&request, &payload, OFFICERS);
    assert!(accept(&other).contains("payload type is"));
    let renamed = String::from_utf8(other).unwrap().replace(&request, &plan);
    assert!(accept(renamed.as_bytes()).contains("signature 0, by alice, does not verify"));
    // A plan that its officers signed is no request, not even one that the operator signed too.
    let signers = ["oscar", "alice", "bob"];
    let accepted = story.accept_plan().unwrap();
    let as_request = |bytes: &[u8]| told(request::accept(&policy, &device, &accepted, bytes));
    let both = sealed(&plan, &json::encode(&story.request).unwrap(), &signers);
    let renamed = String::from_utf8(both).unwrap().replace(&plan, &request);
    assert!(as_request(renamed.as_bytes()).contains("signature 0, by oscar, does not verify"));
}
