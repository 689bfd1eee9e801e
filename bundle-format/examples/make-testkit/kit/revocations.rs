//! Policies that expire or revoke keys, and what that makes of bundles.

use super::Kit;
use super::cast::{base64, id, officers, revoking, sealed, signed, spoil, text};
use super::story::{device, digest_of, first_policy, next_policy, plan, policy, time};
use super::vector::{Refusing, Trust, Vector};
use keyferry_bundle::kinds::{Revocation, payload_type};
use keyferry_bundle::{Device, Kind, Policy, Role};

/// When the plan of the kit was made.
const PLANNED: &str = "2026-11-03T08:00:00Z";
/// When version 2 was made.
const REPLACED: &str = "2026-11-20T08:00:00Z";

pub(crate) fn add(kit: &mut Kit) {
    accepted(kit);
    alone(kit);
    empty(kit);
    carried(kit);
    signatures(kit);
    devices(kit);
}

fn revoke(name: &str, since: &str) -> Revocation {
    Revocation { key: id(name), since: time(since) }
}

/// Version 1 that expires and revokes a key of carol's that nobody lists.
fn dated() -> Policy {
    let mut body = policy();
    body.expires = Some(time("2027-11-01T08:00:00Z"));
    body.revoked = vec![revoke("carol-2", "2026-10-01T00:00:00Z")];
    body
}

/// Version 2, which takes carol's key away for good.
fn revoking_policy() -> Policy {
    let mut body = next_policy();
    body.revoked = vec![revoke("carol", REPLACED)];
    body
}

fn accepted(kit: &mut Kit) {
    let mut add = |name: &str, kind: Kind, trust: Trust, bundle: Vec<u8>, comment: &str| {
        kit.add("accepted", name, Vector::accepted(kind, trust, bundle, comment));
    };
    let bundle = signed(&dated(), &["alice", "bob"]);
    let comment = "a policy that expires and revokes a key";
    add("policy-expires", Kind::Policy, Trust::FirstPolicy, bundle, comment);
    let trust = Trust::NextPolicy { policy: base64(&first_policy()) };
    let bundle = signed(&revoking_policy(), &["carol", "alice", "dave"]);
    let comment =
        "the key that version 2 revokes signs it in the quorum of version 1, where it still counts";
    add("policy-signed-by-a-key-it-revokes", Kind::Policy, trust, bundle, comment);
    let trust = revoking(officers(), &[("bob", time("2026-11-03T08:00:01Z"))]);
    let bundle = signed(&plan(), &["alice", "bob"]);
    let comment = "one of its keys was revoked from the next second on";
    add("revoked-later", Kind::Plan, trust, bundle, comment);
    let trust = revoking(officers(), &[("carol", time(PLANNED))]);
    let bundle = signed(&plan(), &["alice", "carol", "bob"]);
    let comment =
        "carol's key was revoked by then: her signature is left out, the others are enough";
    add("revoked-beside-quorum", Kind::Plan, trust, bundle, comment);
    let mut body = device();
    body.policy = digest_of(&dated());
    body.created = time("2027-11-01T07:59:59Z");
    let policy = base64(&signed(&dated(), &["alice", "bob"]));
    let bundle = signed(&body, &["hsm-1", "wendy"]);
    let comment = "made in the last second before its policy expired";
    let trust = Trust::Device { policy, roles: vec![Role::Witness] };
    add("device-before-expiry", Kind::Device, trust, bundle, comment);
}

/// The rules of the two members, in version 1.
fn alone(kit: &mut Kit) {
    let mut broken = |name: &str, change: &dyn Fn(&mut Policy), field: &str, comment: &str| {
        let mut body = dated();
        change(&mut body);
        let bundle = signed(&body, &["alice", "bob"]);
        let trust = Trust::FirstPolicy;
        let vector = Vector::refused("payload-field", Kind::Policy, trust, bundle, comment);
        let vector = vector.field(field);
        let schema = name == "too-many-revoked";
        kit.add("policy", name, if schema { vector.schema(Refusing::Payload) } else { vector });
    };
    let comment = "expires when it is made";
    broken("expires-at-once", &|p| p.expires = Some(p.created), "expires", comment);
    let comment = "the key is revoked and listed";
    let listed = |p: &mut Policy| p.revoked.push(revoke("carol", "2026-10-01T00:00:00Z"));
    broken("revoked-key-still-listed", &listed, "revoked[1].key", comment);
    let twice = |p: &mut Policy| p.revoked.push(revoke("carol-2", "2026-10-02T00:00:00Z"));
    broken("revoked-twice", &twice, "revoked[1].key", "one key revoked twice, on two dates");
    let comment = "revoked a second after the policy was made";
    let late = |p: &mut Policy| p.revoked = vec![revoke("carol-2", "2026-11-01T08:00:01Z")];
    broken("revoked-in-the-future", &late, "revoked[0].since", comment);
    let many = |p: &mut Policy| {
        let names = (0..65).map(|n| format!("gone-{n}"));
        p.revoked = names.map(|name| revoke(&name, "2026-10-01T00:00:00Z")).collect();
    };
    broken("too-many-revoked", &many, "revoked", "65 revoked keys");
}

/// A list with nothing in it is left out.
fn empty(kit: &mut Kit) {
    let none = spoil(&text(&policy()), "\"roles\":", "\"revoked\":[],\"roles\":");
    let bundle = sealed(&payload_type(Kind::Policy), none.as_bytes(), &["alice", "bob"]);
    let comment = "an empty list of revoked keys, which is left out";
    let trust = Trust::FirstPolicy;
    let vector = Vector::refused("payload-field", Kind::Policy, trust, bundle, comment);
    kit.add("policy", "revoked-empty", vector.field("revoked").schema(Refusing::Payload));
}

/// What a version revokes, every later one revokes too.
fn carried(kit: &mut Kit) {
    let before = base64(&signed(&dated(), &["alice", "bob"]));
    let mut add = |name: &str, revoked: Vec<Revocation>, field: &str, comment: &str| {
        let mut body = next_policy();
        body.previous = Some(digest_of(&dated()));
        body.revoked = revoked;
        let bundle = signed(&body, &["alice", "bob", "dave"]);
        let trust = Trust::NextPolicy { policy: before.clone() };
        let vector = Vector::refused("payload-field", Kind::Policy, trust, bundle, comment);
        kit.add("policy", name, vector.field(field));
    };
    let comment = "version 2 forgets a key that version 1 revokes";
    add("next-forgets-a-revocation", vec![], "revoked", comment);
    let comment = "version 2 revokes from a later date than version 1";
    let later = vec![revoke("carol-2", "2026-10-01T00:00:01Z")];
    add("next-revokes-later", later, "revoked[0].since", comment);
    let mut body = revoking_policy();
    body.roles.policy_root.threshold = 3;
    let bundle = signed(&body, &["alice", "bob", "carol"]);
    let trust = Trust::NextPolicy { policy: base64(&first_policy()) };
    let comment = "the key that version 2 revokes does not count in version 2's own quorum";
    let vector = Vector::refused("quorum-short", Kind::Policy, trust, bundle, comment);
    kit.add("policy", "next-needs-a-key-it-revokes", vector);
}

fn signatures(kit: &mut Kit) {
    let mut add = |name: &str, keys: &[(&str, &str)], signers: &[&str], comment: &str| {
        let keys: Vec<_> = keys.iter().map(|(name, since)| (*name, time(since))).collect();
        let trust = revoking(officers(), &keys);
        let bundle = signed(&plan(), signers);
        let vector = Vector::refused("quorum-short", Kind::Plan, trust, bundle, comment);
        kit.add("signatures", name, vector.says("a revoked key does not count: bob"));
    };
    let two = ["alice", "bob"];
    let comment = "one of two keys was revoked in the second in which it was made";
    add("revoked-by-then", &[("bob", PLANNED)], &two, comment);
    let comment = "one of two keys was revoked long before it was made";
    add("revoked-long-before", &[("bob", "2026-01-01T00:00:00Z")], &two, comment);
    let comment = "one key revoked by two versions: the earlier date is the one that counts";
    add(
        "revoked-on-two-dates",
        &[("bob", "2026-12-01T00:00:00Z"), ("bob", "2026-11-01T00:00:00Z")],
        &two,
        comment,
    );
}

fn devices(kit: &mut Kit) {
    let mut add =
        |name: &str, expect: &str, policy: &Policy, change: &dyn Fn(&mut Device), comment: &str| {
            let mut body = device();
            body.policy = digest_of(policy);
            change(&mut body);
            let policy = base64(&signed(policy, &["alice", "bob"]));
            let trust = Trust::Device { policy, roles: vec![Role::Witness] };
            let bundle = signed(&body, &["hsm-1", "wendy"]);
            let vector = Vector::refused(expect, Kind::Device, trust, bundle, comment);
            let field = expect == "payload-field";
            kit.add("device", name, if field { vector.field("created") } else { vector });
        };
    let late = |d: &mut Device| d.created = time("2027-11-01T08:00:00Z");
    let comment = "made in the second in which its policy expired";
    add("policy-expired", "payload-field", &dated(), &late, comment);
    let mut revoked = policy();
    revoked.revoked = vec![revoke("hsm-1", "2026-10-01T00:00:00Z")];
    let comment = "its own key is revoked";
    add("revoked-key", "quorum-short", &revoked, &|_| {}, comment);
}
