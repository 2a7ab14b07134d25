"""Expressions of DynamoDB, generated: the embedded engine beside moto's and MiniStack's.

    expressions.py PROGRAM [--seed N] [--count N] [--all]

Where the two others agree and the engine differs, the example is shrunk and shown. Exits with 1 if
there is a kind of difference that `known.json` beside this file does not list with its reason
(`--all` shows those, too), or if the two others agree on fewer than half of the examples, so that
little was compared. Needs moto's server and MiniStack from PyPI: `requirements.txt` beside
this file.
"""

import argparse
import json
import pathlib
import random
import sys
import time

import generate
import servers

HERE = pathlib.Path(__file__).parent


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--all", action="store_true", help="show known differences, too")
    given = parser.parse_args()
    known = json.loads((HERE / "known.json").read_text())
    chance = random.Random(given.seed)
    began = time.monotonic()
    seen, met, agreed = {}, set(), 0
    with servers.all_three(given.program) as three:
        for number in range(given.count):
            example = generate.example(chance)
            answers = [server.answer(example) for server in three]
            # Only what both of the others say counts.
            if answers[1] != answers[2]:
                continue
            agreed += 1
            if answers[0] == answers[1]:
                continue

            def differs(candidate):
                answers = [server.answer(candidate) for server in three]
                return answers[1] == answers[2] and answers[0] != answers[1]

            small = generate.shrunk(example, differs)
            answers = [server.answer(small) for server in three]
            kind = generate.kind(small, answers[0], answers[1])
            if kind in known:
                met.add(kind)
            if kind not in seen:
                seen[kind] = (number, small, answers)
    for kind, (number, small, answers) in seen.items():
        if kind not in known or given.all:
            print(f"\n{kind}\n  example {number} of seed {given.seed}")
            print("  " + json.dumps(generate.request(small)))
            print("  item before: " + json.dumps(small["item"]))
            for name, answer in zip(("gatespec", "moto", "MiniStack"), answers):
                print(f"  {name:9} {answer}")
    new = [kind for kind in seen if kind not in known]
    seconds = time.monotonic() - began
    print(
        f"{given.count} expressions, {agreed} that moto and MiniStack agree on, {len(met)} known kinds"
        f" of difference, {len(new)} others, {seconds:.0f} s"
    )
    least = given.count // 2
    if agreed < least:
        print(f"that is too little: moto and MiniStack must agree on {least} or more")
    sys.exit(1 if new or agreed < least else 0)


if __name__ == "__main__":
    main()
