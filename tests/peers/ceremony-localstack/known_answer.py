"""Decrypts a ciphertext of localstack's KMS with restored key material, without KMS.

localstack's layout: key id (36 bytes), IV (16), tag (16), AES-256-GCM ciphertext of the PKCS#7-padded plaintext; the additional data are the
encryption context's keys and values, one after the other.
"""

import base64
import json
import sys

import boto3
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

endpoint, plan_file, material_file = sys.argv[1:]
plan = json.loads(base64.b64decode(json.load(open(plan_file))["payload"]))
key = plan["targets"][0]["key"]
material = open(material_file, "rb").read()
assert len(material) == 32, len(material)

kms = boto3.client(
    "kms",
    endpoint_url=endpoint,
    region_name=key.split(":")[3],
    aws_access_key_id="AKIDVIRTUALKMS",
    aws_secret_access_key="virtual-kms-secret",
)
plaintext = b"attack at dawn, but not before the auditor has signed"
context = {"purpose": "known answer"}
blob = kms.encrypt(KeyId=key, Plaintext=plaintext, EncryptionContext=context)["CiphertextBlob"]


def opened(secret: bytes) -> bytes:
    iv, tag, body = blob[36:52], blob[52:68], blob[68:]
    decryptor = Cipher(algorithms.AES(secret), modes.GCM(iv, tag)).decryptor()
    decryptor.authenticate_additional_data("".join(k + v for k, v in context.items()).encode())
    padded = decryptor.update(body) + decryptor.finalize()
    unpadder = PKCS7(128).unpadder()
    return unpadder.update(padded) + unpadder.finalize()


assert opened(material) == plaintext
try:
    opened(bytes([material[0] ^ 1]) + material[1:])
except InvalidTag:
    pass
else:
    raise SystemExit("error: other key material opens it too")
print("localstack 4.10.0 imported it: KMS's ciphertext opens outside KMS with the bytes restored from the custodian's copy")
