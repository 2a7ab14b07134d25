#!/usr/bin/env python3
"""Runs the commands of README.md and docs/*.md as they are printed: docs.py PROGRAM FOLDER [PAGE]...

They run in a copy of the repository in FOLDER, as one has it after a clone, with PROGRAM as
`gatespec` on the PATH, which `cargo run -- …` and `npx gatespec` are, too. Every `sh` block of a page
runs, one after another, in bash that ends at the first failure; a `cd` holds until the next section.
A line that begins with `gatespec serve` starts a gateway, which serves until the next one or the end
of the page. A `text` block right behind an `sh` block is what that prints: its lines come in this
order, `…` stands for anything. One that begins with `$ wscat` is a session of it.

    <!-- not run: REASON -->        the block below cannot run here
    <!-- file: NAME -->             the block below is written to this file
    <!-- exits with: STATUS -->     the block below ends so
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(
    r"(?:<!-- (?P<mark>not run|file|exits with): (?P<what>[^\n]*?) -->\n+)?"
    r"^```(?P<language>[a-z]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
SERVES = re.compile(r"(npx gatespec|gatespec|cargo run --) serve\b(?!.*--(dry-run|help))")
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
# What bash knows besides: a server in the background, and wscat without a terminal.
PRELUDE = """
set -euo pipefail
cargo() {
  [ "$1" = run ] || { command cargo "$@"; return; }
  shift
  [ "${1-}" != --features ] || shift 2
  [ "${1-}" = -- ] && shift && gatespec "$@"
}
npx() { [ "$1" = gatespec ] || { command npx "$@"; return; }; shift; gatespec "$@"; }
wscat() { sleep 1 | command wscat "$@"; }
"""
READY = "TLS on the same port"
PATIENCE = 180


class Block(NamedTuple):
    """A fenced block of a page."""

    where: str
    language: str
    text: str
    mark: str | None
    what: str
    begins: bool  # a section, in which people stand in the repository
    follows: bool  # nothing but empty lines is between it and the block before


class Wrong(Exception):
    """A command that does not do what its page says."""


class Page:
    """A page, with a copy of the repository and the gateway that serves at the moment."""

    def __init__(self, path: Path, folder: Path, variables: dict[str, str]) -> None:
        self.path = path
        self.folder = folder
        self.variables = variables
        self.log = folder.parent / "gateway.log"
        self.where, self.server = folder, None

    def run(self) -> tuple[int, list[str]]:
        """Runs the blocks; gives their number, and the reasons of those that are not run."""
        ran, reasons = 0, []
        blocks = read(self.path)
        try:
            for index, block in enumerate(blocks):
                self.where = self.folder if block.begins else self.where
                if block.mark == "file":
                    (self.folder / block.what).parent.mkdir(parents=True, exist_ok=True)
                    (self.folder / block.what).write_text(block.text)
                if block.mark == "not run":
                    reasons.append(block.what)
                elif block.language == "text" and block.text.startswith("$ wscat"):
                    self.session(block)
                    ran += 1
                elif block.language == "sh":
                    after = blocks[index + 1 : index + 2]
                    shown = [one.text for one in after if one.follows and one.language == "text"]
                    self.block(block, "".join(shown))
                    ran += 1
        finally:
            self.stop()
        return ran, reasons

    def block(self, block: Block, shown: str) -> None:
        """Runs the lines up to each server, the server, and the lines behind it."""
        said, pending = "", []
        for command in block.text.replace("\\\n", " ").splitlines():
            if SERVES.match(command):
                said += self.bash(pending, block)
                pending = []
                said += self.serve(command, block)
            else:
                pending.append(command)
        expected = int(block.what) if block.mark == "exits with" else 0
        said += self.bash(pending, block, expected)
        compare(shown, said, block.where)

    def bash(self, commands: list[str], block: Block, expected: int = 0) -> str:
        """Runs commands where those before have left off, and gives what they print."""
        left = self.folder.parent / "pwd"
        script = "\n".join([PRELUDE, f"trap 'pwd > {shlex.quote(str(left))}' EXIT", *commands])
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.where, env=self.variables, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=180, check=False,
        )
        self.where = Path(left.read_text().strip())
        if done.returncode != expected:
            raise Wrong(f"{block.where} ends with {done.returncode}:\n{block.text}\n{done.stdout}")
        return done.stdout

    def serve(self, command: str, block: Block) -> str:
        """Starts a gateway, waits until it serves, and gives what it has printed."""
        self.stop()
        command = re.sub(r"^(cargo run -- |npx gatespec )", "gatespec ", command)
        with self.log.open("wb") as log:
            self.server = subprocess.Popen(
                ["bash", "-c", f"exec {command}"], cwd=self.where, env=self.variables,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )
        end = time.monotonic() + PATIENCE
        while READY not in (said := self.log.read_text(errors="replace")):
            if self.server.poll() is not None or time.monotonic() > end:
                raise Wrong(f"{block.where}: `{command}` ends:\n{said}")
            time.sleep(0.05)
        return said

    def session(self, block: Block) -> None:
        """Sends what is sent in a session of wscat, and looks for what comes."""
        first, *lines = block.text.splitlines()
        sent = (line[2:] for line in lines if line.startswith("> "))
        options = [option for text in sent for option in ("-x", text)]
        command = [*shlex.split(first)[1:], "-w", "5", *options]
        # wscat prints only on a terminal: `script` lends it one.
        done = subprocess.run(
            ["script", "-qec", shlex.join(command), "/dev/null"], cwd=self.where, check=False,
            env=self.variables, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )
        came = "\n".join(line[2:] for line in lines if line.startswith("< "))
        compare(came, done.stdout, block.where)

    def stop(self) -> None:
        """Ends the gateway."""
        if self.server is not None:
            self.server.terminate()
            self.server.wait(PATIENCE)
            self.server = None


def read(path: Path) -> list[Block]:
    """The fenced blocks of a page."""
    text = path.read_text()
    blocks, end = [], 0
    for found in BLOCK.finditer(text):
        where = f"{name(path)}:{text.count(chr(10), 0, found.start('language')) + 1}"
        between = text[end : found.start()]
        which = ("\n## " in between, not between.strip())
        mark, what = found["mark"], found["what"] or ""
        blocks.append(Block(where, found["language"], found["text"], mark, what, *which))
        end = found.end()
    return blocks


def compare(shown: str, said: str, where: str) -> None:
    """Looks for the lines that are shown in what was said, in their order."""
    said = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", said)
    rest = said.splitlines()
    for line in filter(str.strip, shown.splitlines()):
        pattern = ".*".join(re.escape(part) for part in line.strip().split("…"))
        at = next((at for at, text in enumerate(rest) if re.search(pattern, text)), None)
        if at is None:
            raise Wrong(f"{where} shows `{line}`, which does not come there:\n{said}")
        rest = rest[at + 1 :]


def name(page: Path) -> str:
    """A page as it is named in arguments and in what is printed."""
    return str(page.relative_to(ROOT))


def check(page: Path) -> None:
    """Every link to a file leads to one, and blocks of commands are called `sh`."""
    others = [block for block in read(page) if block.language in ("", "bash", "shell", "console")]
    if others:
        raise Wrong(f"{others[0].where}: a block is `sh`, `text` or another language's")
    for target in LINK.findall(page.read_text()):
        if "://" not in target and not (page.parent / target).exists():
            raise Wrong(f"{name(page)}: there is no `{target}`")


def copy(folder: Path) -> None:
    """The repository as a clone has it, with what is not committed yet."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.check_output(command, cwd=ROOT, text=True)
    for file in filter(None, listed.split("\0")):
        if (ROOT / file).is_file():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, folder / file)


def main() -> int:
    """Runs all pages, or those that are named behind the folder."""
    program, work, *names = sys.argv[1:]
    folder = Path(work).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "gatespec").symlink_to(Path(program).resolve())
    home, cargo = Path.home(), folder / "bin" / "cargo"
    # The pattern's functions, whose sources are the same, are built once: where they are built.
    real = f'{shutil.which("cargo")} "${{@/#$copy/{ROOT}}}"'
    cargo.write_text(f"#!/usr/bin/env bash\ncopy={folder}/clone\nexec {real}\n")
    cargo.chmod(0o755)
    variables = {
        "CARGO_HOME": str(home / ".cargo"), "RUSTUP_HOME": str(home / ".rustup"), **os.environ,
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "HOME": str(folder / "home"),
        "CARGO": str(cargo), "CARGO_TARGET_DIR": str(ROOT / "target"),
        "PIP_CACHE_DIR": str(home / ".cache/pip"),
    }
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    pages = [page for page in pages if not names or name(page) in names]
    copy(folder / "clone")
    ran, reasons, wrong = 0, [], []
    for page in pages:
        try:
            check(page)
            of_page, not_run = Page(page, folder / "clone", variables).run()
        except (Wrong, subprocess.TimeoutExpired) as error:
            wrong.append(str(error))
            continue
        ran += of_page
        reasons += [f"{name(page)}: {reason}" for reason in not_run]
        print(f"{name(page)}: {of_page} blocks", flush=True)
    print(*(f"not run: {reason}" for reason in reasons), sep="\n")
    print(f"{ran} blocks ran, {len(reasons)} are marked as not run")
    print("\n\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
