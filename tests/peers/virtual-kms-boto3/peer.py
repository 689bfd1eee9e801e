"""What the checks share: clients for the endpoint named on the command line, and a count of the claims that hold."""

import json
import sys
import urllib.request

import boto3
import botocore.config
import botocore.exceptions

ENDPOINT = sys.argv[1]
REGION = "eu-central-1"
done = 0


def check(claim, holds):
    global done
    if not holds:
        sys.exit(f"failed: {claim}")
    done += 1
    print(f"ok: {claim}")


def refused(claim, code, call, **arguments):
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        found = error.response["Error"]["Code"]
        check(f"{claim}: {code}", found == code or sys.exit(f"failed: {claim}: {found}"))
        return
    sys.exit(f"failed: {claim} was not refused")


def client(service, secret="virtual-kms-secret", region=REGION, access_key_id="AKIDVIRTUALKMS"):
    return boto3.client(
        service,
        endpoint_url=ENDPOINT,
        region_name=region,
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret,
        config=botocore.config.Config(retries={"total_max_attempts": 1}),
    )


def control(name, **body):
    """What only the stand-in has: its clock, its faults."""
    urllib.request.urlopen(
        urllib.request.Request(
            f"{ENDPOINT}/virtual/{name}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
    ).close()


def finish():
    print(f"{done} passed, 0 failed")
