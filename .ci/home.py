"""The way home: functions with the code that runs on AWS, on `gatespec serve`, in their folder.

Arguments: the program; the folder of npm's packages; the virtual environment. First `.ci/home`: every
way to name the API, with every client, whose calls must be signed; and services by their own hosts. Then the examples, as they are:
three clients, the right replies, and `$disconnect` has run.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import boto3
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PATIENCE = 60
REFUSED = '{"message":"Missing Authentication Token"}'
HARD_CODED = "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: expected {wanted!r}, got {got!r}")
    print(f"{what}: {got!r}")


def installed(folder, packages, environment, javascript="src"):
    """A copy of a stack's folder, with its packages where its README has them installed."""
    target = os.path.join(tempfile.mkdtemp(dir=WORK), os.path.basename(folder))
    shutil.copytree(folder, target, ignore=shutil.ignore_patterns("node_modules", ".venv", "target"))
    os.symlink(packages, os.path.join(target, javascript, "node_modules"))
    os.symlink(environment, os.path.join(target, ".venv"))
    return target


@contextlib.contextmanager
def serving(folder, *arguments):
    """`gatespec serve` in a folder: what it is ready with, and the lines of its functions."""
    command = [PROGRAM, "serve", "--port", "0", "--ready", "json", *arguments]
    process = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(process.stderr))
    reader.start()
    try:
        ready = process.stdout.readline()
        if not ready:
            reader.join()
            sys.exit(f"{folder}: {''.join(lines)}")
        yield json.loads(ready), lines
    finally:
        process.stdin.close()
        process.wait(PATIENCE)
        reader.join()
        if sys.exc_info()[0] not in (None, GeneratorExit):
            sys.stderr.write("".join(lines))


@contextlib.contextmanager
def connected(ready, count, **more):
    """Clients, which close at the end, if they have not before."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(connect(ready["ws"], **more)) for _ in range(count)]


def ask(client, message):
    client.send(json.dumps(message))
    return client.recv(PATIENCE)


def ways(folder):
    signed = ["--require-signatures", "--allow-host", HARD_CODED]
    with serving(folder, *signed) as (ready, lines), connected(ready, 1) as [client]:

        def check(action, way, name, wanted):
            answer = ask(client, {"action": action, "way": way, "client": name})
            if wanted.startswith("posted") and answer == "home":
                answer = client.recv(PATIENCE)
            expect(f"{action}, {way}, {name}", answer, wanted)

        for way in ["event", "variable", "apiId", "slash", "hardCoded"]:
            for name in ["v3", "v2", "bare"]:
                check("node", way, name, "posted")
            check("python", way, "boto3", "posted")
        check("node", "sdk", "v3", "posted")
        check("python", "sdk", "boto3", "posted")
        check("node", "", "lite", "posted, 0 tables")
        check("node", "", "dynamodb", '{"TableNames":[]}')
        check("node", "", "lambda", '{"StatusCode":204,"Payload":""}')
        check("python", "", "dynamodb", "[]")
        check("python", "", "lambda", "204")
        for way in ["event", "variable", "hardCoded"]:
            for name in ["https", "fetch"]:
                check("node", way, name, REFUSED)
            check("node", way, "ws", "opened")
            for name in ["urllib", "requests", "httpx", "anyio", "aiohttp"]:
                check("python", way, name, REFUSED)
    noise = [line for line in lines if "is called, which" in line]
    expect("warnings of other APIs", noise, [])


def until(what, condition):
    """Waits for what follows by itself."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"{what}: not after {PATIENCE} s")
        time.sleep(0.05)
    print(what)


def table(ready):
    """The stack's table of connections."""
    keys = {"aws_access_key_id": "ASIALOCALLOCALLOCALL", "aws_secret_access_key": "local"}
    database = boto3.resource(
        "dynamodb", endpoint_url=ready["dynamodb"], region_name="us-east-1", **keys
    )
    return database.Table(ready["tables"][0])


def rows(ready):
    return table(ready).scan()["Count"]


def chat(folder, *arguments):
    with serving(folder, *arguments) as (ready, _):
        with connected(ready, 3) as clients:
            expect("connections in the table", rows(ready), 3)
            for number, client in enumerate(clients):
                client.send(json.dumps({"action": "sendmessage", "data": {"from": number}}))
                heard = [json.loads(client.recv(PATIENCE)) for client in clients]
                expect(f"all hear {number}", heard, [{"from": number}] * 3)
            items = table(ready).scan()["Items"]
            clients.pop().close()
            until("`$disconnect` has run", lambda: rows(ready) == 2)
            # A row that `$disconnect` has missed: posting to it is answered with 410.
            for item in items:
                table(ready).put_item(Item=item)
            clients[0].send(json.dumps({"action": "sendmessage", "data": "two"}))
            heard = [json.loads(client.recv(PATIENCE)) for client in clients]
            expect("two are left", heard, ["two", "two"])
            until("the row of a connection that is gone is removed", lambda: rows(ready) == 2)
        until("the table is empty", lambda: rows(ready) == 0)


def pattern(folder, *arguments):
    with serving(folder, *arguments) as (ready, _):
        try:
            with connect(ready["ws"], additional_headers={"token": "goodbye"}):
                sys.exit("a wrong token is let in")
        except InvalidStatus as refusal:
            expect("a wrong token", refusal.response.status_code, 401)
        with connected(ready, 3, additional_headers={"token": "hello"}) as clients:
            expect("connections in the table", rows(ready), 3)
            for number, client in enumerate(clients):
                message = f"""it's "{number}" \\ 日本 😀"""
                reply = json.loads(ask(client, {"action": "sendmessage", "message": message}))
                wanted = {"you": message, "we": "good job on deploying this template"}
                expect(f"reply to {number}", reply, wanted)
        until("`$disconnect` has run", lambda: rows(ready) == 0)


def broadcast(folder):
    with serving(folder) as (ready, _):
        with connected(ready, 3) as clients:
            for number, client in enumerate(clients):
                client.send(json.dumps({"action": "say", "text": str(number)}))
                heard = [json.loads(client.recv(PATIENCE)) for client in clients]
                expect(f"the stream brings {number} to all", heard, [{"text": str(number)}] * 3)
            clients.pop().close()
            heard = [list(json.loads(client.recv(PATIENCE))) for client in clients]
            expect("the stream tells the others who has left", heard, [["left"]] * 2)
        until("the table is empty", lambda: rows(ready) == 0)


def languages(folder):
    """A chat whose functions are in Rust, Node and Python: each does what another has begun."""
    with serving(folder) as (ready, _):
        members = table(ready)
        with connected(ready, 3) as clients:
            expect("Rust lets in", rows(ready), 3)
            for name, client in zip("abc", clients):
                client.send(json.dumps({"action": "join", "name": name}))
            until(
                "Python gives them names",
                lambda: sorted(one["name"] for one in members.scan()["Items"]) == ["a", "b", "c"],
            )
            spoken = [("rust", "a"), ("node", "b"), ("python", "c")]
            for (language, name), client in zip(spoken, clients):
                client.send(json.dumps({"action": language, "text": "hello"}))
                heard = [json.loads(client.recv(PATIENCE)) for client in clients]
                said = {"by": language, "name": name, "text": "hello"}
                expect(f"all hear {language}", heard, [said] * 3)
            [gone] = [one for one in members.scan()["Items"] if one["name"] == "c"]
            clients.pop().close()
            until("Rust lets go", lambda: rows(ready) == 2)
            for language, name in spoken:
                # A row that `$disconnect` has missed: posting to it is answered with 410.
                members.put_item(Item=gone)
                clients[0].send(json.dumps({"action": language, "text": "two"}))
                heard = [json.loads(client.recv(PATIENCE))["text"] for client in clients]
                expect(f"two hear {language}", heard, ["two", "two"])
                until(f"{language} removes who is gone", lambda: rows(ready) == 2)
        until("the table is empty", lambda: rows(ready) == 0)


def main(packages, environment):
    def stack(name, javascript="src"):
        print(f"\n{name}")
        return installed(os.path.join(ROOT, name), packages, environment, javascript)

    ways(stack(".ci/home"))
    for language in ["node", "python"]:
        chat(stack(f"examples/chat-{language}"))
        pattern(stack(f"examples/pattern-{language}"))
        # As on AWS, where nothing else is let through.
        pattern(stack(f"examples/pattern-{language}"), "--require-signatures")
    broadcast(stack("examples/broadcast"))
    # cargo builds it where it has built the same dependencies for this workspace.
    os.environ["CARGO_TARGET_DIR"] = os.path.join(ROOT, "target")
    languages(stack("examples/chat", "node"))


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as WORK:
        main(*map(os.path.abspath, sys.argv[2:]))
