"""Holds the vectors against the committed schemas: accepted ones fit, and those a schema can refuse are refused by it."""

import json
import pathlib
import sys

import vectors
from jsonschema import Draft202012Validator


def main(testkit, folder):
    validators = {}
    for path in pathlib.Path(folder).glob("*.json"):
        schema = json.loads(path.read_text())
        Draft202012Validator.check_schema(schema)
        validators[path.name.removesuffix(".v1.json")] = Draft202012Validator(schema)
    fit, refused = 0, 0
    for vector in vectors.walk(testkit):
        envelope, payload = validators["envelope"], validators[vector.data["kind"]]
        which = vector.data.get("schema")
        if vector.data["expect"] == "accepted":
            envelope.validate(vector.envelope())
            payload.validate(json.loads(vector.payload()))
            fit += 1
        elif which is not None:
            if which == "envelope":
                fits = envelope.is_valid(vector.envelope())
            else:
                envelope.validate(vector.envelope())
                fits = payload.is_valid(json.loads(vector.payload()))
            if fits:
                raise SystemExit(f"{vector.name}: the {which} schema does not refuse it")
            refused += 1
        elif vector.data["expect"] == "payload-field" and payload.is_valid(json.loads(vector.payload())) is False:
            raise SystemExit(f"{vector.name}: a schema refuses it, but it does not say so")
    if not fit or not refused:
        raise SystemExit("nothing was checked")
    print(f"jsonschema: {fit} accepted vectors fit the schemas of envelope and payload, {refused} others are refused")


main(sys.argv[1], sys.argv[2])
