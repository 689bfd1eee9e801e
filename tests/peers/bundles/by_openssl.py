"""Verifies every signature of every accepted vector with the openssl program, and sees that it refuses a changed one."""

import base64
import hashlib
import pathlib
import subprocess
import sys
import tempfile

import vectors


def verifies(folder, der, message, signature):
    key, data, sig = folder / "key.pem", folder / "pae", folder / "sig"
    key.write_text(vectors.pem(der))
    data.write_bytes(message)
    sig.write_bytes(signature)
    command = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin"]
    command += ["-inkey", key, "-in", data, "-sigfile", sig]
    if not vectors.is_ed25519(der):
        command += ["-digest", "sha256"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def main(testkit):
    bundles, signatures = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for vector in vectors.accepted(testkit):
            keys, pae = vector.keys(), vector.pae()
            if hashlib.sha256(pae).hexdigest() != vector.data["digest"]:
                raise SystemExit(f"{vector.name}: another digest")
            if vector.counting() != [signer["keyid"] for signer in vector.data["signers"]]:
                raise SystemExit(f"{vector.name}: other signers")
            for entry in vector.envelope()["signatures"]:
                der, signature = keys[entry["keyid"]], base64.b64decode(entry["sig"], validate=True)
                if not verifies(folder, der, pae, signature):
                    raise SystemExit(f"{vector.name}: OpenSSL refuses {entry['keyid']}")
                signatures += 1
            if verifies(folder, der, pae + b" ", signature):
                raise SystemExit(f"{vector.name}: OpenSSL accepts {entry['keyid']} over other bytes")
            bundles += 1
    print(f"openssl: {signatures} signatures of {bundles} accepted vectors verify, none over other bytes")


main(sys.argv[1])
