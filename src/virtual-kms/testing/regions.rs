//! Several Regions and accounts of one service; multi-Region keys.

use super::Client;
use super::client::with;
use crate::refusal::Kind;
use serde_json::{Value, json};

/// A multi-Region key that takes imports.
fn primary(client: &Client, spec: &str, usage: &str) -> String {
    let input = json!({
        "Origin": "EXTERNAL", "KeySpec": spec, "KeyUsage": usage, "MultiRegion": true,
        "Description": "of the primary", "Tags": [{ "TagKey": "a", "TagValue": "b" }],
    });
    client.call("CreateKey", &input)["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned()
}

fn symmetric(client: &Client) -> String {
    primary(client, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
}

fn replicate(client: &Client, key: &str, region: &str) -> Client {
    client.call("ReplicateKey", &json!({ "KeyId": key, "ReplicaRegion": region }));
    client.in_region(region)
}

fn metadata(client: &Client, key: &str) -> Value {
    client.call("DescribeKey", &json!({ "KeyId": key }))["KeyMetadata"].clone()
}

#[test]
fn a_region_knows_its_own_keys_and_aliases_alone() {
    let (client, key) = (Client::new(), Client::symmetric);
    let there = client.in_region("ap-southeast-2");
    let (here_key, there_key) = (key(&client), key(&there));
    assert!(metadata(&there, &there_key)["Arn"].as_str().unwrap().contains(":ap-southeast-2:"));
    client.refused("DescribeKey", &json!({ "KeyId": there_key }), Kind::NotFound);
    there.refused("DescribeKey", &json!({ "KeyId": here_key }), Kind::NotFound);
    for (client, key) in [(&client, &here_key), (&there, &there_key)] {
        client.call("CreateAlias", &json!({ "AliasName": "alias/same", "TargetKeyId": key }));
        assert_eq!(metadata(client, "alias/same")["KeyId"], **key);
        let listed = client.call("ListKeys", &json!({}));
        assert_eq!(listed["Keys"].as_array().unwrap().len(), 1);
        assert_eq!(listed["Keys"][0]["KeyArn"], metadata(client, key)["Arn"]);
    }
}

#[test]
fn an_access_key_id_may_name_another_account() {
    let client = Client::new();
    let key = client.symmetric();
    let arn = metadata(&client, &key)["Arn"].clone();
    let theirs = client.under("AKID444455556666");
    assert!(theirs.caller_identity().body.contains("<Account>444455556666</Account>"));
    theirs.refused("DescribeKey", &json!({ "KeyId": key }), Kind::NotFound);
    theirs.refused("DescribeKey", &json!({ "KeyId": arn }), Kind::AccessDenied);
    let own = theirs.symmetric();
    assert_eq!(metadata(&theirs, &own)["AWSAccountId"], "444455556666");
    theirs.import(&own, &[1; 32]);
    client.refused("DescribeKey", &json!({ "KeyId": own }), Kind::NotFound);
}

#[test]
fn a_replica_is_the_same_key_elsewhere_with_state_of_its_own() {
    let mut client = Client::new();
    let key = symmetric(&client);
    client.import(&key, &[7; 32]);
    let input = json!({
        "KeyId": key, "ReplicaRegion": "us-east-1", "Description": "of the replica",
        "Tags": [{ "TagKey": "c", "TagValue": "d" }],
    });
    let made = client.call("ReplicateKey", &input);
    assert_eq!(made["ReplicaTags"], input["Tags"]);
    assert!(made["ReplicaPolicy"].as_str().unwrap().contains("kms:*"));
    let replica = client.in_region("us-east-1");
    client.restart();
    let (ours, theirs) = (metadata(&client, &key), metadata(&replica, &key));
    assert_eq!(made["ReplicaKeyMetadata"], theirs);
    let arn = |region: &str| format!("arn:aws:kms:{region}:111122223333:key/{key}");
    let of = |region: &str| json!({ "Arn": arn(region), "Region": region });
    for (metadata, region, role) in
        [(&ours, "eu-central-1", "PRIMARY"), (&theirs, "us-east-1", "REPLICA")]
    {
        assert_eq!(metadata["Arn"], arn(region));
        let expected = json!({
            "MultiRegionKeyType": role, "PrimaryKey": of("eu-central-1"),
            "ReplicaKeys": [of("us-east-1")],
        });
        assert_eq!(metadata["MultiRegionConfiguration"], expected);
    }
    assert_eq!(
        (&ours["KeyState"], &theirs["KeyState"]),
        (&json!("Enabled"), &json!("PendingImport"))
    );
    assert_eq!(theirs["Description"], "of the replica");
    assert_eq!(theirs["CurrentKeyMaterialId"], ours["CurrentKeyMaterialId"]);
    let tags = replica.call("ListResourceTags", &json!({ "KeyId": key }));
    assert_eq!(tags["Tags"], input["Tags"]);

    let blob = json!({ "KeyId": key, "Plaintext": "aGVsbG8=" });
    let blob = client.call("Encrypt", &blob)["CiphertextBlob"].clone();
    let ask = json!({ "CiphertextBlob": blob });
    replica.refused("Decrypt", &ask, Kind::InvalidState);
    let imported = replica.import(&key, &[7; 32]);
    assert_eq!(imported["KeyMaterialId"], ours["CurrentKeyMaterialId"]);
    assert_eq!(replica.call("Decrypt", &ask)["KeyId"], arn("us-east-1"));
    replica.call("DeleteImportedKeyMaterial", &json!({ "KeyId": key }));
    assert_eq!(
        (client.state_of(&key), replica.state_of(&key)),
        ("Enabled".into(), "PendingImport".into())
    );
    client.refused("ReplicateKey", &input, Kind::AlreadyExists);
    client.refused(
        "ReplicateKey",
        &with(&input, "ReplicaRegion", json!("eu-central-1")),
        Kind::AlreadyExists,
    );
    client.refused("ReplicateKey", &with(&input, "ReplicaRegion", json!("here")), Kind::Validation);
    client.refused("ReplicateKey", &with(&input, "ReplicaRegion", Value::Null), Kind::Validation);
    let next = with(&input, "ReplicaRegion", json!("us-west-2"));
    replica.refused("ReplicateKey", &next, Kind::UnsupportedOperation);
    let single = with(&next, "KeyId", json!(client.symmetric()));
    client.refused("ReplicateKey", &single, Kind::UnsupportedOperation);
}

#[test]
fn a_replica_takes_the_primarys_bytes_alone() {
    let client = Client::new();
    for (spec, usage) in
        [("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"), ("HMAC_256", "GENERATE_VERIFY_MAC")]
    {
        let key = primary(&client, spec, usage);
        let replica = replicate(&client, &key, "eu-west-1");
        let import = |bytes: u8| replica.wrapped(&key, &[bytes; 32]);
        replica.refused("ImportKeyMaterial", &import(7), Kind::IncorrectKeyMaterial);
        client.import(&key, &[7; 32]);
        replica.refused("ImportKeyMaterial", &import(8), Kind::IncorrectKeyMaterial);
        if spec == "SYMMETRIC_DEFAULT" {
            for bytes in [7, 8] {
                let new = with(&import(bytes), "ImportType", json!("NEW_KEY_MATERIAL"));
                replica.refused("ImportKeyMaterial", &new, Kind::IncorrectKeyMaterial);
            }
        }
        replica.call("ImportKeyMaterial", &import(7));
        assert_eq!(replica.state_of(&key), "Enabled");
    }
}

#[test]
fn a_token_is_for_one_region() {
    let client = Client::new();
    let key = symmetric(&client);
    client.import(&key, &[7; 32]);
    let replica = replicate(&client, &key, "eu-west-1");
    let own = replica.wrapped(&key, &[7; 32]);
    let others = with(&client.wrapped(&key, &[7; 32]), "KeyId", json!(key));
    replica.refused("ImportKeyMaterial", &others, Kind::InvalidImportToken);
    replica.call("ImportKeyMaterial", &own);
}

#[test]
fn expiration_is_each_regions_own() {
    let client = Client::new();
    let key = symmetric(&client);
    client.import(&key, &[7; 32]);
    let replica = replicate(&client, &key, "eu-west-1");
    let input = with(&replica.wrapped(&key, &[7; 32]), "ExpirationModel", Value::Null);
    replica.call("ImportKeyMaterial", &with(&input, "ValidTo", json!(client.now() + 600)));
    assert_eq!(metadata(&replica, &key)["ExpirationModel"], "KEY_MATERIAL_EXPIRES");
    assert_eq!(metadata(&client, &key)["ExpirationModel"], "KEY_MATERIAL_DOES_NOT_EXPIRE");
    client.advance(601);
    assert_eq!(
        (client.state_of(&key), replica.state_of(&key)),
        ("Enabled".into(), "PendingImport".into())
    );
}

#[test]
fn the_services_own_multi_region_keys_bring_their_material() {
    let client = Client::new();
    let made = client.call("CreateKey", &json!({ "MultiRegion": true }));
    let key = made["KeyMetadata"]["KeyId"].as_str().unwrap();
    let replica = replicate(&client, key, "eu-west-1");
    let input = json!({ "KeyId": key, "Plaintext": "aGVsbG8=" });
    let blob = client.call("Encrypt", &input)["CiphertextBlob"].clone();
    assert_eq!(
        replica.call("Decrypt", &json!({ "CiphertextBlob": blob }))["Plaintext"],
        "aGVsbG8="
    );
}

#[test]
fn a_lost_answer_of_a_replication_is_carried_out() {
    let client = Client::new();
    let key = symmetric(&client);
    let input = json!({ "KeyId": key, "ReplicaRegion": "us-east-1" });
    for kind in ["throttle", "lose-answer"] {
        client.control("POST", "fault", &json!({ "operation": "ReplicateKey", "kind": kind }));
    }
    client.refused("ReplicateKey", &input, Kind::Throttling);
    assert!(client.try_call("ReplicateKey", &input).is_none());
    client.refused("ReplicateKey", &input, Kind::AlreadyExists);
    assert_eq!(client.in_region("us-east-1").state_of(&key), "PendingImport");
}
