"""The Dockerfile, as far as that goes without a Docker engine.

Argument: the program.

Tried: the instructions are those that the builder knows, and say what they must; what git has is in
the build's context, and nothing that git ignores; the command runs as the image's user, in a folder
that is not its own, with a home of its own; the health check fails before, and succeeds once it
serves. Not tried: the base images, what `apt-get` installs there, the build inside of the image.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INSTRUCTIONS = (
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "RUN",
    "USER",
    "WORKDIR",
)
PATIENCE = 30


def main(program: str) -> None:
    """Read the file, then do what it says."""
    instructions = list(read(ROOT / "Dockerfile"))
    context()
    image = last_stage(instructions)
    sources = [words.split()[-2] for name, words in instructions if name == "COPY"]
    built = next(words for name, words in instructions if name == "RUN" and "cargo" in words)
    for wanted in (
        "--locked",
        "--release",
        "--bin gatespec",
        f"strip {sources[-1].removeprefix('/src/')}",
    ):
        if wanted not in built:
            sys.exit(f"Dockerfile: the build lacks `{wanted}`")
    with tempfile.TemporaryDirectory() as folder:
        # Its user goes through.
        Path(folder).chmod(0o755)
        serve(program, Path(folder), image)


def read(file: Path) -> list[tuple[str, str]]:
    """Return the instructions, each with its words."""
    text = re.sub(r"^\s*#.*\n", "", file.read_text(), flags=re.M).replace("\\\n", " ")
    instructions = []
    for line in filter(str.strip, text.splitlines()):
        name, _, words = line.partition(" ")
        if name not in INSTRUCTIONS:
            sys.exit(f"Dockerfile: `{name}` is no instruction")
        instructions.append((name, words.strip()))
    return instructions


def last_stage(instructions: list[tuple[str, str]]) -> dict[str, str]:
    """Return what the image says of itself."""
    start = max(index for index, (name, _) in enumerate(instructions) if name == "FROM")
    image = dict(instructions[start:])
    if int(image.get("USER", "0")) == 0:
        sys.exit("Dockerfile: the image runs as root")
    return image


def context() -> None:
    """Hold .dockerignore to what git knows."""
    patterns = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and line[0] != "#"
    ]
    files = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True
    )
    for file in files.stdout.splitlines():
        if is_ignored(file, patterns):
            sys.exit(f".dockerignore leaves out {file}")
    for file in (
        "target/debug/x",
        "examples/chat/rust/target/x",
        "a/node_modules/x",
        ".git/x",
        "a/.venv/x",
    ):
        if not is_ignored(file, patterns):
            sys.exit(f".dockerignore lets in {file}")


def is_ignored(file: str, patterns: list[str]) -> bool:
    """Match a file, or a folder above it, as the builder does."""
    parts = file.split("/")
    paths = ["/".join(parts[: count + 1]) for count in range(len(parts))]
    return any(matches(path, pattern) for path in paths for pattern in patterns)


def matches(path: str, pattern: str) -> bool:
    """`*` is within a folder; `**/` is any folders, or none."""
    if pattern.startswith("**/"):
        return fnmatch.fnmatch(path.rsplit("/", 1)[-1], pattern[3:])
    same_depth = path.count("/") == pattern.count("/")
    return same_depth and fnmatch.fnmatch(path, pattern)


def serve(program: str, scratch: Path, image: dict[str, str]) -> None:
    """Run the image's command as its user, and its health check."""
    # Only root can be another user; who is not is none that could do harm.
    user = int(image["USER"]) if os.getuid() == 0 else os.getuid()
    work, home, binary = scratch / "work", scratch / "home", scratch / "gatespec"
    shutil.copytree(ROOT / "packages" / "python" / "tests" / "echo", work)
    home.mkdir()
    os.chown(home, user, user)
    shutil.copy2(program, binary)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    check = json.loads(image["HEALTHCHECK"].split("CMD", 1)[1])
    check = [part.replace("/3001", f"/{port}") for part in check]
    command = [str(binary), *json.loads(image["CMD"]), "--port", str(port)]
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}

    def is_healthy() -> bool:
        quiet = subprocess.DEVNULL
        return (
            subprocess.run(check, env=environment, user=user, group=user, stderr=quiet).returncode
            == 0
        )

    if is_healthy():
        sys.exit("the health check succeeds without a gateway")
    log = scratch / "log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            command, cwd=work, env=environment, user=user, group=user, stdout=output, stderr=output
        ) as gateway,
    ):
        try:
            deadline = time.monotonic() + PATIENCE
            while not is_healthy():
                if gateway.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"not healthy:\n{log.read_text()}")
                time.sleep(0.1)
            is_healthy()
        finally:
            gateway.terminate()
    text = log.read_text()
    if gateway.returncode != 0 or "refused" in text:
        sys.exit(f"ended with {gateway.returncode}:\n{text}")
    print(f"as user {user}: unhealthy before, healthy while it serves, and nothing logged of it")


main(*sys.argv[1:])
