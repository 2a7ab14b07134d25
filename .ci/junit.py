"""junit.xml against the schema that CI systems use: the one of Jenkins' xunit plugin, which checks it before it reads a report.

Arguments: a folder to work in, then folders with a report.jsonl and the junit.xml that was made of it. The schema comes out of pytest's
source distribution, which holds it for the same purpose. Together the reports must have every verdict.
"""

import collections
import hashlib
import io
import json
import pathlib
import subprocess
import sys
import tarfile
from xml.etree import ElementTree

import xmlschema

PYTEST = "9.2.0"
SCHEMA = "testing/example_scripts/junit-10.xsd"
SHA256 = "a1a816f58d1bf95ebabf371994df0b9246dee66ea9572fbec4f9296f1b2c0ff6"
# What a verdict is in JUnit's words; the others are test cases with nothing in them that says
# otherwise.
ELEMENTS = {"fail": "failure", "error": "error", "unsupported": "skipped"}


def main(work, *folders):
    schema = xmlschema.XMLSchema(io.BytesIO(download(pathlib.Path(work))))
    # What everybody's first junit.xml is refused for: without this the schema would not be the one
    # that it is taken for.
    if schema.is_valid('<testsuites skipped="0"/>') or not schema.is_valid("<testsuites/>"):
        sys.exit(f"{SCHEMA}: takes what Jenkins refuses")
    seen = set()
    for folder in map(pathlib.Path, folders):
        seen |= check(schema, folder)
    if seen != {"pass", "fail", "informational", "unsupported", "error"}:
        sys.exit(f"the reports should have every verdict, they have {sorted(seen)}")


def download(work):
    """The schema's bytes."""
    archive = work / f"pytest-{PYTEST}.tar.gz"
    if not archive.exists():
        pip = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps", "--no-binary", ":all:"]
        subprocess.run([*pip, "--dest", work, f"pytest=={PYTEST}"], check=True)
    with tarfile.open(archive) as files:
        bytes = files.extractfile(f"pytest-{PYTEST}/{SCHEMA}").read()
    if hashlib.sha256(bytes).hexdigest() != SHA256:
        sys.exit(f"{archive}: {SCHEMA} is not the file that it was")
    return bytes


def check(schema, folder):
    """The verdicts of a report whose junit.xml is valid and says the same."""
    junit = folder / "junit.xml"
    errors = [f"{error.path}: {error.reason}" for error in schema.iter_errors(junit)]
    if errors:
        sys.exit("\n  ".join([f"{junit}: {len(errors)} errors", *errors[:10]]))
    with open(folder / "report.jsonl", encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    wanted = {(line["target"], line["case"]): ELEMENTS.get(line["verdict"]) for line in lines}
    root = ElementTree.parse(junit).getroot()
    got = {}
    for suite in root:
        for case in suite:
            got[suite.get("name"), case.get("name")] = next((child.tag for child in case if child.tag in ELEMENTS.values()), None)
        counts = collections.Counter(value for (target, _), value in got.items() if target == suite.get("name"))
        for attribute, element in {"failures": "failure", "errors": "error", "skipped": "skipped"}.items():
            if int(suite.get(attribute)) != counts[element]:
                sys.exit(f"{junit}: {suite.get('name')} says {suite.get(attribute)} {attribute}, it has {counts[element]}")
    if got != wanted:
        differing = [key for key in got.keys() | wanted.keys() if got.get(key, "none") != wanted.get(key, "none")]
        sys.exit(f"{junit}: other than report.jsonl: {differing[:10]}")
    print(f"{junit}: {len(got)} test cases in {len(root)} suites, {junit.stat().st_size} bytes: valid")
    return {line["verdict"] for line in lines}


main(*sys.argv[1:])
