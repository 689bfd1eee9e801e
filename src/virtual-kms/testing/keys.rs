//! Keys, aliases, tags, policies. The recorded shapes are those AWS answered with.

use super::Client;
use super::client::members;
use crate::refusal::Kind;
use serde_json::{Value, json};

/// Members of key metadata that AWS answered with for every key.
const ALWAYS: &[&str] = &[
    "AWSAccountId",
    "Arn",
    "CreationDate",
    "CustomerMasterKeySpec",
    "Description",
    "Enabled",
    "KeyId",
    "KeyManager",
    "KeySpec",
    "KeyState",
    "KeyUsage",
    "MultiRegion",
    "Origin",
];

fn assert_members(metadata: &Value, more: &[&str]) {
    let mut expected = [ALWAYS, more].concat();
    expected.sort_unstable();
    let mut found = members(metadata);
    found.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn create_and_describe_answer_in_the_recorded_shapes() {
    let client = Client::new();
    for (spec, usage, list, algorithms) in [
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "EncryptionAlgorithms", "SYMMETRIC_DEFAULT"),
        ("ECC_NIST_P256", "SIGN_VERIFY", "SigningAlgorithms", "ECDSA_SHA_256"),
        ("ECC_NIST_P384", "SIGN_VERIFY", "SigningAlgorithms", "ECDSA_SHA_384"),
        ("ECC_NIST_P521", "SIGN_VERIFY", "SigningAlgorithms", "ECDSA_SHA_512"),
        ("ECC_SECG_P256K1", "SIGN_VERIFY", "SigningAlgorithms", "ECDSA_SHA_256"),
        (
            "RSA_4096",
            "ENCRYPT_DECRYPT",
            "EncryptionAlgorithms",
            "RSAES_OAEP_SHA_1 RSAES_OAEP_SHA_256",
        ),
        ("HMAC_224", "GENERATE_VERIFY_MAC", "MacAlgorithms", "HMAC_SHA_224"),
        ("HMAC_256", "GENERATE_VERIFY_MAC", "MacAlgorithms", "HMAC_SHA_256"),
        ("HMAC_384", "GENERATE_VERIFY_MAC", "MacAlgorithms", "HMAC_SHA_384"),
        ("HMAC_512", "GENERATE_VERIFY_MAC", "MacAlgorithms", "HMAC_SHA_512"),
    ] {
        let input = json!({
            "Origin": "EXTERNAL", "KeySpec": spec, "KeyUsage": usage, "Description": "test-key",
        });
        let created = client.call("CreateKey", &input);
        assert_eq!(members(&created), ["KeyMetadata"]);
        let created = &created["KeyMetadata"];
        assert_members(created, &[list]);
        let algorithms: Vec<&str> = algorithms.split(' ').collect();
        assert_eq!(created[list], json!(algorithms));
        let id = created["KeyId"].as_str().unwrap();
        for (member, value) in [
            ("AWSAccountId", json!("111122223333")),
            ("Arn", json!(format!("arn:aws:kms:eu-central-1:111122223333:key/{id}"))),
            ("CustomerMasterKeySpec", json!(spec)),
            ("Description", json!("test-key")),
            ("Enabled", json!(false)),
            ("KeyManager", json!("CUSTOMER")),
            ("KeyState", json!("PendingImport")),
            ("KeyUsage", json!(usage)),
            ("MultiRegion", json!(false)),
            ("Origin", json!("EXTERNAL")),
        ] {
            assert_eq!(created[member], value, "{member}");
        }
        assert!(created["CreationDate"].is_number());
        let described = client.call("DescribeKey", &json!({ "KeyId": id }));
        assert_eq!(described["KeyMetadata"], *created);
    }
}

#[test]
fn metadata_follows_the_key_material_as_recorded() {
    let client = Client::new();
    let key = client.symmetric();
    let describe = || client.call("DescribeKey", &json!({ "KeyId": key }))["KeyMetadata"].clone();
    let imported = client.import(&key, &[1; 32]);
    let there = describe();
    assert_members(&there, &["EncryptionAlgorithms", "CurrentKeyMaterialId", "ExpirationModel"]);
    assert_eq!(there["CurrentKeyMaterialId"], imported["KeyMaterialId"]);
    assert_eq!(there["ExpirationModel"], "KEY_MATERIAL_DOES_NOT_EXPIRE");
    assert_eq!((&there["Enabled"], &there["KeyState"]), (&json!(true), &json!("Enabled")));
    client.call("DeleteImportedKeyMaterial", &json!({ "KeyId": key }));
    let gone = describe();
    assert_members(&gone, &["EncryptionAlgorithms", "CurrentKeyMaterialId"]);
    assert_eq!((&gone["Enabled"], &gone["KeyState"]), (&json!(false), &json!("PendingImport")));

    let hmac = client.external("HMAC_256", "GENERATE_VERIFY_MAC");
    client.import(&hmac, &[1; 32]);
    let metadata = &client.call("DescribeKey", &json!({ "KeyId": hmac }))["KeyMetadata"];
    assert_members(metadata, &["MacAlgorithms", "ExpirationModel"]);
}

#[test]
fn the_services_own_keys_are_enabled_at_once() {
    let client = Client::new();
    let created = client.call("CreateKey", &json!({}));
    let metadata = &created["KeyMetadata"];
    assert_members(metadata, &["EncryptionAlgorithms", "CurrentKeyMaterialId"]);
    assert_eq!(
        (&metadata["Origin"], &metadata["KeyState"]),
        (&json!("AWS_KMS"), &json!("Enabled"))
    );
    let random = client.call("GenerateRandom", &json!({ "NumberOfBytes": 33 }));
    assert_eq!(members(&random), ["Plaintext"]);
    assert_eq!(super::client::unbase64(&random["Plaintext"]).len(), 33);
    for wrong in [json!({}), json!({ "NumberOfBytes": 0 }), json!({ "NumberOfBytes": 1025 })] {
        client.refused("GenerateRandom", &wrong, Kind::Validation);
    }
}

#[test]
fn multi_region_keys_say_so() {
    let client = Client::new();
    let created = client.call("CreateKey", &json!({ "Origin": "EXTERNAL", "MultiRegion": true }));
    let metadata = &created["KeyMetadata"];
    let id = metadata["KeyId"].as_str().unwrap();
    assert!(id.starts_with("mrk-") && id.len() == 36, "{id}");
    assert_eq!(metadata["MultiRegion"], true);
    let primary = json!({ "Arn": metadata["Arn"], "Region": "eu-central-1" });
    let expected = json!({
        "MultiRegionKeyType": "PRIMARY", "PrimaryKey": primary, "ReplicaKeys": [],
    });
    assert_eq!(metadata["MultiRegionConfiguration"], expected);
}

#[test]
fn what_create_key_does_not_take() {
    let client = Client::new();
    for (input, kind) in [
        (json!({ "KeySpec": "HMAC_256" }), Kind::Validation),
        (json!({ "KeySpec": "HMAC_256", "KeyUsage": "ENCRYPT_DECRYPT" }), Kind::Validation),
        (json!({ "KeySpec": "AES" }), Kind::Validation),
        (json!({ "KeyUsage": "EVERYTHING" }), Kind::Validation),
        (json!({ "Origin": "HERE" }), Kind::Validation),
        (json!({ "Description": "d".repeat(8193) }), Kind::Validation),
        (
            json!({ "KeySpec": "SYMMETRIC_DEFAULT", "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT" }),
            Kind::Validation,
        ),
        (json!({ "KeySpec": "ML_DSA_44", "Origin": "EXTERNAL" }), Kind::UnsupportedOperation),
        (json!({ "Origin": "AWS_CLOUDHSM" }), Kind::UnsupportedOperation),
        (json!({ "Policy": "{}" }), Kind::MalformedPolicy),
        (json!({ "Tags": [{ "TagKey": "aws:x", "TagValue": "" }] }), Kind::Tag),
        (json!({ "Tags": [{ "TagKey": "a" }] }), Kind::Serialization),
        (json!({ "XksKeyId": "x" }), Kind::Serialization),
        (json!({ "Origen": "EXTERNAL" }), Kind::Serialization),
    ] {
        client.refused("CreateKey", &input, kind);
    }
    let listed = client.call("ListAliases", &json!({}));
    assert_eq!(listed, json!({ "Aliases": [], "Truncated": false }));
}

#[test]
fn a_key_has_four_names_where_aliases_are_taken() {
    let client = Client::new();
    let key = client.symmetric();
    let alias = json!({ "AliasName": "alias/ceremony/one", "TargetKeyId": key });
    assert_eq!(client.call("CreateAlias", &alias), Value::Null);
    let arn = "arn:aws:kms:eu-central-1:111122223333:";
    let names = [
        key.clone(),
        format!("{arn}key/{key}"),
        "alias/ceremony/one".to_owned(),
        format!("{arn}alias/ceremony/one"),
    ];
    for name in &names {
        let described = client.call("DescribeKey", &json!({ "KeyId": name }));
        assert_eq!(described["KeyMetadata"]["KeyId"], key, "{name}");
    }
    client.call("GetKeyPolicy", &json!({ "KeyId": names[1] }));
    client.refused("GetKeyPolicy", &json!({ "KeyId": names[2] }), Kind::NotFound);
    client.refused("GetKeyPolicy", &json!({ "KeyId": names[3] }), Kind::NotFound);

    let listed = client.call("ListAliases", &json!({ "KeyId": key }));
    let entry = &listed["Aliases"][0];
    assert_eq!(entry["AliasArn"], names[3]);
    assert_eq!(entry["TargetKeyId"], key);
    let other = client.symmetric();
    let none = client.call("ListAliases", &json!({ "KeyId": other }));
    assert_eq!(none["Aliases"], json!([]));
}

#[test]
fn names_of_nothing_are_refused_in_awss_words() {
    let client = Client::new();
    let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
    let arn = format!("arn:aws:kms:eu-central-1:111122223333:key/{id}");
    let in_region = |region: &str| arn.replace("eu-central-1", region);
    for (name, kind, message) in [
        (id.to_owned(), Kind::NotFound, format!("Key '{arn}' does not exist")),
        (arn.clone(), Kind::NotFound, format!("Key '{arn}' does not exist")),
        ("key".to_owned(), Kind::NotFound, "Invalid keyId 'key'".to_owned()),
        (in_region("eu-west-1"), Kind::NotFound, "Invalid arn eu-west-1".to_owned()),
        (
            "alias/none".to_owned(),
            Kind::NotFound,
            "Alias arn:aws:kms:eu-central-1:111122223333:alias/none is not found.".to_owned(),
        ),
        ("arn:aws:kms".to_owned(), Kind::InvalidArn, "Invalid arn arn:aws:kms".to_owned()),
    ] {
        let said = client.refused("DescribeKey", &json!({ "KeyId": name }), kind);
        assert_eq!(said, message);
    }
    let theirs = arn.replace("111122223333", "444455556666");
    client.refused("DescribeKey", &json!({ "KeyId": theirs }), Kind::AccessDenied);
    let thing = arn.replace("key/", "thing/");
    client.refused("DescribeKey", &json!({ "KeyId": thing }), Kind::InvalidArn);
    let said = client.refused("DescribeKey", &json!({}), Kind::Validation);
    assert!(said.contains("Value null at 'keyId'"), "{said}");
}

#[test]
fn alias_rules() {
    let client = Client::new();
    let key = client.symmetric();
    let create = |name: &str| json!({ "AliasName": name, "TargetKeyId": key });
    client.call("CreateAlias", &create("alias/one"));
    client.refused("CreateAlias", &create("alias/one"), Kind::AlreadyExists);
    for name in ["one", "alias/", "alias/ä", "alias/a b"] {
        client.refused("CreateAlias", &create(name), Kind::Validation);
    }
    client.refused("CreateAlias", &create("alias/aws/ebs"), Kind::NotAuthorized);
    let of_alias = json!({ "AliasName": "alias/two", "TargetKeyId": "alias/one" });
    client.refused("CreateAlias", &of_alias, Kind::Validation);
    let of_nothing =
        json!({ "AliasName": "alias/two", "TargetKeyId": "mrk-".to_owned() + &"0".repeat(32) });
    client.refused("CreateAlias", &of_nothing, Kind::NotFound);
    client.call("CreateAlias", &create("alias/two"));
    let page = client.call("ListAliases", &json!({ "Limit": 1 }));
    assert_eq!((&page["Truncated"], page["Aliases"].as_array().unwrap().len()), (&json!(true), 1));
    let next = json!({ "Limit": 1, "Marker": page["NextMarker"] });
    assert_eq!(client.call("ListAliases", &next)["Aliases"][0]["AliasName"], "alias/two");
    client.refused("ListAliases", &json!({ "Marker": "?" }), Kind::InvalidMarker);
}

#[test]
fn tag_rules() {
    let client = Client::new();
    let tag = |key: &str, value: &str| json!({ "TagKey": key, "TagValue": value });
    let input = json!({ "Origin": "EXTERNAL", "Tags": [tag("a", "1")] });
    let key = client.call("CreateKey", &input)["KeyMetadata"]["KeyId"].clone();
    let add = |tags: Value| json!({ "KeyId": key, "Tags": tags });
    assert_eq!(
        client.call("TagResource", &add(json!([tag("b", "2"), tag("a", "3")]))),
        Value::Null
    );
    let listed = client.call("ListResourceTags", &json!({ "KeyId": key }));
    assert_eq!(listed, json!({ "Tags": [tag("a", "3"), tag("b", "2")], "Truncated": false }));
    client.refused("TagResource", &add(json!([tag("c", "1"), tag("c", "2")])), Kind::Tag);
    client.refused("TagResource", &add(json!([tag("aws:c", "1")])), Kind::Tag);
    client.refused("TagResource", &add(json!([tag("", "1")])), Kind::Validation);
    client.refused("TagResource", &add(json!([tag("c", &"v".repeat(257))])), Kind::Validation);
    let many: Vec<Value> = (0..49).map(|n| tag(&format!("n{n}"), "")).collect();
    client.refused("TagResource", &add(json!(many)), Kind::Tag);
    let unchanged = client.call("ListResourceTags", &json!({ "KeyId": key }));
    assert_eq!(unchanged, listed, "what is refused changes nothing");
}

#[test]
fn policies_come_back_as_they_were_put() {
    let client = Client::new();
    let key = client.symmetric();
    let usual = client.call("GetKeyPolicy", &json!({ "KeyId": key, "PolicyName": "default" }));
    assert_eq!(members(&usual), ["Policy", "PolicyName"]);
    let policy: Value = serde_json::from_str(usual["Policy"].as_str().unwrap()).unwrap();
    assert_eq!(policy["Statement"][0]["Principal"]["AWS"], "arn:aws:iam::111122223333:root");
    let locking = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/A"},"Action":"kms:*","Resource":"*"}]}"#;
    let put = json!({ "KeyId": key, "Policy": locking });
    let said = client.refused("PutKeyPolicy", &put, Kind::MalformedPolicy);
    assert_eq!(
        said,
        "The new key policy will not allow you to update the key policy in the future."
    );
    let bypass = json!({ "KeyId": key, "Policy": locking, "BypassPolicyLockoutSafetyCheck": true });
    assert_eq!(client.call("PutKeyPolicy", &bypass), Value::Null);
    assert_eq!(client.call("GetKeyPolicy", &json!({ "KeyId": key }))["Policy"], locking);
    let long = json!({ "KeyId": key, "Policy": format!("{locking}{}", " ".repeat(32_768)) });
    client.refused("PutKeyPolicy", &long, Kind::LimitExceeded);
    client.refused("GetKeyPolicy", &json!({ "KeyId": key, "PolicyName": "x" }), Kind::NotFound);
}
