#!/usr/bin/env python3
"""The kit's fixtures as stacks of an AWS account, in the region and with the credentials that AWS's SDKs find (AWS_PROFILE, AWS_REGION …):

    conformance/targets/aws/fixtures.py deploy [NAME]...    makes those that are not there; a NAME is `connect`, or `connect?Connect=bare`
    conformance/targets/aws/fixtures.py list                says which are there, and which are left out, and why
    conformance/targets/aws/fixtures.py remove [NAME]...    removes them; without a NAME everything that carries the tag gatespec=conformance

`gatespec check --stack` finds them by their outputs. `remove` looks again, and exits with 1 when anything is left: a stack, a log group of
a function, the bucket. With `--ministack` the same is done on MiniStack at AWS_ENDPOINT_URL (see ../ministack/run.py).
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import pinned  # noqa: E402

pinned.into_environment(__file__)
import stacks  # noqa: E402
from botocore.exceptions import BotoCoreError, ClientError, WaiterError  # noqa: E402

LOGS = "/aws/lambda/"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ministack", action="store_true", help="AWS_ENDPOINT_URL is MiniStack's")
    commands = parser.add_subparsers(dest="command", required=True, metavar="deploy|list|remove")
    for command in ("deploy", "list", "remove"):
        names = commands.add_parser(command)
        if command != "list":
            names.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    try:
        there = stacks.MiniStack() if arguments.ministack else stacks.Stacks()
        if arguments.command == "list":
            return show(there)
        chosen = choose(there, arguments.names)
        return deploy(there, chosen) if arguments.command == "deploy" else remove(there, chosen if arguments.names else None)
    except (BotoCoreError, ClientError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 3


def choose(there, names):
    """The deployments of these names: all, if there are none."""
    known = there.deployments()
    for name in names:
        if not any(name in (deployment.name, deployment.fixture) for deployment in known):
            reason = there.left_out.get(name.split("?")[0], "no case runs on it")
            raise SystemExit(f"error: `{name}` cannot be deployed: {reason}")
    return [deployment for deployment in known if not names or deployment.name in names or deployment.fixture in names]


def deploy(there, chosen):
    """All at once: first they are asked for, then waited for."""
    existing = {stack["StackName"]: stack for stack in there.tagged()}
    there.upload()
    begun, failed = [], []
    for deployment in chosen:
        stack = existing.get(deployment.stack)
        if stack is None:
            try:
                begun.append((deployment, there.begin(deployment.stack, deployment.file, deployment.parameters, deployment.name)))
            except ClientError as error:
                failed.append(f"{deployment.name}: {error}")
        elif stack["StackStatus"] in stacks.UP:
            print(f"{deployment.name}: is there already", flush=True)
        else:
            failed.append(f"{deployment.name}: the stack {deployment.stack} is there, {stack['StackStatus']}: remove it first")
    for deployment, stack in begun:
        try:
            print(f"{deployment.name}: {there.finish(stack)}", flush=True)
        except stacks.Failed as error:
            failed.append(f"{deployment.name}: {error}")
    return complain("not deployed", failed)


def show(there):
    existing = {stack["StackName"]: stack for stack in there.tagged()}
    for deployment in there.deployments():
        stack = existing.pop(deployment.stack, None)
        place = stack and stacks.outputs_of(stack).get(stacks.ADDRESS, "")
        print(f"{deployment.name}: {stack['StackStatus']} {place}" if stack else f"{deployment.name}: not deployed")
    for name, stack in existing.items():
        print(f"no fixture, but tagged: the stack {name}, {stack['StackStatus']}")
    for fixture, reason in there.left_out.items():
        print(f"{fixture}: left out: {reason}")
    return 0


def remove(there, chosen):
    """Deletes the stacks of what is chosen, or everything; then looks again."""

    def left():
        names = None if chosen is None else [deployment.stack for deployment in chosen]
        return [stack for stack in there.tagged() if names is None or stack["StackName"] in names]

    doomed = left()
    functions = [function for stack in doomed for function in there.functions(stack["StackId"])]
    prefixes = [f"{LOGS}{function}" for function in functions]
    if chosen is None:
        # What an earlier removal did not get at.
        prefixes.append(f"{LOGS}{stacks.PREFIX}")
    problems = []
    begun = []
    for stack in doomed:
        try:
            there.delete(stack["StackId"])
            begun.append(stack)
        except ClientError as error:
            problems.append(f"{stack['StackName']}: {error}")
    for stack in begun:
        try:
            there.wait("delete", stack["StackId"])
            print(f"{stack['StackName']}: removed", flush=True)
        except WaiterError as error:
            problems.append(f"{stack['StackName']}: {there.reason(stack['StackId']) or error}")
    logs = there.session.client("logs")
    for group in log_groups(logs, prefixes):
        logs.delete_log_group(logGroupName=group)
        print(f"{group}: removed", flush=True)
    problems += [f"the stack {stack['StackName']}" for stack in left()]
    if chosen is None:
        there.remove_bucket()
        problems += [f"the bucket {there.bucket}"] if there.has_bucket() else []
    problems += [f"the log group {group}" for group in log_groups(logs, prefixes)]
    if not problems:
        print("nothing is left")
    return complain("left", problems)


def log_groups(logs, prefixes):
    pages = (page for prefix in prefixes for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix))
    return sorted({group["logGroupName"] for page in pages for group in page["logGroups"]})


def complain(what, problems):
    for problem in problems:
        print(f"{what}: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
