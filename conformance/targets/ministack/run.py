#!/usr/bin/env python3
"""Holds MiniStack to the kit: installs the pinned versions under target/, starts it on a loopback port that the system chooses, creates
the pattern's stack and the fixtures' from their own templates through its CloudFormation, checks, stops. The functions are those in
JavaScript (Node must be on the PATH): they alone are put in the templates' place. What is behind the program's path is handed on to
`gatespec check`:

    conformance/targets/ministack/run.py target/release/gatespec [OPTION]...
"""

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONFORMANCE = HERE.parent.parent
INSTALLED = CONFORMANCE.parent / "target" / "ministack"


def install():
    """The pinned versions, and this program in their interpreter."""
    python = INSTALLED / "bin" / "python"
    if not python.exists():
        venv.create(INSTALLED, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--requirement", HERE / "requirements.txt"], check=True)
    os.execv(python, [python, __file__, *sys.argv[1:]])


if Path(sys.prefix) != INSTALLED:
    install()

import boto3  # noqa: E402
import yaml  # noqa: E402

START_SECONDS = 60
BUCKET = "functions"
SELECTIONS = [
    "$request.body.data.type",
    "$request.body.detail-type",
    "$request.body.steps[1].type",
    "${request.body.action}",
    "${request.body.action}-${request.body.invalidPath}",
    "${request.body.service}/${request.body.action}",
    "join",
    "leave",
    r"\$default",
]
# Not those that need models, which MiniStack has not (models), a backend (http), a table that the kit looks into (dynamodb), callers that the target knows (signed,
# signed-events), or a stack for every case (api-keys, throttling).
FIXTURES = [
    ("api-keys-of-the-authorizer", {}),
    ("connect", {}),
    *(("connect", {"Connect": form}) for form in ["none", "bare", "impatient", "mapped", "unpermitted"]),
    ("default", {}),
    ("mapping", {}),
    ("permissions", {}),
    ("probe", {}),
    ("responses", {}),
    ("selection", {}),
    *(("selection", {"RouteSelectionExpression": expression}) for expression in SELECTIONS),
    ("sources", {}),
    ("sources", {"Sources": "stageVariables.landlord"}),
    ("sources", {"Sources": "stageVariables.tenant, context.identity.userAgent"}),
    ("templates", {}),
    ("undeployed", {}),
]


def main(arguments):
    if not arguments:
        print("usage: run.py GATESPEC [OPTION]...", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(dir=INSTALLED) as folder:
        port = free_port()
        process = start(port, Path(folder))
        try:
            return check(Stacks(port), arguments)
        finally:
            process.terminate()
            process.wait()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start(port, folder):
    environment = {
        **os.environ,
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "PERSIST_STATE": "0",
        "TMPDIR": str(folder),
    }
    log = INSTALLED / "ministack.log"
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-m", "ministack"], env=environment, stdout=output, stderr=output, cwd=folder)
    end = time.monotonic() + START_SECONDS
    while not is_ready(port):
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            raise SystemExit(f"MiniStack does not start: see {log}")
        time.sleep(0.1)
    return process


def is_ready(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health") as answer:
            return answer.status == 200
    except OSError:
        return False


class Stacks:
    """CloudFormation, and where what it made is reached."""

    def __init__(self, port):
        self.address = f"127.0.0.1:{port}"
        self.session = boto3.session.Session("test", "test", region_name="us-east-1")
        storage = self.client("s3")
        storage.create_bucket(Bucket=BUCKET)
        for name, file in [("probe", "fixtures/probe/index.mjs"), ("pattern", "targets/pattern.mjs")]:
            archive = io.BytesIO()
            with zipfile.ZipFile(archive, "w") as content:
                content.write(CONFORMANCE / file, Path(file).name)
            storage.put_object(Bucket=BUCKET, Key=f"{name}.zip", Body=archive.getvalue())
        self.cloudformation = self.client("cloudformation")

    def client(self, service):
        return self.session.client(service, endpoint_url=f"http://{self.address}")

    def create(self, name, file, parameters, stage):
        """Creates a stack, and by calls what MiniStack's CloudFormation does not know: its URLs for clients and for backends."""
        template = yaml.load(file.read_text(), Loader=Template)
        api = next(key for key, resource in template["Resources"].items() if resource["Type"] == "AWS::ApiGatewayV2::Api")
        management = f"http://{self.address}/_aws/execute-api/${{{api}}}/{stage}"
        with_javascript(template, {"Fn::Sub": management})
        rest = without_the_unknown(template)
        self.cloudformation.create_stack(
            StackName=name,
            TemplateBody=json.dumps(template),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        waiter = self.cloudformation.get_waiter("stack_create_complete")
        waiter.wait(StackName=name, WaiterConfig={"Delay": 1})
        resources = self.cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        # Some are `{ApiId}/{Id}`.
        ids = {resource["LogicalResourceId"]: resource["PhysicalResourceId"].split("/")[-1] for resource in resources}
        for resource in rest:
            self.call(resource, ids)
        path = f"{self.address}/_aws/execute-api/{ids[api]}/{stage}"
        return f"ws://{path}", f"http://{path}"

    def call(self, resource, ids):
        """Creates a resource by a call, unless it belongs to one that the stack's conditions left out."""
        properties = {name: ids.get(value["Ref"]) if "Ref" in value else value for name, value in resource["Properties"].items()}
        if None in properties.values():
            return
        kind = re.sub("(?<!^)([A-Z])", r"_\1", resource["Type"].split("::")[-1]).lower()
        getattr(self.client("apigatewayv2"), f"create_{kind}")(**properties)


class Template(yaml.SafeLoader):
    """Reads the short forms of CloudFormation's functions."""


def short_form(loader, suffix, node):
    construct = {yaml.ScalarNode: loader.construct_scalar, yaml.SequenceNode: loader.construct_sequence}
    value = construct[type(node)](node, **({"deep": True} if isinstance(node, yaml.SequenceNode) else {}))
    if suffix == "GetAtt":
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Template.add_multi_constructor("!", short_form)


def with_javascript(template, management):
    """Puts the functions in JavaScript in the place of the executables, and tells them where to post."""
    function = template["Globals"]["Function"] if "Globals" in template else {}
    name = "pattern" if function.get("CodeUri") == "handlers/" else "probe"
    function.update({
        "CodeUri": f"s3://{BUCKET}/{name}.zip",
        "Handler": "index.handler",
        "Runtime": "nodejs20.x",
        "Environment": {"Variables": {"AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": management}},
    })
    for resource in template["Resources"].values():
        binary = resource.get("Metadata", {}).get("BuildProperties", {}).get("Binary")
        if binary:
            resource["Properties"]["Handler"] = f"pattern.{binary}"


def without_the_unknown(template):
    """Takes out what MiniStack's CloudFormation refuses as unknown, and returns what can be created by calls. A stage deploys by itself
    in the place of a deployment."""
    resources = template["Resources"]
    unknown = ["Deployment", "IntegrationResponse", "RouteResponse"]
    names = [name for name, resource in resources.items() if resource["Type"] in [f"AWS::ApiGatewayV2::{kind}" for kind in unknown]]
    taken = [resources.pop(name) for name in names]
    for resource in resources.values():
        if resource["Type"] == "AWS::ApiGatewayV2::Authorizer":
            # Left out, it would be the header `Authorization`, as for an HTTP API.
            resource["Properties"].setdefault("IdentitySource", [])
        if resource["Type"] == "AWS::ApiGatewayV2::Stage" and resource["Properties"].pop("DeploymentId", None):
            resource["Properties"]["AutoDeploy"] = True
    return [resource for resource in taken if not resource["Type"].endswith("::Deployment")]


def check(stacks, arguments):
    program, *options = arguments
    ws, management = stacks.create("pattern", CONFORMANCE.parent / "template.yaml", {}, "stage")
    command = [Path(program).resolve(), "check", "--target", "endpoint", "--name", "ministack", "--ws", ws, "--management", management]
    command += ["--features", "authorizer,templates,management,limits,two-way"]
    for index, (name, parameters) in enumerate(FIXTURES):
        file = CONFORMANCE / "fixtures" / f"{name}.yaml"
        ws, management = stacks.create(f"{name}-{index}", file, parameters, "test")
        given = "&".join(f"{key}={value}" for key, value in parameters.items())
        command += ["--fixture", f"{name}{'?' if given else ''}{given}@{ws},{management}"]
    return subprocess.run([*command, *options], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
