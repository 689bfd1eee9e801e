"""What boto3 sees in moto after `keyferry-online ebs`."""

import json
import subprocess
import sys

import boto3

program = sys.argv[1]
kms, ec2 = boto3.client("kms"), boto3.client("ec2")
key = kms.create_key()["KeyMetadata"]["Arn"]
kms.create_alias(AliasName="alias/volumes", TargetKeyId=key)


def keyferry(*arguments, expected=0, answers=""):
    command = [program, "--answers-fd", "0", "--json", "ebs", *arguments]
    run = subprocess.run(command, input=answers, capture_output=True, text=True)
    assert run.returncode == expected, f"{command} ended with {run.returncode}:\n{run.stdout}{run.stderr}"
    return json.loads(run.stdout)


def volumes():
    return ec2.describe_volumes()["Volumes"]


def create(key_name, *more, **how):
    zone = ("--zone", "eu-central-1a", "--size", "8")
    return keyferry("create-volume", "--key", key_name, *zone, *more, **how)


# A dry run makes none.
create("alias/volumes", "--dry-run")
assert volumes() == []

# The volume is what was asked for, under the key.
made = create("alias/volumes", "--tag", "team=key people", "--tag", "a=b=c", "--client-token", "token-1")
(volume,) = volumes()
assert volume["VolumeId"] == made["volume"], (volume, made)
assert volume["Encrypted"] and volume["KmsKeyId"] == key == made["key"], volume
assert (volume["Size"], volume["VolumeType"], volume["AvailabilityZone"]) == (8, "gp3", "eu-central-1a"), volume
assert {tag["Key"]: tag["Value"] for tag in volume["Tags"]} == {"team": "key people", "a": "b=c"}, volume
assert made["state"] == "available" and made["client_token"] == "token-1", made
print(f"{made['volume']}: encrypted under {key}, as boto3 sees it")

# A key that EBS cannot use makes none. (moto disables keys by id alone, and shows a key without material Enabled.)
disabled = kms.create_key()["KeyMetadata"]
kms.disable_key(KeyId=disabled["KeyId"])
signing = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
for unusable, code in (disabled, "not-in-use"), (signing, "other-spec"):
    assert create(unusable["Arn"], expected=5)["error"]["code"] == code
# What EC2 refuses changed nothing.
refused = create(key, "--type", "st1", "--iops", "500", expected=5)
assert "InvalidParameterDependency" in str(refused["error"]["because"]), refused
assert len(volumes()) == 1
print("keys that cannot be used, and IOPS that this type has not: refused, and no volume made")

# The default key, after its alias was typed.
assert keyferry("set-default", "--key", "alias/volumes", answers="yes\n", expected=7)["error"]["code"] == "declined"
assert keyferry("set-default", "--key", "alias/volumes", answers="alias/volumes\n")["default_key"] == key
plain = ec2.create_volume(AvailabilityZone="eu-central-1a", Size=1, Encrypted=True)
assert plain["KmsKeyId"] == key, plain
print("the default key: what boto3 makes without naming one is under it")
