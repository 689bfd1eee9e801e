"""The test vectors, read as bundle-format/testkit/README.md says, with Python's standard library alone."""

import base64
import hashlib
import json
import pathlib


class Vector:
    """One vector, and the public keys it speaks of by their key ids."""

    def __init__(self, root, path):
        self.name = str(path.relative_to(root))
        self.data = json.loads(path.read_text())
        self.bundle = base64.b64decode(self.data.get("bundle", ""), validate=True)

    def envelope(self):
        return json.loads(self.bundle)

    def payload(self):
        return base64.b64decode(self.envelope()["payload"], validate=True)

    def pae(self):
        kind, body = self.envelope()["payloadType"].encode(), self.payload()
        return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)

    def keys(self):
        """SubjectPublicKeyInfo by key id: from the trust data, and from the kinds that bring keys of their own."""
        trust = self.data["trust"]
        found = [entry["spki"] for entry in trust.get("enrolled", [])]
        payloads = [json.loads(self.payload())]
        if "policy" in trust:
            envelope = json.loads(base64.b64decode(trust["policy"]))
            payloads.append(json.loads(base64.b64decode(envelope["payload"])))
        for payload in payloads:
            found += [key["spki"] for key in payload.get("keys", [])]
            if "signing_key" in payload:
                found.append(payload["signing_key"]["spki"])
        ders = [base64.b64decode(spki, validate=True) for spki in found]
        return {hashlib.sha256(der).hexdigest(): der for der in ders}

    def counting(self):
        """The key ids of the signatures, but for keys that were revoked when the payload was made."""
        created = json.loads(self.payload())["created"]
        revoked = self.data["trust"].get("revoked", [])
        gone = {entry["key"] for entry in revoked if entry["since"] <= created}
        named = [entry["keyid"] for entry in self.envelope()["signatures"]]
        return [keyid for keyid in named if keyid not in gone]


def is_ed25519(der):
    return der.startswith(bytes.fromhex("302a300506032b6570032100"))


def pem(der):
    text = base64.encodebytes(der).decode().replace("\n", "")
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])


def walk(folder):
    """Every vector under the folder."""
    root = pathlib.Path(folder)
    vectors = [Vector(root, path) for path in sorted(root.rglob("*.json"))]
    if not vectors:
        raise SystemExit(f"{folder}: no vectors")
    return vectors


def accepted(folder):
    """Every vector that must be accepted."""
    vectors = [vector for vector in walk(folder) if vector.data["expect"] == "accepted"]
    if not vectors:
        raise SystemExit(f"{folder}: no vector that must be accepted")
    return vectors
