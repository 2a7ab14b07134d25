"""`serve --record`: a chat by hand becomes a case, which passes, and fails when a handler is changed.

Arguments: the program; the folder of npm's packages; the virtual environment. For the chats and the
pattern in Node and in Python, as they are in `examples/`, with a real client.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60

Change = tuple[str, str, str]
# What is changed in a handler of each example: the file, a text of it, and another.
CHATS: dict[str, Change] = {
    "chat-node": ("src/send.js", "JSON.stringify(data)", "JSON.stringify({ data })"),
    "chat-python": ("src/app.py", '["data"])', '["data"])[::-1]'),
}
PATTERNS: dict[str, Change] = {
    "pattern-node": ("src/send-message.js", "good job", "well done"),
    "pattern-python": ("src/send_message.py", "good job", "well done"),
}


def installed(example: str, folder: Path, packages: Path, environment: Path) -> Path:
    """A copy of an example, with its packages where its README has them installed."""
    target = folder / example
    unwanted = shutil.ignore_patterns("node_modules", ".venv", "target")
    shutil.copytree(ROOT / "examples" / example, target, ignore=unwanted)
    (target / "src/node_modules").symlink_to(packages)
    (target / ".venv").symlink_to(environment)
    return target


@contextmanager
def recording(program: Path, stack: Path) -> Iterator[str]:
    """`gatespec serve --record cases` in a stack's folder: where clients connect."""
    command = [program, "serve", "--port", "0", "--ready", "json", "--record", "cases"]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            command, cwd=stack, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )
        assert process.stdin and process.stdout
        try:
            ready = process.stdout.readline()
            if ready:
                yield json.loads(ready)["ws"]
        finally:
            process.stdin.close()
            process.wait(PATIENCE)
            log.seek(0)
            lines = log.read()
        if not ready or "recorded `recorded/" not in lines:
            sys.exit(f"{stack}: {lines}")


def refused(url: str, **more: object) -> int:
    """The status of a handshake that is refused."""
    try:
        with connect(url, **more):
            sys.exit(f"{url} lets in")
    except InvalidStatus as refusal:
        return refusal.response.status_code


def heard(clients: list[ClientConnection], count: int = 1) -> list[list[str]]:
    """The next messages of each."""
    return [[str(client.recv(PATIENCE)) for _ in range(count)] for client in clients]


def chat(url: str) -> None:
    """Somebody is refused, three join, all say something, one leaves, two talk at once, all leave."""

    def say(client: ClientConnection, data: object) -> None:
        client.send(json.dumps({"action": "sendmessage", "data": data}))

    refused(f"{url}/nowhere")
    with ExitStack() as stack:
        clients = [stack.enter_context(connect(url)) for _ in range(3)]
        for number, client in enumerate(clients):
            say(client, {"from": number, "text": "it's ${5} 😀"})
            heard(clients)
        clients.pop().close()
        say(clients[0], "two are left")
        heard(clients)
        for client in clients:
            say(client, "at once")
        heard(clients, 2)
        clients[0].send("nonsense")
        heard(clients[:1])


def pattern(url: str) -> None:
    """A wrong token, and two clients who are answered."""
    refused(url, additional_headers={"token": "guess"})
    with ExitStack() as stack:
        token = {"token": "hello"}
        clients = [stack.enter_context(connect(url, additional_headers=token)) for _ in range(2)]
        for client in clients:
            client.send(json.dumps({"action": "sendmessage", "message": 'it\'s "fine"'}))
            heard([client])


def check(program: Path, stack: Path) -> tuple[int, str]:
    """Plays back on the target `local`: the exit code, and what is printed."""
    command = [program, "check", "template.yaml", "--target", "local", "--cases", "cases"]
    done = subprocess.run(command, cwd=stack, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def holds(program: Path, stack: Path, times: int) -> None:
    """What was recorded passes, however often."""
    for _ in range(times):
        code, printed = check(program, stack)
        if code != 0:
            cases = "".join(path.read_text() for path in sorted((stack / "cases").iterdir()))
            sys.exit(f"{stack.name} does not play back: {printed}\n{cases}")
    print(f"{stack.name}: what was recorded passes, {times} times")


def change(stack: Path, what: Change) -> None:
    """Changes a handler."""
    name, text, other = what
    file = stack / name
    before = file.read_text()
    if text not in before:
        sys.exit(f"{file} has no `{text}` to be changed")
    file.write_text(before.replace(text, other))


def fails(program: Path, stack: Path) -> None:
    """It does not pass any more."""
    code, printed = check(program, stack)
    if code != 1 or "fail" not in printed:
        sys.exit(f"{stack.name}: a changed handler is not found ({code}): {printed}")
    print(f"{stack.name}: a changed handler fails")


def main(program: Path, packages: Path, environment: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for examples, session, times in ((CHATS, chat, 3), (PATTERNS, pattern, 1)):
            for example, what in examples.items():
                stack = installed(example, Path(folder), packages, environment)
                with recording(program, stack) as url:
                    session(url)
                holds(program, stack, times)
                change(stack, what)
                fails(program, stack)


if __name__ == "__main__":
    main(*(Path(os.path.abspath(argument)) for argument in sys.argv[1:]))
