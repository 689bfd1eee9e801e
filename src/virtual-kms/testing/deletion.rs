//! Deletion of keys, disabled keys, and aliases that move.

use super::Client;
use super::client::members;
use crate::refusal::Kind;
use serde_json::{Value, json};

const DAY: u32 = 86_400;

fn metadata(client: &Client, key: &str) -> Value {
    client.call("DescribeKey", &json!({ "KeyId": key }))["KeyMetadata"].clone()
}

#[test]
fn a_key_is_deleted_after_its_waiting_period_unless_that_is_cancelled() {
    let client = Client::new();
    let key = client.symmetric();
    client.import(&key, &[1; 32]);
    client.call("CreateAlias", &json!({ "AliasName": "alias/a", "TargetKeyId": key }));
    let ask = json!({ "KeyId": key });
    client.refused("CancelKeyDeletion", &ask, Kind::InvalidState);
    let import = client.wrapped(&key, &[1; 32]);
    let scheduled =
        client.call("ScheduleKeyDeletion", &json!({ "KeyId": key, "PendingWindowInDays": 7 }));
    assert_eq!(members(&scheduled), ["DeletionDate", "KeyId", "KeyState", "PendingWindowInDays"]);
    let described = metadata(&client, &key);
    assert_eq!(
        (&described["KeyState"], &described["Enabled"]),
        (&json!("PendingDeletion"), &json!(false))
    );
    assert_eq!(described["DeletionDate"], scheduled["DeletionDate"]);
    for (operation, input) in [
        ("ImportKeyMaterial", import),
        ("GenerateDataKey", json!({ "KeyId": key, "KeySpec": "AES_256" })),
        ("ScheduleKeyDeletion", ask.clone()),
        ("CreateAlias", json!({ "AliasName": "alias/b", "TargetKeyId": key })),
    ] {
        let said = client.refused(operation, &input, Kind::InvalidState);
        assert!(said.ends_with("is pending deletion."), "{operation} {said}");
    }
    client.call("CancelKeyDeletion", &ask);
    assert_eq!(client.state_of(&key), "Disabled");
    let encrypt = json!({ "KeyId": key, "Plaintext": "AAAA" });
    client.refused("Encrypt", &encrypt, Kind::Disabled);
    client.call("EnableKey", &ask);
    client.call("Encrypt", &encrypt);
    client.call("DisableKey", &ask);
    assert_eq!(client.state_of(&key), "Disabled");

    client.call("ScheduleKeyDeletion", &json!({ "KeyId": key, "PendingWindowInDays": 7 }));
    client.advance(7 * DAY - 60);
    assert_eq!(client.state_of(&key), "PendingDeletion");
    client.advance(120);
    client.refused("DescribeKey", &ask, Kind::NotFound);
    assert_eq!(client.call("ListAliases", &json!({}))["Aliases"], json!([]));
    for days in [6, 31] {
        let wrong = json!({ "KeyId": client.symmetric(), "PendingWindowInDays": days });
        client.refused("ScheduleKeyDeletion", &wrong, Kind::Validation);
    }
}

#[test]
fn a_primary_key_waits_for_its_last_replica() {
    let client = Client::new();
    let made = client.call("CreateKey", &json!({ "Origin": "EXTERNAL", "MultiRegion": true }));
    let key = made["KeyMetadata"]["KeyId"].as_str().unwrap();
    client.call("ReplicateKey", &json!({ "KeyId": key, "ReplicaRegion": "us-east-1" }));
    let replica = client.in_region("us-east-1");
    let ask = json!({ "KeyId": key, "PendingWindowInDays": 7 });
    let scheduled = client.call("ScheduleKeyDeletion", &ask);
    assert_eq!(scheduled["KeyState"], "PendingReplicaDeletion");
    assert!(scheduled.get("DeletionDate").is_none());
    assert_eq!(metadata(&client, key)["PendingDeletionWindowInDays"], 7);
    client.advance(20 * DAY);
    assert_eq!(client.state_of(key), "PendingReplicaDeletion");
    replica.call("ScheduleKeyDeletion", &ask);
    client.advance(8 * DAY);
    replica.refused("DescribeKey", &json!({ "KeyId": key }), Kind::NotFound);
    let described = metadata(&client, key);
    assert_eq!(described["KeyState"], "PendingDeletion");
    assert_eq!(described["MultiRegionConfiguration"]["ReplicaKeys"], json!([]));
    client.advance(7 * DAY);
    client.refused("DescribeKey", &json!({ "KeyId": key }), Kind::NotFound);
}

#[test]
fn an_alias_moves_to_a_key_of_its_kind() {
    let client = Client::new();
    let (one, two) = (client.symmetric(), client.symmetric());
    let input = |key: &str| json!({ "AliasName": "alias/a", "TargetKeyId": key });
    client.refused("UpdateAlias", &input(&two), Kind::NotFound);
    client.call("CreateAlias", &input(&one));
    assert_eq!(client.call("UpdateAlias", &input(&two)), Value::Null);
    assert_eq!(metadata(&client, "alias/a")["KeyId"], two);
    let hmac = client.external("HMAC_256", "GENERATE_VERIFY_MAC");
    client.refused("UpdateAlias", &input(&hmac), Kind::Validation);
    client.refused("UpdateAlias", &input("alias/a"), Kind::Validation);
    client.control("POST", "fault", &json!({ "operation": "UpdateAlias", "kind": "lose-answer" }));
    assert!(client.try_call("UpdateAlias", &input(&one)).is_none());
    assert_eq!(metadata(&client, "alias/a")["KeyId"], one);
    client.call("DeleteAlias", &json!({ "AliasName": "alias/a" }));
    client.refused("DeleteAlias", &json!({ "AliasName": "alias/a" }), Kind::NotFound);
    client.refused("DescribeKey", &json!({ "KeyId": "alias/a" }), Kind::NotFound);
    assert_eq!(client.state_of(&one), "PendingImport", "the key stays");
}
