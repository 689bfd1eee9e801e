//! Rotation of imported key material.

use super::Client;
use super::client::{members, with};
use crate::refusal::Kind;
use serde_json::{Value, json};

fn new(client: &Client, key: &str, fill: u8) -> Value {
    with(&client.wrapped(key, &[fill; 32]), "ImportType", json!("NEW_KEY_MATERIAL"))
}

fn import_new(client: &Client, key: &str, fill: u8) -> Value {
    client.call("ImportKeyMaterial", &new(client, key, fill))["KeyMaterialId"].clone()
}

fn rotate(client: &Client, key: &str) {
    let arn = client.call("DescribeKey", &json!({ "KeyId": key }))["KeyMetadata"]["Arn"].clone();
    let rotated = client.call("RotateKeyOnDemand", &json!({ "KeyId": key }));
    assert_eq!(rotated, json!({ "KeyId": arn }));
}

fn current(client: &Client, key: &str) -> Value {
    let described = client.call("DescribeKey", &json!({ "KeyId": key }));
    described["KeyMetadata"]["CurrentKeyMaterialId"].clone()
}

/// Every key material: id, state, import state.
fn materials(client: &Client, key: &str) -> Vec<(Value, String, String)> {
    let input = json!({ "KeyId": key, "IncludeKeyMaterial": "ALL_KEY_MATERIAL" });
    let listed = client.call("ListKeyRotations", &input);
    let text = |entry: &Value, member: &str| entry[member].as_str().unwrap().to_owned();
    let entries = listed["Rotations"].as_array().unwrap().iter();
    let parts = entries.map(|entry| {
        let states = (text(entry, "KeyMaterialState"), text(entry, "ImportState"));
        (entry["KeyMaterialId"].clone(), states.0, states.1)
    });
    parts.collect()
}

fn states(client: &Client, key: &str) -> Vec<String> {
    let all = materials(client, key).into_iter();
    all.map(|(_, state, import)| format!("{state} {import}")).collect()
}

fn encrypt(client: &Client, key: &str) -> Value {
    let input = json!({ "KeyId": key, "Plaintext": "aGVsbG8=" });
    json!({ "CiphertextBlob": client.call("Encrypt", &input)["CiphertextBlob"] })
}

#[test]
fn a_rotation_makes_the_waiting_material_current_and_the_old_one_still_decrypts() {
    let mut client = Client::new();
    let key = client.symmetric();
    let ask = json!({ "KeyId": key });
    let arn = format!("arn:aws:kms:eu-central-1:111122223333:key/{key}");
    let said = client.refused("RotateKeyOnDemand", &ask, Kind::InvalidState);
    assert_eq!(said, format!("{arn} is pending import."));
    let first = client.import(&key, &[1; 32])["KeyMaterialId"].clone();
    let said = client.refused("RotateKeyOnDemand", &ask, Kind::InvalidState);
    assert_eq!(said, format!("No available key material pending rotation for the key: {arn}."));
    let old = encrypt(&client, &key);
    let second = import_new(&client, &key, 2);
    assert_eq!(current(&client, &key), first);
    assert_eq!(states(&client, &key), ["CURRENT IMPORTED", "PENDING_ROTATION IMPORTED"]);
    client.restart();
    rotate(&client, &key);
    client.restart();
    assert_eq!(current(&client, &key), second);
    assert_eq!(client.call("Decrypt", &old)["KeyMaterialId"], first);
    let new = encrypt(&client, &key);
    assert_eq!(client.call("Decrypt", &new)["KeyMaterialId"], second);
    client.refused("RotateKeyOnDemand", &ask, Kind::InvalidState);

    let gone = json!({ "KeyId": key, "KeyMaterialId": first });
    assert_eq!(client.call("DeleteImportedKeyMaterial", &gone)["KeyMaterialId"], first);
    assert_eq!(states(&client, &key), ["NON_CURRENT PENDING_IMPORT", "CURRENT IMPORTED"]);
    assert_eq!(client.state_of(&key), "PendingImport", "every generation must be there");
    client.refused("Decrypt", &new, Kind::InvalidState);
    client.refused("RotateKeyOnDemand", &ask, Kind::InvalidState);
    client.import(&key, &[1; 32]);
    assert_eq!(client.state_of(&key), "Enabled");
    assert_eq!(client.call("Decrypt", &old)["KeyMaterialId"], first);
}

#[test]
fn the_list_says_what_there_is_of_each_material() {
    let client = Client::new();
    let key = client.symmetric();
    let all = json!({ "KeyId": key, "IncludeKeyMaterial": "ALL_KEY_MATERIAL" });
    let empty = json!({ "Rotations": [], "Truncated": false });
    assert_eq!(client.call("ListKeyRotations", &all), empty);
    let described = with(&client.wrapped(&key, &[1; 32]), "KeyMaterialDescription", json!("one"));
    client.call("ImportKeyMaterial", &described);
    assert_eq!(client.call("ListKeyRotations", &json!({ "KeyId": key })), empty);
    let valid_to = client.now() + 86_400;
    let expires = with(&new(&client, &key, 2), "ExpirationModel", Value::Null);
    client.call("ImportKeyMaterial", &with(&expires, "ValidTo", json!(valid_to)));
    rotate(&client, &key);
    import_new(&client, &key, 3);
    let listed = client.call("ListKeyRotations", &all)["Rotations"].clone();
    let shapes: Vec<String> =
        listed.as_array().unwrap().iter().map(|entry| members(entry).join(" ")).collect();
    let id = "KeyMaterialId KeyMaterialState";
    assert_eq!(
        shapes,
        [
            format!("ExpirationModel ImportState KeyId KeyMaterialDescription {id}"),
            format!("ExpirationModel ImportState KeyId {id} RotationDate RotationType ValidTo"),
            format!("ExpirationModel ImportState KeyId {id}"),
        ]
    );
    assert_eq!(listed[0]["KeyMaterialDescription"], "one");
    assert_eq!(
        (&listed[1]["RotationType"], &listed[1]["ValidTo"]),
        (&json!("ON_DEMAND"), &json!(valid_to))
    );
    assert_eq!(listed[1]["ExpirationModel"], "KEY_MATERIAL_EXPIRES");
    let rotations = client.call("ListKeyRotations", &json!({ "KeyId": key }))["Rotations"].clone();
    assert_eq!(rotations, json!([listed[1]]));
    let mut paged = Vec::new();
    let mut ask = with(&all, "Limit", json!(1));
    loop {
        let page = client.call("ListKeyRotations", &ask);
        paged.extend(page["Rotations"].as_array().unwrap().clone());
        if page["Truncated"] == false {
            break;
        }
        ask = with(&ask, "Marker", page["NextMarker"].clone());
    }
    assert_eq!(json!(paged), listed);
    client.advance(86_401);
    assert_eq!(
        states(&client, &key),
        ["NON_CURRENT IMPORTED", "CURRENT PENDING_IMPORT", "PENDING_ROTATION IMPORTED"]
    );
    client.refused(
        "ListKeyRotations",
        &with(&all, "IncludeKeyMaterial", json!("SOME")),
        Kind::Validation,
    );
    client.refused("ListKeyRotations", &with(&all, "Marker", json!("?")), Kind::InvalidMarker);
}

#[test]
fn one_material_waits_at_a_time_until_it_is_deleted() {
    let client = Client::new();
    let key = client.symmetric();
    client.import(&key, &[1; 32]);
    let second = import_new(&client, &key, 2);
    client.refused("ImportKeyMaterial", &new(&client, &key, 3), Kind::InvalidState);
    let gone = json!({ "KeyId": key, "KeyMaterialId": second });
    client.call("DeleteImportedKeyMaterial", &gone);
    assert_eq!(states(&client, &key), ["CURRENT IMPORTED", "PENDING_ROTATION PENDING_IMPORT"]);
    client.refused("RotateKeyOnDemand", &json!({ "KeyId": key }), Kind::InvalidState);
    let third = import_new(&client, &key, 3);
    let ids: Vec<Value> = materials(&client, &key).into_iter().map(|(id, ..)| id).collect();
    assert_eq!(ids[1..], [third], "another takes its place");
    client.refused("ImportKeyMaterial", &new(&client, &key, 1), Kind::IncorrectKeyMaterial);
}

#[test]
fn a_key_rotates_twenty_five_times() {
    let client = Client::new();
    let made = client.call("CreateKey", &json!({}))["KeyMetadata"].clone();
    let own = made["KeyId"].as_str().unwrap();
    let old = encrypt(&client, own);
    for _ in 0..25 {
        rotate(&client, own);
    }
    client.refused("RotateKeyOnDemand", &json!({ "KeyId": own }), Kind::LimitExceeded);
    assert_ne!(current(&client, own), made["CurrentKeyMaterialId"]);
    client.call("Decrypt", &old);
    let hmac = client.external("HMAC_256", "GENERATE_VERIFY_MAC");
    client.import(&hmac, &[1; 32]);
    client.refused("RotateKeyOnDemand", &json!({ "KeyId": hmac }), Kind::UnsupportedOperation);
    client.refused("ListKeyRotations", &json!({ "KeyId": hmac }), Kind::UnsupportedOperation);
}

#[test]
fn a_multi_region_key_rotates_everywhere_once_every_region_has_the_material() {
    let client = Client::new();
    let input = json!({ "Origin": "EXTERNAL", "MultiRegion": true });
    let made = client.call("CreateKey", &input);
    let key = made["KeyMetadata"]["KeyId"].as_str().unwrap();
    client.import(key, &[1; 32]);
    let replicas = ["eu-west-1", "us-east-1"].map(|region| {
        client.call("ReplicateKey", &json!({ "KeyId": key, "ReplicaRegion": region }));
        let replica = client.in_region(region);
        replica.import(key, &[1; 32]);
        replica
    });
    let old = encrypt(&replicas[0], key);
    replicas[0].refused(
        "ImportKeyMaterial",
        &new(&replicas[0], key, 2),
        Kind::IncorrectKeyMaterial,
    );
    let second = import_new(&client, key, 2);
    let ask = json!({ "KeyId": key });
    let partly = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION";
    assert_eq!(states(&client, key), ["CURRENT IMPORTED".to_owned(), format!("{partly} IMPORTED")]);
    for replica in &replicas {
        assert_eq!(states(replica, key)[1], format!("{partly} PENDING_IMPORT"));
        assert_eq!(replica.state_of(key), "Enabled", "it works without what waits");
        let said = client.refused("RotateKeyOnDemand", &ask, Kind::InvalidState);
        assert!(said.contains("is not imported into the replica key in "), "{said}");
        let existing = json!("EXISTING_KEY_MATERIAL");
        let import = with(&replica.wrapped(key, &[2; 32]), "ImportType", existing);
        let pinned = with(&import, "KeyMaterialId", second.clone());
        assert_eq!(replica.call("ImportKeyMaterial", &pinned)["KeyMaterialId"], second);
    }
    assert_eq!(states(&client, key)[1], "PENDING_ROTATION IMPORTED");
    replicas[0].refused("RotateKeyOnDemand", &ask, Kind::UnsupportedOperation);
    rotate(&client, key);
    for here in replicas.iter().chain([&client]) {
        assert_eq!(current(here, key), second);
        assert_eq!(states(here, key), ["NON_CURRENT IMPORTED", "CURRENT IMPORTED"]);
        here.call("Decrypt", &old);
        here.call("Decrypt", &encrypt(&client, key));
    }
    client.call("ReplicateKey", &json!({ "KeyId": key, "ReplicaRegion": "eu-north-1" }));
    let late = client.in_region("eu-north-1");
    late.import(key, &[2; 32]);
    assert_eq!(late.state_of(key), "PendingImport", "it needs every generation");
    late.import(key, &[1; 32]);
    assert_eq!(late.state_of(key), "Enabled");
    late.call("Decrypt", &old);
}

#[test]
fn a_lost_answer_of_a_rotation_is_carried_out() {
    let client = Client::new();
    let key = client.symmetric();
    client.import(&key, &[1; 32]);
    let second = import_new(&client, &key, 2);
    for kind in ["throttle", "internal", "lose-answer"] {
        client.control("POST", "fault", &json!({ "operation": "RotateKeyOnDemand", "kind": kind }));
    }
    let ask = json!({ "KeyId": key });
    client.refused("RotateKeyOnDemand", &ask, Kind::Throttling);
    client.refused("RotateKeyOnDemand", &ask, Kind::Internal);
    assert_ne!(current(&client, &key), second);
    assert!(client.try_call("RotateKeyOnDemand", &ask).is_none());
    assert_eq!(current(&client, &key), second);
}
