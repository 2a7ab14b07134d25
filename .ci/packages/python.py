"""The Python package as a user gets it.

Arguments: cargo's target folder, the folder of npm's packages, a scratch folder.

The wheel is built with the run's target folder and profile, so that only what features of the whole
workspace make different is compiled again, and installed in an empty folder by pip. From then on
the PATH has a shell, Node, Python and `ps`, but neither cargo nor a compiler. A stack in Node and
one in Python have to answer within ten seconds of the install's end; then the example's tests run,
and the package's own. Ends with an error if anything is missing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "packages" / "python"
PAGES = [ROOT / "docs" / "python.md", ROOT / "docs" / "tests.md", PACKAGE / "README.md"]
#: How long the first replies may take, from the end of the install.
PATIENCE = 10
#: What a machine without a compiler has.
PROGRAMS = ["sh", "env", "node", "ps"]
#: What must not be there.
COMPILERS = ["cargo", "rustc", "cc", "gcc", "clang"]
#: Connects, sends a message, and ends: an argument is the stack, the others are the client's.
FIRST_REPLY = """
import sys, gatespec
from websockets.sync.client import connect
with gatespec.start(sys.argv[1]) as api:
    with connect(api.ws_url, additional_headers={"token": "hello"}) as client:
        client.send('{"action": "sendmessage", "message": "hey queen"}')
        print(client.recv(timeout=10))
"""


def main(target: str, node_modules: str, scratch: str) -> None:
    """Check, build, install, serve, test."""
    empty = Path(scratch).resolve()
    shutil.rmtree(empty, ignore_errors=True)
    empty.mkdir(parents=True)
    check_sources()
    wheel = build(Path(target).resolve(), empty / "dist")
    environment = without_compiler(empty)
    python = str(empty / "venv" / "bin" / "python")
    run(os.path.realpath(sys.executable), "-m", "venv", "venv", cwd=empty, env=environment)
    requirements = ROOT / "examples" / "pattern-python" / "tests" / "requirements.txt"
    packages = [line for line in requirements.read_text().split() if line != "gatespec"]
    run(python, "-m", "pip", "install", "-q", *packages, cwd=empty, env=environment)
    run(python, "-m", "pip", "install", "-q", wheel, cwd=empty, env=environment)
    serve_both(empty, python, Path(node_modules).resolve(), environment)
    run("gatespec", "--version", cwd=empty, env=environment)
    run("pytest", "-q", cwd=empty / "pattern-python", env=environment)
    run_documentation(empty, python, environment)
    tests = shutil.copytree(PACKAGE / "tests", empty / "tests")
    run("pytest", "-q", "-p", "no:cacheprovider", cwd=tests, env=environment)


def check_sources() -> None:
    """Types and style, of the package and of the example's tests."""
    example = str(ROOT / "examples" / "pattern-python" / "tests")
    configuration = str(PACKAGE / "pyproject.toml")
    for folder, sources in ((PACKAGE, "."), (ROOT, example)):
        run("ruff", "check", "--no-cache", "--config", configuration, sources, cwd=folder)
        run(
            "ruff",
            "format",
            "--no-cache",
            "--config",
            configuration,
            "--check",
            sources,
            cwd=folder,
        )
    environment = os.environ | {"MYPYPATH": str(PACKAGE)}
    mypy = ["mypy", "--strict", "--cache-dir", os.devnull, "--config-file", configuration]
    run(*mypy, str(PACKAGE / "gatespec"), str(PACKAGE / "tests"))
    # boto3 has no types.
    run(*mypy, "--ignore-missing-imports", example, env=environment)


def build(target: Path, folder: Path) -> str:
    """Build the wheel."""
    environment = os.environ | {"CARGO_TARGET_DIR": str(target)}
    started = time.monotonic()
    run("maturin", "build", "--profile", "dev", "--out", str(folder), cwd=PACKAGE, env=environment)
    [wheel] = folder.iterdir()
    seconds = time.monotonic() - started
    print(
        f"{wheel.name}: {wheel.stat().st_size / 1e6:.0f} MB, unoptimised, built in {seconds:.0f} s"
    )
    return str(wheel)


def without_compiler(empty: Path) -> dict[str, str]:
    """Make an environment whose PATH has no compiler."""
    programs = empty / "bin"
    programs.mkdir()
    for program in PROGRAMS:
        found = shutil.which(program)
        if found is None:
            sys.exit(f"`{program}` is missing")
        (programs / program).symlink_to(os.path.realpath(found))
    path = f"{empty / 'venv' / 'bin'}:{programs}"
    for compiler in COMPILERS:
        if shutil.which(compiler, path=path):
            sys.exit(f"`{compiler}` is on the PATH {path}")
    tools = ("CARGO", "RUST", "PYTHON", "VIRTUAL_ENV", "NODE_", "GATESPEC")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(tools)}
    return kept | {"PATH": path}


def serve_both(empty: Path, python: str, node_modules: Path, environment: dict[str, str]) -> None:
    """Serve the pattern in both languages: the first replies, each as if it came first."""
    for language in ("node", "python"):
        name = f"pattern-{language}"
        ignored = shutil.ignore_patterns("node_modules", ".venv", "__pycache__")
        folder = shutil.copytree(ROOT / "examples" / name, empty / name, ignore=ignored)
        if language == "node":
            (folder / "src" / "node_modules").symlink_to(node_modules)
        installed = time.monotonic()
        run(python, "-c", FIRST_REPLY, str(folder), cwd=empty, env=environment)
        seconds = time.monotonic() - installed
        print(f"{name}: first reply {seconds:.1f} s after the install")
        if seconds > PATIENCE:
            sys.exit(f"{name}: the first reply came later than {PATIENCE} s after the install")


def run_documentation(empty: Path, python: str, environment: dict[str, str]) -> None:
    """Run the Python of the documentation, as it is printed, in the example of a chat."""
    folder = shutil.copytree(ROOT / "examples" / "chat-python", empty / "chat-python")
    (folder / "tests").mkdir(exist_ok=True)
    for page in PAGES:
        blocks = re.findall(r"^```python\n(.*?)^```$", page.read_text(), flags=re.M | re.S)
        if not blocks:
            sys.exit(f"{page}: there is no Python")
        for number, block in enumerate(blocks):
            is_test = "def test_" in block
            file = folder / "tests" / f"test_{page.stem.lower()}_{number}.py"
            file.write_text(block)
            command = ["-m", "pytest", "-q"] if is_test else []
            run(python, *command, str(file), cwd=folder, env=environment)


def run(*command: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> None:
    """Run a command, which must succeed."""
    program = shutil.which(command[0], path=(env or os.environ).get("PATH"))
    if program is None:
        sys.exit(f"`{command[0]}` is missing")
    print("$", *(part if len(part) < 80 else "…" for part in command), flush=True)
    subprocess.run([program, *command[1:]], cwd=cwd, env=env, check=True)


main(*sys.argv[1:])
