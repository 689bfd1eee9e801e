"""RSA, ECC, Ed25519 and HMAC keys as a boto3 program brings them in; PyCA cryptography makes, wraps and checks everything."""

import hmac
import os

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from peer import check, client, control, finish, refused

MESSAGE = b"what is signed"
HASHES = {"1": hashes.SHA1(), "256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
CURVES = {
    "ECC_NIST_P256": ec.SECP256R1(),
    "ECC_NIST_P384": ec.SECP384R1(),
    "ECC_NIST_P521": ec.SECP521R1(),
    "ECC_SECG_P256K1": ec.SECP256K1(),
}
kms = client("kms")


def hash_of(algorithm):
    return HASHES[algorithm.rpartition("_")[2]]


def oaep(algorithm):
    return padding.OAEP(padding.MGF1(hash_of(algorithm)), hash_of(algorithm), None)


def made(spec):
    """A private key of PyCA's making."""
    if spec.startswith("RSA"):
        return rsa.generate_private_key(65537, int(spec[4:]))
    if spec in CURVES:
        return ec.generate_private_key(CURVES[spec])
    return ed25519.Ed25519PrivateKey.generate()


def pkcs8(private_key):
    form = serialization.PrivateFormat.PKCS8
    return private_key.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())


def spki(public_key):
    return public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def encrypted(public_key, algorithm, material):
    if algorithm.startswith("RSAES"):
        return public_key.encrypt(material, oaep(algorithm))
    aes = os.urandom(32)
    return public_key.encrypt(aes, oaep(algorithm)) + keywrap.aes_key_wrap_with_padding(aes, material)


def upload(key_id, algorithm, material, bits=3072):
    parameters = kms.get_parameters_for_import(
        KeyId=key_id, WrappingAlgorithm=algorithm, WrappingKeySpec=f"RSA_{bits}"
    )
    public_key = serialization.load_der_public_key(parameters["PublicKey"])
    return {
        "KeyId": key_id,
        "ImportToken": parameters["ImportToken"],
        "EncryptedKeyMaterial": encrypted(public_key, algorithm, material),
        "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
    }


def imported(spec, usage, algorithm, material):
    key = kms.create_key(Origin="EXTERNAL", KeySpec=spec, KeyUsage=usage)["KeyMetadata"]
    answer = kms.import_key_material(**upload(key["KeyId"], algorithm, material))
    check(f"{spec} for {usage} comes in under {algorithm}", answer["KeyId"] == key["Arn"])
    check("no key material id is told", "KeyMaterialId" not in answer)
    return key["KeyId"]


def verifies(public_key, algorithm, signature, message):
    """Outside KMS, with the key that went in."""
    try:
        if algorithm.startswith("RSASSA_PSS"):
            pss = padding.PSS(padding.MGF1(hash_of(algorithm)), padding.PSS.DIGEST_LENGTH)
            public_key.verify(signature, message, pss, hash_of(algorithm))
        elif algorithm.startswith("RSASSA"):
            public_key.verify(signature, message, padding.PKCS1v15(), hash_of(algorithm))
        elif algorithm.startswith("ECDSA"):
            public_key.verify(signature, message, ec.ECDSA(hash_of(algorithm)))
        else:
            public_key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def signs(private_key, key_id, algorithm):
    public_key = private_key.public_key()
    ask = {"KeyId": key_id, "SigningAlgorithm": algorithm}
    signature = kms.sign(Message=MESSAGE, **ask)["Signature"]
    check(f"{algorithm} verifies outside", verifies(public_key, algorithm, signature, MESSAGE))
    check("and not over something else", not verifies(public_key, algorithm, signature, b"something else"))
    check("and inside", kms.verify(Message=MESSAGE, Signature=signature, **ask)["SignatureValid"])
    wrong = {"Message": b"something else", "Signature": signature, **ask}
    refused("another message", "KMSInvalidSignatureException", kms.verify, **wrong)
    if algorithm.startswith("ED25519"):
        return
    digest = hashes.Hash(hash_of(algorithm))
    digest.update(MESSAGE)
    of_digest = kms.sign(Message=digest.finalize(), MessageType="DIGEST", **ask)["Signature"]
    check("so does a signature over the digest", verifies(public_key, algorithm, of_digest, MESSAGE))


def signed_outside(private_key, algorithm):
    if algorithm.startswith("ECDSA"):
        return private_key.sign(MESSAGE, ec.ECDSA(hash_of(algorithm)))
    if algorithm.startswith("RSASSA_PSS"):
        pss = padding.PSS(padding.MGF1(hash_of(algorithm)), padding.PSS.DIGEST_LENGTH)
        return private_key.sign(MESSAGE, pss, hash_of(algorithm))
    if algorithm.startswith("RSASSA"):
        return private_key.sign(MESSAGE, padding.PKCS1v15(), hash_of(algorithm))
    return private_key.sign(MESSAGE)


for spec, wrapping in [
    ("RSA_2048", "RSA_AES_KEY_WRAP_SHA_256"),
    ("RSA_3072", "RSA_AES_KEY_WRAP_SHA_1"),
    ("RSA_4096", "RSA_AES_KEY_WRAP_SHA_256"),
    ("ECC_NIST_P256", "RSAES_OAEP_SHA_256"),
    ("ECC_NIST_P384", "RSAES_OAEP_SHA_1"),
    ("ECC_NIST_P521", "RSA_AES_KEY_WRAP_SHA_256"),
    ("ECC_SECG_P256K1", "RSA_AES_KEY_WRAP_SHA_256"),
    ("ECC_NIST_EDWARDS25519", "RSA_AES_KEY_WRAP_SHA_256"),
]:
    private_key = made(spec)
    key_id = imported(spec, "SIGN_VERIFY", wrapping, pkcs8(private_key))
    public = kms.get_public_key(KeyId=key_id)
    check("the public key is the one that went in", public["PublicKey"] == spki(private_key.public_key()))
    for algorithm in public["SigningAlgorithms"]:
        if algorithm != "ED25519_PH_SHA_512":  # PyCA has no Ed25519ph
            signs(private_key, key_id, algorithm)
            signature = signed_outside(private_key, algorithm)
            verify = {"KeyId": key_id, "SigningAlgorithm": algorithm, "Message": MESSAGE}
            check("a signature made outside verifies inside", kms.verify(Signature=signature, **verify)["SignatureValid"])
    other = upload(key_id, wrapping, pkcs8(made(spec)))
    refused("another key of the spec", "IncorrectKeyMaterialException", kms.import_key_material, **other)
    kms.delete_imported_key_material(KeyId=key_id)
    kms.import_key_material(**upload(key_id, wrapping, pkcs8(private_key)))
    check("the same key comes back", kms.get_public_key(KeyId=key_id)["PublicKey"] == public["PublicKey"])
    control("fault", kind="other-key", key_id=key_id)
    check("a key that is another has another public key", kms.get_public_key(KeyId=key_id)["PublicKey"] != public["PublicKey"])

private_key = made("RSA_2048")
key_id = imported("RSA_2048", "ENCRYPT_DECRYPT", "RSA_AES_KEY_WRAP_SHA_256", pkcs8(private_key))
for algorithm in kms.get_public_key(KeyId=key_id)["EncryptionAlgorithms"]:
    ask = {"KeyId": key_id, "EncryptionAlgorithm": algorithm}
    blob = kms.encrypt(Plaintext=b"inside", **ask)["CiphertextBlob"]
    check(f"{algorithm} decrypts outside", private_key.decrypt(blob, oaep(algorithm)) == b"inside")
    blob = private_key.public_key().encrypt(b"outside", oaep(algorithm))
    check("and inside", kms.decrypt(CiphertextBlob=blob, **ask)["Plaintext"] == b"outside")

for spec in ("ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521"):
    private_key, other = made(spec), made(spec)
    key_id = imported(spec, "KEY_AGREEMENT", "RSA_AES_KEY_WRAP_SHA_256", pkcs8(private_key))
    ask = {"KeyId": key_id, "KeyAgreementAlgorithm": "ECDH", "PublicKey": spki(other.public_key())}
    secret = kms.derive_shared_secret(**ask)["SharedSecret"]
    check("the shared secret is the other side's", secret == other.exchange(ec.ECDH(), private_key.public_key()))

for size in (224, 256, 384, 512):
    material = os.urandom(size // 8)
    key_id = imported(f"HMAC_{size}", "GENERATE_VERIFY_MAC", "RSAES_OAEP_SHA_256", material)
    ask = {"KeyId": key_id, "MacAlgorithm": f"HMAC_SHA_{size}", "Message": MESSAGE}
    mac = kms.generate_mac(**ask)["Mac"]
    check("the MAC is Python's own", mac == hmac.digest(material, MESSAGE, f"sha{size}"))
    check("and verifies", kms.verify_mac(Mac=mac, **ask)["MacValid"])
    refused("another MAC", "KMSInvalidMacException", kms.verify_mac, Mac=mac[:-1], **ask)

key = kms.create_key(Origin="EXTERNAL", KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
for what, material in (
    ("P-384 for P-256", pkcs8(made("ECC_NIST_P384"))),
    ("RSA for P-256", pkcs8(made("RSA_2048"))),
    ("a public key", spki(made("ECC_NIST_P256").public_key())),
    ("32 bytes", os.urandom(32)),
):
    wrong = upload(key["KeyId"], "RSA_AES_KEY_WRAP_SHA_256", material)
    refused(what, "IncorrectKeyMaterialException", kms.import_key_material, **wrong)
garbage = upload(key["KeyId"], "RSA_AES_KEY_WRAP_SHA_256", pkcs8(made("ECC_NIST_P256")))
blob = garbage["EncryptedKeyMaterial"]
garbage["EncryptedKeyMaterial"] = blob[:-1] + bytes([blob[-1] ^ 1])
refused("a changed byte", "InvalidCiphertextException", kms.import_key_material, **garbage)
check("nothing went in", kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "PendingImport")
check("random bytes are as many as asked for", len(kms.generate_random(NumberOfBytes=24)["Plaintext"]) == 24)
finish()
