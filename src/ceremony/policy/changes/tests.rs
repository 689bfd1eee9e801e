//! Every member of a policy that differs is told.

use super::*;
use crate::testing::{Story, digest_of, parse, time};
use keyferry_bundle::{Base64, Environment, Serial};

const OTHER: &str = "age12z58s03a68u5sd8njyu9lye6u0gxhnveamjulvvnymt8lug4mugsk9ljsj";

fn told(old: &Policy, new: &Policy) -> Vec<String> {
    let line = |change: Change| {
        let whose = change.whose.map(|whose| format!(" of {whose}")).unwrap_or_default();
        let value = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        let short = |value: String| value.chars().take(20).collect::<String>();
        let (from, to) = (short(value(change.from)), short(value(change.to)));
        format!("{:?}{whose}: {from} > {to}", change.subject)
    };
    changes(old, new).into_iter().map(line).collect()
}

/// A change, and what is told of it.
type Row<'a> = (&'a dyn Fn(&mut Policy), Vec<String>);

fn check(base: &Policy, rows: Vec<Row<'_>>) {
    for (change, expected) in rows {
        let mut new = base.clone();
        change(&mut new);
        assert_ne!(new, *base, "{expected:?}");
        assert_eq!(told(base, &new), expected);
        // Back again, what was added is removed.
        assert_eq!(told(&new, base).len(), expected.len(), "{expected:?}");
    }
}

#[test]
fn everybody_and_everything_else_that_differs_is_told_once() {
    let story = Story::sound();
    let ids: Vec<String> = story.policy.keys.iter().map(id).collect();
    let key = |index: usize| ids[index].chars().take(20).collect::<String>();
    let base = story.policy.clone();
    let rows: Vec<Row<'_>> = vec![
        (
            &|p| p.environment = Environment::Production,
            vec!["Environment: rehearsal > production".to_owned()],
        ),
        (&|p| p.name = parse("Other"), vec!["Name: Tests > Other".to_owned()]),
        (
            &|p| p.expires = Some(time("2027-01-01T00:00:00Z")),
            vec!["Expires: - > 2027-01-01T00:00:00Z".to_owned()],
        ),
        (
            &|p| drop(p.keys.remove(4)),
            vec![
                format!("Key of wendy: {} > -", key(4)),
                format!("Member(Witness) of wendy: {} > -", key(4)),
            ],
        ),
        (
            &|p| p.keys[3].holder = parse("otto"),
            vec![
                format!("Key of oscar: {} > {}", key(3), key(3)),
                format!("Member(OnlineOperator) of oscar: {} > -", key(3)),
                format!("Member(OnlineOperator) of otto: - > {}", key(3)),
            ],
        ),
        (
            &|p| p.keys[3].valid_to = Some(time("2027-01-01T00:00:00Z")),
            vec![format!("Key of oscar: {} > {}", key(3), key(3))],
        ),
        (
            &|p| p.keys[3].valid_from = Some(time("2026-01-01T00:00:00Z")),
            vec![format!("Key of oscar: {} > {}", key(3), key(3))],
        ),
        (
            &|p| {
                let key = parse(&"5".repeat(64));
                p.revoked = vec![Revocation { key, since: p.created }];
            },
            vec![format!("Revoked: - > {}", "5".repeat(20))],
        ),
        (&|p| p.roles.witness.threshold = 2, vec!["Threshold(Witness): 1 > 2".to_owned()]),
        (
            &|p| drop(p.roles.witness.keys.remove(0)),
            vec![format!("Member(Witness) of wendy: {} > -", key(4))],
        ),
        (&|p| drop(p.roles.policy_root.keys.remove(2)), {
            let mut both = [&ids[1], &ids[2]];
            both.sort();
            let first: String = both[0].chars().take(20).collect();
            vec![format!("Member(PolicyRoot) of bob: {first} > {}", key(1))]
        }),
    ];
    check(&base, rows);
}

#[test]
fn every_limit_and_custodian_that_differs_is_told_once() {
    let mut base = Story::sound().policy;
    base.custodians =
        vec![Custodian { holder: parse("carla"), recipient: parse(crate::testing::RECIPIENT) }];
    let rows: Vec<Row<'_>> = vec![
        (&|p| p.allowed.partition = parse("aws-cn"), vec!["Partition: aws > aws-cn".to_owned()]),
        (
            &|p| p.allowed.accounts = vec![parse("222233334444")],
            vec!["Account: 111122223333 > -".to_owned(), "Account: - > 222233334444".to_owned()],
        ),
        (&|p| p.allowed.regions.push(parse("us-east-1")), vec!["Region: - > us-east-1".to_owned()]),
        (&|p| p.allowed.key_specs.truncate(1), vec!["KeySpec: ECC_NIST_P256 > -".to_owned()]),
        (
            &|p| p.allowed.wrapping_algorithms.truncate(2),
            vec!["WrappingAlgorithm: RSAES_OAEP_SHA_1 > -".to_owned()],
        ),
        (
            &|p| p.allowed.smallest_wrapping_key = parse("RSA_4096"),
            vec!["SmallestWrappingKey: RSA_2048 > RSA_4096".to_owned()],
        ),
        (&|p| p.devices.push(Serial::new(7)), vec!["Device: - > 7".to_owned()]),
        (&|p| p.attestation_roots.push(Base64::new(*b"root").unwrap()), {
            let digest: String = Digest::of(b"root").to_string().chars().take(20).collect();
            vec![format!("AttestationRoot: - > {digest}")]
        }),
        (
            &|p| p.custodians[0].recipient = parse(OTHER),
            vec!["Custodian of carla: age13re7j20r53mu7huw > age12z58s03a68u5sd8n".to_owned()],
        ),
        (
            &|p| p.custodians.clear(),
            vec!["Custodian of carla: age13re7j20r53mu7huw > -".to_owned()],
        ),
    ];
    check(&base, rows);
}

#[test]
fn a_key_that_is_taken_away_and_revoked_is_told_with_its_holder() {
    let old = Story::sound().policy;
    let mut new = old.clone();
    let gone = new.keys.remove(4).public_key().unwrap().id().unwrap();
    new.roles.witness.keys.retain(|key| *key != gone);
    new.revoked = vec![Revocation { key: gone.clone(), since: new.created }];
    let short: String = gone.to_string().chars().take(20).collect();
    assert_eq!(
        told(&old, &new),
        [
            format!("Key of wendy: {short} > -"),
            format!("Revoked of wendy: - > {short}"),
            format!("Member(Witness) of wendy: {short} > -"),
        ]
    );
}

#[test]
fn what_every_version_changes_and_the_order_of_lists_are_no_difference() {
    let old = Story::sound().policy;
    let mut new = old.clone();
    (new.version, new.previous) = (2, Some(digest_of(&old)));
    new.created = time("2026-12-01T00:00:00Z");
    new.keys.reverse();
    new.roles.policy_root.keys.reverse();
    new.allowed.wrapping_algorithms.reverse();
    assert_eq!(changes(&old, &new), []);
}
