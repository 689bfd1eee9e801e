"""The import of a symmetric key as a boto3 program does it, against the endpoint named on the command line."""

import datetime
import os

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from peer import check, client, control, finish, refused

def opened_outside(material, blob, context):
    """The documented layout, read by hand: magic, key id, key material id, nonce, AES-256-GCM."""
    header = 5 + blob[4] + 32
    associated = blob[:header]
    for text in (text for pair in sorted(context.items()) for text in pair):
        associated += len(text.encode()).to_bytes(4, "big") + text.encode()
    nonce = blob[header : header + 12]
    return AESGCM(material).decrypt(nonce, blob[header + 12 :], associated)


identity = client("sts").get_caller_identity()
check("sts names the account", identity["Account"] == "111122223333")

kms = client("kms")
refused("a wrong secret", "InvalidSignatureException", client("kms", "wrong").list_aliases)
key = kms.create_key(Origin="EXTERNAL", Description="boto3", Tags=[{"TagKey": "a", "TagValue": "b"}])["KeyMetadata"]
check("a new key waits for its material", key["KeyState"] == "PendingImport")
kms.create_alias(AliasName="alias/boto3", TargetKeyId=key["KeyId"])
check("the alias is listed", kms.list_aliases(KeyId=key["KeyId"])["Aliases"][0]["AliasName"] == "alias/boto3")
check("the tag is listed", kms.list_resource_tags(KeyId=key["KeyId"])["Tags"] == [{"TagKey": "a", "TagValue": "b"}])
policy = kms.get_key_policy(KeyId=key["KeyId"])["Policy"]
kms.put_key_policy(KeyId=key["KeyId"], Policy=policy)
refused("encryption before the import", "KMSInvalidStateException", kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x")

material = os.urandom(32)
for bits in (2048, 3072, 4096):
    parameters = kms.get_parameters_for_import(
        KeyId=key["KeyId"], WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec=f"RSA_{bits}"
    )
    public_key = serialization.load_der_public_key(parameters["PublicKey"])
    check(f"the wrapping public key has {bits} bits", public_key.key_size == bits)
    sha256 = hashes.SHA256()
    encrypted = public_key.encrypt(material, padding.OAEP(padding.MGF1(sha256), sha256, None))
    upload = {
        "KeyId": key["KeyId"],
        "ImportToken": parameters["ImportToken"],
        "EncryptedKeyMaterial": encrypted,
    }
    expires = parameters["ParametersValidTo"] + datetime.timedelta(days=30)
    imported = kms.import_key_material(**upload, ValidTo=expires)
    check(f"the key material goes in under {bits} bits", len(imported["KeyMaterialId"]) == 64)

described = kms.describe_key(KeyId="alias/boto3")["KeyMetadata"]
check("the key is enabled", described["KeyState"] == "Enabled" and described["Enabled"])
check("it names its material", described["CurrentKeyMaterialId"] == imported["KeyMaterialId"])
check("it expires when it was told to", abs(described["ValidTo"] - expires) < datetime.timedelta(milliseconds=2))

context = {"purpose": "test", "a": "ü"}
blob = kms.encrypt(KeyId=key["Arn"], Plaintext=b"hello", EncryptionContext=context)["CiphertextBlob"]
check("decrypts", kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)["Plaintext"] == b"hello")
check("decrypts outside with the same bytes", opened_outside(material, blob, context) == b"hello")
refused("another context", "InvalidCiphertextException", kms.decrypt, CiphertextBlob=blob)
data_key = kms.generate_data_key(KeyId=key["KeyId"], KeySpec="AES_256")
check("a data key decrypts", kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"])["Plaintext"] == data_key["Plaintext"])

never = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
kms.delete_imported_key_material(KeyId=key["KeyId"])
refused("decryption without the material", "KMSInvalidStateException", kms.decrypt, CiphertextBlob=blob, EncryptionContext=context)
control("clock", advance_seconds=86_400)
refused("a token after a day", "ExpiredImportTokenException", kms.import_key_material, **upload, **never)
finish()
