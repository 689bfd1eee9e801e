//! Policies that break a rule of their kind, or do not follow the version before.

use super::Kit;
use super::cast::{base64, id, signed};
use super::story::{digest_of, first_policy, next_policy, parse, policy, policy_key, rule, time};
use super::vector::{Refusing, Trust, Vector};
use keyferry_bundle::{AccountId, Digest, Environment, Kind, Policy, Serial};

const GROUP: &str = "policy";

pub(crate) fn add(kit: &mut Kit) {
    lists(kit);
    people(kit);
    roles(kit);
    first(kit);
    next(kit);
}

fn broken(change: impl FnOnce(&mut Policy), field: &str, comment: &str) -> Vector {
    let mut body = policy();
    change(&mut body);
    let bundle = signed(&body, &["alice", "bob"]);
    let vector =
        Vector::refused("payload-field", Kind::Policy, Trust::FirstPolicy, bundle, comment);
    vector.field(field)
}

fn lists(kit: &mut Kit) {
    let mut said =
        |name: &str, vector: Vector| kit.add(GROUP, name, vector.schema(Refusing::Payload));
    said("no-keys", broken(|p| p.keys.clear(), "keys", "no keys"));
    let many = |p: &mut Policy| {
        let more = 0..=64 - p.keys.len();
        p.keys.extend(more.map(|n| policy_key(&format!("person-{n}"))));
    };
    said("too-many-keys", broken(many, "keys", "65 keys"));
    said("no-accounts", broken(|p| p.allowed.accounts.clear(), "allowed.accounts", "no accounts"));
    let twice = |p: &mut Policy| p.allowed.accounts.push(parse::<AccountId>("111122223333"));
    said("account-twice", broken(twice, "allowed.accounts[1]", "an account twice"));
    said("no-regions", broken(|p| p.allowed.regions.clear(), "allowed.regions", "no regions"));
    let twice = |p: &mut Policy| p.allowed.regions.push(parse("us-east-1"));
    said("region-twice", broken(twice, "allowed.regions[2]", "a region twice"));
    said(
        "no-key-specs",
        broken(|p| p.allowed.key_specs.clear(), "allowed.key_specs", "no key specs"),
    );
    let none = |p: &mut Policy| p.allowed.wrapping_algorithms.clear();
    said("no-algorithms", broken(none, "allowed.wrapping_algorithms", "no wrapping algorithms"));
    said("no-devices", broken(|p| p.devices.clear(), "devices", "no devices"));
    let twice = |p: &mut Policy| p.devices.push(Serial::new(12_345_678));
    said("device-twice", broken(twice, "devices[1]", "a serial number twice"));
    let many = |p: &mut Policy| p.devices = (1..=17).map(Serial::new).collect();
    said("too-many-devices", broken(many, "devices", "17 devices"));
}

fn people(kit: &mut Kit) {
    let mut add = |name: &str, vector: Vector| kit.add(GROUP, name, vector);
    let twice = |p: &mut Policy| {
        let mut again = policy_key("bob-2");
        again.holder = parse("bella");
        p.keys.push(again);
    };
    add("key-twice", broken(twice, "keys[7].spki", "one key enrolled for two people"));
    let backwards = |p: &mut Policy| {
        p.keys[0].valid_from = Some(time("2026-12-01T00:00:00Z"));
        p.keys[0].valid_to = Some(time("2026-12-01T00:00:00Z"));
    };
    add("validity-empty", broken(backwards, "keys[0].valid_to", "a key that is valid for no time"));
    let twice = |p: &mut Policy| p.custodians[1].holder = parse("carla");
    add("custodian-twice", broken(twice, "custodians[1].holder", "a custodian twice"));
    let twice = |p: &mut Policy| p.custodians[1].recipient = p.custodians[0].recipient.clone();
    add(
        "recipient-twice",
        broken(twice, "custodians[1].recipient", "two custodians with one age recipient"),
    );
}

fn roles(kit: &mut Kit) {
    let mut add = |name: &str, vector: Vector| kit.add(GROUP, name, vector);
    let zero = |p: &mut Policy| p.roles.policy_root.threshold = 0;
    add(
        "threshold-0",
        broken(zero, "roles.policy_root.threshold", "a threshold of 0").schema(Refusing::Payload),
    );
    let high = |p: &mut Policy| p.roles.ceremony_officer.threshold = 4;
    add(
        "threshold-above-holders",
        broken(
            high,
            "roles.ceremony_officer.threshold",
            "a threshold of 4 for three holders with four keys",
        ),
    );
    let high = |p: &mut Policy| {
        let names: Vec<String> = (0..33).map(|n| format!("person-{n}")).collect();
        p.keys.extend(names.iter().map(|name| policy_key(name)));
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        p.roles.witness = rule(33, &names);
    };
    add(
        "threshold-above-signatures",
        broken(high, "roles.witness.threshold", "a threshold of 33, which no envelope can hold")
            .schema(Refusing::Payload),
    );
    let none = |p: &mut Policy| p.roles.online_operator.keys.clear();
    add(
        "role-without-keys",
        broken(none, "roles.online_operator.keys", "a role without keys").schema(Refusing::Payload),
    );
    let unknown = |p: &mut Policy| p.roles.witness.keys.push(id("mallory"));
    add(
        "role-key-unknown",
        broken(unknown, "roles.witness.keys[2]", "a role's key that is not among the keys"),
    );
    let twice = |p: &mut Policy| p.roles.witness.keys.push(id("paula"));
    add(
        "role-key-twice",
        broken(twice, "roles.witness.keys[2]", "a role's key twice").schema(Refusing::Payload),
    );
}

fn first(kit: &mut Kit) {
    let mut add = |name: &str, vector: Vector| kit.add(GROUP, name, vector);
    let zero = |p: &mut Policy| p.version = 0;
    add("version-0", broken(zero, "version", "versions count from 1").schema(Refusing::Payload));
    let second = |p: &mut Policy| p.version = 2;
    add("no-previous", broken(second, "previous", "version 2 without a predecessor"));
    let early = |p: &mut Policy| p.previous = Some(Digest::of(b""));
    add("previous-of-first", broken(early, "previous", "version 1 with a predecessor"));
    let bundle = signed(&next_policy(), &["alice", "bob", "dave"]);
    let comment = "version 2 without the version before at hand";
    let vector =
        Vector::refused("payload-field", Kind::Policy, Trust::FirstPolicy, bundle, comment);
    add("next-as-first", vector.field("version"));
    let refused = |expect: &str, signers: &[&str], comment: &str| {
        Vector::refused(
            expect,
            Kind::Policy,
            Trust::FirstPolicy,
            signed(&policy(), signers),
            comment,
        )
    };
    add("first-one-root", refused("quorum-short", &["alice"], "one policy-root of two"));
    add(
        "first-one-holder",
        refused("quorum-short", &["bob", "bob-2"], "two keys of one policy-root"),
    );
    add(
        "first-other-roles",
        refused("quorum-short", &["oscar", "wendy"], "nobody with the role policy-root"),
    );
    let mut dated = policy();
    dated.keys[0].valid_from = Some(time("2026-11-02T00:00:00Z"));
    let bundle = signed(&dated, &["alice", "bob"]);
    let comment = "signed with a key that becomes valid later";
    add(
        "first-outside-validity",
        Vector::refused("outside-validity", Kind::Policy, Trust::FirstPolicy, bundle, comment),
    );
}

fn next(kit: &mut Kit) {
    let trust = || Trust::NextPolicy { policy: base64(&first_policy()) };
    let mut add = |name: &str, expect: &str, body: &Policy, signers: &[&str], comment: &str| {
        let vector = Vector::refused(expect, Kind::Policy, trust(), signed(body, signers), comment);
        kit.add(
            GROUP,
            name,
            if let "payload-field" = expect { vector.field(field_of(name)) } else { vector },
        );
    };
    let everyone = ["alice", "bob", "dave"];
    add(
        "next-without-old",
        "unknown-signer",
        &next_policy(),
        &["dave", "carol", "mallory"],
        "a key that neither version knows",
    );
    add(
        "next-only-new",
        "quorum-short",
        &next_policy(),
        &["dave", "alice"],
        "the quorum of version 2 without that of version 1",
    );
    add(
        "next-only-old",
        "quorum-short",
        &next_policy(),
        &["carol", "alice"],
        "the quorum of version 1 without that of version 2",
    );
    let mut body = next_policy();
    body.version = 3;
    add("next-skips", "payload-field", &body, &everyone, "version 3 after version 1");
    let mut body = next_policy();
    body.previous = Some(Digest::of(b"another policy"));
    add("next-of-another", "payload-field", &body, &everyone, "version 2 of another policy");
    let mut body = next_policy();
    body.environment = Environment::Production;
    add(
        "next-changes-environment",
        "payload-field",
        &body,
        &everyone,
        "a rehearsal's policy that turns into production",
    );
    let mut body = next_policy();
    for key in body.keys.iter_mut().filter(|key| key.spki == policy_key("bob-2").spki) {
        key.holder = parse("bella");
    }
    body.roles.policy_root = rule(2, &["bob", "bob-2"]);
    add(
        "next-renames-holder",
        "payload-field",
        &body,
        &["bob", "bob-2"],
        "bob gives his second key to a made-up bella and signs alone, as two",
    );
    assert_eq!(body.previous, Some(digest_of(&policy())));
}

fn field_of(name: &str) -> &'static str {
    match name {
        "next-skips" => "version",
        "next-of-another" => "previous",
        "next-changes-environment" => "environment",
        _ => "keys[2].holder",
    }
}
