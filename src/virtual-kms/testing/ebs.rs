//! Encrypted EBS volumes, over EC2's query protocol.

use super::Client;
use serde_json::json;

/// The text of an element.
fn text(xml: &str, name: &str) -> String {
    let (_, rest) = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("{name} {xml}"));
    rest.split_once(&format!("</{name}>")).unwrap().0.to_owned()
}

fn called(client: &Client, form: &str) -> String {
    client.ec2(form).unwrap().unwrap()
}

fn refused(client: &Client, form: &str) -> String {
    client.ec2(form).unwrap().unwrap_err()
}

const CREATE: &str = "CreateVolume&AvailabilityZone=eu-central-1a&Size=8";

#[test]
fn a_volume_is_encrypted_under_the_key_named() {
    let mut client = Client::new();
    let key = client.symmetric();
    client.import(&key, &[1; 32]);
    client.call("CreateAlias", &json!({ "AliasName": "alias/ebs", "TargetKeyId": key }));
    let arn = format!("arn:aws:kms:eu-central-1:111122223333:key/{key}");
    let tags = "TagSpecification.1.ResourceType=volume&TagSpecification.1.Tag.1.Key=Name\
                &TagSpecification.1.Tag.1.Value=a%3Cb";
    for name in [key.as_str(), &arn, "alias/ebs"] {
        let form = format!("{CREATE}&VolumeType=gp3&Encrypted=true&KmsKeyId={name}&{tags}");
        let made = called(&client, &form);
        let answer = "<CreateVolumeResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">";
        assert!(made.contains(answer), "{made}");
        assert_eq!(
            (text(&made, "kmsKeyId"), text(&made, "status")),
            (arn.clone(), "creating".into())
        );
        assert_eq!((text(&made, "key"), text(&made, "value")), ("Name".into(), "a&lt;b".into()));
        let id = text(&made, "volumeId");
        assert!(id.starts_with("vol-") && id.len() == 21, "{id}");
        client.restart();
        let described = called(&client, &format!("DescribeVolumes&VolumeId.1={id}"));
        assert_eq!(
            (text(&described, "volumeId"), text(&described, "status")),
            (id, "available".into())
        );
        assert_eq!(text(&described, "encrypted"), "true");
    }
    let all = called(&client, "DescribeVolumes");
    assert_eq!(all.matches("<volumeId>").count(), 3);
    let elsewhere = called(&client.in_region("us-east-1"), "DescribeVolumes");
    assert!(elsewhere.contains("<volumeSet></volumeSet>"), "{elsewhere}");
}

#[test]
fn a_key_that_cannot_be_used_makes_a_volume_that_fails_later() {
    let client = Client::new();
    let pending = client.symmetric();
    let disabled = client.symmetric();
    client.import(&disabled, &[1; 32]);
    client.call("DisableKey", &json!({ "KeyId": disabled }));
    let hmac = client.external("HMAC_256", "GENERATE_VERIFY_MAC");
    client.import(&hmac, &[1; 32]);
    for name in [pending.as_str(), &disabled, &hmac, "alias/none"] {
        let made = called(&client, &format!("{CREATE}&Encrypted=true&KmsKeyId={name}"));
        assert_eq!(text(&made, "status"), "creating");
        let ask = format!("DescribeVolumes&VolumeId.1={}", text(&made, "volumeId"));
        assert_eq!(text(&called(&client, &ask), "status"), "error", "{name}");
    }
}

#[test]
fn encryption_by_default_takes_the_default_key() {
    let client = Client::new();
    let get = |client: &Client| {
        text(&called(client, "GetEbsEncryptionByDefault"), "ebsEncryptionByDefault")
    };
    assert_eq!(get(&client), "false");
    assert_eq!(text(&called(&client, CREATE), "encrypted"), "false");
    assert_eq!(text(&called(&client, "GetEbsDefaultKmsKeyId"), "kmsKeyId"), "alias/aws/ebs");
    called(&client, "EnableEbsEncryptionByDefault");
    assert_eq!(
        (get(&client), get(&client.in_region("us-east-1"))),
        ("true".into(), "false".into())
    );
    assert!(text(&called(&client, CREATE), "kmsKeyId").ends_with(":alias/aws/ebs"));
    let key = client.symmetric();
    client.import(&key, &[1; 32]);
    let set = called(&client, &format!("ModifyEbsDefaultKmsKeyId&KmsKeyId={key}"));
    let arn = format!("arn:aws:kms:eu-central-1:111122223333:key/{key}");
    assert_eq!(text(&set, "kmsKeyId"), arn);
    assert_eq!(text(&called(&client, "GetEbsDefaultKmsKeyId"), "kmsKeyId"), arn);
    assert_eq!(text(&called(&client, CREATE), "kmsKeyId"), arn);
    let hmac = client.external("HMAC_256", "GENERATE_VERIFY_MAC");
    for wrong in [hmac.as_str(), "alias/none"] {
        let code = refused(&client, &format!("ModifyEbsDefaultKmsKeyId&KmsKeyId={wrong}"));
        assert_eq!(code, "InvalidParameterValue", "{wrong}");
    }
    called(&client, "DisableEbsEncryptionByDefault");
    assert_eq!(get(&client), "false");
}

#[test]
fn a_client_token_makes_one_volume() {
    let client = Client::new();
    let form = format!("{CREATE}&ClientToken=once");
    let fault = |kind: &str| json!({ "operation": "CreateVolume", "kind": kind });
    client.control("POST", "fault", &fault("throttle"));
    client.control("POST", "fault", &fault("lose-answer"));
    assert_eq!(refused(&client, &form), "RequestLimitExceeded");
    assert!(client.ec2(&form).is_none());
    let first = text(&called(&client, &form), "volumeId");
    assert_eq!(text(&called(&client, &form), "volumeId"), first);
    assert_eq!(called(&client, "DescribeVolumes").matches("<volumeId>").count(), 1);
    let other = format!("{form}&VolumeType=gp3");
    assert_eq!(refused(&client, &other), "IdempotentParameterMismatch");
}

#[test]
fn what_ec2_does_not_take() {
    let client = Client::new();
    for (form, code) in [
        ("CreateVolume&Size=8", "MissingParameter"),
        ("CreateVolume&AvailabilityZone=eu-central-1a", "MissingParameter"),
        ("CreateVolume&AvailabilityZone=us-east-1a&Size=8", "InvalidParameterValue"),
        ("CreateVolume&AvailabilityZone=eu-central-1&Size=8", "InvalidParameterValue"),
        ("CreateVolume&AvailabilityZone=eu-central-1a&Size=0", "InvalidParameterValue"),
        (&format!("{CREATE}&VolumeType=gp9"), "InvalidParameterValue"),
        (&format!("{CREATE}&Encrypted=yes"), "InvalidParameterValue"),
        (&format!("{CREATE}&KmsKeyId=alias/a"), "InvalidParameterDependency"),
        (&format!("{CREATE}&Encrypted=false&KmsKeyId=alias/a"), "InvalidParameterDependency"),
        (&format!("{CREATE}&Iops=100"), "UnknownParameter"),
        (&format!("{CREATE}&DryRun=true"), "DryRunOperation"),
        (&format!("{CREATE}&TagSpecification.1.ResourceType=key"), "InvalidParameterValue"),
        ("DescribeVolumes&VolumeId.1=vol-0", "InvalidVolume.NotFound"),
        ("ModifyEbsDefaultKmsKeyId", "MissingParameter"),
        ("RunInstances", "InvalidAction"),
        ("DescribeKey", "InvalidAction"),
    ] {
        assert_eq!(refused(&client, form), code, "{form}");
    }
    let wrong = client.sts("Action=DescribeVolumes&Version=2016-11-15", "ec2", "nowhere");
    assert!(
        wrong.status == 401 && wrong.body.contains("<Code>AuthFailure</Code>"),
        "{}",
        wrong.body
    );
    let target = client.try_call("DescribeVolumes", &json!({})).unwrap();
    assert_eq!(target.error(), "UnknownOperationException");
}
