"""Verifies every accepted vector as a DSSE envelope with securesystemslib, and sees that it refuses a changed one."""

import copy
import sys

import vectors
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey


def key(keyid, der):
    if vectors.is_ed25519(der):
        return SSlibKey(keyid, "ed25519", "ed25519", {"public": der[12:].hex()})
    return SSlibKey(keyid, "ecdsa", "ecdsa-sha2-nistp256", {"public": vectors.pem(der)})


def main(testkit):
    bundles, signatures = 0, 0
    for vector in vectors.accepted(testkit):
        envelope = Envelope.from_dict(copy.deepcopy(vector.envelope()))
        counting = vector.counting()
        keys = [key(keyid, der) for keyid, der in vector.keys().items() if keyid in counting]
        signers = {signer["keyid"] for signer in vector.data["signers"]}
        if envelope.pae() != vector.pae() or envelope.payload != vector.payload():
            raise SystemExit(f"{vector.name}: another PAE")
        if set(envelope.verify(keys, len(signers))) != signers:
            raise SystemExit(f"{vector.name}: other signers")
        envelope.payload += b" "
        try:
            envelope.verify(keys, 1)
            raise SystemExit(f"{vector.name}: accepted over other bytes")
        except VerificationError:
            pass
        bundles, signatures = bundles + 1, signatures + len(signers)
    print(f"securesystemslib: {signatures} signatures of {bundles} accepted vectors verify, none over other bytes")


main(sys.argv[1])
