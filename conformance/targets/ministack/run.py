#!/usr/bin/env python3
"""Holds MiniStack to the kit: installs the pinned versions under target/, starts it on a loopback port that the system chooses, creates
the pattern's stack and the fixtures' from their own templates through its CloudFormation, checks, stops. The functions are those in
JavaScript (Node must be on the PATH): they alone are put in the templates' place. What is behind the program's path is handed on to
`gatespec check`:

    conformance/targets/ministack/run.py target/release/gatespec [OPTION]...

With another command, in whose environment AWS_ENDPOINT_URL and its like lead to MiniStack, where the pattern's stack is `pattern`:

    conformance/targets/ministack/run.py --with COMMAND [ARGUMENT]...
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import pinned  # noqa: E402

INSTALLED = pinned.into_environment(__file__)
import stacks  # noqa: E402

START_SECONDS = 60


def main(arguments):
    if not arguments or arguments == ["--with"]:
        print("usage: run.py GATESPEC [OPTION]...\n       run.py --with COMMAND [ARGUMENT]...", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(dir=INSTALLED) as folder:
        port = free_port()
        process = start(port, Path(folder))
        try:
            os.environ.update({
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_REGION": "us-east-1",
            })
            there = stacks.MiniStack()
            there.upload()
            pattern = there.finish(there.begin("pattern", stacks.PATTERN, {}))
            if arguments[0] == "--with":
                return subprocess.run(arguments[1:], check=False).returncode
            return check(there, pattern, arguments)
        finally:
            process.terminate()
            process.wait()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start(port, folder):
    environment = {
        **os.environ,
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "PERSIST_STATE": "0",
        "TMPDIR": str(folder),
    }
    log = INSTALLED / "ministack.log"
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-m", "ministack"], env=environment, stdout=output, stderr=output, cwd=folder)
    end = time.monotonic() + START_SECONDS
    while not is_ready(port):
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            raise SystemExit(f"MiniStack does not start: see {log}")
        time.sleep(0.1)
    return process


def is_ready(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health") as answer:
            return answer.status == 200
    except OSError:
        return False


def check(there, pattern, arguments):
    program, *options = arguments
    command = [Path(program).resolve(), "check", "--target", "endpoint", "--name", "ministack"]
    command += ["--ws", pattern, "--management", management(pattern)]
    command += ["--features", "authorizer,templates,management,limits,two-way"]
    for deployment in there.deployments():
        ws = there.finish(there.begin(deployment.stack, deployment.file, deployment.parameters))
        command += ["--fixture", f"{deployment.name}@{ws},{management(ws)}"]
    # How reports say that a case is run alone: the addresses are others in every run.
    alone = ["conformance/targets/ministack/run.py", "target/release/gatespec"]
    if "--patience" in options:
        alone += options[options.index("--patience"):][:2]
    command += ["--started-by", " ".join(alone)]
    return subprocess.run([*command, *options], check=False).returncode


def management(ws):
    """Where `@connections` is, beside where clients connect to."""
    return f"http{ws.removeprefix('ws')}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
