//! The next version of a policy: made, compared, signed and pinned.

mod desk;

use desk::{Desk, PASSPHRASE, told};

#[test]
fn the_next_version_is_edited_compared_signed_and_pinned() {
    let desk = Desk::ready();
    let more = ["--add-key", "mallory=mallory.pub.pem", "--witness", "2:wendy,mallory"];
    let more = [&more[..], &["--add-account", "222233334444"]].concat();
    let made = desk.edit("policy-v2.json", &more).done();
    for said in [
        "what differs between policy \"Tests\", version 1, and version 2",
        "key of mallory",
        "- 1 needed",
        "+ 2 needed",
        "+ mallory (",
        "+ 222233334444",
        "keyferry policy sign policy-v2.json",
    ] {
        assert!(made.err.contains(said), "{said}: {made:#?}");
    }
    let json = made.json();
    assert_eq!((&json["version"], &json["complete"]), (&2.into(), &false.into()));
    assert_eq!(json["previous"], desk.digest("policy-v1.json").to_string());
    let mallory: String = desk.key_of("mallory").chars().take(20).collect();
    let changes = told(&made);
    assert_eq!(
        changes,
        [
            format!("added key of mallory: - > {mallory}"),
            "changed threshold witness: 1 > 2".to_owned(),
            format!("added member witness of mallory: - > {mallory}"),
            "added account: - > 222233334444".to_owned(),
        ]
    );
    desk.edit("policy-v2.json", &["--name", "Other"]).refused(8, "policy-v2.json");
    // The same again, of the file beside the pin.
    let diff = ["policy", "diff", "pinned", "policy-v2.json"];
    let shown = desk.run(&diff, &[]).done();
    assert!(shown.out.contains("version 1: VERIFIED: it is pinned here"), "{shown:#?}");
    assert!(shown.out.contains("version 2: UNVERIFIED: it is not complete"), "{shown:#?}");
    let compared = desk.run(&[&["--json"], &diff[..]].concat(), &[]).done();
    assert_eq!(told(&compared), changes);
    let json = compared.json();
    assert_eq!((&json["old"]["verified"], &json["new"]["verified"]), (&true.into(), &false.into()));
    let back = desk.run(&["--json", "policy", "diff", "policy-v2.json", "policy-v1.json"], &[]);
    assert_eq!(told(&back.done())[3], "removed account: 222233334444 > -");
    let none = desk.run(&["policy", "diff", "pinned", "policy-v1.json"], &[]).done();
    assert!(none.out.contains("nothing"), "{none:#?}");
    // Whoever pins it sees the same, before anything is typed back.
    desk.approve("policy-v2.json");
    let asked = desk.run(&["policy", "pin", "policy-v2.json"], &["0000", "0000"]);
    let asked = asked.refused(2, "typed back at a terminal");
    let pinned = desk.pin("policy-v2.json").done();
    for run in [&asked, &pinned] {
        assert!(run.err.contains("+ 222233334444") && run.err.contains("+ mallory ("), "{run:#?}");
    }
    assert!(!asked.err.contains(&desk.digest("policy-v2.json").to_string()), "{asked:#?}");
    // The version after that follows the one that is pinned now.
    let third = desk.edit("policy-v3.json", &["--name", "Third"]).done();
    assert_eq!(third.json()["previous"], desk.digest("policy-v2.json").to_string());
    desk.edit("fork.json", &["--from", "policy-v1.json", "--name", "Fork"])
        .refused(3, "it is version 1, but version 2 is pinned here");
}

#[test]
fn every_option_of_edit_changes_what_it_says() {
    let desk = Desk::ready();
    let carla = format!("carla={}", keyferry_ceremony::testing::RECIPIENT);
    desk.replace("policy-v2.json", &["--add-custodian", &carla]);
    let claus = "claus=age12z58s03a68u5sd8njyu9lye6u0gxhnveamjulvvnymt8lug4mugsk9ljsj";
    let (bob2, other) = (desk.key_of("bob2"), "5".repeat(64));
    let short: String = bob2.chars().take(20).collect();
    let rows: &[(&str, &[&str])] = &[
        ("--name Other", &["changed name: Tests > Other"]),
        ("--expires 2199-01-01T00:00:00Z", &["added expires: - > 2199-01-01T00:00:00Z"]),
        (
            "--remove-account 111122223333 --add-account 222233334444 333344445555",
            &[
                "removed account: 111122223333 > -",
                "added account: - > 222233334444",
                "added account: - > 333344445555",
            ],
        ),
        (
            "--remove-region eu-central-1 --add-region us-east-1",
            &["removed region: eu-central-1 > -", "added region: - > us-east-1"],
        ),
        ("--add-key-spec HMAC_256", &["added key-spec: - > HMAC_256"]),
        ("--remove-key-spec ECC_NIST_P256", &["removed key-spec: ECC_NIST_P256 > -"]),
        (
            "--remove-wrapping-algorithm RSAES_OAEP_SHA_256",
            &["removed wrapping-algorithm: RSAES_OAEP_SHA_256 > -"],
        ),
        (
            "--add-wrapping-algorithm RSAES_OAEP_SHA_1",
            &["added wrapping-algorithm: - > RSAES_OAEP_SHA_1"],
        ),
        (
            "--smallest-wrapping-key RSA_4096",
            &["changed smallest-wrapping-ke: RSA_2048 > RSA_4096"],
        ),
        (
            "--remove-device 12345678 --add-device 7",
            &["removed device: 12345678 > -", "added device: - > 7"],
        ),
        (&format!("--add-custodian {claus}"), &["added custodian of claus: - > age12z58"]),
        ("--remove-custodian carla", &["removed custodian of carla: age13re7j20r53mu7huw > -"]),
        ("--witness 1:oscar,wendy", &["added member witness of oscar"]),
        ("--policy-root 1:alice,bob", &["changed threshold policy-root: 2 > 1"]),
        (
            "--ceremony-officer 1:alice",
            &[
                "changed threshold ceremony-officer: 2 > 1",
                "removed member ceremony-officer of bob",
            ],
        ),
        (
            "--online-operator 1:alice",
            &["removed member online-operator of oscar", "added member online-operator of alice"],
        ),
        (&format!("--revoke-key {other}"), &["added revoked: - > 55555555555555555555"]),
        (
            &format!(
                "--remove-key {bob2} --policy-root 2:alice,bob --ceremony-officer 2:alice,bob"
            ),
            &[
                &format!("removed key of bob: {short} > -"),
                "changed member policy-root of bob",
                "changed member ceremony-officer of bob",
            ],
        ),
    ];
    for (number, (options, expected)) in rows.iter().enumerate() {
        let more: Vec<&str> = options.split(' ').collect();
        let told = told(&desk.edit(&format!("edit-{number}.json"), &more).done());
        assert_eq!(told.len(), expected.len(), "{options}: {told:#?}");
        for (line, expected) in told.iter().zip(*expected) {
            assert!(line.starts_with(expected), "{options}: {line}");
        }
    }
    // A key spec comes with its usual wrapping algorithm, unless another is said; roots are named by their digests.
    desk.replace("less.json", &["--remove-wrapping-algorithm", "RSA_AES_KEY_WRAP_SHA_256"]);
    let usual = told(&desk.edit("rsa.json", &["--add-key-spec", "RSA_2048"]).done());
    let added = "added wrapping-algorithm: - > RSA_AES_KEY_WRAP_SHA";
    assert_eq!(usual, ["added key-spec: - > RSA_2048", added]);
    let other = ["--add-key-spec", "RSA_2048", "--add-wrapping-algorithm", "RSAES_OAEP_SHA_1"];
    let said = told(&desk.edit("sha1.json", &other).done());
    assert_eq!(said[1], "added wrapping-algorithm: - > RSAES_OAEP_SHA_1");
}

#[test]
fn an_edit_that_changes_nothing_or_cannot_be_meant_is_refused() {
    let desk = Desk::ready();
    let (wendy, other) = (desk.key_of("wendy"), "5".repeat(64));
    let rows: &[(&str, i32, &str)] = &[
        ("", 2, "this edit changes nothing"),
        ("--name Tests", 2, "this edit changes nothing"),
        ("--no-expiry", 2, "this edit changes nothing"),
        ("--witness 1:wendy", 2, "this edit changes nothing"),
        ("--add-account 111122223333", 2, "--add-account: the policy has 111122223333 already"),
        ("--remove-region us-east-1", 2, "--remove-region: the policy does not have us-east-1"),
        ("--remove-custodian carla", 2, "--remove-custodian: the policy does not have carla"),
        (&format!("--remove-attestation-root {other}"), 2, "root: the policy does not have 5555"),
        (&format!("--remove-key {other}"), 2, "--remove-key: the policy does not have 5555"),
        ("--add-key wendy=wendy.pub.pem", 2, "--add-key: wendy has that key already"),
        ("--witness 1:mallory", 2, "add --add-key mallory=FILE.pub.pem"),
        ("--witness 2:wendy", 3, "roles.witness.threshold: is 2, but the role has 1"),
        ("--remove-account 111122223333", 3, "allowed.accounts: is empty"),
        ("--expires 2020-01-01T00:00:00Z", 2, "would have expired when it is made"),
        ("--expires 2199-01-01T00:00:00Z --no-expiry", 2, "cannot be used with"),
        (&format!("--revoke-key {other}@2199-01-01T00:00:00Z"), 3, "revoked[0].since: 2199-01-01"),
        (&format!("--revoke-key {other} {other}"), 2, "that key is revoked already"),
        (&format!("--remove-key {wendy}"), 2, &format!("witness names wendy's key {wendy}")),
        (&format!("--revoke-key {wendy}"), 2, "who is in the role now, such as --witness 1:HOLDER"),
        ("--from device.json --name Other", 3, "device.json is no policy"),
    ];
    let before = desk.listing();
    for (options, code, saying) in rows {
        let more: Vec<&str> = options.split_whitespace().collect();
        desk.edit("policy-v2.json", &more).refused(*code, saying);
        assert_eq!(desk.listing(), before, "{options}");
    }
    // What was revoked does not come back, and nobody gives somebody's key to another.
    desk.replace("policy-v2.json", &["--revoke-key", &wendy, "--witness", "1:bob"]);
    desk.edit("policy-v3.json", &["--add-key", "wendy=wendy.pub.pem"])
        .refused(2, "--add-key: that key is revoked");
    desk.policy("new.json", &["--previous", "policy-v2.json"]).refused(3, "is still among `keys`");
    let oscar = desk.key_of("oscar");
    let given = ["--remove-key", &oscar, "--add-key", "otto=oscar.pub.pem", "--online-operator"];
    desk.edit("policy-v3.json", &[&given[..], &["1:otto"]].concat())
        .refused(3, "the policy in force gives this key to oscar");
}

#[test]
fn policy_sign_signs_policies_and_nothing_else() {
    let desk = Desk::planned();
    let args = ["policy", "sign", "tests-1/plan.json", "--identity", "alice"];
    desk.run(&args, &[PASSPHRASE, "tests-1"]).refused(3, "plan.json is no policy");
    desk.edit("policy-v2.json", &["--add-account", "222233334444"]).done();
    let args = ["policy", "sign", "policy-v2.json", "--identity", "wendy"];
    desk.run(&args, &[PASSPHRASE, "Tests"]).refused(4, "does not count as policy-root");
}
