"""Runs both, and says how long each took and how much memory Keyferry's programs had."""
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

work, programs, url, keys, regions, by_shell, aws = sys.argv[1:]
keys, regions, work = int(keys), int(regions), pathlib.Path(work)
env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
env |= {"AWS_ENDPOINT_URL": url, "AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKIDVIRTUALKMS",
        "AWS_SECRET_ACCESS_KEY": "virtual-kms-secret", "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true"}
peak, done = {}, threading.Event()


def watch():
    """The most memory of each program, looked at every few milliseconds."""
    while not done.wait(0.005):
        for status in pathlib.Path("/proc").glob("[0-9]*/status"):
            try:
                text = status.read_text()
            except OSError:
                continue
            name = re.match(r"Name:\t(keyferry-o\w+)", text)
            most = re.search(r"VmHWM:\s+(\d+) kB", text)
            if name and most:
                peak[name[1]] = max(peak.get(name[1], 0), int(most[1]))


threading.Thread(target=watch).start()
try:
    rehearsal = subprocess.run(
        [f"{programs}/keyferry-rehearsal", "--scenario", "batch", "--keys", str(keys), "--regions", str(regions),
         "--kms-endpoint", url], capture_output=True, text=True, env=os.environ)
finally:
    done.set()
if rehearsal.returncode != 0:
    sys.exit(rehearsal.stderr[-4000:])
took = {phase: float(re.search(rf"^  {phase} +([0-9.]+) s$", rehearsal.stderr, re.M)[1]) for phase in ("fetch", "respond", "import")}

elsewhere = ["eu-west-1", "us-east-1", "ap-southeast-2"][: regions - 1]
with open(work / "keys", "w") as file:
    for number in range(keys):
        command = [f"{programs}/keyferry-online", "create-key", "--alias", f"alias/by-shell-{number}"]
        if elsewhere:
            command += ["--multi-region"] + [word for region in elsewhere for word in ("--replica-region", region)]
        made = subprocess.run(command, capture_output=True, text=True, env=env, check=True)
        file.write(" ".join(made.stdout.split()) + "\n")
env["PATH"] = f"{aws}:{env['PATH']}"
begun = time.monotonic()
uploads = subprocess.run(["bash", by_shell, str(work / "keys")], capture_output=True, text=True, env=env, check=True)
shell = time.monotonic() - begun
assert int(uploads.stdout) == keys * regions, uploads.stdout

ours = sum(took.values())
print(f"{keys} keys, {keys * regions} KMS keys in {regions} Regions, programs of {pathlib.Path(programs).name}")
print("keyferry: " + ", ".join(f"{phase} {seconds:.1f} s" for phase, seconds in took.items()) + f"; together {ours:.1f} s")
print("peak memory: " + ", ".join(f"{name} {kb / 1024:.0f} MB" for name, kb in sorted(peak.items())))
print(f"openssl and the aws CLI: {shell:.1f} s, {shell / ours:.1f} times as long")
