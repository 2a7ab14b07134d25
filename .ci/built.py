"""`sam build` of template.yaml, and `gatespec serve` with what it built. Argument: the program.

Exits with 0 when there are four executables that Lambda's system can load, a client with the token gets the reply, and one without is refused.
"""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

BUILT = pathlib.Path(".aws-sam/build")
FUNCTIONS = ["AuthFunction", "OnConnectFunction", "OnDisconnectFunction", "SendMessageFunction"]
# What provided.al2023 has: an executable that asks for a newer one does not start there.
GLIBC = (2, 34)
REPLY = "good job on deploying this template, keep slaying!!"


def main(program):
    # A folder of its own: cargo-lambda's flags are others than cargo's, and each would build
    # everything anew. Unoptimised it takes two fifths of the processor time; cargo-lambda's other
    # settings (link-time optimisation, zig's linker and glibc) are a deployment's.
    environment = os.environ | {
        "CARGO_TARGET_DIR": os.path.abspath("target/ci/sam"),
        "CARGO_PROFILE_RELEASE_OPT_LEVEL": "0",
        "SAM_CLI_TELEMETRY": "0",
    }
    started = time.monotonic()
    subprocess.run(["sam", "build", "--template", "template.yaml", "--build-dir", BUILT], env=environment, check=True)
    print(f"sam build: {time.monotonic() - started:.0f} s")
    for function in FUNCTIONS:
        executable = BUILT / function / "bootstrap"
        bytes = executable.read_bytes()
        if bytes[:4] != b"\x7fELF" or not os.access(executable, os.X_OK):
            sys.exit(f"{executable}: is no executable")
        newest = max((int(major), int(minor)) for major, minor in re.findall(rb"\0GLIBC_(\d+)\.(\d+)", bytes))
        if newest > GLIBC:
            sys.exit(f"{executable}: asks for glibc {newest}, provided.al2023 has {GLIBC}")
        print(f"{executable}: {len(bytes)} bytes, glibc {newest[0]}.{newest[1]}")
    with serving(program, BUILT / "template.yaml") as ready:
        with connect(ready["ws"], additional_headers={"token": "hello"}) as client:
            client.send('{"action": "sendmessage","message" : "hey queen"}')
            expect("the reply", client.recv(timeout=30), REPLY)
        try:
            connect(ready["ws"])
        except InvalidStatus as refused:
            expect("without a token", refused.response.status_code, 401)
        else:
            sys.exit("without a token: expected a refusal, got in")


@contextlib.contextmanager
def serving(program, template):
    command = [program, "serve", "--port", "0", "--ready", "json", template]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as gateway:
        try:
            yield json.loads(gateway.stdout.readline())
        finally:
            gateway.stdin.close()
            gateway.wait(timeout=60)


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: expected {wanted!r}, got {got!r}")
    print(f"{what}: {got!r}")


main(*sys.argv[1:])
