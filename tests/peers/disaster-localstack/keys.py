"""The one key behind an alias, remembered from one instance and made again in the next, under the same id and without key material."""
import json
import sys

import boto3

endpoint, what, path = sys.argv[1:]
kms = boto3.client("kms", endpoint_url=endpoint, region_name="eu-central-1",
                   aws_access_key_id="AKIDVIRTUALKMS", aws_secret_access_key="virtual-kms-secret")
ALIAS = "alias/payments"


def note(key):
    # What tells two instances apart: when they made the key.
    with open(path + ".instances", "a") as file:
        file.write(f"{key['CreationDate'].timestamp()}\n")


if what == "remember":
    key = kms.describe_key(KeyId=ALIAS)["KeyMetadata"]
    assert key["KeyState"] == "Enabled" and key["Origin"] == "EXTERNAL", key
    note(key)
    with open(path, "w") as file:
        json.dump({"id": key["KeyId"], "arn": key["Arn"]}, file)
else:
    with open(path) as file:
        known = json.load(file)
    assert not kms.list_keys()["Keys"], "the instance is not fresh"
    key = kms.create_key(Origin="EXTERNAL", Tags=[{"TagKey": "_custom_id_", "TagValue": known["id"]}])["KeyMetadata"]
    assert key["Arn"] == known["arn"] and key["KeyState"] == "PendingImport", key
    kms.create_alias(AliasName=ALIAS, TargetKeyId=known["id"])
    note(key)
