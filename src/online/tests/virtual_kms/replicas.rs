//! A multi-Region key and its replicas, each in its own Region.

use super::*;

const CREATE: [&str; 8] = [
    "create-key",
    "--alias",
    "many",
    "--multi-region",
    "--replica-region",
    "eu-west-1",
    "--replica-region",
    "us-east-1",
];

#[test]
fn a_primary_and_its_replicas_wait_for_key_material_under_one_alias() {
    let bastion = Bastion::new();
    let url = bastion.service.url();
    // A lost answer makes no second replica.
    bastion.fault("ReplicateKey", "lose-answer", 1);
    let made = program(&url, &[&CREATE[..], &["--json"]].concat(), &[]);
    let made = made.ended(0, "looking whether the replica is there").json();
    let primary = made["arn"].as_str().unwrap();
    assert!(primary.contains(":eu-central-1:") && primary.contains("key/mrk-"), "{made}");
    assert_eq!(made["state"], "PendingImport");
    assert_eq!(made["replicas"].as_array().unwrap().len(), 2);
    for (replica, region) in
        made["replicas"].as_array().unwrap().iter().zip(["eu-west-1", "us-east-1"])
    {
        assert_eq!(replica["arn"], primary.replace("eu-central-1", region));
        assert_eq!(replica["state"], "PendingImport");
        // The alias is the Region's own.
        let shown = ["status", "alias/many", "--region", region, "--json"];
        let shown = program(&url, &shown, &[]).ended(5, "").json();
        assert_eq!(shown["keys"][0]["arn"], replica["arn"]);
    }
    program(&url, &CREATE, &[]).ended(5, "alias/many is taken");
}

#[test]
fn keys_whose_first_alias_is_refused_are_all_named_and_the_alias_stays_free() {
    let bastion = Bastion::new();
    let url = bastion.service.url();
    program(&url, &[&CREATE[..], &["--dry-run"]].concat(), &[]).ended(0, "nothing was changed");
    bastion.fault("CreateAlias", "throttle", 1);
    let run = program(&url, &CREATE, &[]).ended(6, "key/mrk-");
    assert_eq!(run.stdout, "");
    assert_eq!(run.stderr.matches("was created too, without its alias").count(), 2);
    // Whoever tries again is not told that the alias is taken.
    let made = program(&url, &CREATE, &[]).ended(0, "").stdout;
    let regions: Vec<&str> = made.lines().map(|arn| arn.split(':').nth(3).unwrap()).collect();
    assert_eq!(regions, ["eu-central-1", "eu-west-1", "us-east-1"]);
}
