"""A symmetric key's life as a boto3 program leads it: replicas, rotation, expiry, restored generations, an alias that moves, deletion."""

import datetime
import os

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from peer import REGION, check, client, control, finish, refused

NEVER = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
kms = client("kms")
elsewhere = {region: client("kms", region=region) for region in ("eu-west-1", "us-east-1")}
everywhere = {REGION: kms, **elsewhere}


def upload(service, key_id, material):
    parameters = service.get_parameters_for_import(
        KeyId=key_id, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048"
    )
    public_key = serialization.load_der_public_key(parameters["PublicKey"])
    sha256 = hashes.SHA256()
    return {
        "KeyId": key_id,
        "ImportToken": parameters["ImportToken"],
        "EncryptedKeyMaterial": public_key.encrypt(material, padding.OAEP(padding.MGF1(sha256), sha256, None)),
    }


def brought(service, key_id, material, **more):
    return service.import_key_material(**upload(service, key_id, material), **{**NEVER, **more})["KeyMaterialId"]


def metadata(service, key_id):
    return service.describe_key(KeyId=key_id)["KeyMetadata"]


def generations(service, key_id):
    pages = service.get_paginator("list_key_rotations").paginate(
        KeyId=key_id, IncludeKeyMaterial="ALL_KEY_MATERIAL", PaginationConfig={"PageSize": 1}
    )
    entries = [entry for page in pages for entry in page["Rotations"]]
    return [(entry["KeyMaterialId"], entry["KeyMaterialState"], entry["ImportState"]) for entry in entries]


first, second = os.urandom(32), os.urandom(32)
key = kms.create_key(Origin="EXTERNAL", MultiRegion=True)["KeyMetadata"]["KeyId"]
one = brought(kms, key, first)
for region, service in elsewhere.items():
    tags = [{"TagKey": "region", "TagValue": region}]
    replica = kms.replicate_key(KeyId=key, ReplicaRegion=region, Tags=tags)
    check(f"the replica in {region} waits", replica["ReplicaKeyMetadata"]["KeyState"] == "PendingImport")
    check("its tags are its own", replica["ReplicaTags"] == tags)
    wrong = upload(service, key, second)
    refused("other bytes", "IncorrectKeyMaterialException", service.import_key_material, **wrong, **NEVER)
    check("the primary's bytes have the same id", brought(service, key, first) == one)
configuration = metadata(kms, key)["MultiRegionConfiguration"]
check("the primary lists them", [k["Region"] for k in configuration["ReplicaKeys"]] == sorted(elsewhere))
refused("a second replica", "AlreadyExistsException", kms.replicate_key, KeyId=key, ReplicaRegion="us-east-1")
old = kms.encrypt(KeyId=key, Plaintext=b"before")["CiphertextBlob"]
check("one Region decrypts what another encrypted", elsewhere["us-east-1"].decrypt(CiphertextBlob=old)["Plaintext"] == b"before")

refused("a rotation to nothing", "KMSInvalidStateException", kms.rotate_key_on_demand, KeyId=key)
two = brought(kms, key, second, ImportType="NEW_KEY_MATERIAL", KeyMaterialDescription="second")
check("new material waits", generations(kms, key)[1] == (two, "PENDING_MULTI_REGION_IMPORT_AND_ROTATION", "IMPORTED"))
refused("a rotation before every Region has it", "KMSInvalidStateException", kms.rotate_key_on_demand, KeyId=key)
for service in elsewhere.values():
    pinned = {"ImportType": "EXISTING_KEY_MATERIAL", "KeyMaterialId": two}
    check("a replica takes it as existing", brought(service, key, second, **pinned) == two)
check("now it waits for the rotation", generations(kms, key)[1][1] == "PENDING_ROTATION")
kms.rotate_key_on_demand(KeyId=key)
for region, service in everywhere.items():
    states = [(one, "NON_CURRENT", "IMPORTED"), (two, "CURRENT", "IMPORTED")]
    check(f"{region} rotated", generations(service, key) == states and metadata(service, key)["CurrentKeyMaterialId"] == two)
    check("it decrypts with the old material", service.decrypt(CiphertextBlob=old)["KeyMaterialId"] == one)
rotation = kms.list_key_rotations(KeyId=key)["Rotations"]
check("one rotation is listed", [r["RotationType"] for r in rotation] == ["ON_DEMAND"])
check("it has a date", isinstance(rotation[0]["RotationDate"], datetime.datetime))

us = elsewhere["us-east-1"]
now = datetime.datetime.now(datetime.timezone.utc)
expires = {"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": now + datetime.timedelta(hours=1)}
brought(us, key, first, **expires)
control("clock", advance_seconds=7200)
check("an old generation that expired disables one Region", metadata(us, key)["KeyState"] == "PendingImport")
check("and no other", metadata(kms, key)["KeyState"] == "Enabled")
refused("even for what is new", "KMSInvalidStateException", us.encrypt, KeyId=key, Plaintext=b"x")
brought(us, key, first, KeyMaterialId=one)
check("it comes back", metadata(us, key)["KeyState"] == "Enabled")

control("fault", operation="ImportKeyMaterial", kind="lose-answer")
again = upload(us, key, first)
try:
    us.import_key_material(**again, **NEVER)
    check("a lost answer is an error", False)
except Exception as error:
    check("a lost answer is an error", "Connection" in type(error).__name__ or "Closed" in type(error).__name__)

other = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
kms.create_alias(AliasName="alias/moves", TargetKeyId=key)
kms.update_alias(AliasName="alias/moves", TargetKeyId=other)
check("the alias moved", metadata(kms, "alias/moves")["KeyId"] == other)
refused("an alias of another Region", "NotFoundException", us.describe_key, KeyId="alias/moves")
kms.delete_alias(AliasName="alias/moves")
keys = [k["KeyId"] for page in kms.get_paginator("list_keys").paginate() for k in page["Keys"]]
check("both keys are listed", set(keys) == {key, other})
scheduled = kms.schedule_key_deletion(KeyId=other, PendingWindowInDays=7)
check("the deletion is scheduled", scheduled["KeyState"] == "PendingDeletion")
kms.cancel_key_deletion(KeyId=other)
kms.schedule_key_deletion(KeyId=other, PendingWindowInDays=7)
control("clock", advance_seconds=8 * 86_400)
refused("a deleted key", "NotFoundException", kms.describe_key, KeyId=other)

theirs = client("kms", access_key_id="AKID444455556666")
made = theirs.create_key(Origin="EXTERNAL")["KeyMetadata"]
check("an access key id may name another account", made["AWSAccountId"] == "444455556666")
refused("its key from here", "AccessDeniedException", kms.describe_key, KeyId=made["Arn"])
finish()
