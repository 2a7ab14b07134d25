"""What the real tools made, served as a user does it: in its folder. Messages go through each row.

Arguments: the program; a folder for npm's packages and what is made; names of rows (all without).
Ends with 1 if anything is missing: a tool, a reply, an item in a table, a refusal.
"""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import boto3
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from generate import FORK, PACKAGES, ROWS, installed, made
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

PATIENCE = 60
# Those of functions, which the gateway knows.
KEYS = Credentials("ASIALOCALLOCALLOCALL", "local", "local")


class Wrong(Exception):
    """What was expected, and what came."""


def expect(what, got, wanted):
    if got != wanted:
        raise Wrong(f"{what}: expected {wanted!r}, got {got!r}")


@contextlib.contextmanager
def serving(folder, *arguments):
    """`gatespec serve` in a folder: what it is ready with."""
    command = [PROGRAM, "serve", "--port", "0", "--ready", "json", "--python", sys.executable]
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [*command, *arguments], cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    )
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(process.stderr))
    reader.start()
    wrong = None
    try:
        ready = process.stdout.readline()
        if not ready:
            raise Wrong("does not start")
        yield json.loads(ready)
    except (Wrong, InvalidStatus, ConnectionClosed, TimeoutError) as error:
        wrong = error
    finally:
        process.stdin.close()
        process.wait(PATIENCE)
        reader.join()
    if wrong:
        raise Wrong(f"{wrong}\n{''.join(lines)}")


def ask(client, action, **more):
    client.send(json.dumps({"action": action, "say": "hi", **more}))
    return client.recv(PATIENCE)


def says(ready, answers, **more):
    """Each action of `answers` is answered with its text."""
    with connect(ready["ws"], open_timeout=PATIENCE, **more) as client:
        for action, answer in answers.items():
            expect(f"`{action}`", ask(client, action), answer)


def refused(ready, status, **more):
    try:
        connect(ready["ws"], open_timeout=PATIENCE, **more).close()
    except InvalidStatus as refusal:
        expect("the refusal", refusal.response.status_code, status)
    else:
        raise Wrong(f"expected the status {status}, got in")


def guarded(ready, header, answers):
    """An authorizer: no header is 401, another value 403."""
    refused(ready, 401)
    refused(ready, 403, additional_headers={header: "goodbye"})
    says(ready, answers, additional_headers={header: "hello"})


def signed(ready, answers):
    refused(ready, 403)
    request = AWSRequest("GET", ready["ws"].replace("ws:", "http:"))
    SigV4QueryAuth(KEYS, "execute-api", "us-east-1").add_auth(request)
    says(ready | {"ws": request.prepare().url.replace("http:", "ws:")}, answers)


def until(what, condition):
    """Waits for what follows by itself."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise Wrong(f"{what}: not after {PATIENCE} s")
        time.sleep(0.05)


def stored(ready):
    """Each of two routes puts an item into its table, without a function."""
    session = boto3.Session(KEYS.access_key, KEYS.secret_key, region_name="us-east-1")
    database = session.resource("dynamodb", endpoint_url=ready["dynamodb"])
    expect("tables", len(ready["tables"]), 2)
    tables = [database.Table(name) for name in ready["tables"]]

    def items():
        return sorted(item["said"] for table in tables for item in table.scan()["Items"])

    with connect(ready["ws"]) as client:
        for number, action in enumerate(["first", "second"]):
            client.send(json.dumps({"action": action, "say": f"it's {action}"}))
            until(f"the item of `{action}`", lambda count=number + 1: len(items()) == count)
    expect("items", items(), ["it's first", "it's second"])


def queued(ready):
    """A custom route and `$default` send the message to the queue, which the outbox stands for."""
    outbox = ready["management"].rsplit("/", 1)[0] + "/@outbox"

    def sent():
        with urllib.request.urlopen(outbox) as response:
            return json.load(response)["requests"]

    messages = [{"action": action, "MessageGroupId": "g"} for action in ["say", "nothing"]]
    with connect(ready["ws"]) as client:
        for number, message in enumerate(messages):
            client.send(json.dumps(message))
            until(f"the request of {message}", lambda count=number + 1: len(sent()) == count)
    requests = sent()
    actions = [(request["service"], request["action"]) for request in requests]
    expect("actions", actions, [("sqs", "SendMessage")] * 2)
    bodies = [json.loads(request["parameters"]["MessageBody"]) for request in requests]
    expect("bodies", bodies, messages)


def mapped(ready, answers):
    """By the stage, and by the key of the custom domain."""
    says(ready, answers)
    port = int(ready["ws"].split(":")[2].split("/")[0])
    sock = socket.create_connection(("127.0.0.1", port))
    with connect("ws://chat.example.com/live", sock=sock) as client:
        for action, answer in answers.items():
            expect(f"`{action}` by the domain", ask(client, action), answer)


# What each app answers, by its file; the rest of CDK's apps answer like `nested`.
SAYS = {
    "cdk/chat": {"say": "node hi", "nothing": "python hi", "return": "returned hi"},
    "cdk/mock": {"say": "node hi", "ping": ""},
    "cdk/stacks": {"say": "node hi", "other": "other hi"},
    "cdk/stage": {"say": "Prod hi"},
    "cdk/bundled": {"say": "node hi", "other": "python hi"},
    "cdk/nested": {"say": "node hi"},
    "sam/raw": {"say": "raw hi"},
    "sam/websocket": {"sendMessage": "other hi", "nothing": "default hi"},
    "serverless/service": {"say-it": "service hi", "nothing": "service hi", "return": "returned hi"},
    "serverless/each": {"say": "layer hi", "other": "python hi"},
}
# Those with an authorizer, and the header that it reads.
GUARDED = {
    "cdk/authorizer": "Authorization",
    "sam/raw": "Auth",
    "sam/websocket": "Auth",
    "serverless/service": "Auth",
    "serverless/each": "Authorization",
}
ARGUMENTS = {"cdk/stage": ["--stack", "Prod-Chat"]}


def asked(app, ready):
    answers = SAYS.get(app, SAYS["cdk/nested"])
    if app in GUARDED:
        guarded(ready, GUARDED[app], answers)
    elif app == "cdk/iam":
        signed(ready, answers)
    elif app == "cdk/domain":
        mapped(ready, answers)
    elif app == "cdk/dynamodb":
        stored(ready)
    elif app == "cdk/sqs":
        queued(ready)
    else:
        says(ready, answers)


def read(app, folder, arguments):
    """`lint` and `falsify` take what `serve` takes. They find what AWS's Construct leaves as it is."""
    found = 1 if app == "cdk/sqs" else 0
    for command in ["lint", "falsify"]:
        run = subprocess.run(
            [PROGRAM, command, *arguments], cwd=folder, capture_output=True, text=True
        )
        if run.returncode != found:
            raise Wrong(f"`{command}` ends with {run.returncode}\n{run.stdout}{run.stderr}")


def served(row, folder):
    app = os.path.splitext(ROWS[row][0])[0]
    arguments = ARGUMENTS.get(app, [])
    read(app, folder, arguments)
    with serving(folder, *arguments) as ready:
        asked(app, ready)


def main(folder, *rows):
    packages = pathlib.Path(folder).resolve()
    started = time.monotonic()
    installed(packages, PACKAGES)
    installed(packages / "osls", FORK)
    print(f"npm's packages: {time.monotonic() - started:.0f} s", flush=True)
    rows = rows or list(ROWS)
    wrong = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        making = {row: pool.submit(made, row, packages / "rows" / row, packages) for row in rows}
        for row, making in making.items():
            making.result()
            try:
                served(row, packages / "rows" / row)
                print(f"{row}: served", flush=True)
            except Wrong as error:
                print(f"{row}: {error}", flush=True)
                wrong.append(row)
    print(f"{time.monotonic() - started:.0f} s in all")
    print(f"tools: {len(rows) - len(wrong)} passed, {len(wrong)} failed")
    if wrong:
        sys.exit(1)


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv[1])
    main(*sys.argv[2:])
