"""Yubico's Python library does with the virtual HSM what it does with a device. Any difference ends in an exception."""

import os
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from yubihsm import YubiHsm
from yubihsm.defs import ALGORITHM, AUDIT, CAPABILITY, COMMAND, ERROR, OBJECT, ORIGIN
from yubihsm.exceptions import YubiHsmAuthenticationError, YubiHsmDeviceError
from yubihsm.objects import AsymmetricKey, AuthenticationKey, Opaque, WrapKey

EXPORTABLE = CAPABILITY.EXPORTABLE_UNDER_WRAP


def expect(holds, what):
    if not holds:
        raise SystemExit(f"error: {what}")
    print(f"holds: {what}")


def refused(code, what, command, *arguments):
    try:
        command(*arguments)
    except YubiHsmDeviceError as error:
        expect(error.code == code, f"{what}: {code.name}")
    else:
        raise SystemExit(f"error: {what}: not refused")


def device_and_session(hsm, session):
    info = hsm.get_device_info()
    expect(info.version == (2, 4, 1), "the firmware is 2.4.1")
    expect(info.log_size == 62, "the log has 62 entries")
    expect(isinstance(info.part_number, str), "the second page of the device information is text")
    expect(session.send_secure_cmd(COMMAND.ECHO, b"hello") == b"hello", "a session echoes")
    expect(len(session.get_pseudo_random(32)) == 32, "32 random bytes are 32")
    try:
        hsm.create_session_derived(1, "wrong")
    except YubiHsmAuthenticationError:
        print("holds: a wrong password opens no session")
    else:
        raise SystemExit("error: a wrong password opens a session")


def opaque_under_wrap(session):
    key = WrapKey.generate(
        session,
        0,
        "backup",
        1,
        CAPABILITY.EXPORT_WRAPPED | CAPABILITY.IMPORT_WRAPPED,
        ALGORITHM.AES256_CCM_WRAP,
        EXPORTABLE | CAPABILITY.SIGN_ECDSA | CAPABILITY.SIGN_EDDSA,
    )
    material = os.urandom(32)
    opaque = Opaque.put(session, 0, "material", 1, EXPORTABLE, ALGORITHM.OPAQUE_DATA, material)
    expect(opaque.get() == material, "an opaque object holds what was put")
    wrapped = key.export_wrapped(opaque)
    expect(material not in wrapped, "a wrapped object does not show its bytes")
    refused(ERROR.OBJECT_EXISTS, "an import over an object", key.import_wrapped, wrapped)
    opaque.delete()
    refused(ERROR.OBJECT_NOT_FOUND, "reading a deleted object", opaque.get)
    restored = key.import_wrapped(wrapped)
    expect(restored.get() == material, "an imported object holds what was exported")
    info = restored.get_info()
    expect(info.origin == ORIGIN.IMPORTED | ORIGIN.IMPORTED_WRAPPED, "its origin says so")
    expect((info.label, info.size, info.sequence) == ("material", 32, 1), "its information fits")
    return key


def signing_keys(session, wrap_key):
    data = os.urandom(64)
    capabilities = CAPABILITY.SIGN_ECDSA | EXPORTABLE
    key = AsymmetricKey.generate(session, 0, "p256", 1, capabilities, ALGORITHM.EC_P256)
    public = key.get_public_key()
    public.verify(key.sign_ecdsa(data), data, ec.ECDSA(hashes.SHA256()))
    public.verify(key.sign_ecdsa(data, hashes.SHA512()), data, ec.ECDSA(hashes.SHA512()))
    print("holds: ECDSA signatures of the device verify")
    try:
        public.verify(key.sign_ecdsa(data), data + b"!", ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        print("holds: and of other data they do not")
    else:
        raise SystemExit("error: a signature verifies other data")

    private = ed25519.Ed25519PrivateKey.generate()
    capabilities = CAPABILITY.SIGN_EDDSA | EXPORTABLE
    key = AsymmetricKey.put(session, 0, "ed25519", 1, capabilities, private)
    expect(key.sign_eddsa(data) == private.sign(data), "an imported Ed25519 key signs as its owner")
    for with_seed in (False, True):
        wrapped = wrap_key.export_wrapped(key, with_seed)
        key.delete()
        key = wrap_key.import_wrapped(wrapped)
        expect(key.sign_eddsa(data) == private.sign(data), f"restored it signs alike ({with_seed=})")
        if not with_seed:
            key.delete()
            key = AsymmetricKey.put(session, key.id, "ed25519", 1, capabilities, private)


def who_may_what(hsm, session):
    AuthenticationKey.put_derived(
        session, 0x50, "operator", 2, CAPABILITY.GET_OPAQUE, CAPABILITY.NONE, "secret"
    )
    own = Opaque.put(session, 0x51, "domain 1", 1, CAPABILITY.NONE, ALGORITHM.OPAQUE_DATA, b"a")
    shared = Opaque.put(session, 0x52, "domain 2", 2, CAPABILITY.NONE, ALGORITHM.OPAQUE_DATA, b"b")
    with hsm.create_session_derived(0x50, "secret") as operator:
        expect(shared.with_session(operator).get() == b"b", "an operator reads in its domain")
        refused(ERROR.OBJECT_NOT_FOUND, "another domain", own.with_session(operator).get)
        code = ERROR.INSUFFICIENT_PERMISSIONS
        refused(code, "a missing capability", operator.get_pseudo_random, 8)
        refused(code, "deleting", shared.with_session(operator).delete)
        ids = {found.id for found in operator.list_objects()}
        expect(ids == {1, 0x50, 0x52}, "an operator lists its domain")
    by_label = session.list_objects(object_type=OBJECT.OPAQUE, label="domain 2")
    expect([found.id for found in by_label] == [0x52], "a list can be narrowed")


def log(session):
    session.set_command_audit({COMMAND.PUT_OPAQUE: AUDIT.ON})
    expect(session.get_command_audit()[COMMAND.PUT_OPAQUE] == AUDIT.ON, "an option is kept")
    Opaque.put(session, 0, "logged", 1, CAPABILITY.NONE, ALGORITHM.OPAQUE_DATA, b"c")
    entries = session.get_log_entries().entries  # the library checks the chain
    expect(entries[-1].command == COMMAND.PUT_OPAQUE, "a command is logged")
    session.set_log_index(entries[-2].number)
    left = session.get_log_entries(entries[-2]).entries
    expect(left == entries[-1:], "acknowledged entries are gone and the chain goes on")


def main(url):
    hsm = YubiHsm.connect(url)
    with hsm.create_session_derived(1, "password") as session:
        device_and_session(hsm, session)
        wrap_key = opaque_under_wrap(session)
        signing_keys(session, wrap_key)
        who_may_what(hsm, session)
        log(session)
        session.reset_device()
    hsm = YubiHsm.connect(url)
    with hsm.create_session_derived(1, "password") as session:
        expect(len(session.list_objects()) == 1, "after a reset only the default credential is there")


main(sys.argv[1])
