"""Completions and manual pages: bash completes what it should, groff warns of no page.

Argument: the program. The scripts of the other shells are made, but no such shell runs here.
"""

import os
import subprocess
import sys
import tempfile

# What bash does at Tab: the function that `complete` names, with the words so far.
COMPLETE = """
set -eu
source /dev/stdin
function=$(complete -p gatespec | sed 's/.*-F \\([^ ]*\\).*/\\1/')
COMP_WORDS=(gatespec "$@")
COMP_CWORD=$#
"$function" gatespec "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def gatespec(*arguments):
    run = subprocess.run([PROGRAM, *arguments], check=True, capture_output=True, text=True)
    return run.stdout


def completed(script, *words):
    command = ["bash", "--norc", "-c", COMPLETE, "bash", *words]
    run = subprocess.run(command, input=script, check=True, capture_output=True, text=True)
    return run.stdout.split()


def expect(what, got, wanted):
    missing = [word for word in wanted if word not in got]
    if missing or not got:
        sys.exit(f"{what}: {missing} are missing in {got}")
    print(f"{what}: {' '.join(got)[:100]}")


def completions():
    script = gatespec("completions", "bash")
    expect("gatespec <Tab>", completed(script, ""), ["check", "serve", "render", "man", "completions"])
    expect("gatespec ser<Tab>", completed(script, "ser"), ["serve"])
    expect("gatespec serve --par<Tab>", completed(script, "serve", "--par"), ["--parameter", "--parameter-overrides"])
    expect("gatespec completions <Tab>", completed(script, "completions", ""), ["bash", "zsh", "fish"])
    expect("gatespec serve --ready <Tab>", completed(script, "serve", "--ready", ""), ["json", "text"])
    if "probe" in completed(script, ""):
        sys.exit("gatespec <Tab>: `probe` is the kit's own")
    only = completed(script, "serve", "--dynamodb-p")
    if only != ["--dynamodb-port"]:
        sys.exit(f"gatespec serve --dynamodb-p<Tab>: {only}")


def pages(folder):
    gatespec("man", "--dir", folder)
    names = sorted(os.listdir(folder))
    for name in names:
        # -ww: every warning; -z: no output.
        groff = ["groff", "-man", "-Kutf8", "-Tutf8", "-ww", "-z", os.path.join(folder, name)]
        run = subprocess.run(groff, capture_output=True, text=True)
        if run.returncode or run.stderr:
            sys.exit(f"{name}: {run.stderr or run.returncode}")
    print(f"{len(names)} manual pages without a warning of groff's")
    text = subprocess.run(
        ["groff", "-man", "-Kutf8", "-Tutf8", "-P-cbou", os.path.join(folder, "gatespec-serve.1")],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    expect("gatespec-serve.1", text.split(), ["NAME", "SYNOPSIS", "OPTIONS", "--parameter"])


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv[1])
    completions()
    with tempfile.TemporaryDirectory() as work:
        pages(os.path.join(work, "man1"))
