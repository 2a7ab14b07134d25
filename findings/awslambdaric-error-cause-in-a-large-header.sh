#!/usr/bin/env bash
# AWS's Python runtime posts an error's text twice: as the body, and in a header of its size.
#
# What: awslambdaric (PyPI, 4.2.2) reports a function's exception to Lambda's Runtime API with
#   message and traceback in the body, and again as JSON in the header
#   `Lambda-Runtime-Function-Xray-Error-Cause`. The header is left out only when it would have a
#   megabyte: an exception whose message quotes a document of 200,000 letters makes a header line of
#   more than 200,000 bytes.
# Seen (2026-11-29, Python 3.11.7): a header larger than the text for messages of 1,000 and 200,000
#   letters, none for 1,100,000.
# Why it matters: most HTTP servers refuse request heads of 8 to 64 KiB, Python's own and Node's
#   among them. Whoever plays the Runtime API with one of them refuses the report of an error that
#   Lambda takes.
# Needs python3 (3.10 or newer) with pip, on Linux. Fails if the behaviour changes.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q awslambdaric==4.2.2

cat > function.py <<'PYTHON'
def handler(event, context):
    raise ValueError("unexpected answer: " + "x" * event["letters"])
PYTHON

cat > ask.py <<'PYTHON'
"""Gives the function two events, and says how its errors come back."""
import json, os, socket, subprocess, sys

listener = socket.create_server(("127.0.0.1", 0))
environment = dict(os.environ, _HANDLER="function.handler", LAMBDA_TASK_ROOT=os.getcwd(),
                   AWS_LAMBDA_RUNTIME_API="127.0.0.1:%d" % listener.getsockname()[1])
runtime = subprocess.Popen([sys.executable, "-m", "awslambdaric", "function.handler"],
                           env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
listener.settimeout(60)
events = [1_000, 200_000, 1_100_000]
asked = 0

def requests():
    while True:
        stream = listener.accept()[0].makefile("rwb")
        while line := stream.readline():
            headers = {}
            while (field := stream.readline().strip()):
                name, value = field.split(b":", 1)
                headers[name.lower()] = value.strip()
            body = stream.read(int(headers.get(b"content-length", 0)))
            yield stream, line, headers, body

for stream, line, headers, body in requests():
    if b"/next" in line:
        if asked == len(events):
            break
        event = json.dumps({"letters": events[asked]}).encode()
        stream.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                     b"Lambda-Runtime-Aws-Request-Id: request-%d\r\n"
                     b"Lambda-Runtime-Deadline-Ms: 9999999999999\r\n"
                     b"Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0\r\n"
                     b"Lambda-Runtime-Invoked-Function-Arn: "
                     b"arn:aws:lambda:eu-west-1:000000000000:function:f\r\n"
                     b"Content-Length: %d\r\n\r\n%s" % (asked, len(event), event))
    else:
        cause = len(headers.get(b"lambda-runtime-function-xray-error-cause", b""))
        size = "none" if not cause else "larger than the text" if cause > events[asked] else "smaller"
        print(events[asked], "letters: header", size)
        asked += 1
        stream.write(b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\n"
                     b"Content-Length: 15\r\n\r\n{\"status\":\"OK\"}")
    stream.flush()
runtime.kill()
PYTHON
seen=$(timeout 120 venv/bin/python ask.py)
expected='1000 letters: header larger than the text
200000 letters: header larger than the text
1100000 letters: header none'
printf '%s\n' "$seen"
if [ "$seen" != "$expected" ]; then
  printf 'changed; it was:\n%s\n' "$expected" >&2
  exit 1
fi
