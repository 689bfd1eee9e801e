"""EBS volumes under an imported key, as boto3's EC2 client makes them."""

import os

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from peer import check, client, control, finish, refused

ec2, kms = client("ec2"), client("kms")
PLACE = {"AvailabilityZone": "eu-central-1b", "Size": 4}


def volume(**more):
    return ec2.create_volume(**PLACE, **more)


def state_of(made):
    return ec2.describe_volumes(VolumeIds=[made["VolumeId"]])["Volumes"][0]["State"]


key = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]
early = volume(Encrypted=True, KmsKeyId=key["Arn"])
check("a volume is made at once", early["State"] == "creating" and early["KmsKeyId"] == key["Arn"])
check("but fails, while its key waits for material", state_of(early) == "error")
parameters = kms.get_parameters_for_import(
    KeyId=key["KeyId"], WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048"
)
sha256 = hashes.SHA256()
public_key = serialization.load_der_public_key(parameters["PublicKey"])
kms.import_key_material(
    KeyId=key["KeyId"],
    ImportToken=parameters["ImportToken"],
    EncryptedKeyMaterial=public_key.encrypt(os.urandom(32), padding.OAEP(padding.MGF1(sha256), sha256, None)),
    ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
)
tags = [{"Key": "ceremony", "Value": "a & b"}]
made = volume(
    Encrypted=True,
    KmsKeyId=key["KeyId"],
    VolumeType="gp3",
    ClientToken="once",
    TagSpecifications=[{"ResourceType": "volume", "Tags": tags}],
)
check("the key's ARN is told", made["KmsKeyId"] == key["Arn"] and made["Encrypted"])
check("so are the tags", made["Tags"] == tags)
check("the volume is there", state_of(made) == "available")
again = {"Encrypted": True, "KmsKeyId": key["KeyId"], "VolumeType": "gp3", "ClientToken": "once"}
again["TagSpecifications"] = [{"ResourceType": "volume", "Tags": tags}]
control("fault", operation="CreateVolume", kind="throttle")
refused("too fast", "RequestLimitExceeded", volume, **again)
check("a client token makes one volume", volume(**again)["VolumeId"] == made["VolumeId"])
refused("another request under it", "IdempotentParameterMismatch", volume, ClientToken="once")
refused("a key without encryption", "InvalidParameterDependency", volume, KmsKeyId=key["KeyId"])
refused("no such volume", "InvalidVolume.NotFound", ec2.describe_volumes, VolumeIds=["vol-00000000000000000"])
refused("a trial", "DryRunOperation", volume, DryRun=True)
refused("a wrong secret", "AuthFailure", client("ec2", "wrong").describe_volumes)

check("nothing is encrypted unasked", not volume()["Encrypted"])
check("it begins off", not ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"])
check("AWS's own key is the default", ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == "alias/aws/ebs")
check("it goes on", ec2.enable_ebs_encryption_by_default()["EbsEncryptionByDefault"])
check("it is on", ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"])
kms.create_alias(AliasName="alias/ebs", TargetKeyId=key["KeyId"])
check("the default key is set", ec2.modify_ebs_default_kms_key_id(KmsKeyId="alias/ebs")["KmsKeyId"] == key["Arn"])
check("and told", ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == key["Arn"])
check("a volume takes it", volume()["KmsKeyId"] == key["Arn"])
there = client("ec2", region="us-east-1")
check("another Region has its own", not there.get_ebs_encryption_by_default()["EbsEncryptionByDefault"])
finish()
